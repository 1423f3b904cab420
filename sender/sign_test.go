package sender

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hookward/hookward/signature"
)

// Vectors that the authors of Standard Webhooks and of Svix publish:
// https://github.com/standard-webhooks/standard-webhooks/blob/main/libraries/go/webhook_test.go,
// https://github.com/svix/svix-webhooks/blob/main/server/svix-server/src/worker.rs.
const (
	vectorID      = "msg_p5jXN8AQM9LWM0D4loKWxJek"
	vectorBody    = `{"test": 2432232314}`
	vectorShared  = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	vectorPrivate = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg=="
	vectorPublic  = "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4="
	vectorV1      = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
	vectorV1a     = "v1a,hnO3f9T8Ytu9HwrXslvumlUpqtNVqkhqw/enGzPCXe5BdqzCInXqYXFymVJaA7AZdpXwVLPo3mNl8EM+m7TBAg=="
)

var vectorTime = time.Unix(1614265330, 0)

// A second secret, and what Python's hmac makes of it and of the secret 4b57fg1ck4i2
// for the same event.
const (
	vectorHook  = "2f57b5f586f9fcd1cf05437bf02488fdb31a697dafd6e5b25569b8158d7c096f"
	otherShared = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="
	otherV1     = "v1,O4Gjv1HqPqsMrjmczoggs/sWA8gZD0VyHG+fLh4+ktI="
)

func secretsOf(values ...string) []Secret {
	secrets := make([]Secret, len(values))
	for i, value := range values {
		secrets[i] = Secret{ID: string(rune('a' + i)), Value: value, CreatedAt: vectorTime.Add(time.Duration(i-100) * time.Hour)}
	}
	return secrets
}

func newAttemptSigner(schemes []signature.Scheme) *attemptSigner {
	return &attemptSigner{signing: newSigning(schemes)}
}

func newAttemptRequest(t *testing.T, body string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://example.com/hook?q=1", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	return req
}

func TestSign(t *testing.T) {
	t.Parallel()
	expired, soon := secretsOf(otherShared)[0], secretsOf(otherShared)[0]
	expired.ExpiresAt = vectorTime
	soon.ExpiresAt = vectorTime.Add(time.Nanosecond)
	standard := func(proof string) map[string]string {
		return map[string]string{"Webhook-Id": vectorID, "Webhook-Timestamp": "1614265330", "Webhook-Signature": proof}
	}
	for name, c := range map[string]struct {
		profile Profile
		secrets []Secret
		want    map[string]string
	}{
		"v1":                      {StandardWebhooks(), secretsOf(vectorShared), standard(vectorV1)},
		"v1a":                     {StandardWebhooksAsymmetric(), secretsOf(vectorPrivate), standard(vectorV1a)},
		"v1 with two secrets":     {StandardWebhooks(), secretsOf(vectorShared, otherShared), standard(vectorV1 + " " + otherV1)},
		"from v1 to v1a":          {StandardWebhooksAsymmetric(), secretsOf(vectorShared, vectorPrivate), standard(vectorV1 + " " + vectorV1a)},
		"from v1a to v1":          {StandardWebhooks(), secretsOf(vectorPrivate, vectorShared), standard(vectorV1 + " " + vectorV1a)},
		"one of two has expired":  {StandardWebhooks(), append(secretsOf(vectorShared), expired), standard(vectorV1)},
		"one of two will expire":  {StandardWebhooks(), append(secretsOf(vectorShared), soon), standard(vectorV1 + " " + otherV1)},
		"hook signature":          {HookSignature(), secretsOf("4b57fg1ck4i2"), map[string]string{"X-Hook-Signature": vectorHook}},
		"hook signature, rotated": {HookSignature(), secretsOf("4b57fg1ck4i2", "newer"), map[string]string{"X-Hook-Signature": vectorHook}},
		"shared secret":           {SharedSecret("X-Api-Key"), secretsOf("4b57fg1ck4i2"), map[string]string{"X-Api-Key": "4b57fg1ck4i2"}},
		"shared secret, rotated":  {SharedSecret("X-Api-Key"), secretsOf("4b57fg1ck4i2", "newer"), map[string]string{"X-Api-Key": "4b57fg1ck4i2"}},
		"nothing to sign with":    {Profile{}, nil, nil},
		"nothing to sign by":      {Profile{}, secretsOf(vectorShared), nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signer := newAttemptSigner(c.profile.Schemes)
			for range 2 { // once with a new signer, once with a kept one
				req := newAttemptRequest(t, vectorBody)
				if err := signer.sign(req, []byte(vectorBody), vectorID, c.secrets, vectorTime); err != nil {
					t.Fatal(err)
				}
				got := map[string]string{}
				for name, values := range req.Header {
					got[name] = strings.Join(values, "|")
				}
				if !maps.Equal(got, c.want) {
					t.Errorf("headers\n%v, want\n%v", got, c.want)
				}
			}
		})
	}
}

