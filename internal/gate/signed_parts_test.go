package gate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hookward/hookward/signature"
)

// These providers sign parts of a delivery and not its bytes, so a proof may prove
// nothing but what every reader finds in it.
const (
	signsForm = `
name: parameters
signature:
  - type: hmac
    header: X-Sig
    content: "form:{form:sorted:=&}"
`
	signsQuery = `
name: parameters
signature:
  - type: hmac
    header: X-Sig
    content: "query:{query:sorted:=&}"
`
	signsMembers = `
name: parameters
signature:
  - type: hmac
    header: X-Sig
    content: "json:{json:sorted:=&}"
`
)

// TestAProofOfNoParameters: parameters that we cannot read are not the same as none,
// for another parser may well read them.
func TestAProofOfNoParameters(t *testing.T) {
	t.Parallel()
	const boundary = mediaMultipart + "; boundary=B"
	broken := func(media, body string) Delivery {
		return Delivery{Header: header("Content-Type", media), Body: []byte(body)}
	}
	for _, test := range []struct {
		provider, signed string
		none             Delivery
		read             []Delivery // elsewhere
	}{
		{signsForm, "form:", broken(mediaForm, ""), []Delivery{
			broken(mediaForm, "status=failed;x=1"),
			broken(mediaForm, "status=failed&%zz"),
			broken(mediaForm, strings.Repeat("status=failed&", 10_001)),
			broken(boundary, strings.TrimSuffix(multipartBody("status", "failed"), "--B--\r\n")),
			broken(mediaMultipart, multipartBody("status", "failed")),
			broken("application/json", `{"status":"failed"}`),
			broken("", "status=failed"),
		}},
		{signsQuery, "query:", Delivery{}, []Delivery{
			{RawQuery: "status=failed;x=1"},
			{RawQuery: "status=failed&%zz"},
		}},
		{signsMembers, "json:", broken("", "{}"), []Delivery{
			broken("", `{"status":"failed","x":{}}`),
			broken("", `[{"status":"failed"}]`),
			broken("", `{"status":"failed"`),
			broken("", ``),
		}},
	} {
		g := build(t, config(t, test.provider))
		proof := hexMAC(key, test.signed)
		prove := func(d Delivery) Delivery {
			d.Header = d.Header.Clone()
			if d.Header == nil {
				d.Header = header()
			}
			d.Header.Set("X-Sig", proof)
			return d
		}
		g.accepts(prove(test.none))
		for _, d := range test.read {
			v := g.deliver(prove(d))
			if v.Outcome != Reject || v.Reason != signature.Mismatch {
				t.Errorf("%s %q %.60q: %s %s", d.Header.Get("Content-Type"), d.RawQuery, d.Body, v.Outcome, v.Reason)
			}
		}
	}
}

// TestASignedMemberTwice: where the proof is of single members of the JSON, the one
// that we read must be the one that the upstream reads.
func TestASignedMemberTwice(t *testing.T) {
	t.Parallel()
	for _, scheme := range []string{
		`{type: hmac, header: X-Sig, content: "{json:id}.{json:amount}"}`,
		`{type: hmac, header: X-Sig, content: "{id}.{json:amount}", id: json:id}`,
		`{type: hmac, header: X-Sig, content: "{json:id}.{timestamp}", timestamp: {from: json:amount, tolerance: off}}`,
	} {
		g := build(t, config(t, "name: members\nsignature: "+scheme+"\nevent: {id: json:id, type: json:type}\n"))
		proof := header("X-Sig", hexMAC(key, "a.1"))
		v := g.accepts(Delivery{Header: proof, Body: []byte(`{"id":"a","amount":1,"type":"t"}`)})
		if v.Event.Covers != signature.CoversOrigin {
			t.Errorf("covers %s", v.Event.Covers)
		}
		for _, more := range []string{`"amount":1000`, `"\u0061mount":1000`, `"AMOUNT":1000`, `"x":{"y":1,"y":2}`, `"id":"b"`} {
			body := fmt.Sprintf(`{"id":"a","amount":1,"type":"t",%s}`, more)
			wants(t, g.deliver(Delivery{Header: proof, Body: []byte(body)}), Reject, ContentMismatch)
		}
	}

	// Of a body that is signed itself, what is in it is the provider's own affair.
	for _, scheme := range []string{`{type: hmac, header: X-Sig}`, `{type: hmac, header: X-Sig, content: "{json:id}{body}"}`} {
		g := build(t, config(t, "name: whole\nsignature: "+scheme+"\n"))
		body := `{"id":"a","id":"a"}`
		signed := body
		if strings.Contains(scheme, "json:id") {
			signed = "a" + body
		}
		g.accepts(Delivery{Header: header("X-Sig", hexMAC(key, signed)), Body: []byte(body)})
	}
}

// TestAPartThatIsReadInTwoWays: what says of a form how it is to be read is not signed.
func TestAPartThatIsReadInTwoWays(t *testing.T) {
	t.Parallel()
	const boundary = mediaMultipart + "; boundary=B"
	part := func(head string) string {
		return "--B\r\nContent-Disposition: form-data; name=\"a\"\r\n" + head + "\r\nYWJj\r\n--B--\r\n"
	}
	for head, want := range map[string]bool{
		"": true,
		"Content-Type: text/plain; charset=UTF-8\r\n":                              true,
		"Content-Transfer-Encoding: 7bit\r\n":                                      true,
		"Content-Transfer-Encoding: 8bit\r\n":                                      true,
		"Content-Transfer-Encoding: BINARY\r\n":                                    true,
		"Content-Transfer-Encoding: base64\r\n":                                    false,
		"Content-Transfer-Encoding: Quoted-Printable\r\n":                          false,
		"Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n": false,
		"Content-Disposition: form-data; name=\"b\"\r\n":                           false,
	} {
		r := &reading{Delivery: &Delivery{Header: header("Content-Type", boundary), Body: []byte(part(head))}}
		if got := len(r.Values(signature.Form)) > 0; got != want {
			t.Errorf("%q: read: %v", head, got)
		}
	}
	twice := header("Content-Type", mediaForm, "Content-Type", "application/json")
	r := &reading{Delivery: &Delivery{Header: twice, Body: []byte("a=1")}}
	if values := r.Values(signature.Form); values != nil {
		t.Errorf("a body of two types is read as %v", values)
	}
}

// TestAPayloadThatIsThereTwice: of two documents in a form none is the delivery's.
func TestAPayloadThatIsThereTwice(t *testing.T) {
	t.Parallel()
	cfg := config(t, plain+"payload: form:p\n")
	g := build(t, cfg)
	document := `{"id":"1","event":"e","endpoint":"https://hooks.example.com/hooks","data":{"a":"x"}}`
	form := func(text string) Delivery {
		return Delivery{RawQuery: "key=" + token, Header: header("Content-Type", mediaForm), Body: []byte(text)}
	}
	g.accepts(form("p=" + document))
	wants(t, g.deliver(form("p="+document+"&p="+strings.Replace(document, `"x"`, `"https:evil.example"`, 1))), Reject, ContentMismatch)
}
