package signature_test

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"encoding"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/hookward/hookward/signature"
)

// A list of signatures is read as far as is needed and no further.
func TestLongLists(t *testing.T) {
	t.Parallel()
	const body = "body"
	timed := hexMAC("secret", "1700000000."+body)
	wrong := hexMAC("wrong", body)
	repeated := func(item string, n int) string { return strings.Repeat(item+",", n) }
	tests := []struct {
		name  string
		value string
		want  signature.Reason
	}{
		{"sixteen", "t=1700000000," + repeated("v1="+wrong, 15) + "v1=" + timed, ""},
		{"seventeen", "t=1700000000," + repeated("v1="+wrong, 16) + "v1=" + timed, signature.HeaderMalformed},
		{"too many after the right one", "t=1700000000,v1=" + timed + "," + repeated("v1="+wrong, 16), signature.HeaderMalformed},
		{"a thousand empty ones", "t=1700000000," + repeated("v1=", 1000) + "v1=" + timed, ""},
		{"a thousand of another version", "t=1700000000," + repeated("v0", 1000) + "v1=" + timed, ""},
		{"a thousand undecodable", "t=1700000000," + repeated("=", 500) + repeated("v1=z", 500) + "v1=" + timed, ""},
		{"a thousand short", "t=1700000000," + repeated("v1=", 100) + repeated("v1=00", 500) + "v1=" + timed, ""},
		{"4 KiB of separators", strings.Repeat(",", 4096), signature.HeaderMalformed},
		{"4 KiB of assigns", strings.Repeat("=", 4096), signature.HeaderMalformed},
		{"4 KiB of spaces", strings.Repeat(" ", 4096), signature.HeaderMalformed},
		{"a byte over 4 KiB", strings.Repeat(",", 4097-len("t=1700000000,v1=")-64) + "t=1700000000,v1=" + timed, signature.HeaderTooLong},
		{"exactly 4 KiB", strings.Repeat(",", 4096-len("t=1700000000,v1=")-64) + "t=1700000000,v1=" + timed, ""},
		{"a thousand timestamps", repeated("t=1700000000", 300) + "v1=" + timed, ""},
		{"a thousand timestamps and another", repeated("t=1700000000", 300) + "t=1700000001,v1=" + timed, signature.HeaderMalformed},
	}
	v := newVerifier(t, schemes(stripe()), keys("secret"))
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := &request{header: headers("Stripe-Signature", test.value), body: body}
			if test.want == "" {
				wantProved(t, v, r, noon)
				return
			}
			wantReason(t, v, r, noon, test.want)
		})
	}
}

// A MAC is compared in full: no beginning of it proves anything.
func TestTruncatedMAC(t *testing.T) {
	t.Parallel()
	for _, hash := range []signature.Hash{signature.SHA1, signature.SHA256, signature.SHA384, signature.SHA512, signature.MD5} {
		list := schemes(with(bare(), func(s *signature.Scheme) { s.Hash = hash }))
		v := newVerifier(t, list, keys("secret"))
		full := sign(t, newSigner(t, list, keys("secret")), &request{body: "body"}, noon)
		mac := full.header.Get("X-Signature")
		for n := 0; n < len(mac); n += 2 {
			full.header.Set("X-Signature", mac[:n])
			want := signature.WrongLength
			if n == 0 {
				want = signature.HeaderMissing
			}
			wantReason(t, v, full, noon, want)
		}
	}
}

// Each bit of a proof counts.
func TestFlippedBits(t *testing.T) {
	t.Parallel()
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		scheme signature.Scheme
		proof  []byte
		key    string
	}{
		{bare(), macOf("secret", "body"), "secret"},
		{
			signature.Scheme{Type: signature.Ed25519, Header: signature.Strings{"X-Signature"}, Key: signature.KeyHex},
			ed25519.Sign(private, []byte("body")), hex.EncodeToString(public),
		},
	} {
		v := newVerifier(t, schemes(test.scheme), keys(test.key))
		for i := range 8 * len(test.proof) {
			flipped := append([]byte(nil), test.proof...)
			flipped[i/8] ^= 1 << (i % 8)
			r := &request{header: headers("X-Signature", hex.EncodeToString(flipped)), body: "body"}
			wantReason(t, v, r, noon, signature.Mismatch)
		}
	}
}

