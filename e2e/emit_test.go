package e2e

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/harness"
	"github.com/hookward/hookward/signature"
)

func TestEmit(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	route := func(path, name string, lines ...string) string {
		return handle(path, named(name, plain(path, lines...)), "reverse_proxy "+up.Address)
	}
	g := start(t, site(
		route("/binary", "binary"),
		route("/structured", "structured", "emit structured"),
		route("/raw", "raw", "emit raw"),
	))
	body := "{ \"id\":\"evt-1\",\n\t\"type\":\"thing.created\", \"n\":1.0e3, \"ü\":\"\\u00fc\" }"
	d := signed(body).with("Content-Type", "application/json; charset=UTF-8").with("X-Custom", "kept")
	arrivals := make(map[string]harness.Arrival)
	for i, form := range []string{"binary", "structured", "raw"} {
		wantStatus(t, g.send(d.at("/"+form)), http.StatusOK)
		arrivals[form] = up.Last(t, i+1)
		if got := arrivals[form].Header.Get("X-Custom"); got != "kept" {
			t.Errorf("%s: a header of the provider's is %q", form, got)
		}
		if got := arrivals[form].Header.Get("Hookward-Verified"); got != "true" {
			t.Errorf("%s: the delivery is marked %q", form, got)
		}
	}

	binary := arrivals["binary"]
	if binary.Body != body || binary.Header.Get("Content-Type") != "application/json; charset=UTF-8" {
		t.Errorf("the binary form changes the body: %q %q", binary.Header.Get("Content-Type"), binary.Body)
	}
	wantEvent(t, readEvent(t, binary), "binary", body)

	structured := arrivals["structured"]
	if names := structured.Names("Ce-"); names != nil {
		t.Errorf("the structured form has headers %v", names)
	}
	var wrapped struct{ Data json.RawMessage }
	if err := json.Unmarshal([]byte(structured.Body), &wrapped); err != nil || string(wrapped.Data) != body {
		t.Errorf("the structured form changes the data: %q", structured.Body)
	}
	wantEvent(t, readEvent(t, structured), "structured", body)

	raw := arrivals["raw"]
	if names := raw.Names("Ce-"); names != nil || raw.Body != body {
		t.Errorf("the raw form adds %v to %q", names, raw.Body)
	}
}

// A compressed body is signed as it is sent, and stays so in every form. What is
// around it says how it is compressed.
func TestEmitCompressed(t *testing.T) {
	t.Parallel()
	const text = `{"id":"evt-1"}`
	var compressed strings.Builder
	w := gzip.NewWriter(&compressed)
	if _, err := w.Write([]byte(text)); err != nil || w.Close() != nil {
		t.Fatal(err)
	}
	up := harness.NewUpstream(t, nil)
	route := func(form string) string {
		endpoint := strings.Replace(plain("/"+form, "emit "+form), "id json:id\n\t\t\ttype json:type", "id header:X-Id\n\t\t\ttype header:X-Type", 1)
		return handle("/"+form, named(form, endpoint), "reverse_proxy "+up.Address)
	}
	g := start(t, site(route("binary"), route("structured"), route("raw")))
	d := signed(compressed.String()).with("X-Id", "evt-1").with("X-Type", "thing.created").with("Content-Encoding", "gzip")

	for i, form := range []string{"binary", "raw", "structured"} {
		wantStatus(t, g.send(d.at("/"+form)), http.StatusOK)
		got := up.Last(t, i+1)
		data, encoding := []byte(got.Body), got.Header.Get("Content-Encoding")
		if form == "structured" {
			if encoding != "" {
				t.Errorf("the JSON around the body is said to be in %s", encoding)
			}
			event := readEvent(t, got)
			data = event.Data()
			encoding, _ = event.Extensions()["contentencoding"].(string)
			if event.DataContentType() != "application/json" {
				t.Errorf("the content type is %s", event.DataContentType())
			}
		}
		r, err := gzip.NewReader(bytes.NewReader(data))
		if err != nil || encoding != "gzip" {
			t.Fatalf("%s: encoding %q, %v", form, encoding, err)
		}
		if plain, err := io.ReadAll(r); err != nil || string(plain) != text {
			t.Errorf("%s: the application reads %q, %v", form, plain, err)
		}
	}
	wantStatus(t, g.send(d.at("/structured").with("X-Id", "evt-2").with("Content-Encoding", "identity").saying(d.body)), http.StatusOK)
	if _, named := readEvent(t, up.Last(t, 4)).Extensions()["contentencoding"]; named {
		t.Error("a body that is not compressed is said to be")
	}
}

func wantEvent(t *testing.T, e *cloudevents.Event, endpoint, data string) {
	t.Helper()
	if string(e.Data()) != data {
		t.Errorf("%s: the data is %q", endpoint, e.Data())
	}
	want := map[string]any{
		"endpoint": endpoint, "provider": endpoint, "rawtype": "thing.created", "scheme": "hmac", "covers": "body",
		"keyid": signature.Fingerprint(plainSecret), "dedupekey": "evt-1",
	}
	if diff := cmp.Diff(want, e.Extensions()); diff != "" {
		t.Errorf("%s: extensions (-want +got):\n%s", endpoint, diff)
	}
	if e.ID() != "evt-1" || e.Type() != "com.example.thing.created" || e.Source() != "urn:hookward:"+endpoint {
		t.Errorf("%s: the event is %s", endpoint, e)
	}
}

// readEvent reads an arrival with the CloudEvents SDK.
func readEvent(t *testing.T, a harness.Arrival) *cloudevents.Event {
	t.Helper()
	event, err := cloudevents.NewEventFromHTTPRequest(asRequest(a))
	if err != nil {
		t.Fatalf("the upstream got no event: %v: %v %q", err, a.Header, a.Body)
	}
	if err := event.Validate(); err != nil {
		t.Errorf("the event is not valid: %v", err)
	}
	return event
}

// asRequest is the arrival as the application's HTTP library has it.
func asRequest(a harness.Arrival) *http.Request {
	r := httptest.NewRequest(a.Method, a.URI, strings.NewReader(a.Body))
	r.Header = a.Header.Clone()
	return r
}
