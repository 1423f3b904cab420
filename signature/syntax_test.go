package signature_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"net/url"
	"strings"
	"testing"

	"github.com/hookward/hookward/signature"
)

// macOf is an HMAC-SHA256 made without the package under test.
func macOf(key, text string) []byte {
	h := hmac.New(sha256.New, []byte(key))
	h.Write([]byte(text))
	return h.Sum(nil)
}

func hexMAC(key, text string) string { return hex.EncodeToString(macOf(key, text)) }

func base64MAC(key, text string) string {
	return base64.StdEncoding.EncodeToString(macOf(key, text))
}

// Headers as a provider, a proxy or an attacker may write them.
func TestHeaderSyntax(t *testing.T) {
	t.Parallel()
	const body, key, stamp = `{"a":1}`, "secret", "1700000000"
	plain := hexMAC(key, body)
	timed := hexMAC(key, stamp+"."+body)
	wrong := hexMAC("wrong", body)

	positions := with(bare(), func(s *signature.Scheme) {
		s.Separator, s.Content = ",", content("{timestamp}.{body}")
		s.Timestamp = &signature.Timestamp{Item: "0"}
	})
	eitherSeparator := with(stripe(), func(s *signature.Scheme) { s.Separator = ", " })
	versions := with(bare(), func(s *signature.Scheme) {
		s.Separator, s.Assign, s.Item = ";", "=", signature.Strings{"v1"}
	})
	wrapped := with(stripe(), func(s *signature.Scheme) { s.Wrapping = signature.Base64 })
	pairs := with(bare(), func(s *signature.Scheme) { s.Separator, s.Assign = "&", "|" })
	timedPairs := with(pairs, func(s *signature.Scheme) {
		s.Content, s.Timestamp = content("{timestamp}.{body}"), &signature.Timestamp{Item: "t"}
	})
	twoNames := with(versions, func(s *signature.Scheme) { s.Item = signature.Strings{"v1", "v0"} })
	prefixed := with(bare(), func(s *signature.Scheme) { s.Prefix = "sha256=" })
	prefixedList := with(bare(), func(s *signature.Scheme) { s.Prefix, s.Separator = "v0=", "," })

	tests := []struct {
		name   string
		scheme signature.Scheme
		value  string
		want   signature.Reason // "" is proved
	}{
		{"bare", bare(), plain, ""},
		{"upper case hex", bare(), strings.ToUpper(plain), ""},
		{"spaces around", bare(), " " + plain + "\t", ""},
		{"two in a bare header", bare(), plain + "," + plain, signature.Undecodable},

		{"prefix", prefixed, "sha256=" + plain, ""},
		{"prefix missing", prefixed, plain, signature.HeaderMalformed},
		{"prefix of another hash", prefixed, "sha1=" + plain, signature.HeaderMalformed},
		{"prefix in another case", prefixed, "SHA256=" + plain, signature.HeaderMalformed},
		{"prefix twice", prefixed, "sha256=sha256=" + plain, signature.Undecodable},
		{"prefix alone", prefixed, "sha256=", signature.HeaderMalformed},
		{"prefix and spaces", prefixed, "sha256=   ", signature.HeaderMalformed},

		{"list", eitherSeparator, "t=" + stamp + ",v1=" + timed, ""},
		{"list with spaces", eitherSeparator, "t=" + stamp + ", v1=" + timed, ""},
		{"list by spaces", eitherSeparator, "t=" + stamp + " v1=" + timed, ""},
		{"list the other way round", eitherSeparator, "v1=" + timed + ",t=" + stamp, ""},
		{"list with spaces around names", stripe(), " t = " + stamp + " , v1 = " + timed, ""},
		{"list with strangers", stripe(), "t=" + stamp + ",v0=" + wrong + ",x,=,v1=" + timed + ",,v9=zz", ""},
		{"list with a value of a value", stripe(), "t=" + stamp + ",v1=v1=" + timed, signature.Undecodable},
		{"rotation, new first", stripe(), "t=" + stamp + ",v1=" + wrong + ",v1=" + timed, ""},
		{"rotation, old first", stripe(), "t=" + stamp + ",v1=" + timed + ",v1=" + wrong, ""},
		{"rotation in groups", with(stripe(), func(s *signature.Scheme) { s.Separator = " ," }), "t=" + stamp + ",v1=" + wrong + " t=" + stamp + ",v1=" + timed, ""},
		{"one undecodable, one good", stripe(), "t=" + stamp + ",v1=zz,v1=" + timed, ""},
		{"one short, one good", stripe(), "t=" + stamp + ",v1=00,v1=" + timed, ""},
		{"under another name", stripe(), "t=" + stamp + ",v0=" + timed, signature.HeaderMalformed},
		{"names are not folded", stripe(), "t=" + stamp + ",V1=" + timed, signature.HeaderMalformed},
		{"no timestamp", stripe(), "v1=" + timed, signature.TimestampMissing},
		{"two timestamps", stripe(), "t=" + stamp + ",t=1,v1=" + timed, signature.HeaderMalformed},
		{"separators only", stripe(), ",,, ,,,", signature.HeaderMalformed},

		{"several names", twoNames, "v0=" + plain, ""},
		{"several names, the other", twoNames, "v9=" + wrong + ";v1=" + plain, ""},
		{"any version list", versions, "v1=" + wrong + ";v1=" + plain, ""},

		{"positions", positions, stamp + "," + timed, ""},
		{"positions, rotated", positions, stamp + "," + wrong + "," + timed, ""},
		{"positions with spaces", positions, stamp + ", " + timed, ""},
		{"positions, the ninth", positions, stamp + strings.Repeat(","+wrong, 8) + "," + timed, ""},
		{"positions, the fourteenth", positions, stamp + strings.Repeat(","+wrong, 13) + "," + timed, ""},
		{"positions the wrong way round", positions, timed + "," + stamp, signature.WrongLength},

		{"prefix of the whole list", prefixedList, "v0=" + wrong + "," + plain, ""},

		{"wrapped", wrapped, base64.StdEncoding.EncodeToString([]byte("t=" + stamp + ",v1=" + timed)), ""},
		{"wrapped, unpadded", wrapped, base64.RawStdEncoding.EncodeToString([]byte("t=" + stamp + ",v1=" + timed)), ""},
		{"not wrapped", wrapped, "t=" + stamp + ",v1=" + timed, signature.Undecodable},
		{"wrapped nothing", wrapped, "==", signature.HeaderMalformed},

		{"keyed pairs", pairs, "other_key|" + wrong + "&our_key|" + plain, ""},
		{"pair without its name", timedPairs, "t|" + stamp + "&|" + timed, signature.HeaderMalformed},
		{"pair beside a timestamp", timedPairs, "t|" + stamp + "&k|" + timed, ""},
		{"keyed pair without its name", pairs, "|" + plain, signature.HeaderMalformed},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newVerifier(t, schemes(test.scheme), keys(key))
			r := &request{header: headers(test.scheme.Header[0], test.value), body: body}
			if test.want == "" {
				wantProved(t, v, r, noon)
				return
			}
			wantReason(t, v, r, noon, test.want)
		})
	}
}

