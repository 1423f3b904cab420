package signature_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/x509"
	"encoding/base64"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/hookward/hookward/signature"
)

func TestKeyDecoding(t *testing.T) {
	t.Parallel()
	raw := []byte{0xfb, 0xef, 0xff, 0x00, 0x0a, 'k'} // no text, and both base64 alphabets differ on it
	sha1Sum, sha256Sum := sha1.Sum([]byte("secret")), sha256.Sum256([]byte("secret"))
	tests := []struct {
		name   string
		change func(*signature.Scheme)
		secret string
		key    string // the bytes that must come out
	}{
		{"text", func(*signature.Scheme) {}, "secret", "secret"},
		{"text that looks like hex", func(*signature.Scheme) {}, "8f742231b10e8888abcd99", "8f742231b10e8888abcd99"},
		{"text that looks like base64", func(*signature.Scheme) {}, "whsec_c2VjcmV0", "whsec_c2VjcmV0"},
		{"text beyond ASCII", func(*signature.Scheme) {}, "s\u0065\u0301cret", "se\u0301cret"},
		{"hex", func(s *signature.Scheme) { s.Key = signature.KeyHex }, hex.EncodeToString(raw), string(raw)},
		{"hex, upper case", func(s *signature.Scheme) { s.Key = signature.KeyHex }, strings.ToUpper(hex.EncodeToString(raw)), string(raw)},
		{"base64", func(s *signature.Scheme) { s.Key = signature.KeyBase64 }, base64.StdEncoding.EncodeToString(raw), string(raw)},
		{"base64, unpadded", func(s *signature.Scheme) { s.Key = signature.KeyBase64 }, base64.RawStdEncoding.EncodeToString(raw), string(raw)},
		{"base64url", func(s *signature.Scheme) { s.Key = signature.KeyBase64URL }, base64.RawURLEncoding.EncodeToString(raw), string(raw)},
		{"prefix", func(s *signature.Scheme) {
			s.Key, s.KeyPrefix = signature.KeyBase64, signature.Strings{"v1,whsec_", "whsec_"}
		}, "whsec_" + base64.StdEncoding.EncodeToString(raw), string(raw)},
		{"longer prefix", func(s *signature.Scheme) {
			s.Key, s.KeyPrefix = signature.KeyBase64, signature.Strings{"v1,whsec_", "whsec_"}
		}, "v1,whsec_" + base64.StdEncoding.EncodeToString(raw), string(raw)},
		{"prefix not there", func(s *signature.Scheme) {
			s.Key, s.KeyPrefix = signature.KeyBase64, signature.Strings{"whsec_"}
		}, base64.StdEncoding.EncodeToString(raw), string(raw)},
		{"format", func(s *signature.Scheme) { s.KeyFormat = "client&{secret}" }, "secret", "client&secret"},
		{"format with the secret twice", func(s *signature.Scheme) { s.KeyFormat = "{secret}&{secret}" }, "a", "a&a"},
		{"sha1", func(s *signature.Scheme) { s.KeyHash = signature.SHA1 }, "secret", string(sha1Sum[:])},
		{"sha256", func(s *signature.Scheme) { s.KeyHash = signature.SHA256 }, "secret", string(sha256Sum[:])},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			scheme := with(bare(), test.change)
			r := &request{header: headers("X-Signature", hexMAC(test.key, "body")), body: "body"}
			wantProved(t, newVerifier(t, schemes(scheme), keys(test.secret)), r, noon)
			signed := sign(t, newSigner(t, schemes(scheme), keys(test.secret)), &request{body: "body"}, noon)
			if got, want := signed.header.Get("X-Signature"), r.header.Get("X-Signature"); got != want {
				t.Errorf("signed as %s, want %s", got, want)
			}
		})
	}
}

