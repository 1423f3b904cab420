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

// TestANameThatIsReadInTwoWays: a part's name, and what parts the parts, must be the same
// for every reader.
func TestANameThatIsReadInTwoWays(t *testing.T) {
	t.Parallel()
	for disposition, want := range map[string]bool{
		`form-data; name="a"`:                                   true,
		`form-data; name=a`:                                     true,
		`form-data; name="a[b].c-d"`:                            true,
		`form-data; name="a"; filename="x.txt"`:                 true,
		`form-data; name="a"; filename*=UTF-8''x.txt`:           true,
		`form-data; name="status"; name*=UTF-8''a`:              false,
		`form-data; name*=UTF-8''a`:                             false,
		`form-data; NAME *0="a"`:                                false,
		`form-data; name="status";name*0="a"`:                   false,
		`form-data; name='a'`:                                   false,
		`form-data; name="st\"a"`:                               false,
		`form-data; name="st\a"`:                                false,
		`form-data; name="a\]"`:                                 false,
		`form-data; name="a"; filename="b\"c.txt"`:              true,
		"form-data; name=\"a\x00b\"":                            false,
		`form-data; filename="; name*=UTF-8''a"; name="status"`: false,
	} {
		body := "--B\r\nContent-Disposition: " + disposition + "\r\n\r\n1\r\n--B--\r\n"
		r := &reading{Delivery: &Delivery{Header: header("Content-Type", mediaMultipart+"; boundary=B"), Body: []byte(body)}}
		if got := len(r.Values(signature.Form)) > 0; got != want {
			t.Errorf("%q: read: %v", disposition, got)
		}
	}
	body := "--A\r\nContent-Disposition: form-data; name=\"status\"\r\n\r\n2\r\n--A--\r\n" + multipartBody("a", "1")
	for parameters, want := range map[string]bool{
		"; boundary=B":                         true,
		"; Boundary=\"B\"; charset=utf-8":      true,
		"; xboundary=A; boundary=B":            false,
		"; boundary*=utf-8''B":                 false,
		"; charset=boundary=A; boundary=B":     false,
		"; charset=\"boundary=A\"; boundary=B": false,
	} {
		r := &reading{Delivery: &Delivery{Header: header("Content-Type", mediaMultipart+parameters), Body: []byte(body)}}
		if got := r.Values(signature.Form) != nil; got != want {
			t.Errorf("%q: read: %v", parameters, got)
		}
	}
}

// TestAFormOfAnotherCharset: in some, names and values of ASCII letters are written in
// other bytes, and servers exist that read them.
func TestAFormOfAnotherCharset(t *testing.T) {
	t.Parallel()
	for charset, want := range map[string]bool{
		"": true, ";": true, "; charset=UTF-8": true, "; charset=\"utf-8\"": true, ";charset=us-ascii": true,
		"; charset=ISO-8859-1": true, "; charset=windows-1252": true, "; charset=Shift_JIS": true, "; x=1": true,
		"; charset=ibm037": false, "; charset=cp037": false, "; charset=utf-16": false, "; charset=UTF-7": false,
		"; charset=utf-8; charset=ibm037": false, "; charset*=us-ascii''ibm037": false,
	} {
		for _, d := range []Delivery{
			ofType(mediaForm+charset, "a=1"), ofType(mediaMultipart+"; boundary=B"+charset, multipartBody("a", "1")),
		} {
			if charset == "; x=1" && strings.HasPrefix(d.Header.Get("Content-Type"), mediaMultipart) {
				continue
			}
			r := &reading{Delivery: &d}
			if got := r.Values(signature.Form) != nil; got != want {
				t.Errorf("%q: read: %v", d.Header.Get("Content-Type"), got)
			}
		}
	}
}