func TestEncodingLeniency(t *testing.T) {
	t.Parallel()
	const body = "body 0" // its MAC has both + and / in base64
	mac := macOf("secret", body)
	padded, unpadded := base64.StdEncoding, base64.RawStdEncoding
	if text := padded.EncodeToString(mac); !strings.Contains(text, "+") || !strings.Contains(text, "/") {
		t.Fatalf("%s does not tell base64 from base64url", text)
	}
	tests := []struct {
		name     string
		encoding signature.Encoding
		value    string
		want     signature.Reason
	}{
		{"hex", signature.Hex, hex.EncodeToString(mac), ""},
		{"mixed case hex", signature.Hex, strings.ToUpper(hex.EncodeToString(mac[:16])) + hex.EncodeToString(mac[16:]), ""},
		{"hex, odd", signature.Hex, hex.EncodeToString(mac)[1:], signature.Undecodable},
		{"hex as base64", signature.Base64, hex.EncodeToString(mac), signature.WrongLength},
		{"base64 as hex", signature.Hex, padded.EncodeToString(mac), signature.Undecodable},
		{"base64", signature.Base64, padded.EncodeToString(mac), ""},
		{"base64, unpadded", signature.Base64, unpadded.EncodeToString(mac), ""},
		{"base64, the other alphabet", signature.Base64, base64.URLEncoding.EncodeToString(mac), signature.Undecodable},
		{"base64url", signature.Base64URL, base64.URLEncoding.EncodeToString(mac), ""},
		{"base64url, unpadded", signature.Base64URL, base64.RawURLEncoding.EncodeToString(mac), ""},
		{"base64url, the other alphabet", signature.Base64URL, padded.EncodeToString(mac), signature.Undecodable},
		{"base64 of hex", signature.Base64Hex, padded.EncodeToString([]byte(hex.EncodeToString(mac))), ""},
		{"base64 of base64", signature.Base64Hex, padded.EncodeToString([]byte(padded.EncodeToString(mac))), signature.Undecodable},
		{"base64 of hex, not base64", signature.Base64Hex, "!", signature.Undecodable},
		{"one byte short", signature.Hex, hex.EncodeToString(mac[:31]), signature.WrongLength},
		{"one byte long", signature.Hex, hex.EncodeToString(mac) + "00", signature.WrongLength},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			scheme := with(bare(), func(s *signature.Scheme) { s.Encoding = test.encoding })
			v := newVerifier(t, schemes(scheme), keys("secret"))
			r := &request{header: headers("X-Signature", test.value), body: body}
			if test.want == "" {
				wantProved(t, v, r, noon)
				return
			}
			wantReason(t, v, r, noon, test.want)
		})
	}
}