// Whoever knows a public key must not be able to sign with it as the secret of
// another scheme in the list.
func TestKeyConfusion(t *testing.T) {
	t.Parallel()
	both := schemes(standardV1, standardV1a)
	public, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(standardPublic, "whpk_"))
	if err != nil {
		t.Fatal(err)
	}
	const signed = "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330." + `{"test": 2432232314}`
	v := newVerifier(t, both, keys(standardPublic))
	for name, key := range map[string]string{
		"its bytes":            string(public),
		"its base64":           strings.TrimPrefix(standardPublic, "whpk_"),
		"its text":             standardPublic,
		"nothing":              "",
		"the word none":        "none",
		"its bytes and zeroes": string(public) + "\x00\x00", // HMAC pads keys with zeroes
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantReason(t, v, standardRequest("v1,"+base64MAC(key, signed)), unix(1614265330), signature.NoKey)
		})
	}

	bareHMAC := with(standardV1, func(s *signature.Scheme) { s.KeyPrefix = nil })
	textHMAC := with(bareHMAC, func(s *signature.Scheme) { s.Key = signature.KeyText })
	barePublic := with(standardV1a, func(s *signature.Scheme) { s.KeyPrefix = nil })
	pemPublic := with(barePublic, func(s *signature.Scheme) { s.Key = "" })
	token := signature.Scheme{Type: signature.Secret, Header: signature.Strings{"X-Token"}}
	unprefixed := strings.TrimPrefix(standardPublic, "whpk_")
	refused := map[string]struct {
		schemes []signature.Scheme
		key     string
	}{
		"without its prefix":                {both, unprefixed},
		"schemes without prefixes":          {schemes(bareHMAC, barePublic), unprefixed},
		"the other way round":               {schemes(barePublic, bareHMAC), unprefixed},
		"PEM in a mixed list":               {schemes(textHMAC, pemPublic), ed25519Pair().public},
		"prefixed for an HMAC alone":        {schemes(standardV1), standardPublic},
		"prefixed for an HMAC of text":      {schemes(textHMAC), standardPublic},
		"prefixed for an HMAC of base64url": {schemes(with(bareHMAC, func(s *signature.Scheme) { s.Key = signature.KeyBase64URL })), standardPublic},
		"PEM for an HMAC of text":           {schemes(textHMAC), ed25519Pair().public},
		"PEM for an HMAC of base64":         {schemes(bareHMAC), ed25519Pair().public},
		"PEM after a line break":            {schemes(textHMAC), "\n" + rsaPair().public},
		"PEM for a token":                   {schemes(token), rsaPair().public},
		"prefixed for a token":              {schemes(token), standardPublic},
	}
	for name, test := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := signature.NewVerifier(test.schemes, keys(test.key)); !errors.Is(err, signature.ErrInvalidKey) {
				t.Errorf("NewVerifier: %v", err)
			}
			if _, err := signature.NewSigner(test.schemes, keys(test.key)); !errors.Is(err, signature.ErrInvalidKey) {
				t.Errorf("NewSigner: %v", err)
			}
		})
	}
}

