package event

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cloudevents/sdk-go/v2/binding"
	ce "github.com/cloudevents/sdk-go/v2/event"
	cehttp "github.com/cloudevents/sdk-go/v2/protocol/http"
	"golang.org/x/net/http/httpguts"
)

// full is an event with every attribute.
func full() *Event {
	return &Event{
		ID: "msg_1", Source: "https://acme.example/shop?a=b", Type: "com.acme.widget.created", Subject: "a widget",
		Time: time.Date(2026, 3, 1, 11, 0, 0, 25e7, time.UTC), ContentType: "application/json; charset=utf-8",
		Provider: "acme", Endpoint: "acme-prod", RawType: "Widget.Made", Scheme: "hmac", Covers: "body", KeyID: "main",
		DedupeKey: "msg_1",
	}
}

// send sends a request over a connection and returns it as a receiver sees it.
func send(t *testing.T, header http.Header, body []byte) (http.Header, []byte) {
	t.Helper()
	var received http.Header
	var got []byte
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		received = r.Header.Clone()
		got, _ = io.ReadAll(r.Body)
	}))
	defer server.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	resp, err := server.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return received, got
}

// receive reads an event with the CloudEvents SDK, and validates it.
func receive(header http.Header, body []byte) (*ce.Event, error) {
	message := cehttp.NewMessage(header, io.NopCloser(bytes.NewReader(body)))
	e, err := binding.ToEvent(context.Background(), message)
	if err != nil {
		return nil, err
	}
	return e, e.Validate()
}

// binary is the request that carries the event in the binary form.
func binary(e *Event, contentType string) http.Header {
	h := http.Header{}
	if contentType != "" {
		h.Set("Content-Type", contentType)
	}
	e.SetHeaders(h)
	return h
}

// decode undoes the percent-encoding of the HTTP binding, which the SDK leaves to
// the application.
func decode(t *testing.T, s string) string {
	t.Helper()
	decoded, err := url.PathUnescape(s)
	if err != nil {
		t.Error(err)
	}
	return decoded
}

// compare holds what a receiver got against what was sent.
func compare(t *testing.T, want *Event, got *ce.Event, clean func(string) string) {
	t.Helper()
	for name, pair := range map[string][2]string{
		"id":        {want.ID, clean(got.ID())},
		"source":    {want.Source, clean(got.Source())},
		"type":      {want.Type, clean(got.Type())},
		"subject":   {want.Subject, clean(got.Subject())},
		"time":      {want.Time.UTC().String(), got.Time().String()},
		"provider":  {want.Provider, extension(got, "provider", clean)},
		"endpoint":  {want.Endpoint, extension(got, "endpoint", clean)},
		"rawtype":   {want.RawType, extension(got, "rawtype", clean)},
		"scheme":    {want.Scheme, extension(got, "scheme", clean)},
		"covers":    {want.Covers, extension(got, "covers", clean)},
		"keyid":     {want.KeyID, extension(got, "keyid", clean)},
		"dedupekey": {want.DedupeKey, extension(got, "dedupekey", clean)},
	} {
		if pair[0] != pair[1] {
			t.Errorf("%s: sent %q, received %q", name, pair[0], pair[1])
		}
	}
	if got.SpecVersion() != SpecVersion {
		t.Errorf("version is %s", got.SpecVersion())
	}
}

func extension(e *ce.Event, name string, clean func(string) string) string {
	if value, found := e.Extensions()[name]; found {
		return clean(fmt.Sprint(value))
	}
	return ""
}

func asIs(s string) string { return s }

// odd are events whose attributes are hard to carry.
func odd() map[string]*Event {
	events := map[string]*Event{"plain": full()}
	for name, s := range map[string]string{
		"percent": "100% %41 %zz", "quotes": `say "hi" \ 'x'`, "non-ASCII": "Übergröße 😀", "spaces": " a  b ",
		"markup": "<a href=x>&amp;{}[];,", "replacement": "\ufffd", "separators": "a\u2028b\u2029c", "long": strings.Repeat("é", maxText/2),
	} {
		e := full()
		e.ID, e.Subject, e.RawType, e.KeyID, e.DedupeKey = s, s, s, s, s
		events[name] = e
	}
	bare := full()
	bare.Subject, bare.RawType, bare.Scheme, bare.Covers, bare.KeyID, bare.DedupeKey = "", "", "", "", "", ""
	events["bare"] = bare
	return events
}