// The order in which secrets are listed says nothing about their age.
func TestOldestSecretSignsWhereOneCan(t *testing.T) {
	t.Parallel()
	secrets := secretsOf("older", "newer")
	secrets[0], secrets[1] = secrets[1], secrets[0]
	signer := newAttemptSigner(SharedSecret("X-Api-Key").Schemes)
	for _, c := range []struct {
		expires time.Time
		want    string
	}{
		{time.Time{}, "older"},
		{vectorTime.Add(time.Minute), "older"},
		{vectorTime, "newer"},
	} {
		secrets[1].ExpiresAt = c.expires
		req := newAttemptRequest(t, "")
		if err := signer.sign(req, nil, vectorID, secrets, vectorTime); err != nil {
			t.Fatal(err)
		}
		if got := req.Header.Get("X-Api-Key"); got != c.want {
			t.Errorf("with the older one until %v: sent %q", c.expires, got)
		}
	}
	if secrets[0].Value != "newer" {
		t.Error("the subscription's own list was sorted")
	}
}

func TestNothingIsSentUnsigned(t *testing.T) {
	t.Parallel()
	expired := secretsOf(vectorShared)
	expired[0].ExpiresAt = vectorTime
	inBody := []signature.Scheme{{Type: signature.HMAC, JSON: signature.Strings{"signature"}}}
	for name, c := range map[string]struct {
		schemes []signature.Scheme
		secrets []Secret
		id      string
	}{
		"no secret":              {StandardWebhooks().Schemes, nil, vectorID},
		"all have expired":       {StandardWebhooks().Schemes, expired, vectorID},
		"an empty secret":        {StandardWebhooks().Schemes, secretsOf(""), vectorID},
		"a secret without value": {StandardWebhooks().Schemes, secretsOf("whsec_"), vectorID},
		"not base64":             {StandardWebhooks().Schemes, secretsOf("whsec_*s3cret*"), vectorID},
		"of unknown kind":        {StandardWebhooks().Schemes, secretsOf("c2VjcmV0czNjcmV0"), vectorID},
		"a public key":           {StandardWebhooks().Schemes, secretsOf(vectorPublic), vectorID},
		"an id with a dot":       {StandardWebhooks().Schemes, secretsOf(vectorShared), "evt.1"},
		"no id":                  {StandardWebhooks().Schemes, secretsOf(vectorShared), ""},
		"one of two is broken":   {StandardWebhooks().Schemes, secretsOf(vectorShared, "whsec_*s3cret*"), vectorID},
		"an impossible scheme":   {[]signature.Scheme{{Type: "rot13"}}, secretsOf("secret"), vectorID},
		"a header without name":  {SharedSecret("").Schemes, secretsOf("secret"), vectorID},
		"a proof in the body":    {inBody, secretsOf("secret"), vectorID},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			signer := newAttemptSigner(c.schemes)
			for range 2 {
				err := signer.sign(newAttemptRequest(t, vectorBody), []byte(vectorBody), c.id, c.secrets, vectorTime)
				if !errors.Is(err, signature.ErrCannotSign) {
					t.Fatalf("%v, want that it cannot sign", err)
				}
				for _, s := range c.secrets {
					if s.Value != "" && strings.Contains(err.Error(), s.Value) || strings.Contains(err.Error(), "s3cret") {
						t.Errorf("the secret is told: %v", err)
					}
				}
			}
		})
	}
}

// The proof was computed with Python's hmac.
func TestSignReadsTheRequest(t *testing.T) {
	t.Parallel()
	content, err := signature.ParseTemplate("{method} {host} {path} {query} {query:q} {form:b} {url} {body-sha256}")
	if err != nil {
		t.Fatal(err)
	}
	const proof = "494a0c7a0e76a2b80c31d59f7cec2c477baececa8527ffa71f2efd5bfb269340"
	const body = "b=2&a=1"
	signer := newAttemptSigner([]signature.Scheme{{Type: signature.HMAC, Query: signature.Strings{"sig n"}, Content: content}})
	req := newAttemptRequest(t, body)
	if err := signer.sign(req, []byte(body), vectorID, secretsOf("secret"), vectorTime); err != nil {
		t.Fatal(err)
	}
	if want := "https://example.com/hook?q=1&sig+n=" + proof; req.URL.String() != want {
		t.Errorf("url %s, want %s", req.URL, want)
	}
	req = newAttemptRequest(t, body)
	req.URL.RawQuery = ""
	if err := signer.sign(req, []byte(body), vectorID, secretsOf("secret"), vectorTime); !errors.Is(err, signature.ErrCannotSign) {
		t.Errorf("a request without what is signed: %v", err)
	}
}

