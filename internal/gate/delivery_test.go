package gate

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base64"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/signature"
)

func field(t *testing.T, text string) signature.Field {
	t.Helper()
	f, err := signature.ParseField(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestLookup(t *testing.T) {
	t.Parallel()
	r := &reading{
		Delivery: &Delivery{
			Method: "POST", Path: "/a%2Fb", RawQuery: "q=1&q=2&e=&one=%31", Host: "h.example",
			Header: header("X-One", "1", "X-Two", "1", "X-Two", "2", "X-Empty", ""),
			Body:   []byte(`{"s":"text","n":1.50,"b":false,"z":null,"e":"","o":{"a": 1},"l":["x","x"],"m":["x","y"],"el":[],"d":1,"d":2,"u":"\u00e9\ud83d\ude00"}`),
		},
		route:     captures{event: "ev", slot: "sl", token: "to"},
		publicURL: "https://h.example/{slot}/{event}",
	}
	for _, test := range []struct {
		field string
		value string
		count int
	}{
		{"header:X-One", "1", 1},
		{"header:x-one", "1", 1},
		{"header:X-Two", "1", 2},
		{"header:X-Empty", "", 1},
		{"header:X-None", "", 0},
		{"query:one", "1", 1},
		{"query:q", "1", 2},
		{"query:e", "", 1},
		{"query:none", "", 0},
		{"query", "q=1&q=2&e=&one=%31", 1},
		{"json:s", "text", 1},
		{"json:n", "1.50", 1},
		{"json:b", "false", 1},
		{"json:z", "", 0},
		{"json:e", "", 0},
		{"json:o", `{"a": 1}`, 1},
		{"json:o.a", "1", 1},
		{"json:l", "x", 1},
		{"json:m", "x", 2},
		{"json:m.1", "y", 1},
		{"json:el", "", 0},
		{"json:d", "1", 1}, // the first, as the comment on requirements says
		{"json:u", "é😀", 1},
		{"json:none", "", 0},
		{"form:s", "", 0},
		{"route", "ev", 1},
		{"route:event", "ev", 1},
		{"route:slot", "sl", 1},
		{"route:token", "", 0},
		{"method", "POST", 1},
		{"path", "/a%2Fb", 1},
		{"host", "h.example", 1},
		{"url", "https://h.example/sl/ev", 1},
		{"body-sha256", bodyHash(string(r.Delivery.Body)), 1},
		{"const:x", "", 0},
		{"item:x", "", 0},
	} {
		value, count := r.Lookup(field(t, test.field))
		if value != test.value || count != test.count {
			t.Errorf("%s gives %q, %d; want %q, %d", test.field, value, count, test.value, test.count)
		}
	}
}

func TestAll(t *testing.T) {
	t.Parallel()
	r := &reading{Delivery: &Delivery{
		Method: "POST", RawQuery: "q=1&q=2", Header: header("X-Two", "1", "X-Two", "2"),
		Body: []byte(`{"m":["x",null,1],"s":"t","el":[],"o":{"a":"1","b":{"c":2}},"deep":[{"k":"v"},{"k":"w"},{}]}`),
	}}
	for text, want := range map[string][]string{
		"header:X-Two": {"1", "2"}, "header:X-None": nil,
		"query:q": {"1", "2"}, "query:none": nil, "query": {"q=1&q=2"},
		"json:m": {"x", "", "1"}, "json:s": {"t"}, "json:el": nil, "json:none": nil,
		"json:o.@values": {"1", `{"c":2}`}, "json:deep.#.k": {"v", "w"},
		"method": {"POST"}, "route": nil,
	} {
		if got := r.All(field(t, text)); !slices.Equal(got, want) {
			t.Errorf("%s gives %q, want %q", text, got, want)
		}
	}
}

// TestLongArrays: a short text can hold a great many members, each of which would
// take many times its room.
func TestLongArrays(t *testing.T) {
	t.Parallel()
	list := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat("0,", n), ",") + "]" }
	for _, n := range []int{maxMembers, maxMembers + 1, 500_000} {
		body := list(n)
		r := &reading{Delivery: &Delivery{Body: []byte(body)}}
		all := r.All(field(t, "json:@this"))
		if n == maxMembers && len(all) != n || n > maxMembers && (len(all) != 1 || all[0] != body) {
			t.Errorf("an array of %d gives %d values", n, len(all))
		}
	}
}