func TestBinary(t *testing.T) {
	t.Parallel()
	for name, e := range odd() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := []byte("{ \"a\" :\t1.0 }\r\n")
			header, body := send(t, binary(e, "application/json"), sent)
			got, err := receive(header, body)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, e, got, func(s string) string { return decode(t, s) })
			if !bytes.Equal(got.Data(), sent) || got.DataContentType() != "application/json" {
				t.Errorf("data is %q, of type %q", got.Data(), got.DataContentType())
			}
			for name := range header {
				if strings.HasPrefix(name, "Ce-") && header.Get(name) == "" {
					t.Errorf("%s is empty", name)
				}
			}
		})
	}
}

// TestBinaryHeaders: nothing is in the headers but what the binding allows.
func TestBinaryHeaders(t *testing.T) {
	t.Parallel()
	h := http.Header{"Content-Type": {"text/plain"}, "Ce-Subject": {"theirs"}}
	e := full()
	e.Subject = "ours"
	e.SetHeaders(h)
	if h.Get("Content-Type") != "text/plain" || h.Get("Ce-Datacontenttype") != "" {
		t.Errorf("content type is %v", h)
	}
	if values := h.Values("Ce-Subject"); len(values) != 1 || values[0] != "ours" {
		t.Errorf("subject is %q", values)
	}
	h.Add("Ce-Id", "more") // appending to one value must not write into another's
	if h.Get("Ce-Source") != e.Source || h.Get("Ce-Type") != e.Type {
		t.Errorf("headers share their memory: %v", h)
	}
}

func TestStructured(t *testing.T) {
	t.Parallel()
	for name, e := range odd() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sent := []byte(`{ "a" : 1.0 }`)
			structured, err := e.Structured(sent)
			if err != nil {
				t.Fatal(err)
			}
			header, body := send(t, http.Header{"Content-Type": {StructuredContentType}}, structured)
			got, err := receive(header, body)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, e, got, asIs)
			if !bytes.Contains(body, sent) || got.DataContentType() != e.ContentType {
				t.Errorf("%s: body is %q, of type %q", name, body, got.DataContentType())
			}
		})
	}
}

// TestStructuredData: JSON goes in byte for byte, and everything else unharmed.
func TestStructuredData(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, contentType, body string
		asJSON                  bool
		receivedType            string
	}{
		{"JSON", "application/json", ` {"b":1,"a":2.50,"a":3}` + "\n", true, "application/json"},
		{"JSON with a suffix", "application/vnd.acme+json; v=1", `[1]`, false, "application/vnd.acme+json; v=1"},
		{"JSON of old", "text/json", `"x"`, true, "text/json"},
		{"JSON without a type", "", `null`, true, ""},
		{"no JSON without a type", "", `a=1`, false, ""},
		{"no JSON in spite of its type", "application/json", `{"a":`, false, "application/json"},
		{"two values", "application/json", `{},"x":{}`, false, "application/json"},
		{"JSON that breaks out", "application/json", `1,"id":"other"`, false, "application/json"},
		{"JSON that is no UTF-8", "application/json", "\"\xff\"", false, "application/json"},
		{"JSON as deep as can be", "application/json", nested(maxDepth - 1), true, "application/json"},
		{"JSON too deep to be wrapped", "application/json", nested(maxDepth), false, "application/json"},
		{"a form", "application/x-www-form-urlencoded", `a=1&b="x"`, false, "application/x-www-form-urlencoded"},
		{"JSON that says it is text", "text/plain", `{}`, false, "text/plain"},
		{"bytes", "application/octet-stream", "\x00\x01\xfe\xff", false, "application/octet-stream"},
		{"a type that is none", "no type; at; all=", `{}`, true, ""},
		{"nothing", "application/json", "", false, "application/json"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			e := full()
			e.ContentType = test.contentType
			structured, err := e.Structured([]byte(test.body))
			if err != nil {
				t.Fatal(err)
			}
			got, err := receive(http.Header{"Content-Type": {StructuredContentType}}, structured)
			if err != nil {
				t.Fatal(err)
			}
			compare(t, e, got, asIs)
			if got.DataContentType() != test.receivedType {
				t.Errorf("data is of type %q", got.DataContentType())
			}
			if got.DataBase64 == test.asJSON && test.body != "" {
				t.Errorf("in base64: %v", got.DataBase64)
			}
			data, want := string(got.Data()), test.body
			if test.asJSON { // the SDK's reader takes white space off
				data, want = strings.TrimSpace(data), strings.TrimSpace(want)
				if !bytes.Contains(structured, []byte(test.body)) {
					t.Errorf("the body was changed: %.200q", structured)
				}
			}
			if data != want {
				t.Errorf("data is %.60q, want %.60q", data, want)
			}
		})
	}
}

