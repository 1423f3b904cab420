package sender

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/hookward/hookward/signature"
)

// hmacAnswerBody is what Wrike is seen to send: its own pages do not show it.
const hmacAnswerBody = `{"requestType":"WebHook secret verification"}`

// HMACAnswer is a verification like Wrike's (https://developers.wrike.com/docs/webhooks),
// for secrets that the endpoint's owner chose. The sender posts a random text as
// X-Hook-Secret, with a body that it signs as X-Hook-Signature. The endpoint answers
// within 10 seconds with 200 or 204, and with the HMAC-SHA256 of the random text
// under the newest of the subscription's secrets, in hex, as X-Hook-Secret.
func HMACAnswer() Verification { return hmacAnswer{} }

type hmacAnswer struct{}

// Verify implements [Verification].
func (hmacAnswer) Verify(ctx context.Context, client *http.Client, subscription Subscription) (Grant, error) {
	secret, err := newestSecret(subscription.Secrets)
	if err != nil {
		return Grant{}, err
	}
	challenge := rand.Text()
	want, err := hexMAC(secret, challenge)
	if err != nil {
		return Grant{}, err
	}
	proof, err := hexMAC(secret, hmacAnswerBody)
	if err != nil {
		return Grant{}, err
	}
	req, err := newVerificationRequest(ctx, http.MethodPost, subscription, []byte(hmacAnswerBody))
	if err != nil {
		return Grant{}, err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set(headerHookSecret, challenge)
	req.Header.Set("X-Hook-Signature", proof)
	got, err := ask(client, req, subscription)
	if err != nil {
		return Grant{}, err
	}
	return Grant{}, checkHMACAnswer(got, want)
}

func checkHMACAnswer(got answer, want string) error {
	if err := got.expectEcho(); err != nil {
		return err
	}
	mac, err := got.single(headerHookSecret)
	if err != nil {
		return err
	}
	if !signature.Equal(strings.ToLower(mac), want) {
		return unverified("its answer's %s is not the HMAC of the one it got", headerHookSecret)
	}
	return nil
}

// hexMAC is the HMAC-SHA256 of a text, in hex.
func hexMAC(secret Secret, text string) (string, error) {
	scheme := signature.Scheme{Type: signature.HMAC, Header: signature.Strings{headerHookSecret}}
	signer, err := signature.NewSigner([]signature.Scheme{scheme}, []signature.Key{{ID: secret.ID, Secret: secret.Value}})
	if err != nil {
		return "", err
	}
	proofs, err := signer.Sign(&outgoing{req: &http.Request{}, body: []byte(text)}, time.Time{}) // no time is signed
	if err != nil {
		return "", err
	}
	return proofs[0].Value, nil
}