// Signatures of a list are decoded one after another into the same memory.
func TestEncodedLists(t *testing.T) {
	t.Parallel()
	for _, encoding := range []signature.Encoding{signature.Hex, signature.Base64, signature.Base64URL, signature.Base64Hex} {
		list := with(bare(), func(s *signature.Scheme) { s.Encoding, s.Separator = encoding, "," })
		signer := newSigner(t, schemes(list), keys("one", "two", "three"))
		signed := sign(t, signer, &request{body: "body"}, noon)
		for _, secret := range []string{"one", "two", "three"} {
			wantProved(t, newVerifier(t, schemes(list), keys("zero", secret)), signed, noon)
		}
	}
}

// A list that is separated by commas may come as several header lines; anything
// else that comes twice is refused.
func TestRepeatedHeaderLines(t *testing.T) {
	t.Parallel()
	good, wrong := "sha256="+hexMAC("secret", "body"), "sha256="+hexMAC("wrong", "body")
	list := with(bare(), func(s *signature.Scheme) {
		s.Separator, s.Assign, s.Item = ",", "=", signature.Strings{"sha256"}
	})
	v := newVerifier(t, schemes(list), keys("secret"))
	wantProved(t, v, &request{header: headers("X-Signature", wrong, "X-Signature", good), body: "body"}, noon)
	wantProved(t, v, &request{header: headers("X-Signature", good, "X-Signature", wrong), body: "body"}, noon)
	wantReason(t, v, &request{header: headers("X-Signature", wrong, "X-Signature", wrong), body: "body"}, noon, signature.Mismatch)

	tooLong := headers("X-Signature", good)
	for range 100 {
		tooLong.Add("X-Signature", wrong)
	}
	wantReason(t, v, &request{header: tooLong, body: "body"}, noon, signature.HeaderTooLong)

	timed := newVerifier(t, schemes(stripe()), keys("secret"))
	lines := headers("Stripe-Signature", "t=1700000000,v1="+hexMAC("secret", "1700000000.body"), "Stripe-Signature", "t=1")
	wantReason(t, timed, &request{header: lines, body: "body"}, noon, signature.HeaderMalformed)

	bySpace := with(list, func(s *signature.Scheme) { s.Separator = " " })
	single := newVerifier(t, schemes(bySpace), keys("secret"))
	wantReason(t, single, &request{header: headers("X-Signature", good, "X-Signature", good), body: "body"}, noon, signature.HeaderRepeated)
}

// Any of the holders may prove a delivery.
func TestSeveralHolders(t *testing.T) {
	t.Parallel()
	token := signature.Scheme{
		Type: signature.Secret, Header: signature.Strings{"X-Hook-Secret", "x-api-key"},
		Query: signature.Strings{"token"}, Form: signature.Strings{"token"}, JSON: signature.Strings{"auth.token"},
	}
	v := newVerifier(t, schemes(token), keys("s3cr3t"))
	proving := map[string]*request{
		"first header":  {header: headers("X-Hook-Secret", "s3cr3t")},
		"second header": {header: headers("X-Api-Key", "s3cr3t")},
		"wrong, right":  {header: headers("X-Hook-Secret", "no", "X-Api-Key", "s3cr3t")},
		"empty, right":  {header: headers("X-Hook-Secret", "", "X-Api-Key", "s3cr3t")},
		"twice, right":  {header: headers("X-Hook-Secret", "no", "X-Hook-Secret", "no", "X-Api-Key", "s3cr3t")},
		"query":         {query: url.Values{"token": {"s3cr3t"}}},
		"form":          {form: url.Values{"token": {"s3cr3t"}}},
		"json":          {body: `{"auth":{"token":"s3cr3t"}}`},
	}
	for name, r := range proving {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantProved(t, v, r, noon)
		})
	}
	refused := map[string]struct {
		request *request
		want    signature.Reason
	}{
		"nothing":       {&request{}, signature.HeaderMissing},
		"other header":  {&request{header: headers("X-Secret", "s3cr3t")}, signature.HeaderMissing},
		"all wrong":     {&request{header: headers("X-Hook-Secret", "no", "X-Api-Key", "s3cr3t ?")}, signature.Mismatch},
		"twice":         {&request{header: headers("X-Hook-Secret", "s3cr3t", "X-Hook-Secret", "s3cr3t")}, signature.HeaderRepeated},
		"twice queried": {&request{query: url.Values{"token": {"s3cr3t", "s3cr3t"}}}, signature.HeaderRepeated},
		"case":          {&request{header: headers("X-Hook-Secret", "S3CR3T")}, signature.Mismatch},
		"a beginning":   {&request{header: headers("X-Hook-Secret", "s3cr3")}, signature.Mismatch},
	}
	for name, test := range refused {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantReason(t, v, test.request, noon, test.want)
		})
	}
}