func TestPublicKeyForms(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sig := base64.StdEncoding.EncodeToString(ed25519.Sign(private, []byte("body")))
	pair := newKeyPair(private, public)
	tests := []struct {
		name, public, private string
		encoding              signature.KeyEncoding
	}{
		{"PEM", pair.public, pair.private, ""},
		{"PEM where base64 is expected", pair.public, pair.private, signature.KeyBase64},
		{"SPKI in base64", pair.der, pair.private, signature.KeyBase64},
		{"hex", hex.EncodeToString(public), hex.EncodeToString(private), signature.KeyHex},
		{"hex, seed", hex.EncodeToString(public), hex.EncodeToString(private.Seed()), signature.KeyHex},
		{"base64url", base64.RawURLEncoding.EncodeToString(public), base64.RawURLEncoding.EncodeToString(private), signature.KeyBase64URL},
		{"prefixes", "whpk_" + base64.StdEncoding.EncodeToString(public), "whsk_" + base64.StdEncoding.EncodeToString(private), signature.KeyBase64},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			scheme := signature.Scheme{
				Type: signature.Ed25519, Header: signature.Strings{"X-Signature"}, Encoding: signature.Base64,
				Key: test.encoding, KeyPrefix: signature.Strings{"whpk_", "whsk_"},
			}
			signed := sign(t, newSigner(t, schemes(scheme), keys(test.private)), &request{body: "body"}, noon)
			if got := signed.header.Get("X-Signature"); got != sig {
				t.Errorf("signed as %s, want %s", got, sig)
			}
			wantProved(t, newVerifier(t, schemes(scheme), keys(test.public)), signed, noon)
		})
	}
}

// The older forms of RSA and ECDSA keys, and certificates.
func TestOlderKeyForms(t *testing.T) {
	t.Parallel()
	rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	ecdsaKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	sec1, err := x509.MarshalECPrivateKey(ecdsaKey)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1)}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, rsaKey.Public(), rsaKey)
	if err != nil {
		t.Fatal(err)
	}
	block := func(kind string, der []byte) string {
		return string(pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}))
	}
	rsaPrivate := block("RSA PRIVATE KEY", x509.MarshalPKCS1PrivateKey(rsaKey))
	tests := []struct {
		name            string
		kind            signature.Type
		public, private string
	}{
		{"PKCS #1", signature.RSA, block("RSA PUBLIC KEY", x509.MarshalPKCS1PublicKey(&rsaKey.PublicKey)), rsaPrivate},
		{"certificate", signature.RSA, block("CERTIFICATE", cert), rsaPrivate},
		{"SEC 1", signature.ECDSA, newKeyPair(ecdsaKey, ecdsaKey.Public()).public, block("EC PRIVATE KEY", sec1)},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			list := schemes(signature.Scheme{
				Type: test.kind, Header: signature.Strings{"X-Signature"}, Encoding: signature.Base64,
				Content: content("{id}.{body}"), ID: field("header:X-Id"),
			})
			signer, v := newSigner(t, list, keys(test.private)), newVerifier(t, list, keys(test.public))
			signed := sign(t, signer, &request{header: headers("X-Id", "1"), body: "body"}, noon)
			wantProved(t, v, signed, noon)
			signed.header.Del("X-Id")
			wantReason(t, v, signed, noon, signature.HeaderMissing)
			if _, err := signer.Sign(&request{}, noon); !errors.Is(err, signature.HeaderMissing) {
				t.Errorf("signed without an id: %v", err)
			}
			if _, err := signature.NewSigner(list, keys(test.public)); !errors.Is(err, signature.ErrInvalidKey) {
				t.Errorf("signs with the public key: %v", err)
			}
		})
	}
}

// What the standard library signs, with every length of salt.
func TestRSAPadding(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("body"))
	pkcs1, err := rsa.SignPKCS1v15(nil, key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	sigs := map[string][]byte{"pkcs1v15": pkcs1}
	for name, salt := range map[string]int{"pss": rsa.PSSSaltLengthEqualsHash, "pss, longest salt": rsa.PSSSaltLengthAuto, "pss, short salt": 8} {
		sigs[name], err = rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: salt})
		if err != nil {
			t.Fatal(err)
		}
	}
	pair := newKeyPair(key, key.Public())
	for name, sig := range sigs {
		for _, padding := range []string{"pkcs1v15", "pss"} {
			v := newVerifier(t, schemes(signature.Scheme{
				Type: signature.RSA, Padding: padding, Header: signature.Strings{"X-Signature"},
			}), keys(pair.public))
			r := &request{header: headers("X-Signature", hex.EncodeToString(sig)), body: "body"}
			if strings.HasPrefix(name, padding) {
				wantProved(t, v, r, noon)
			} else {
				wantReason(t, v, r, noon, signature.Mismatch)
			}
		}
	}
}

