package signature_test

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"regexp"
	"sync"
	"testing"
	"time"

	"github.com/hookward/hookward/signature"
)

// keyPair is a key pair in the two forms in which providers hand it out.
type keyPair struct {
	private, public string // PEM
	der             string // the public key, SPKI in base64
}

func newKeyPair(private any, public any) keyPair {
	pkcs8, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		panic(err)
	}
	spki, err := x509.MarshalPKIXPublicKey(public)
	if err != nil {
		panic(err)
	}
	return keyPair{
		private: string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8})),
		public:  string(pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: spki})),
		der:     base64.StdEncoding.EncodeToString(spki),
	}
}

func newRSA() keyPair {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return newKeyPair(key, key.Public())
}

func newECDSA(curve elliptic.Curve) keyPair {
	key, err := ecdsa.GenerateKey(curve, rand.Reader)
	if err != nil {
		panic(err)
	}
	return newKeyPair(key, key.Public())
}

func newEd25519() keyPair {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		panic(err)
	}
	return newKeyPair(private, public)
}

var (
	rsaPair      = sync.OnceValue(newRSA)
	otherRSA     = sync.OnceValue(newRSA)
	ecdsaPair    = sync.OnceValue(func() keyPair { return newECDSA(elliptic.P256()) })
	otherECDSA   = sync.OnceValue(func() keyPair { return newECDSA(elliptic.P256()) })
	ed25519Pair  = sync.OnceValue(newEd25519)
	otherEd25519 = sync.OnceValue(newEd25519)
	standardV1   = signature.Scheme{
		Type: signature.HMAC, Header: signature.Strings{"Webhook-Signature"},
		Separator: " ", Assign: ",", Item: signature.Strings{"v1"}, Encoding: signature.Base64,
		Key: signature.KeyBase64, KeyPrefix: signature.Strings{"whsec_"},
		Content: content("{id}.{timestamp}.{body}"), ID: field("header:Webhook-Id"),
		Timestamp: &signature.Timestamp{From: field("header:Webhook-Timestamp")},
	}
	standardV1a = signature.Scheme{
		Type: signature.Ed25519, Header: signature.Strings{"Webhook-Signature"},
		Separator: " ", Assign: ",", Item: signature.Strings{"v1a"}, Encoding: signature.Base64,
		Key: signature.KeyBase64, KeyPrefix: signature.Strings{"whpk_", "whsk_"},
		Content: content("{id}.{timestamp}.{body}"), ID: field("header:Webhook-Id"),
		Timestamp: &signature.Timestamp{From: field("header:Webhook-Timestamp")},
	}
)

// stripe is a list of names and values with the timestamp in it.
func stripe() signature.Scheme {
	return signature.Scheme{
		Type: signature.HMAC, Header: signature.Strings{"Stripe-Signature"},
		Separator: ",", Assign: "=", Item: signature.Strings{"v1"},
		Content: content("{timestamp}.{body}"), Timestamp: &signature.Timestamp{Item: "t"},
	}
}

// bare is the simplest scheme: an HMAC of the body, in hex, in a header.
func bare() signature.Scheme {
	return signature.Scheme{Type: signature.HMAC, Header: signature.Strings{"X-Signature"}}
}

// with changes a copy of a scheme.
func with(s signature.Scheme, change func(*signature.Scheme)) signature.Scheme {
	change(&s)
	return s
}

type roundTrip struct {
	name    string
	scheme  signature.Scheme
	signKey string // also the verifier's where that has none of its own
	key     string
	other   string // a key that has not signed
	want    string // what the signer's last proof looks like
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	for _, test := range append(typeRoundTrips(), syntaxRoundTrips()...) {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			key := test.key
			if key == "" {
				key = test.signKey
			}
			list := schemes(test.scheme)
			signer := newSigner(t, list, keys(test.signKey))
			verifier := newVerifier(t, list, keys(key))
			r := &request{
				method: "POST", path: "/hooks", url: "https://hooks.example.com/hooks",
				header: headers("X-Id", "evt_1"),
				body:   `{"event":"created","n":1.0}`,
			}

			proofs, err := signer.Sign(r, noon)
			if err != nil {
				t.Fatal(err)
			}
			last := proofs[len(proofs)-1]
			if !regexp.MustCompile(test.want).MatchString(last.Value) {
				t.Errorf("signed as %s: %q, want %s", last.Field, last.Value, test.want)
			}
			signed := sign(t, signer, r, noon)
			match := wantProved(t, verifier, signed, noon.Add(time.Minute))
			if match.KeyID != "k0" || match.Scheme != 0 {
				t.Errorf("match: %+v", match)
			}

			wantReason(t, newVerifier(t, list, keys(test.other)), signed, noon, signature.Mismatch)
			if verifier.Covers(0) == signature.CoversBody {
				signed.body += " "
				wantReason(t, verifier, signed, noon, signature.Mismatch)
			}
		})
	}
}

