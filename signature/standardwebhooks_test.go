package signature_test

import (
	"encoding/base64"
	"strings"
	"testing"

	"github.com/hookward/hookward/signature"
)

// The secret, the key pair and the signatures are those that Standard Webhooks and
// Svix publish.
const (
	standardSecret  = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	standardPublic  = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
	standardPrivate = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
	standardV1Sig   = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	standardV1aSig  = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
)

// standardRequest is the published example, signed as given.
func standardRequest(sig string) *request {
	return &request{
		header: headers(
			"Webhook-Id", "msg_p5jXN8AQM9LWM0D4loKWxJek",
			"Webhook-Timestamp", "1614265330",
			"Webhook-Signature", sig,
		),
		body: `{"test": 2432232314}`,
	}
}

func TestStandardWebhooks(t *testing.T) {
	t.Parallel()
	at := unix(1614265330)
	both := schemes(standardV1, standardV1a)
	all := []signature.Key{
		{ID: "old", Secret: "whsec_" + base64.StdEncoding.EncodeToString([]byte("another secret of enough bytes"))},
		{ID: "shared", Secret: standardSecret},
		{ID: "public", Secret: standardPublic},
	}
	wrongV1 := "v1," + base64.StdEncoding.EncodeToString(make([]byte, 32))
	wrongV1a := "v1a," + base64.StdEncoding.EncodeToString(make([]byte, 64))

	tests := []struct {
		name   string
		sig    string
		key    string
		scheme int
		want   signature.Reason
	}{
		{name: "v1", sig: standardV1Sig, key: "shared"},
		{name: "v1a", sig: standardV1aSig, key: "public", scheme: 1},
		{name: "both", sig: standardV1aSig + " " + standardV1Sig, key: "shared"},
		{name: "wrong v1, right v1a", sig: wrongV1 + " " + standardV1aSig, key: "public", scheme: 1},
		{name: "right v1, wrong v1a", sig: wrongV1a + " " + standardV1Sig, key: "shared"},
		{name: "unknown versions", sig: "v2,abc v1b,abc " + standardV1Sig + " v9", key: "shared"},
		{name: "two spaces", sig: "  " + standardV1Sig + "  ", key: "shared"},
		{name: "v1 called v1a", sig: strings.Replace(standardV1Sig, "v1,", "v1a,", 1), want: signature.WrongLength},
		{name: "v1a called v1", sig: strings.Replace(standardV1aSig, "v1a,", "v1,", 1), want: signature.WrongLength},
		{name: "without a version", sig: strings.TrimPrefix(standardV1Sig, "v1,"), want: signature.HeaderMalformed},
		{name: "wrong", sig: wrongV1 + " " + wrongV1a, want: signature.Mismatch},
	}
	v := newVerifier(t, both, all)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := standardRequest(test.sig)
			if test.want != "" {
				wantReason(t, v, r, at, test.want)
				return
			}
			m := wantProved(t, v, r, at)
			if m.KeyID != test.key || m.Scheme != test.scheme || !m.Timestamp.Equal(at) {
				t.Errorf("match: %+v, want key %s and scheme %d", m, test.key, test.scheme)
			}
			for _, change := range []func(*request){
				func(r *request) { r.body += " " },
				func(r *request) { r.header.Set("Webhook-Id", "msg_other") },
				func(r *request) { r.header.Set("Webhook-Timestamp", "1614265331") },
			} {
				changed := r.clone()
				change(changed)
				wantReason(t, v, changed, at, signature.Mismatch)
			}
		})
	}
}

// One Signer makes the published signatures of both versions, for every key, in
// one header; each key alone proves it.
func TestStandardWebhooksSigner(t *testing.T) {
	t.Parallel()
	at := unix(1614265330)
	both := schemes(standardV1, standardV1a)
	second := "whsec_" + base64.StdEncoding.EncodeToString([]byte("another secret of enough bytes"))
	signer := newSigner(t, both, keys(standardSecret, second, standardPrivate))

	unsigned := standardRequest("")
	unsigned.header.Del("Webhook-Timestamp")
	unsigned.header.Del("Webhook-Signature")
	signed := sign(t, signer, unsigned, at)

	if got := signed.header.Get("Webhook-Timestamp"); got != "1614265330" {
		t.Errorf("timestamp %q", got)
	}
	sigs := strings.Fields(signed.header.Get("Webhook-Signature"))
	if len(sigs) != 3 || sigs[0] != standardV1Sig || !strings.HasPrefix(sigs[1], "v1,") || sigs[2] != standardV1aSig {
		t.Errorf("signatures %q", sigs)
	}
	for _, key := range []string{standardSecret, second, standardPublic} {
		wantProved(t, newVerifier(t, both, keys(key)), signed, at)
	}
	wantReason(t, newVerifier(t, both, keys("whsec_"+base64.StdEncoding.EncodeToString([]byte("x")))), signed, at, signature.Mismatch)
}

// Providers that use the framing of Standard Webhooks with their secret as it is.
func TestStandardWebhooksWithTextKey(t *testing.T) {
	t.Parallel()
	text := with(standardV1, func(s *signature.Scheme) { s.Key, s.KeyPrefix = signature.KeyText, nil })
	sig := "v1," + base64MAC("polar_whs_key", "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330."+`{"test": 2432232314}`)
	wantProved(t, newVerifier(t, schemes(text), keys("polar_whs_key")), standardRequest(sig), unix(1614265330))

	// A provider that takes either form: the prefix decides alone.
	either := schemes(standardV1, text)
	v := newVerifier(t, either, keys(standardSecret, "polar_whs_key"))
	if m := wantProved(t, v, standardRequest(sig), unix(1614265330)); m.KeyID != "k1" || m.Scheme != 1 {
		t.Errorf("match: %+v", m)
	}
	if m := wantProved(t, v, standardRequest(standardV1Sig), unix(1614265330)); m.KeyID != "k0" || m.Scheme != 0 {
		t.Errorf("match: %+v", m)
	}
	asText := "v1," + base64MAC(standardSecret, "msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330."+`{"test": 2432232314}`)
	wantReason(t, v, standardRequest(asText), unix(1614265330), signature.Mismatch)
}