func TestKeysRefused(t *testing.T) {
	t.Parallel()
	small, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	smallRSA := newKeyPair(small, small.Public())
	p384 := newECDSA(elliptic.P384())
	halves := append(make([]byte, 32), make([]byte, 32)...)
	pkcs1 := string(pem.EncodeToMemory(&pem.Block{Type: "RSA PUBLIC KEY", Bytes: []byte("x")}))

	of := func(kind signature.Type, key signature.KeyEncoding) signature.Scheme {
		return signature.Scheme{Type: kind, Header: signature.Strings{"X-Signature"}, Key: key}
	}
	prefixed := with(of(signature.HMAC, signature.KeyBase64), func(s *signature.Scheme) { s.KeyPrefix = signature.Strings{"whsec_"} })
	digest := with(of(signature.Digest, ""), func(s *signature.Scheme) { s.Content = content("{secret}{body}") })

	tests := []struct {
		name    string
		scheme  signature.Scheme
		secret  string
		private bool // refused by NewSigner; otherwise by NewVerifier
	}{
		{"empty hmac", of(signature.HMAC, ""), "", false},
		{"empty secret", of(signature.Secret, ""), "", false},
		{"empty digest", digest, "", false},
		{"empty basic", of(signature.Basic, ""), "", false},
		{"basic of nothing", of(signature.Basic, ""), ":", false},
		{"basic without a colon", of(signature.Basic, ""), "s3cr3t", false},
		{"empty hex", of(signature.HMAC, signature.KeyHex), "", false},
		{"only a prefix", prefixed, "whsec_", false},
		{"only padding", of(signature.HMAC, signature.KeyBase64), "==", false},
		{"not hex", of(signature.HMAC, signature.KeyHex), "s3cr3t", false},
		{"not base64", of(signature.HMAC, signature.KeyBase64), "s3cr3t!", false},
		{"not base64url", of(signature.HMAC, signature.KeyBase64URL), "s3cr3t+/", false},
		{"not PEM", of(signature.RSA, ""), "s3cr3t", false},
		{"PEM of rubbish", of(signature.RSA, ""), pkcs1, false},
		{"empty public", of(signature.Ed25519, signature.KeyHex), "", false},
		{"ed25519 of 31 bytes", of(signature.Ed25519, signature.KeyHex), strings.Repeat("00", 31), false},
		{"rsa for ed25519", of(signature.Ed25519, ""), rsaPair().public, false},
		{"rsa for ecdsa", of(signature.ECDSA, ""), rsaPair().public, false},
		{"ecdsa for rsa", of(signature.RSA, ""), ecdsaPair().public, false},
		{"ed25519 for rsa", of(signature.RSA, ""), ed25519Pair().public, false},
		{"another curve", of(signature.ECDSA, ""), p384.public, false},
		{"short rsa", of(signature.RSA, ""), smallRSA.public, false},
		{"private for public", of(signature.RSA, ""), rsaPair().private, false},
		{"private ed25519 for public", standardV1a, standardPrivate, false},
		{"private seed for public", standardV1a, "whsk_" + base64.StdEncoding.EncodeToString(make([]byte, 32)), false},

		{"public for private", of(signature.RSA, ""), rsaPair().public, true},
		{"public ed25519 for private", standardV1a, standardPublic, true},
		{"rubbish for private", of(signature.ECDSA, signature.KeyHex), "00ff", true},
		{"rsa to sign ed25519", of(signature.Ed25519, ""), rsaPair().private, true},
		{"short rsa to sign", of(signature.RSA, ""), smallRSA.private, true},
		{"another curve to sign", of(signature.ECDSA, ""), p384.private, true},
		{"halves of two keys", of(signature.Ed25519, signature.KeyHex), hex.EncodeToString(halves), true},
		{"empty to sign", of(signature.HMAC, ""), "", true},
		{"empty basic to sign", of(signature.Basic, ""), ":", true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			k := []signature.Key{{ID: "the-id", Secret: test.secret}}
			var err error
			if test.private {
				_, err = signature.NewSigner(schemes(test.scheme), k)
			} else {
				_, err = signature.NewVerifier(schemes(test.scheme), k)
			}
			if !errors.Is(err, signature.ErrInvalidKey) {
				t.Fatalf("got %v, want %v", err, signature.ErrInvalidKey)
			}
			if !strings.Contains(err.Error(), "the-id") {
				t.Errorf("%v does not name the key", err)
			}
			if len(test.secret) > 2 && strings.Contains(err.Error(), test.secret) {
				t.Errorf("%v holds the key", err)
			}
		})
	}
}

