package sender

import (
	"errors"
	"io"
	"net/http"
	"testing"
)

// echo answers as the immediate confirmation asks for.
func echo(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(headerHookSecret, r.Header.Get(headerHookSecret))
		w.WriteHeader(status)
	}
}

// answerHookSecret answers with these values of X-Hook-Secret.
func answerHookSecret(values ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header()[headerHookSecret] = values
	}
}

func TestHookSecret(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		endpoint http.HandlerFunc
		verified bool
	}{
		"echo with 200":    {echo(http.StatusOK), true},
		"echo with 204":    {echo(http.StatusNoContent), true},
		"lower-case name":  {func(w http.ResponseWriter, _ *http.Request) { w.Header()["x-hook-secret"] = []string{testSecret} }, true},
		"echo with 201":    {echo(http.StatusCreated), false},
		"echo with 202":    {echo(http.StatusAccepted), false},
		"no echo":          {answerHookSecret(), false},
		"an empty echo":    {answerHookSecret(""), false},
		"another secret":   {answerHookSecret("another"), false},
		"a longer one":     {answerHookSecret(testSecret + "a"), false},
		"a shorter one":    {answerHookSecret(testSecret[1:]), false},
		"in another case":  {answerHookSecret("S3CRET-of-the-subscription"), false},
		"two echoes":       {answerHookSecret(testSecret, testSecret), false},
		"echo and another": {answerHookSecret(testSecret, "another"), false},
		"a list":           {answerHookSecret(testSecret + ", another"), false},
		"in the body":      {func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, testSecret) }, false},
		"in the trailer": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusOK)
			w.Header().Set(http.TrailerPrefix+headerHookSecret, testSecret)
		}, false},
		"before the answer": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(headerHookSecret, testSecret)
			w.WriteHeader(http.StatusEarlyHints)
			w.Header().Del(headerHookSecret)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			grant, err := verifyEndpoint(t, HookSecret(), c.endpoint)
			if !c.verified {
				checkRefusal(t, err)
			} else if err != nil || grant != (Grant{}) {
				t.Errorf("%+v, %v", grant, err)
			}
		})
	}
}

func TestHookSecretRequest(t *testing.T) {
	t.Parallel()
	for name, v := range map[string]Verification{"immediate": HookSecret(), "delayed": DelayedConfirmation()} {
		_, err := verifyEndpoint(t, v, func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if r.Method != http.MethodPost || r.ContentLength != 0 || len(body) != 0 || err != nil {
				t.Errorf("%s: %s with %d bytes, want a POST without a body", name, r.Method, r.ContentLength)
			}
			if got := r.Header.Values(headerHookSecret); len(got) != 1 || got[0] != testSecret {
				t.Errorf("%s: secret %q", name, got)
			}
			if r.URL.Path != testToken || r.Header.Get("Webhook-Signature")+r.Header.Get("X-Hook-Signature") != "" {
				t.Errorf("%s: %s %v", name, r.URL, r.Header)
			}
			echo(http.StatusOK)(w, r)
		})
		if err != nil && !errors.Is(err, ErrUnconfirmed) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestDelayedConfirmation(t *testing.T) {
	t.Parallel()
	for _, status := range []int{200, 201, 202, 204, 299} {
		_, err := verifyEndpoint(t, DelayedConfirmation(), func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		if !errors.Is(err, ErrUnconfirmed) || errors.Is(err, ErrUnverified) {
			t.Errorf("%d: %v, want unconfirmed", status, err)
		}
	}
	// Whoever can answer at the URL has not been authenticated by that.
	if _, err := verifyEndpoint(t, DelayedConfirmation(), echo(http.StatusOK)); !errors.Is(err, ErrUnconfirmed) {
		t.Errorf("an echo: %v, want unconfirmed", err)
	}
}

// Who gets a private key can sign.
func TestPrivateKeysAreNotHandedOver(t *testing.T) {
	t.Parallel()
	for _, v := range []Verification{HookSecret(), DelayedConfirmation()} {
		for _, key := range []string{newSecret(t, StandardWebhooksAsymmetric()), "-----BEGIN EC PRIVATE KEY-----\nMHc="} {
			server, requests := newCounter(t)
			subscription := newSubscription(server.URL)
			subscription.Secrets = []Secret{{Value: key}}
			_, err := v.Verify(t.Context(), newVerificationClient(t, loopbackOnly), subscription)
			if !errors.Is(err, ErrInvalid) || requests.Load() != 0 {
				t.Errorf("%v and %d requests, want invalid and none", err, requests.Load())
			}
		}
	}
}
