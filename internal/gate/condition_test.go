package gate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hookward/hookward/signature"
)

// told are deliveries that have no field named x, as every reader finds; in the others
// another parser than ours may find one.
var (
	told = map[string][]Delivery{
		"query:x": {{}, {RawQuery: "y=1&z"}},
		"form:x": {
			{},
			{Header: header("Content-Type", "text/plain")},
			ofType(mediaForm, "y=1&z"),
			ofType(mediaMultipart+"; boundary=B", multipartBody("y", "1")),
		},
		"json:x":   {{}, ofType("application/json", `{"y":1}`), ofType("", `[]`), ofType("", ` {"x":null}`)},
		"json:o.x": {ofType("", `{"o":{"y":1}}`), ofType("", `{"o":7}`)},
		"xml:o.x":  {{}, ofType("text/xml", `<o><y>1</y></o>`), ofType("", `<o/>`)},
	}
	untold = map[string][]Delivery{
		"query:x": {{RawQuery: "y=1;x=2"}, {RawQuery: "x=2&%zz"}},
		"form:x": {
			ofType(mediaForm, "y=1;x=2"),
			ofType(mediaForm, "x=2&%zz"),
			ofType(mediaForm, strings.Repeat("y=1&", 10_001)+"x=2"),
			ofType(mediaMultipart+"; boundary=B", strings.TrimSuffix(multipartBody("x", "2"), "--B--\r\n")),
			ofType("application/json", `{"x":2}`),
			ofType("", "x=2"),
		},
		"json:x": {
			ofType("", `{"x":2`), ofType("", "{'x':2}"), ofType("", "\ufeff"+`{"x":2}`), ofType("", `{"y":1}{"x":2}`),
			ofType(mediaForm, "x=2"), ofType("", " "),
		},
		"json:o.x": {ofType("", `{"o":{"x":2}`)},
		"xml:o.x": {
			ofType("", `<o><x>2</x>`), ofType("", `<o><y></o><x>2</x>`), ofType("", `<o/><o><x>2</x></o>`), ofType("", `{"x":2}`),
			ofType("", `<o>&unknown;<x>2</x></o>`),
		},
	}
)

func ofType(media, body string) Delivery {
	d := Delivery{Header: header(), Body: []byte(body)}
	if media != "" {
		d.Header.Set("Content-Type", media)
	}
	return d
}

// signed is the delivery with a proof of its body, which says nothing of its query.
func signed(d Delivery) Delivery {
	d.Header = d.Header.Clone()
	if d.Header == nil {
		d.Header = header()
	}
	d.Header.Set("X-Sig", hexMAC(key, string(d.Body)))
	return d
}

// TestRequiredAbsence: what cannot be read is not taken for what is not there.
func TestRequiredAbsence(t *testing.T) {
	t.Parallel()
	for f := range told {
		for _, test := range []string{"exists: false", `equals: "1", optional: true`, "host: acme.example, optional: true"} {
			g := build(t, config(t, fmt.Sprintf("name: acme\nsignature: {type: hmac, header: X-Sig}\nrequire: {field: %q, %s}\n", f, test)))
			for _, d := range told[f] {
				g.accepts(signed(d))
			}
			for _, d := range untold[f] {
				if v := g.deliver(signed(d)); v.Outcome != Reject || v.Reason != ContentMismatch {
					t.Errorf("%s %s: %q %.60q: %s %s", f, test, d.RawQuery, d.Body, v.Outcome, v.Reason)
				}
			}
		}
	}
}

// TestAbsenceChoosesNoWeakerScheme: who writes a field so that it cannot be read must
// not get by with the proof that is enough without it.
func TestAbsenceChoosesNoWeakerScheme(t *testing.T) {
	t.Parallel()
	for f := range told {
		for _, test := range []string{"exists: false", `equals: "1", optional: true`} {
			g := build(t, config(t, fmt.Sprintf(`
name: acme
signature:
  - {type: secret, header: X-Token, when: {field: %q, %s}}
  - {type: hmac, header: X-Sig}
`, f, test)))
			weakly := func(d Delivery) Delivery {
				d = signed(d)
				d.Header.Del("X-Sig")
				d.Header.Set("X-Token", key)
				return d
			}
			for _, d := range told[f] {
				g.accepts(weakly(d))
			}
			for _, d := range untold[f] {
				if v := g.deliver(weakly(d)); v.Outcome != Reject || v.Reason != signature.HeaderMissing {
					t.Errorf("%s %s: %q %.60q: %s %s", f, test, d.RawQuery, d.Body, v.Outcome, v.Reason)
				}
				g.accepts(signed(d))
			}
		}
	}
}

// TestAMemberTwiceChoosesNoScheme: of two members the first, which we read, may choose a
// scheme that does not sign the second, which others read.
func TestAMemberTwiceChoosesNoScheme(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, `
name: acme
signature:
  - {type: secret, header: X-Token, when: {field: json:amount, exists: false}}
  - {type: hmac, header: X-Sig}
`))
	deliver := func(body string) Delivery { return Delivery{Header: header("X-Token", key), Body: []byte(body)} }
	g.accepts(deliver(`{"id":"a","amount":null}`))
	wants(t, g.deliver(deliver(`{"amount":1000}`)), Reject, signature.HeaderMissing)
	for _, body := range []string{`{"amount":null,"amount":1000}`, `{"amount":"","\u0061mount":1000}`} {
		wants(t, g.deliver(deliver(body)), Reject, ContentMismatch)
	}
}

// TestAbsenceMakesNoExchange: a delivery that cannot be read is no handshake.
func TestAbsenceMakesNoExchange(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, `
name: acme
signature: {type: hmac, json: sig, content: "{json:a}"}
handshake:
  match: {where: [{field: header:X-Hook-Secret, exists: true}, {field: json:sig, exists: false}]}
  secret: header:X-Hook-Secret
  answer: {status: 200}
`))
	g.arm(defaultSlot)
	hand := func(body string) Delivery {
		return Delivery{Header: header("X-Hook-Secret", "a-secret-of-a-handshake"), Body: []byte(body)}
	}
	wants(t, g.deliver(hand(`{"a":1,"sig":"0"`)), Reject, signature.NoKey)
	wants(t, g.deliver(hand("")), Answer, "")
}