func TestKeyCount(t *testing.T) {
	t.Parallel()
	many := make([]signature.Key, signature.MaxKeys+1)
	for i := range many {
		many[i] = signature.Key{ID: strconv.Itoa(i), Secret: "secret " + strconv.Itoa(i)}
	}
	v := newVerifier(t, schemes(bare()), many[:signature.MaxKeys])
	last := many[signature.MaxKeys-1]
	r := &request{header: headers("X-Signature", hexMAC(last.Secret, "body")), body: "body"}
	if m := wantProved(t, v, r, noon); m.KeyID != last.ID {
		t.Errorf("proved by %s, want %s", m.KeyID, last.ID)
	}
	if _, err := signature.NewVerifier(schemes(bare()), many); !errors.Is(err, signature.ErrInvalidKey) {
		t.Errorf("%d keys: %v", len(many), err)
	}
	if _, err := signature.NewSigner(schemes(bare()), nil); !errors.Is(err, signature.ErrInvalidKey) {
		t.Errorf("no key to sign with: %v", err)
	}
	if _, err := signature.NewSigner(schemes(bare()), keys("a", "b")); !errors.Is(err, signature.ErrInvalidKey) {
		t.Errorf("two keys for one signature: %v", err)
	}
	pairs := with(bare(), func(s *signature.Scheme) { s.Separator, s.Assign = "&", "|" })
	for _, id := range []string{"", "a|b", "a&b"} {
		if _, err := signature.NewSigner(schemes(pairs), []signature.Key{{ID: id, Secret: "s"}}); !errors.Is(err, signature.ErrInvalidKey) {
			t.Errorf("id %q as an item's name: %v", id, err)
		}
	}
}

// A key that one scheme can use and another cannot is no error.
func TestKeyOfOneSchemeAmongSeveral(t *testing.T) {
	t.Parallel()
	mixed := schemes(
		with(bare(), func(s *signature.Scheme) { s.Key = signature.KeyHex }),
		signature.Scheme{Type: signature.Basic},
	)
	v := newVerifier(t, mixed, keys("00ff", "user:password"))
	wantProved(t, v, &request{header: headers("X-Signature", hexMAC("\x00\xff", "body")), body: "body"}, noon)
	wantProved(t, v, &request{header: headers("Authorization", "basic dXNlcjpwYXNzd29yZA==")}, noon)
}

func TestKeysDoNotPrint(t *testing.T) {
	t.Parallel()
	const secret = "s3cr3t-of-mine"
	k := signature.Key{ID: "main", Secret: secret}
	holder := struct {
		Key  signature.Key
		Keys []*signature.Key
	}{k, []*signature.Key{&k}}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%t", "%10.3s"} {
		for _, value := range []any{k, &k, []signature.Key{k}, holder} {
			wantNoSecret(t, fmt.Sprintf(verb, value), secret)
		}
	}
	if got, want := fmt.Sprint(k), "main("+signature.Fingerprint(secret)+")"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := signature.Fingerprint(""); got != "e3b0c442" { // of the empty text, FIPS 180-4
		t.Errorf("fingerprint %s", got)
	}

	text := schemes(bare(), signature.Scheme{Type: signature.Secret, Header: signature.Strings{"X-Token"}},
		signature.Scheme{Type: signature.Digest, Header: signature.Strings{"X-Digest"}, Content: content("{secret}{body}")})
	v, s := newVerifier(t, text, []signature.Key{k}), newSigner(t, text, []signature.Key{k})
	signed := sign(t, s, &request{body: "body"}, noon)
	wantProved(t, v, signed, noon)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x"} {
		for _, value := range []any{v, *v, s, *s} {
			wantNoSecret(t, fmt.Sprintf(verb, value), secret)
		}
	}
}

// wantNoSecret looks for the secret as text, in hex and as a list of bytes.
func wantNoSecret(t *testing.T, printed, secret string) {
	t.Helper()
	for _, form := range []string{
		secret,
		hex.EncodeToString([]byte(secret)),
		strings.ToUpper(hex.EncodeToString([]byte(secret))),
		strings.Trim(fmt.Sprintf("%d", []byte(secret)), "[]"),
		fmt.Sprintf("%#v", []byte(secret))[len("[]byte{"):30],
	} {
		if strings.Contains(printed, form) {
			t.Errorf("printed: %s", printed)
			return
		}
	}
}

func TestEqual(t *testing.T) {
	t.Parallel()
	if !signature.Equal("a", "a") || !signature.Equal("", "") {
		t.Error("equal texts differ")
	}
	for _, other := range []string{"", "b", "aa", "a\x00"} {
		if signature.Equal("a", other) {
			t.Errorf("a equals %q", other)
		}
	}
}