func TestNotJSON(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, acme))
	for _, test := range []struct {
		name, body string
		want       Reason
	}{
		{"empty", "", BodyNotJSON},
		{"spaces", " \n", BodyNotJSON},
		{"text", "hello", BodyNotJSON},
		{"a form", "id=1&type=t", BodyNotJSON},
		{"XML", "<id>1</id>", BodyNotJSON},
		{"half", `{"id":"1","type":"t"`, BodyNotJSON},
		{"two", `{"id":"1","type":"t"}{}`, BodyNotJSON},
		{"a comma too many", `{"id":"1","type":"t",}`, BodyNotJSON},
		{"single quotes", `{'id':'1','type':'t'}`, BodyNotJSON},
		{"a comment", `{"id":"1","type":"t"}//`, BodyNotJSON},
		{"a byte order mark", "\ufeff" + `{"id":"1","type":"t"}`, BodyNotJSON},
		{"NaN", `{"id":"1","type":"t","x":NaN}`, BodyNotJSON},
		{"a raw NUL", "{\"id\":\"1\x00\",\"type\":\"t\"}", BodyNotJSON},
		{"a NUL behind", `{"id":"1","type":"t"}` + "\x00", BodyNotJSON},
		{"an escaped NUL", `{"id":"1\u0000","type":"t"}`, ""},
		{"no UTF-8", "{\"id\":\"1\xff\",\"type\":\"t\xc0\xaf\"}", ""},
		{"half a surrogate pair", `{"id":"1\ud800","type":"t"}`, ""},
		{"an array", `[{"id":"1"}]`, ""},
		{"a number", `1`, ""},
		{"null", `null`, ""},
		{"deep", strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), ""},
		{"too deep", strings.Repeat("[", 10_001) + strings.Repeat("]", 10_001), BodyNotJSON},
		{"far too deep", strings.Repeat("[", 1_000_000) + strings.Repeat("]", 1_000_000), BodyNotJSON},
		{"far too deep in objects", strings.Repeat(`{"a":`, 1_000_000) + "1" + strings.Repeat("}", 1_000_000), BodyNotJSON},
		{"far too deep and open", strings.Repeat(`[`, 1_000_000), BodyNotJSON},
		{"brackets in a text", `{"id":"1","type":"` + strings.Repeat(`[{\"`, 20_000) + `"}`, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := g.deliver(acmeDelivery(test.body))
			if test.want != "" {
				wants(t, v, Reject, test.want)
				if v.Status != http.StatusBadRequest {
					t.Errorf("status is %d", v.Status)
				}
				return
			}
			wants(t, v, Accept, "")
			if v.Event.ID == "" || v.Event.Type == "" {
				t.Errorf("id %q, type %q", v.Event.ID, v.Event.Type)
			}
		})
	}
}

// TestJSONIsNotAskedForInVain: where the id and the type stand elsewhere too, any body
// will do.
func TestJSONIsNotAskedForInVain(t *testing.T) {
	t.Parallel()
	text := strings.NewReplacer("id: json:id", "id: [json:id, header:X-Id]",
		"type: json:type", "type: [json:type, header:X-Type]").Replace(acme)
	g := build(t, config(t, text))
	d := acmeDelivery("hello")
	d.Header.Set("X-Id", "7")
	d.Header.Set("X-Type", "widget.made")
	v := g.deliver(d)
	wants(t, v, Accept, "")
	if v.Event.ID != "7" || v.Event.Type != "com.acme.widget.created" {
		t.Errorf("id %q, type %q", v.Event.ID, v.Event.Type)
	}
}