// Schemes that share a list share its timestamp too.
func TestSignerJoinsLists(t *testing.T) {
	t.Parallel()
	v1, v2 := stripe(), with(stripe(), func(s *signature.Scheme) { s.Item, s.Hash = signature.Strings{"v2"}, signature.SHA512 })
	signed := sign(t, newSigner(t, schemes(v1, v2), keys("secret")), &request{body: "body"}, noon)
	items := strings.Split(signed.header.Get("Stripe-Signature"), ",")
	if len(items) != 3 || items[0] != "t=1700000000" || items[1] != "v1="+hexMAC("secret", "1700000000.body") || !strings.HasPrefix(items[2], "v2=") {
		t.Errorf("signed as %q", items)
	}
	wantProved(t, newVerifier(t, schemes(v1), keys("secret")), signed, noon)
	wantProved(t, newVerifier(t, schemes(v2), keys("secret")), signed, noon)
}

// Items without names are known by their places, so each place must be filled.
func TestSignerFillsPositions(t *testing.T) {
	t.Parallel()
	positions := func(stamp string, items ...string) signature.Scheme {
		return with(bare(), func(s *signature.Scheme) {
			s.Separator, s.Item, s.Content = ",", items, content("{timestamp}.{body}")
			s.Timestamp = &signature.Timestamp{Item: stamp}
		})
	}
	one, two := hexMAC("one", "1700000000.body"), hexMAC("two", "1700000000.body")
	for _, test := range []struct {
		scheme signature.Scheme
		keys   []signature.Key
		want   string // "" where there is nothing to put in a place
	}{
		{positions("0"), keys("one", "two"), "1700000000," + one + "," + two},
		{positions("1"), keys("one", "two"), one + ",1700000000," + two},
		{positions("2"), keys("one", "two"), one + "," + two + ",1700000000"},
		{positions("1", "0", "2"), keys("one", "two"), one + ",1700000000," + two},
		{positions("2"), keys("one"), ""},
		{positions("9"), keys("one", "two"), ""},
		{positions("0", "2"), keys("one"), ""},
		{positions("1", "0"), keys("one", "two"), ""},
		{with(bare(), func(s *signature.Scheme) { s.Separator, s.Item = ",", signature.Strings{"1"} }), keys("one"), ""},
	} {
		signer, err := signature.NewSigner(schemes(test.scheme), test.keys)
		if test.want == "" {
			if !errors.Is(err, signature.ErrInvalidKey) {
				t.Errorf("items %v, timestamp %+v: error %v", test.scheme.Item, test.scheme.Timestamp, err)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		signed := sign(t, signer, &request{body: "body"}, noon)
		if got := signed.header.Get("X-Signature"); got != test.want {
			t.Errorf("signed as %s, want %s", got, test.want)
		}
		for _, key := range test.keys {
			wantProved(t, newVerifier(t, schemes(test.scheme), []signature.Key{key}), signed, noon)
		}
	}
}

// Where one header holds one signature, keys are matched to the headers in order.
func TestSignerUsesOneHolderAKey(t *testing.T) {
	t.Parallel()
	scheme := with(bare(), func(s *signature.Scheme) { s.Header = signature.Strings{"Signature-1", "Signature-2"} })
	signed := sign(t, newSigner(t, schemes(scheme), keys("one", "two")), &request{body: "body"}, noon)
	if got, want := signed.header.Get("Signature-2"), hexMAC("two", "body"); got != want {
		t.Errorf("second header: %s, want %s", got, want)
	}
	for id, secret := range map[string]string{"k0": "one", "k1": "two"} {
		v := newVerifier(t, schemes(scheme), []signature.Key{{ID: id, Secret: secret}})
		if m := wantProved(t, v, signed, noon); m.KeyID != id {
			t.Errorf("proved by %s, want %s", m.KeyID, id)
		}
	}
}
