package signature_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/signature"
)

// delivered is a request as a server holds it: a body and a header.
type delivered struct {
	header http.Header
	body   []byte
}

func (d *delivered) Body() []byte { return d.body }

func (d *delivered) Lookup(f signature.Field) (string, int) { return first(d.header[f.Name]) }

func (d *delivered) Values(signature.Source) url.Values { return nil }

func (d *delivered) Readable(signature.Source) bool { return true }

// verifyCase is a delivery that a verifier accepts.
type verifyCase struct {
	verifier  *signature.Verifier
	request   *delivered
	now       time.Time
	publicKey bool
}

func verifyCases(t testing.TB, size int) map[string]verifyCase {
	t.Helper()
	type setup struct {
		scheme       signature.Scheme
		private, key string
	}
	cases := map[string]verifyCase{}
	for name, s := range map[string]setup{
		"hmac":              {bare(), "secret", "secret"},
		"prefixed hmac":     {with(bare(), func(s *signature.Scheme) { s.Prefix = "sha256=" }), "secret", "secret"},
		"list":              {stripe(), "secret", "secret"},
		"standard webhooks": {standardV1, standardSecret, standardSecret},
		"secret":            {signature.Scheme{Type: signature.Secret, Header: signature.Strings{"X-Token"}}, "secret", "secret"},
		"basic":             {signature.Scheme{Type: signature.Basic}, "user:password", "user:password"},
		"ed25519":           {standardV1a, standardPrivate, standardPublic},
	} {
		plain := &request{header: headers("Webhook-Id", "evt_1"), body: strings.Repeat("x", size)}
		signed := sign(t, newSigner(t, schemes(s.scheme), keys(s.private)), plain, noon)
		cases[name] = verifyCase{
			verifier:  newVerifier(t, schemes(s.scheme), keys(s.key)),
			request:   &delivered{header: signed.header, body: []byte(signed.body)},
			now:       noon,
			publicKey: s.scheme.Type == signature.Ed25519,
		}
	}
	return cases
}

// verifyBare is what a receiver writes who knows his one provider.
func verifyBare(d *delivered, key []byte) bool {
	h := hmac.New(sha256.New, key)
	h.Write(d.body)
	want, err := hex.DecodeString(d.header.Get("X-Signature"))
	return err == nil && hmac.Equal(h.Sum(nil), want)
}

func BenchmarkVerify(b *testing.B) {
	for _, size := range []struct {
		name  string
		bytes int
	}{{"1KiB", 1 << 10}, {"64KiB", 64 << 10}} {
		cases := verifyCases(b, size.bytes)
		b.Run("bare/"+size.name, func(b *testing.B) {
			d, key := cases["hmac"].request, []byte("secret")
			b.ReportAllocs()
			b.SetBytes(int64(size.bytes))
			for b.Loop() {
				if !verifyBare(d, key) {
					b.Fatal("refused")
				}
			}
		})
		for _, name := range []string{"hmac", "list", "standard webhooks", "secret", "ed25519"} {
			c := cases[name]
			b.Run(strings.ReplaceAll(name, " ", "-")+"/"+size.name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(size.bytes))
				for b.Loop() {
					if _, err := c.verifier.Verify(c.request, c.now); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func BenchmarkSign(b *testing.B) {
	for name, scheme := range map[string]signature.Scheme{"hmac": bare(), "list": stripe()} {
		b.Run(name, func(b *testing.B) {
			s := newSigner(b, schemes(scheme), keys("secret"))
			d := &delivered{body: make([]byte, 1<<10)}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := s.Sign(d, noon); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