// TestHugeFacts: what a delivery says becomes headers, and is bounded.
func TestHugeFacts(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, acme))
	for _, letter := range []string{"a", "é", "\\u0001", "😀", "\xff", "%"} {
		huge := strings.Repeat(letter, 200_000)
		v := g.deliver(acmeDelivery(`{"id":"` + huge + `","type":"` + huge + `","subject":"` + huge + `"}`))
		wants(t, v, Accept, "")
		size := 0
		h := http.Header{}
		v.Event.SetHeaders(h)
		for name, values := range h {
			size += len(name) + len(values[0])
		}
		if size > 8<<10 {
			t.Errorf("%q repeated makes %d bytes of headers", letter, size)
		}
	}
}

// formerDelivery is a delivery from former, signed.
func formerDelivery() Delivery {
	const body = "MessageSid=SM1&Status=sent"
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte("https://hooks.example.com/hooks?" + body))
	return Delivery{
		Header: header("Content-Type", mediaForm, "X-Former-Signature", base64.StdEncoding.EncodeToString(mac.Sum(nil))),
		Body:   []byte(body),
	}
}

// TestNothingIsAddedToASignedForm: the signature covers the parameters and not the
// bytes. What our parser would pass over, the upstream's might take for a parameter.
func TestNothingIsAddedToASignedForm(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, former))
	v := g.accepts(formerDelivery())
	if v.Event.ID != "SM1" || v.Event.Type != "com.former.sent.received" || v.Event.Covers != signature.CoversBody {
		t.Errorf("got %+v", v.Event)
	}
	for _, added := range []string{
		"&x=1", "&x", "&=x", "&Status=failed", "&x;Status=failed", ";Status=failed", "&a=1;Status=failed", "&Status=%zz",
		"&%zz=1", "&%", "+", "%00", "&\x00=", strings.Repeat("&x=1", 10_001),
	} {
		d := formerDelivery()
		d.Body = append(d.Body, added...)
		wants(t, g.deliver(d), Reject, signature.Mismatch)
	}
	asJSON := formerDelivery()
	asJSON.Header.Set("Content-Type", "application/json")
	wants(t, g.deliver(asJSON), Reject, signature.Mismatch)

	reordered := formerDelivery()
	reordered.Body = []byte("Status=sen%74&MessageSid=SM1")
	g.accepts(reordered)
}

// multipartBody writes parts of names and values. A name that ends in @ is a file's.
func multipartBody(pairs ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		name, file := strings.CutSuffix(pairs[i], "@")
		fmt.Fprintf(&b, "--B\r\nContent-Disposition: form-data; name=%q", name)
		if file {
			b.WriteString(`; filename="f"`)
		}
		fmt.Fprintf(&b, "\r\n\r\n%s\r\n", pairs[i+1])
	}
	return b.String() + "--B--\r\n"
}

