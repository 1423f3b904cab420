package sender

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"net/http"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
)

// macOf is what an endpoint computes.
func macOf(secret, text string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(text))
	return hex.EncodeToString(mac.Sum(nil))
}

// answerMAC answers with what make makes of the text that came.
func answerMAC(values ...func(text string) string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		for _, value := range values {
			w.Header().Add(headerHookSecret, value(r.Header.Get(headerHookSecret)))
		}
	}
}

// The proofs were computed with Python's hmac.
func TestHexMAC(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"4b57fg1ck4i2": "8eb914a7e2edf184469a492b9f4accda291c697f8d81fc356d0bd5f7b343f5df",
		hmacAnswerBody: "54c6464063bc9b1d89ec5e41e72075d3c2160778b9263f783114dd67d2c56744",
	} {
		if got, err := hexMAC(Secret{Value: "my-client-secret"}, text); got != want || err != nil {
			t.Errorf("%q: %s, %v, want %s", text, got, err, want)
		}
	}
}

func TestHMACAnswer(t *testing.T) {
	t.Parallel()
	right := func(text string) string { return macOf(testSecret, text) }
	for name, c := range map[string]struct {
		endpoint http.HandlerFunc
		verified bool
	}{
		"the MAC":            {answerMAC(right), true},
		"in upper case":      {answerMAC(func(text string) string { return strings.ToUpper(right(text)) }), true},
		"the text itself":    {answerMAC(func(text string) string { return text }), false},
		"under another key":  {answerMAC(func(text string) string { return macOf("another", text) }), false},
		"under no key":       {answerMAC(func(text string) string { return macOf("", text) }), false},
		"of another text":    {answerMAC(func(string) string { return right("another") }), false},
		"of an earlier text": {answerMAC(func(string) string { return right("TE6GBWA5T6XKSQ2JYZ7LCGQLUN") }), false},
		"of the body":        {answerMAC(func(string) string { return right(hmacAnswerBody) }), false},
		"cut short":          {answerMAC(func(text string) string { return right(text)[:8] }), false},
		"nothing":            {answerMAC(), false},
		"empty":              {answerMAC(func(string) string { return "" }), false},
		"twice":              {answerMAC(right, right), false},
		"with a wrong one":   {answerMAC(right, func(text string) string { return text }), false},
		"with another status": {func(w http.ResponseWriter, r *http.Request) {
			answerMAC(right)(w, r)
			w.WriteHeader(http.StatusAccepted)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := verifyEndpoint(t, HMACAnswer(), c.endpoint)
			if !c.verified {
				checkRefusal(t, err)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

// The request is signed as deliveries are, and asks for something else each time.
func TestHMACAnswerRequest(t *testing.T) {
	t.Parallel()
	harmless := regexp.MustCompile(`^[A-Za-z0-9_-]{8,128}$`) // no text that could be a body, signed
	var before atomic.Value
	for range 2 {
		_, err := verifyEndpoint(t, HMACAnswer(), func(w http.ResponseWriter, r *http.Request) {
			body, _ := io.ReadAll(r.Body)
			if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" || string(body) != hmacAnswerBody {
				t.Errorf("%s %s %q", r.Method, r.Header.Get("Content-Type"), body)
			}
			if got := r.Header.Get("X-Hook-Signature"); got != macOf(testSecret, string(body)) {
				t.Errorf("signature %q", got)
			}
			challenge := r.Header.Get(headerHookSecret)
			if !harmless.MatchString(challenge) || before.Swap(challenge) == challenge {
				t.Errorf("asked with %q", challenge)
			}
			w.Header().Set(headerHookSecret, macOf(testSecret, challenge))
		})
		if err != nil {
			t.Error(err)
		}
	}
}