// FuzzEvent makes events of whatever a delivery says, and reads both forms back.
func FuzzEvent(f *testing.F) {
	f.Add("msg_1", "widget.made", "2026-03-01T11:00:00Z", "a widget", "https://acme.example", "application/json", []byte(`{"a":1}`))
	f.Add("", "", "", "", "", "", []byte(nil))
	f.Add("é\xff\x00", "%", "9999-12-31T23:59:59Z", "\"\\", "::", "text/plain; x", []byte("a=1"))
	f.Add(" ", "a/b:c", "0001-01-01T00:00:00Z", "\u2028", "a b", "application/json;", []byte(`1,"id":"x"`))
	f.Add(strings.Repeat("x", 600), strings.Repeat("é", 600), "1", strings.Repeat("\xff", 600), "//[", ";", []byte("\"\xff\""))
	f.Fuzz(func(t *testing.T, id, kind, at, subject, source, contentType string, body []byte) {
		e := read(t, "Id", id, "Type", kind, "Time", at, "Subject", subject, "Source", source, "Content-Type", contentType)
		for name, s := range map[string]string{
			"id": e.ID, "source": e.Source, "type": e.Type, "subject": e.Subject, "rawtype": e.RawType, "content type": e.ContentType,
		} {
			checkText(t, name, s)
		}
		h := binary(e, "application/octet-stream")
		for name, values := range h {
			if !httpguts.ValidHeaderFieldName(name) || len(values) != 1 || !httpguts.ValidHeaderFieldValue(values[0]) || len(values[0]) > 4*maxText {
				t.Errorf("header %q: %q", name, values)
			}
			if strings.HasPrefix(name, "Ce-") && strings.ContainsFunc(values[0], func(r rune) bool { return r <= ' ' || r > '~' || r == '"' }) {
				t.Errorf("%s is not percent-encoded: %q", name, values[0])
			}
		}
		got, err := receive(h, body)
		if err != nil {
			t.Fatalf("%v: %v", h, err)
		}
		compare(t, e, got, func(s string) string { return decode(t, s) })
		if !bytes.Equal(got.Data(), body) {
			t.Errorf("data is %q", got.Data())
		}
		checkStructured(t, e, body)
	})
}

func checkStructured(t *testing.T, e *Event, body []byte) {
	t.Helper()
	structured, err := e.Structured(body)
	if err != nil || !json.Valid(structured) {
		t.Fatalf("%v: %q", err, structured)
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal(structured, &members); err != nil {
		t.Fatal(err)
	}
	for name := range members {
		if !slices.Contains([]string{
			"specversion", "id", "source", "type", "time", "subject", "datacontenttype", "provider", "endpoint", "rawtype", "data", "data_base64",
		}, name) {
			t.Errorf("the body has become the attribute %q", name)
		}
	}
	got, err := receive(http.Header{"Content-Type": {StructuredContentType}}, structured)
	if err != nil {
		t.Fatalf("%q: %v", structured, err)
	}
	compare(t, e, got, asIs)
	if data := got.Data(); !bytes.Equal(data, body) && !bytes.Equal(bytes.TrimSpace(data), bytes.TrimSpace(body)) {
		t.Errorf("data is %q, sent %q", data, body)
	}
}
