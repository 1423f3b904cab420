package signature_test

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hookward/hookward/signature"
)

// drawScheme makes a scheme out of everything that the grammar offers.
func drawScheme(t *rapid.T) signature.Scheme {
	s := signature.Scheme{
		Type:     rapid.SampledFrom([]signature.Type{signature.HMAC, signature.HMAC, signature.Digest, signature.Secret}).Draw(t, "type"),
		Prefix:   rapid.SampledFrom([]string{"", "sha256=", "v0="}).Draw(t, "prefix"),
		Encoding: rapid.SampledFrom([]signature.Encoding{signature.Hex, signature.Base64, signature.Base64URL, signature.Base64Hex}).Draw(t, "encoding"),
	}
	switch rapid.IntRange(0, 3).Draw(t, "holder") {
	case 0:
		s.Query = signature.Strings{"sig"}
	case 1:
		s.Form = signature.Strings{"sig"}
	case 2:
		s.JSON = signature.Strings{"sig.nature"}
	default:
		s.Header = signature.Strings{"X-Signature", "X-Signature-2"}
	}
	s.Separator = rapid.SampledFrom([]string{"", ",", ";", " ,"}).Draw(t, "separator")
	if s.Separator != "" && rapid.Bool().Draw(t, "named") {
		s.Assign, s.Item = "=", signature.Strings{"v1"}
	}
	if s.Type == signature.Secret {
		return s
	}
	s.Content = content("{body}")
	if s.Type == signature.Digest {
		s.Content = content("{secret}{body}")
	}
	if len(s.JSON) > 0 { // a body that holds the proof cannot be signed by it
		s.Content = content("{secret}{header:X-Id}")
		if s.Type == signature.HMAC {
			s.Content = content("{header:X-Id}")
		}
	}
	if rapid.Bool().Draw(t, "timestamp") {
		drawTimestamp(t, &s)
	}
	return s
}

func drawTimestamp(t *rapid.T, s *signature.Scheme) {
	s.Content = content("{timestamp}." + s.Content.String())
	s.Timestamp = &signature.Timestamp{
		Unit: rapid.SampledFrom([]signature.Unit{signature.Seconds, signature.Milliseconds, signature.RFC3339}).Draw(t, "unit"),
		From: field(rapid.SampledFrom([]string{"header:X-Time", "query:time"}).Draw(t, "from")),
	}
	if s.Separator == "" || s.Timestamp.Unit == signature.RFC3339 || !rapid.Bool().Draw(t, "inside") {
		return
	}
	s.Timestamp.From, s.Timestamp.Item = signature.Field{}, "0"
	if s.Assign != "" {
		s.Timestamp.Item = "t"
	}
}

func drawRequest(t *rapid.T) *request {
	return &request{
		method: "POST", path: "/in", url: "https://hooks.example.com/in",
		header: headers("X-Id", "evt_1"),
		query:  url.Values{}, form: url.Values{},
		body: rapid.SampledFrom([]string{"", "{}", `{"a":[1,2]}`}).Draw(t, "body"),
	}
}

// disturb changes one thing of a request, or nothing.
func disturb(t *rapid.T, r *request) {
	text := rapid.SampledFrom([]string{
		"", "x", "00", "sha256=", ",", "t=1,t=2", "v1=", "\x00", "\xff", "1700000000", "17000000000", "-1", "sha256=v1=00",
	}).Draw(t, "text")
	values := rapid.SampledFrom([]map[string][]string{r.header, r.query, r.form}).Draw(t, "place")
	name := rapid.SampledFrom([]string{"X-Signature", "X-Signature-2", "X-Time", "X-Id", "sig", "time"}).Draw(t, "name")
	switch rapid.IntRange(0, 5).Draw(t, "change") {
	case 0:
		values[name] = []string{text}
	case 1:
		values[name] = append(values[name], text)
	case 2:
		delete(values, name)
	case 3:
		if old := values[name]; len(old) > 0 {
			i := rapid.IntRange(0, len(old[0])).Draw(t, "cut")
			values[name] = []string{old[0][:i] + text + old[0][i:]}
		}
	case 4:
		r.body += text
	}
}

// What is signed is proved, what is proved passes Precheck, and no two keys prove
// the same request.
func TestSignVerifyPrecheck(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		list := schemes(drawScheme(t))
		for range rapid.IntRange(0, 2).Draw(t, "more schemes") {
			list = append(list, drawScheme(t))
		}
		v, err := signature.NewVerifier(list, keys("secret"))
		if err != nil {
			t.Fatalf("%+v: %v", list, err)
		}
		s, err := signature.NewSigner(list[:1], keys("secret"))
		if err != nil {
			t.Fatalf("%+v: %v", list, err)
		}
		r := drawRequest(t)
		proofs, err := s.Sign(r, noon)
		if err != nil {
			t.Fatalf("%+v: %v", list[0], err)
		}
		r.set(t, proofs)

		m, err := v.Verify(r, noon)
		if err != nil {
			t.Fatalf("signed by %+v and refused: %v", list[0], err)
		}
		if m.KeyID != "k0" {
			t.Fatalf("match: %+v", m)
		}
		wantPassed(t, v, r, noon)
		for range 3 {
			disturb(t, r)
			now := noon.Add(time.Duration(rapid.IntRange(-600, 600).Draw(t, "seconds")) * time.Second)
			if _, err := v.Verify(r, now); err == nil {
				wantPassed(t, v, r, now)
			}
		}
		other, err := signature.NewVerifier(list, keys("Secret"))
		if err != nil {
			t.Fatal(err)
		}
		if m, err := other.Verify(r, noon); err == nil {
			t.Fatalf("proved by another key: %+v", m)
		}
	})
}

func wantPassed(t *rapid.T, v *signature.Verifier, r *request, now time.Time) {
	if err := v.Precheck(r, now); err != nil {
		t.Fatalf("proved, and refused before the body was read: %v", err)
	}
}

// However a request is put together, checking it neither panics nor depends on
// what was checked before it: the same Verifier says the same twice.
func TestVerifyIsPure(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, schemes(standardV1, stripe(), bare()), keys(standardSecret, "secret"))
	values := rapid.SliceOfN(rapid.String(), 0, 2)
	rapid.Check(t, func(t *rapid.T) {
		r := &request{header: http.Header{}, body: rapid.String().Draw(t, "body")}
		for _, name := range []string{"Webhook-Id", "Webhook-Timestamp", "Webhook-Signature", "Stripe-Signature", "X-Signature"} {
			r.header[name] = values.Draw(t, name)
		}
		m1, err1 := v.Verify(r, noon)
		m2, err2 := v.Verify(r, noon)
		if m1 != m2 || err1 != err2 { //nolint:errorlint // a Reason is documented to be comparable
			t.Fatalf("first %+v, %v; then %+v, %v", m1, err1, m2, err2)
		}
		if err1 == nil {
			t.Fatalf("proved by %+v", m1)
		}
	})
}