// Attempts of one event differ in their time alone, and each is proved to those
// who verify over the wire, by each secret that is live.
func TestSignedAttemptsAreVerified(t *testing.T) {
	t.Parallel()
	arrived := make(chan *outgoing, 1)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		arrived <- &outgoing{req: r, body: body}
	}))
	t.Cleanup(server.Close)
	client := &http.Client{Transport: newTestTransport(t, loopbackOnly)}

	for _, profile := range []Profile{StandardWebhooks(), StandardWebhooksAsymmetric(), HookSignature(), SharedSecret("X-Api-Key")} {
		signer := newAttemptSigner(profile.Schemes)
		secrets := secretsOf(newSecret(t, profile), newSecret(t, profile))
		for attempt := range 3 {
			at := vectorTime.Add(time.Duration(attempt) * time.Hour)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/hook", strings.NewReader(vectorBody))
			if err != nil {
				t.Fatal(err)
			}
			if err := signer.sign(req, []byte(vectorBody), vectorID, secrets, at); err != nil {
				t.Fatal(err)
			}
			resp, err := client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			resp.Body.Close()
			got := <-arrived
			if string(got.body) != vectorBody {
				t.Errorf("%s: body %q", profile.Name, got.body)
			}
			if id := got.req.Header.Get("Webhook-Id"); id != "" && id != vectorID {
				t.Errorf("%s: id %q", profile.Name, id)
			}
			for _, secret := range secrets[:min(len(secrets), signer.room)] {
				verify(t, profile, secret, got, at)
			}
		}
	}
}

// Who rotates faster than secrets expire still sends what can be verified.
func TestManySecretsAreVerified(t *testing.T) {
	t.Parallel()
	profile := StandardWebhooks()
	var values []string
	for range 40 {
		values = append(values, newSecret(t, profile))
	}
	secrets := secretsOf(values...)
	req := newAttemptRequest(t, vectorBody)
	if err := newAttemptSigner(profile.Schemes).sign(req, []byte(vectorBody), vectorID, secrets, vectorTime); err != nil {
		t.Fatal(err)
	}
	for _, secret := range secrets[:maxSignatures] {
		verify(t, profile, secret, &outgoing{req: req, body: []byte(vectorBody)}, vectorTime)
	}
}

func newSecret(t *testing.T, profile Profile) string {
	t.Helper()
	value, err := profile.NewSecret()
	if err != nil {
		t.Fatal(err)
	}
	return value
}

func verify(t *testing.T, profile Profile, secret Secret, req signature.Request, at time.Time) {
	t.Helper()
	key := signature.Key{ID: secret.ID, Secret: secret.Value}
	if isPrivateKey(secret.Value) {
		public, err := PublicKey(secret.Value)
		if err != nil {
			t.Fatal(err)
		}
		key.Secret = public
	}
	verifier, err := signature.NewVerifier(profile.Schemes, []signature.Key{key})
	if err != nil {
		t.Fatal(err)
	}
	match, err := verifier.Verify(req, at)
	if err != nil || match.KeyID != secret.ID {
		t.Errorf("%s: secret %s: %v", profile.Name, secret.ID, err)
	}
	if !match.Timestamp.IsZero() && !match.Timestamp.Equal(at) {
		t.Errorf("%s: signed at %v, want the time of the attempt %v", profile.Name, match.Timestamp, at)
	}
}

// A signer that was kept serves none but the same secrets.
func TestSignersAreNotMixedUp(t *testing.T) {
	t.Parallel()
	signer := newAttemptSigner([]signature.Scheme{{Type: signature.HMAC, Header: signature.Strings{"X-Sig"}, Separator: ","}})
	lists := [][]Secret{
		{{ID: "a", Value: "bc"}},
		{{ID: "ab", Value: "c"}},
		{{ID: "", Value: "abc"}},
		{{ID: "a", Value: "bcd"}},
		{{ID: "a", Value: "b"}, {ID: "c", Value: "d"}},
		{{ID: "c", Value: "d"}, {ID: "a", Value: "b"}},
		{{ID: "a", Value: "b"}},
		{{ID: "c", Value: "d"}},
	}
	seen := map[string]int{}
	for i, list := range lists {
		for range 2 {
			req := newAttemptRequest(t, vectorBody)
			if err := signer.sign(req, []byte(vectorBody), vectorID, list, vectorTime); err != nil {
				t.Fatal(err)
			}
			proof := req.Header.Get("X-Sig")
			if other, found := seen[proof]; found && other != i {
				t.Errorf("lists %d and %d sign alike", i, other)
			}
			seen[proof] = i
		}
	}
	if len(seen) != len(lists) {
		t.Errorf("%d proofs by %d lists", len(seen), len(lists))
	}
}

func TestSignIsConcurrent(t *testing.T) {
	t.Parallel()
	signer := newAttemptSigner(StandardWebhooks().Schemes)
	var all sync.WaitGroup
	for i := range 8 {
		secret, want := vectorShared, vectorV1
		if i%2 == 0 {
			secret, want = otherShared, otherV1
		}
		all.Go(func() {
			for range 100 {
				req := &http.Request{Header: http.Header{}}
				if err := signer.sign(req, []byte(vectorBody), vectorID, secretsOf(secret), vectorTime); err != nil {
					t.Error(err)
				}
				if got := req.Header.Get("Webhook-Signature"); got != want {
					t.Errorf("signed %q, want %q", got, want)
				}
			}
		})
	}
	all.Wait()
}
