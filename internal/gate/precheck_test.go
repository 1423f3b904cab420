package gate

import (
	"crypto/hmac"
	"crypto/sha1"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/signature"
)

// conditional is a provider whose scheme depends on the body.
const conditional = `
name: conditional
signature:
  - type: hmac
    header: X-Conditional-Signature
    when:
      - field: json:kind
        equals: signed
`

func TestConditions(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, conditional))
	for body, want := range map[string]Reason{
		`{"kind":"signed"}`:           "",
		`{"kind":"other"}`:            signature.HeaderMissing,
		`{"kind":["signed","other"]}`: signature.HeaderMissing,
		`{}`:                          signature.HeaderMissing,
		`kind=signed`:                 signature.HeaderMissing,
	} {
		v := g.deliver(Delivery{Header: header("X-Conditional-Signature", hexMAC(key, body)), Body: []byte(body)})
		if v.Reason != want {
			t.Errorf("%s is judged as %s %q", body, v.Outcome, v.Reason)
		}
	}
}

// versions is a provider whose schemes have conditions of their own, but for one.
const versions = `
name: versions
signature:
  - {type: hmac, header: X-Sig, when: {field: header:X-Version, equals: "1"}}
  - {type: hmac, header: X-Sig, hash: sha1, when: {field: header:X-Version, equals: "2"}}
  - {type: hmac, header: X-Sig, content: "any:{body}"}
`

// TestSchemesWithConditions: each scheme counts where its conditions hold, and there alone.
func TestSchemesWithConditions(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, versions))
	mac := hmac.New(sha1.New, []byte(key))
	mac.Write([]byte("x"))
	proofs := map[string]string{"1": hexMAC(key, "x"), "2": hex.EncodeToString(mac.Sum(nil)), "any": hexMAC(key, "any:x")}
	for _, version := range []string{"1", "2", "3", ""} {
		for of, proof := range proofs {
			v := g.deliver(Delivery{Header: header("X-Version", version, "X-Sig", proof), Body: []byte("x")})
			if v.Claim != nil {
				v.Claim.Release(nil)
			}
			if proved := v.Outcome == Accept; proved != (of == version || of == "any") {
				t.Errorf("version %q, a proof of %s: %s %s", version, of, v.Outcome, v.Reason)
			}
		}
	}
}

// TestPrecheck: what cannot pass is refused before anybody reads the body, and nothing
// that could pass is.
func TestPrecheck(t *testing.T) {
	t.Parallel()
	old := noon.Add(-time.Hour)
	zeros := strings.Repeat("0", 64)
	for _, test := range []struct {
		name     string
		provider string
		change   func(*Config)
		d        Delivery
		want     Reason
	}{
		{"good", acme, nil, Delivery{Header: header("X-Acme-Signature", zeros)}, ""},
		{"no proof", acme, nil, Delivery{}, signature.HeaderMissing},
		{"two proofs", acme, nil, Delivery{Header: header("X-Acme-Signature", zeros, "X-Acme-Signature", zeros)}, signature.HeaderRepeated},
		{"a long proof", acme, nil, Delivery{Header: header("X-Acme-Signature", strings.Repeat("0", 5000))}, signature.HeaderTooLong},
		{"half a proof", acme, nil, Delivery{Header: header("X-Acme-Signature", zeros[:32])}, signature.WrongLength},
		{"no hex", acme, nil, Delivery{Header: header("X-Acme-Signature", "z"+zeros[1:])}, signature.Undecodable},
		{"a wrong path", acme, nil, Delivery{Path: "/other", Header: header("X-Acme-Signature", zeros)}, WrongPath},
		{"a wrong method", acme, nil, Delivery{Method: http.MethodGet}, WrongMethod},
		{"no token", plain, nil, Delivery{}, TokenMissing},
		{"a wrong token", plain, nil, Delivery{RawQuery: "key=x"}, TokenMismatch},
		{"a right token", plain, nil, Delivery{RawQuery: "key=" + token}, ""},
		{"in time", chat, nil, chatDelivery(noon, ""), ""},
		{"out of time", chat, nil, chatDelivery(old, ""), signature.TimestampTooOld},
		{"a challenge out of time", chat, nil, chatDelivery(old, `{"type":"url_verification","challenge":"x"}`), signature.TimestampTooOld},
		{"a challenge by GET", pages, nil, Delivery{Method: http.MethodGet}, ""},
		{"beside challenges by GET", pages, nil, Delivery{}, signature.HeaderMissing},
		{"maybe a handshake", teller, nil, Delivery{Path: "/hooks/listing.created", Header: header("X-Hook-Secret", "x")}, ""},
		{"no handshake", signer, nil, Delivery{}, signature.HeaderMissing},
		{"a condition on the body", conditional, nil, Delivery{}, ""},
		{"only reporting", acme, func(c *Config) { c.ReportOnly = true }, Delivery{}, ""},
		{"only reporting, no token", plain, func(c *Config) { c.ReportOnly = true }, Delivery{}, ""},
		{"only reporting, a wrong path", acme, func(c *Config) { c.ReportOnly = true }, Delivery{Path: "/other"}, WrongPath},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t, test.provider, constants[test.provider]...)
			if test.change != nil {
				test.change(&cfg)
			}
			e, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			d := test.d
			if d.Method == "" {
				d.Method = http.MethodPost
			}
			if d.Path == "" {
				d.Path = "/hooks"
			}
			d.Body, d.Received = nil, noon
			v, refused := e.Precheck(t.Context(), &d)
			if refused != (test.want != "") || v.Reason != test.want && refused {
				t.Errorf("refused: %v, for %q; want %q", refused, v.Reason, test.want)
			}
			if found := test.want != "" && test.want != WrongPath; refused && found != (v.Slot != "") {
				t.Errorf("slot is %q", v.Slot)
			}
		})
	}
}
