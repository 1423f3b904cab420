package signature_test

import (
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/hookward/hookward/signature"
)

// FuzzParseTemplate parses and expands: neither panics, what is parsed is written
// as it was read, and a template without braces that is no field is literal.
func FuzzParseTemplate(f *testing.F) {
	for _, text := range []string{
		"{body}", "{timestamp}.{body}", "v0:{timestamp}:{body}", "{id}.{timestamp}.{body}", "{secret}{method}{url}{body}",
		"{body|sha256|hex}", "{body?|md5|base64}", "{form:sorted}", "{query:sorted:=&_}", "{query:sorted:=&%}", "{listed:h}{item:h}",
		"json:data.id", "header:x-id", "query", "{http.request.header.X-Id}", "{json:a|lower}.{header:X-Id?}", "{", "}", "{}", "{{body}}",
		"{body|}", "{body|sha3}", "{form:sorted:é&}", "{query:sorted:=?}", "{|sha1}", "{?}", "\x00{route}\xff",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		template, err := signature.ParseTemplate(text)
		if err != nil {
			return
		}
		if template.String() != text || template.IsZero() != (text == "") {
			t.Fatalf("%q became %q", text, template)
		}
		r := &request{
			method: "POST", path: "/p", rawQuery: "a=1", url: "https://h/p",
			header: headers("X-Id", "1"), query: url.Values{"a": {"1"}}, form: url.Values{"b": {"2", "1"}},
			body: `{"data":{"id":"d"}}`,
		}
		expanded, ok := template.Expand(r)
		if ok && !strings.ContainsAny(text, "{}") && expanded != text && len(template.Fields()) != 1 {
			t.Fatalf("literal %q expanded to %q", text, expanded)
		}
		scheme := signature.Scheme{Type: signature.HMAC, Header: signature.Strings{"X-Signature"}, Content: template}
		if scheme.Validate() != nil {
			return
		}
		v, err := signature.NewVerifier(schemes(scheme), keys("secret"))
		if err != nil {
			t.Fatal(err)
		}
		r.header.Set("X-Signature", strings.Repeat("00", 32))
		if _, err := v.Verify(r, noon); err == nil {
			t.Fatal("proved by zeroes")
		}
	})
}

// FuzzVerify gives headers of any text to verifiers of every syntax. Nothing is
// proved unless the right proof is in there, whatever is around it.
func FuzzVerify(f *testing.F) {
	const body = `{"a":1}`
	const id, stamp = "evt_1", "1700000000"
	hexSig, timedSig := hexMAC("secret", body), hexMAC("secret", stamp+"."+body)
	standardSig := base64MAC("secret", id+"."+stamp+"."+body)
	text := with(standardV1, func(s *signature.Scheme) { s.Key, s.KeyPrefix = signature.KeyText, nil })
	positions := with(bare(), func(s *signature.Scheme) {
		s.Separator, s.Content = ",", content("{timestamp}.{body}")
		s.Timestamp = &signature.Timestamp{Item: "0"}
	})
	pairs := with(bare(), func(s *signature.Scheme) { s.Separator, s.Assign = "&", "|" })
	prefixed := with(bare(), func(s *signature.Scheme) { s.Prefix = "sha256=" })
	token := signature.Scheme{Type: signature.Secret, Header: signature.Strings{"X-Signature"}}
	basic := signature.Scheme{Type: signature.Basic, Header: signature.Strings{"X-Signature"}}
	onHeader := func(s signature.Scheme) signature.Scheme { s.Header = signature.Strings{"X-Signature"}; return s }

	verifiers := []*signature.Verifier{
		newVerifier(f, schemes(bare()), keys("secret")),
		newVerifier(f, schemes(prefixed), keys("secret")),
		newVerifier(f, schemes(onHeader(stripe())), keys("secret")),
		newVerifier(f, schemes(positions), keys("secret")),
		newVerifier(f, schemes(pairs), keys("secret")),
		newVerifier(f, schemes(onHeader(text)), keys("secret")),
		newVerifier(f, schemes(onHeader(standardV1a)), keys(standardPublic)),
		newVerifier(f, schemes(token), keys("s3cr3t")),
		newVerifier(f, schemes(basic), keys("user:s3cr3t")),
	}
	proofs := [][]byte{macOf("secret", body), macOf("secret", stamp+"."+body), macOf("secret", id+"."+stamp+"."+body)}

	for _, value := range []string{
		hexSig, "sha256=" + hexSig, "t=" + stamp + ",v1=" + timedSig, stamp + "," + timedSig, "k|" + hexSig + "&l|00",
		"v1," + standardSig, "v1a," + standardSig, standardV1aSig, "s3cr3t", "Basic dXNlcjpzM2NyM3Q=", "", ",,,,", "v1=,v1",
		strings.Repeat("v1,AAAA ", 500), "t=-9223372036854775808,v1=" + timedSig, "t=1,t=2", "\x00", "\xff\xfe",
	} {
		f.Add(value, "")
		f.Add(value, value)
	}
	f.Fuzz(func(t *testing.T, value, second string) {
		h := headers("Webhook-Id", id, "Webhook-Timestamp", stamp)
		h["X-Signature"] = []string{value}
		if second != "" {
			h["X-Signature"] = append(h["X-Signature"], second)
		}
		r := &request{header: h, body: body}
		for i, v := range verifiers {
			m, err := v.Verify(r, noon)
			if err != nil {
				continue
			}
			if m.KeyID != "k0" || m.Scheme != 0 {
				t.Fatalf("verifier %d: match %+v", i, m)
			}
			if !holdsProof(h, proofs) {
				t.Fatalf("verifier %d: proved by %q", i, h["X-Signature"])
			}
			if err := v.Precheck(r, noon); err != nil {
				t.Fatalf("verifier %d: proved, and refused before: %v", i, err)
			}
		}
	})
}

// holdsProof tells whether a right proof stands in the header in any of its forms.
func holdsProof(h http.Header, proofs [][]byte) bool {
	all := strings.Join(h["X-Signature"], ",")
	for _, proof := range proofs {
		// The last characters of base64 have bits that do not count.
		if strings.Contains(strings.ToLower(all), hex.EncodeToString(proof)) ||
			strings.Contains(withoutLineBreaks(all), base64.StdEncoding.EncodeToString(proof)[:42]) {
			return true
		}
	}
	return strings.Contains(all, "s3cr3t") || strings.Contains(withoutLineBreaks(all), "dXNlcjpzM2NyM3Q") ||
		strings.Contains(withoutLineBreaks(all), standardV1aSig[len("v1a,"):len(standardV1aSig)-3])
}

// withoutLineBreaks removes what base64 decoders pass over.
func withoutLineBreaks(text string) string {
	return strings.NewReplacer("\r", "", "\n", "").Replace(text)
}