func typeRoundTrips() []roundTrip {
	hmacOf := func(hash signature.Hash, digits string) roundTrip {
		return roundTrip{
			name:    "hmac " + string(hash),
			scheme:  with(bare(), func(s *signature.Scheme) { s.Hash = hash }),
			signKey: "secret", other: "Secret",
			want: `^[0-9a-f]{` + digits + `}$`,
		}
	}
	digestOf := func(hash signature.Hash, text, digits string) roundTrip {
		return roundTrip{
			name: "digest " + string(hash) + " " + text,
			scheme: signature.Scheme{
				Type: signature.Digest, Hash: hash, Header: signature.Strings{"X-Signature"},
				Content: content(text),
			},
			signKey: "secret", other: "Secret",
			want: `^[0-9a-f]{` + digits + `}$`,
		}
	}
	publicOf := func(name string, s signature.Scheme, own, other keyPair) []roundTrip {
		s.Header, s.Encoding = signature.Strings{"X-Signature"}, signature.Base64
		derKey := with(s, func(s *signature.Scheme) { s.Key = signature.KeyBase64 })
		const base64Text = `^[A-Za-z0-9+/]+={0,2}$`
		return []roundTrip{
			{name: name + " PEM", scheme: s, signKey: own.private, key: own.public, other: other.public, want: base64Text},
			{name: name + " SPKI", scheme: derKey, signKey: own.private, key: own.der, other: other.der, want: base64Text},
		}
	}
	tests := []roundTrip{
		hmacOf(signature.SHA1, "40"),
		hmacOf(signature.SHA256, "64"),
		hmacOf(signature.SHA384, "96"),
		hmacOf(signature.SHA512, "128"),
		hmacOf(signature.MD5, "32"),
		digestOf(signature.SHA256, "{secret}{body}", "64"),
		digestOf(signature.SHA1, "{body}{secret}", "40"),
		digestOf(signature.SHA512, "{secret}{method}{url}{body}", "128"),
		{
			name:    "secret",
			scheme:  signature.Scheme{Type: signature.Secret, Header: signature.Strings{"X-Token"}},
			signKey: "s3cr3t", other: "s3cr3", want: `^s3cr3t$`,
		},
		{
			name:    "bearer",
			scheme:  signature.Scheme{Type: signature.Secret, Header: signature.Strings{"Authorization"}, Prefix: "Bearer "},
			signKey: "s3cr3t", other: "s3cr3t2", want: `^Bearer s3cr3t$`,
		},
		{
			name:    "basic",
			scheme:  signature.Scheme{Type: signature.Basic},
			signKey: "user:pass:word", other: "user:pass", want: `^Basic dXNlcjpwYXNzOndvcmQ=$`,
		},
	}
	tests = append(tests, publicOf("ed25519", signature.Scheme{Type: signature.Ed25519}, ed25519Pair(), otherEd25519())...)
	tests = append(tests, publicOf("ecdsa", signature.Scheme{Type: signature.ECDSA}, ecdsaPair(), otherECDSA())...)
	tests = append(tests, publicOf("rsa", signature.Scheme{Type: signature.RSA}, rsaPair(), otherRSA())...)
	tests = append(tests, publicOf("rsa pkcs1v15", signature.Scheme{Type: signature.RSA, Padding: "pkcs1v15"}, rsaPair(), otherRSA())...)
	return append(tests, publicOf("rsa pss", signature.Scheme{Type: signature.RSA, Padding: "pss"}, rsaPair(), otherRSA())...)
}