// Whoever is told that a key is ambiguous is told what to write, too.
func TestAmbiguousKeyIsExplained(t *testing.T) {
	t.Parallel()
	prefixed := schemes(standardV1, standardV1a)
	bare := schemes(
		with(standardV1, func(s *signature.Scheme) { s.KeyPrefix = nil }),
		with(standardV1a, func(s *signature.Scheme) { s.KeyPrefix = nil }),
	)
	for _, test := range []struct {
		schemes []signature.Scheme
		want    string
	}{
		{prefixed, "write it with its prefix, whsec_ if it is a secret, whpk_ or whsk_ if it is a key of a pair"},
		{bare, "tell them apart by key_prefix"},
	} {
		_, verr := signature.NewVerifier(test.schemes, keys("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
		_, serr := signature.NewSigner(test.schemes, keys("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
		for _, err := range []error{verr, serr} {
			if !errors.Is(err, signature.ErrInvalidKey) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		}
	}
}

// The parts of a content follow each other without a length. What can be done
// about it without refusing a real sender is done: a proof of one id, timestamp
// and body proves no other division of the same bytes.
func TestShiftedDelimiters(t *testing.T) {
	t.Parallel()
	at := unix(1700000000)
	standard := with(standardV1, func(s *signature.Scheme) { s.Key, s.KeyPrefix = signature.KeyText, nil })
	standardParts := func(id, stamp, body, sig string) *request {
		return &request{
			header: headers("Webhook-Id", id, "Webhook-Timestamp", stamp, "Webhook-Signature", "v1,"+sig),
			body:   body,
		}
	}
	v := newVerifier(t, schemes(standard), keys("secret"))

	// A sender whose ids end in a time is the best case for an attacker.
	const signed = `a.1700000001.1700000002.{"n":1}`
	sig := base64MAC("secret", signed)
	for name, r := range map[string]*request{
		"id with a dot":              standardParts("a.1700000001", "1700000002", `{"n":1}`, sig),
		"id with two dots":           standardParts("a.1700000001.1700000002", "1700000002", `{"n":1}`, sig),
		"empty id":                   standardParts("", "1700000002", `{"n":1}`, sig),
		"timestamp given to the id":  standardParts("a.1700000001.1700000002", "1700000000", "", sig),
		"body given to timestamp":    standardParts("a", `1700000001.1700000002.{"n":1}`, "", sig),
		"timestamp with a dot":       standardParts("a", "1700000001.1700000002", `{"n":1}`, sig),
		"timestamp given to the end": standardParts("a.1700000001.17000000", "02", `{"n":1}`, sig),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if m, err := v.Verify(r, at); err == nil {
				t.Errorf("proved by %+v", m)
			}
		})
	}
	// The only division that is proved is the one from the left.
	wantProved(t, v, standardParts("a", "1700000001", `1700000002.{"n":1}`, sig), at)
	if _, err := newSigner(t, schemes(standard), keys("secret")).Sign(standardParts("a.1", "", "", ""), at); !errors.Is(err, signature.ErrCannotSign) {
		t.Errorf("signed an id that nobody accepts: %v", err)
	}

	// Digits of a body that follows its timestamp at once, or stands before it.
	joined := func(text string) *signature.Verifier {
		return newVerifier(t, schemes(with(bare(), func(s *signature.Scheme) {
			s.Content = content(text)
			s.Timestamp = &signature.Timestamp{From: field("header:X-Time")}
		})), keys("secret"))
	}
	parts := func(stamp, body, signed string) *request {
		return &request{header: headers("X-Signature", hexMAC("secret", signed), "X-Time", stamp), body: body}
	}
	after, before := joined("{timestamp}{body}"), joined("{body}{timestamp}")
	wantProved(t, after, parts("1700000000", "12", "170000000012"), at)
	wantProved(t, before, parts("1700000000", "12", "121700000000"), at)
	wantReason(t, after, parts("17000000001", "2", "170000000012"), at, signature.TimestampTooNew)
	wantReason(t, after, parts("170000000", "012", "170000000012"), at, signature.TimestampTooOld)
	wantReason(t, before, parts("21700000000", "1", "121700000000"), at, signature.TimestampTooNew)
	wantReason(t, before, parts("700000000", "121", "121700000000"), at, signature.TimestampTooOld)
	wantReason(t, before, parts("01700000000", "1", "101700000000"), at, signature.TimestampMalformed)
	wantReason(t, before, parts("+1700000000", "1", "1+1700000000"), at, signature.TimestampMalformed)
}

// A plain hash over a secret and a text can be continued by those who do not know
// the secret, if the hash's padding may become part of the text.
func TestLengthExtension(t *testing.T) {
	t.Parallel()
	const secret, body, more = "0123456789abcdef", `{"amount":1}`, `,"amount":1000000}`
	scheme := signature.Scheme{
		Type: signature.Digest, Header: signature.Strings{"X-Signature"}, Content: content("{secret}{body}"),
	}
	v := newVerifier(t, schemes(scheme), keys(secret))
	sum := sha256.Sum256([]byte(secret + body))
	genuine := &request{header: headers("X-Signature", hex.EncodeToString(sum[:])), body: body}
	wantProved(t, v, genuine, noon)

	// The attacker knows sum, body and the secret's length.
	length := len(secret) + len(body)
	padding := append([]byte{0x80}, make([]byte, (64-(length+9)%64)%64)...)
	padding = binary.BigEndian.AppendUint64(padding, uint64(8*length))
	continued := sha256.New()
	state, err := continued.(encoding.BinaryMarshaler).MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	copy(state[4:], sum[:])                                                       // the chaining value
	binary.BigEndian.PutUint64(state[len(state)-8:], uint64(length+len(padding))) // and what it stands for
	if err := continued.(encoding.BinaryUnmarshaler).UnmarshalBinary(state); err != nil {
		t.Fatal(err)
	}
	continued.Write([]byte(more))
	extended := body + string(padding) + more
	if want := sha256.Sum256([]byte(secret + extended)); !hmac.Equal(want[:], continued.Sum(nil)) {
		t.Fatal("the attack itself is wrong")
	}
	forged := &request{header: headers("X-Signature", hex.EncodeToString(continued.Sum(nil))), body: extended}
	wantReason(t, v, forged, noon, signature.Mismatch)

	// Decoded form fields, which can hold any byte.
	inForm := with(scheme, func(s *signature.Scheme) { s.Content = content("{secret}{form:notif}") })
	forged.form = url.Values{"notif": {extended}}
	wantReason(t, newVerifier(t, schemes(inForm), keys(secret)), forged, noon, signature.Mismatch)
	genuine.form = url.Values{"notif": {body}}
	wantProved(t, newVerifier(t, schemes(inForm), keys(secret)), genuine, noon)

	// With the secret at the end there is nothing to continue, and any byte may come.
	atEnd := with(scheme, func(s *signature.Scheme) { s.Content = content("{body}{secret}") })
	binarySum := sha256.Sum256([]byte("\xff\x80" + secret))
	binaryBody := &request{header: headers("X-Signature", hex.EncodeToString(binarySum[:])), body: "\xff\x80"}
	wantProved(t, newVerifier(t, schemes(atEnd), keys(secret)), binaryBody, noon)
}

// No byte in a header makes a difference other than refusal.
func TestOddBytes(t *testing.T) {
	t.Parallel()
	v := newVerifier(t, schemes(stripe(), bare(), signature.Scheme{Type: signature.Secret, Header: signature.Strings{"X-Token"}}), keys("secret"))
	for _, odd := range []string{
		"\x00", "secret\x00", "\x00secret", "\xff\xfe", "secre\xcc\x81t", "\u202esecret", "sécret", "ѕecret",
		"t=\x00,v1=\x00", "t=1700000000\x00,v1=00", "t\x00=1,v1=\xff", "\u00a0", "\u2028", "%73ecret", "secret;",
	} {
		for _, name := range []string{"Stripe-Signature", "X-Signature", "X-Token"} {
			if m, err := v.Verify(&request{header: headers(name, odd)}, noon); err == nil {
				t.Errorf("%s: %q: proved by %+v", name, odd, m)
			}
		}
	}
}

// What one verification leaves behind does not reach the next: neither a longer
// body nor its signatures.
func TestNothingIsLeftOver(t *testing.T) {
	t.Parallel()
	form := with(bare(), func(s *signature.Scheme) { s.Content = content("{form:payload}") })
	list := schemes(standardV1a, form)
	v := newVerifier(t, schemes(standardV1a), keys(standardPublic))
	formVerifier := newVerifier(t, schemes(form), keys("secret"))
	signer := newSigner(t, list, keys(standardPrivate, "secret"))
	at := unix(1614265330)
	for _, size := range []int{1 << 20, 0, 1, 8 << 10, 100} {
		payload := strings.Repeat("x", size) + "!"
		r := &request{header: headers("Webhook-Id", "1"), body: payload, form: url.Values{"payload": {payload}}}
		signed := sign(t, signer, r, at)
		wantProved(t, v, signed, at)
		wantProved(t, formVerifier, signed, at)

		unsigned := signed.clone()
		unsigned.header.Set("Webhook-Signature", "v1a,")
		wantReason(t, v, unsigned, at, signature.HeaderMalformed)
		unsigned.header.Set("X-Signature", "zz")
		wantReason(t, formVerifier, unsigned, at, signature.Undecodable)
	}
}

// The parameter that holds the signature is not part of what is signed, and no
// other one is left out.
func TestSortedParametersWithoutTheSignature(t *testing.T) {
	t.Parallel()
	scheme := with(bare(), func(s *signature.Scheme) {
		s.Header, s.Query, s.Content = nil, signature.Strings{"sig"}, content("{query:sorted:=&}")
	})
	v := newVerifier(t, schemes(scheme), keys("secret"))
	good := hexMAC("secret", "a=1&b=2")
	wantProved(t, v, &request{query: url.Values{"sig": {good}, "a": {"1"}, "b": {"2"}}}, noon)
	for name, query := range map[string]url.Values{
		"one more":           {"sig": {good}, "a": {"1"}, "b": {"2"}, "c": {"3"}},
		"one more, empty":    {"sig": {good}, "a": {"1"}, "b": {"2"}, "": {""}},
		"one less":           {"sig": {good}, "a": {"1"}},
		"another case":       {"sig": {good}, "Sig": {""}, "a": {"1"}, "b": {"2"}},
		"one more of a name": {"sig": {good}, "a": {"1", "3"}, "b": {"2"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantReason(t, v, &request{query: query}, noon, signature.Mismatch)
		})
	}
}

// Parameters that cannot be told are not the same as none.
func TestSortedParametersThatCannotBeTold(t *testing.T) {
	t.Parallel()
	scheme := with(bare(), func(s *signature.Scheme) { s.Content = content("&{form:sorted:=&}") })
	optional := with(bare(), func(s *signature.Scheme) { s.Content = content("&{form:sorted?}") })
	v := newVerifier(t, schemes(scheme, optional), keys("secret"))
	none := &request{header: headers("X-Signature", hexMAC("secret", "&")), form: url.Values{}}
	wantProved(t, v, none, noon)
	wantReason(t, v, &request{header: none.header, body: "a=1;b=2"}, noon, signature.Mismatch)
	if _, err := newSigner(t, schemes(scheme), keys("secret")).Sign(&request{}, noon); !errors.Is(err, signature.ErrCannotSign) {
		t.Errorf("signed: %v", err)
	}
}

// A field that may be missing is not, where it cannot be told whether it is there.
func TestOptionalFieldsThatCannotBeTold(t *testing.T) {
	t.Parallel()
	for text, broken := range map[string]request{
		"{header:X-Id}.{query:x?}": {rawQuery: "x=2;y=1"},
		"{header:X-Id}.{form:x?}":  {body: "x=2;y=1"},
		"{header:X-Id}.{json:x?}":  {body: `{"y":2}}`},
	} {
		t.Run(text, func(t *testing.T) {
			t.Parallel()
			scheme := with(bare(), func(s *signature.Scheme) { s.Content = content(text) })
			v := newVerifier(t, schemes(scheme), keys("secret"))
			proved := &request{header: headers("X-Id", "1", "X-Signature", hexMAC("secret", "1."))}
			wantProved(t, v, proved, noon)
			broken.header = proved.header
			wantReason(t, v, &broken, noon, signature.Mismatch)
			if _, err := newSigner(t, schemes(scheme), keys("secret")).Sign(&broken, noon); !errors.Is(err, signature.ErrCannotSign) {
				t.Errorf("signed: %v", err)
			}
		})
	}
}

// One Verifier and one Signer serve every goroutine.
func TestConcurrentUse(t *testing.T) {
	t.Parallel()
	list := schemes(standardV1, standardV1a)
	v := newVerifier(t, list, keys(standardSecret, standardPublic))
	s := newSigner(t, list, keys(standardSecret, standardPrivate))
	at := unix(1614265330)
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			for range 100 {
				body := strings.Repeat("x", i*100)
				signed := &request{header: headers("Webhook-Id", "evt"), body: body}
				proofs, err := s.Sign(signed, at)
				if err != nil {
					t.Errorf("not signed: %v", err)
				}
				for _, p := range proofs {
					signed.header.Set(p.Field.Name, p.Value)
				}
				if _, err := v.Verify(signed, at); err != nil {
					t.Errorf("refused: %v", err)
				}
				signed.body += "y"
				if m, err := v.Verify(signed, at); err == nil {
					t.Errorf("proved by %+v", m)
				}
			}
		})
	}
	group.Wait()
}