func TestForms(t *testing.T) {
	t.Parallel()
	many := strings.Repeat("--B\r\nContent-Disposition: form-data; name=\"x\"\r\n\r\n\r\n", maxParts)
	whole := strings.TrimSuffix(multipartBody("a", "1"), "--B--\r\n")
	const boundary = mediaMultipart + "; boundary=B"
	for _, test := range []struct {
		name, media, body string
		want              url.Values
	}{
		{"form", mediaForm, "a=1&b=%20+&a=2", url.Values{"a": {"1", "2"}, "b": {"  "}}},
		{"with a charset", mediaForm + "; charset=UTF-8", "a=1", url.Values{"a": {"1"}}},
		{"in capitals", strings.ToUpper(mediaForm), "a=1", url.Values{"a": {"1"}}},
		{"empty", mediaForm, "", url.Values{}},
		{"broken", mediaForm, "a=1&%zz=2", nil},
		{"with a semicolon", mediaForm, "a=1;b=2", nil},
		{"too many", mediaForm, strings.Repeat("a=1&", 10_001), nil},
		{"no form", "application/json", "a=1", nil},
		{"no type", "", "a=1", nil},
		{"no form and no body", "application/json", "", url.Values{}},
		{"no type and no body", "", "", url.Values{}},
		{"parts", boundary, multipartBody("a", "1", "b", "two\r\nlines", "a", "2"), url.Values{"a": {"1", "2"}, "b": {"two\r\nlines"}}},
		{"a file", boundary, multipartBody("a", "1", "doc@", "bytes"), url.Values{"a": {"1"}, "doc": {"bytes"}}},
		{"no parts", boundary, "--B--\r\n", url.Values{}},
		{"cut short", boundary, whole, nil},
		{"cut shorter", boundary, multipartBody("a", "1")[:20], nil},
		{"cut after a boundary", boundary, whole + "--B\r\n", nil},
		{"cut in a header", boundary, whole + "--B\r\nContent-Disposition: form-data; na", nil},
		{"something in between", boundary, whole + "--Bx\r\n", nil},
		{"something behind", boundary, multipartBody("a", "1") + multipartBody("b", "2"), nil},
		{"white space behind", boundary, multipartBody("a", "1") + "\r\n \n", url.Values{"a": {"1"}}},
		{"a part without name", boundary, multipartBody("a", "1", "", "2"), nil},
		{"another boundary", mediaMultipart + "; boundary=C", multipartBody("a", "1"), nil},
		{"no boundary", mediaMultipart, multipartBody("a", "1"), nil},
		{"an empty boundary", mediaMultipart + `; boundary=""`, "----\r\n", nil},
		{"too many parts", boundary, many + multipartBody("a", "1"), nil},
		{"no multipart", boundary, "a=1", nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := &reading{Delivery: &Delivery{Header: header("Content-Type", test.media), Body: []byte(test.body)}}
			if diff := cmp.Diff(test.want, r.Values(signature.Form)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestPayload: in a form, the JSON is in the field that the provider names.
func TestPayload(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, acme+"payload: form:payload\n"))
	document := `{"id":"1","type":"widget.made"}`
	for _, test := range []struct {
		name, media, body string
		want              Reason
	}{
		{"form", mediaForm, "payload=" + url.QueryEscape(document), ""},
		{"parts", mediaMultipart + "; boundary=B", multipartBody("payload", document), ""},
		{"JSON", "application/json", document, ""},
		{"no type", "", document, ""},
		{"form without it", mediaForm, "data=" + url.QueryEscape(document), BodyNotJSON},
		{"JSON as a form", mediaForm, document, BodyNotJSON},
		{"form as JSON", "application/json", "payload=" + url.QueryEscape(document), BodyNotJSON},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			d := acmeDelivery(test.body)
			d.Header.Set("Content-Type", test.media)
			v := build(t, g.Config).deliver(d)
			if v.Reason != test.want {
				t.Fatalf("got %s %q, want %q", v.Outcome, v.Reason, test.want)
			}
			if test.want == "" && (v.Event.ID != "1" || v.Event.Type != "com.acme.widget.created") {
				t.Errorf("id %q, type %q", v.Event.ID, v.Event.Type)
			}
		})
	}
}

// listed is a provider that may spread its signatures over several header lines.
const listed = `
name: listed
signature:
  - type: hmac
    header: X-Listed-Signature
    separator: ","
    assign: "="
    item: v1
    encoding: hex
`

func TestRepeatedHeaders(t *testing.T) {
	t.Parallel()
	good := hexMAC(key, "x")
	lines := header("X-Listed-Signature", "v1="+strings.Repeat("0", 64), "X-Listed-Signature", "v1="+good)
	build(t, config(t, listed)).accepts(Delivery{Header: lines, Body: []byte("x")})

	twice := header("X-Acme-Signature", good, "X-Acme-Signature", good)
	wants(t, build(t, config(t, acme)).deliver(Delivery{Header: twice, Body: []byte("x")}), Reject, signature.HeaderRepeated)
}

// TestTheDeliveryIsLeftAlone: the upstream gets what came.
func TestTheDeliveryIsLeftAlone(t *testing.T) {
	t.Parallel()
	d := formerDelivery()
	d.RawQuery = "a=%31"
	before := Delivery{Header: d.Header.Clone(), Body: bytes.Clone(d.Body), RawQuery: d.RawQuery}
	build(t, config(t, former)).accepts(d)
	if diff := cmp.Diff(before, Delivery{Header: d.Header, Body: d.Body, RawQuery: d.RawQuery}); diff != "" {
		t.Error(diff)
	}
}