func syntaxRoundTrips() []roundTrip {
	in := func(name, want string, change func(*signature.Scheme)) roundTrip {
		return roundTrip{name: name, scheme: with(bare(), change), signKey: "secret", other: "other", want: want}
	}
	inFields := func(s *signature.Scheme) { s.Header, s.Covers = nil, signature.CoversBody }
	return []roundTrip{
		in("prefix", `^sha256=[0-9a-f]{64}$`, func(s *signature.Scheme) { s.Prefix = "sha256=" }),
		in("prefix with a space", `^sha256 [0-9a-f]{64}$`, func(s *signature.Scheme) { s.Prefix = "sha256 " }),
		in("base64", `^[A-Za-z0-9+/]{43}=$`, func(s *signature.Scheme) { s.Encoding = signature.Base64 }),
		in("base64url", `^[A-Za-z0-9_-]{43}=$`, func(s *signature.Scheme) { s.Encoding = signature.Base64URL }),
		in("base64 of hex", `^[A-Za-z0-9]{86}==$`, func(s *signature.Scheme) { s.Encoding = signature.Base64Hex }),
		in("timestamp beside", `^[0-9a-f]{64}$`, func(s *signature.Scheme) {
			s.Content, s.Timestamp = content("{timestamp}{body}"), &signature.Timestamp{From: field("header:X-Time")}
		}),
		in("milliseconds", `^[0-9a-f]{64}$`, func(s *signature.Scheme) {
			s.Content = content("{body}{timestamp}")
			s.Timestamp = &signature.Timestamp{From: field("header:X-Time"), Unit: signature.Milliseconds}
		}),
		in("RFC 3339", `^[0-9a-f]{64}$`, func(s *signature.Scheme) {
			s.Content = content("{body}{timestamp}")
			s.Timestamp = &signature.Timestamp{From: field("header:X-Time"), Unit: signature.RFC3339}
		}),
		in("names and values", `^t=1700000000,v1=[0-9a-f]{64}$`, func(s *signature.Scheme) { *s = stripe() }),
		in("names and values by semicolons", `^ts=1700000000;h1=[0-9a-f]{64}$`, func(s *signature.Scheme) {
			s.Separator, s.Assign, s.Item = ";", "=", signature.Strings{"h1"}
			s.Content, s.Timestamp = content("{timestamp}:{body}"), &signature.Timestamp{Item: "ts"}
		}),
		in("versions without a timestamp", `^v1=[0-9a-f]{64}$`, func(s *signature.Scheme) {
			s.Separator, s.Assign, s.Item = ",", "=", signature.Strings{"v1"}
		}),
		in("positions", `^1700000000000,[0-9a-f]{64}$`, func(s *signature.Scheme) {
			s.Separator, s.Content = ",", content("{timestamp}.{body}")
			s.Timestamp = &signature.Timestamp{Item: "0", Unit: signature.Milliseconds}
		}),
		in("positions, the timestamp behind", `^[0-9a-f]{64};1700000000$`, func(s *signature.Scheme) {
			s.Separator, s.Item, s.Content = ";", signature.Strings{"0"}, content("{timestamp}.{body}")
			s.Timestamp = &signature.Timestamp{Item: "1"}
		}),
		in("prefix of a list", `^v0=[0-9a-f]{64}$`, func(s *signature.Scheme) { s.Prefix, s.Separator = "v0=", "," }),
		in("pair named by the key", `^Application k0:[0-9a-f]{64}$`, func(s *signature.Scheme) {
			s.Prefix, s.Assign = "Application ", ":"
		}),
		in("list in base64", `^dD0xNzAwMDAwMDAwLHYxP[A-Za-z0-9+/]{86}=$`, func(s *signature.Scheme) { *s = stripe(); s.Wrapping = signature.Base64 }),
		in("prefix in base64url", `^c2hhMjU2P[A-Za-z0-9_-]{86}=$`, func(s *signature.Scheme) { s.Prefix, s.Wrapping = "sha256=", signature.Base64URL }),
		in("query", `^[0-9a-f]{64}$`, func(s *signature.Scheme) { inFields(s); s.Query = signature.Strings{"signature"} }),
		in("form", `^[0-9a-f]{64}$`, func(s *signature.Scheme) { inFields(s); s.Form = signature.Strings{"sig"} }),
		in("json", `^[0-9a-f]{64}$`, func(s *signature.Scheme) {
			inFields(s)
			s.JSON = signature.Strings{"signature.signature"}
			s.Content, s.Covers = content("{json:event}{id}"), ""
			s.ID = field("header:X-Id")
		}),
		in("digests of the body", `^[0-9a-f]{64}$`, func(s *signature.Scheme) {
			s.Content = content("{method}\n{path}\n{body|sha256|hex}\n{body|md5|base64}\n{body|crc32}\n{body-sha256}")
		}),
		in("derived key", `^[0-9a-f]{64}$`, func(s *signature.Scheme) {
			s.KeyFormat, s.KeyHash = "client&{secret}", signature.SHA1
		}),
		{
			name:    "hex key",
			scheme:  with(bare(), func(s *signature.Scheme) { s.Key = signature.KeyHex }),
			signKey: hex.EncodeToString([]byte("secret")), other: hex.EncodeToString([]byte("other")),
			want: `^[0-9a-f]{64}$`,
		},
	}
}
