package sender

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/hookward/hookward/signature"
)

const headerHookSecret = "X-Hook-Secret"

// HookSecret is the immediate confirmation of REST Hooks (https://resthooks.org/docs/security/):
// the sender posts the newest of the subscription's secrets as X-Hook-Secret,
// without a body, and the endpoint answers within 10 seconds with 200 or 204 and
// the same header. The endpoint learns by it what deliveries are signed with.
func HookSecret() Verification { return hookSecret{} }

type hookSecret struct{}

// Verify implements [Verification].
func (hookSecret) Verify(ctx context.Context, client *http.Client, subscription Subscription) (Grant, error) {
	secret, got, err := handOver(ctx, client, subscription)
	if err != nil {
		return Grant{}, err
	}
	if err := got.expectEcho(); err != nil {
		return Grant{}, err
	}
	echo, err := got.single(headerHookSecret)
	if err != nil {
		return Grant{}, err
	}
	if !signature.Equal(echo, secret) {
		return Grant{}, unverified("its answer's %s is not the one it got", headerHookSecret)
	}
	return Grant{}, nil
}

// DelayedConfirmation is the delayed confirmation of REST Hooks: the sender posts
// the newest of the subscription's secrets as X-Hook-Secret, without a body, and
// the endpoint answers with a 2xx. The one who subscribed confirms later, by a call
// to the sender's API that ends in [Sender.Activate]. That proves more than an
// echo: the call is authenticated, so the secret reached who subscribed.
func DelayedConfirmation() Verification { return delayedConfirmation{} }

type delayedConfirmation struct{}

// Verify implements [Verification].
func (delayedConfirmation) Verify(ctx context.Context, client *http.Client, subscription Subscription) (Grant, error) {
	_, got, err := handOver(ctx, client, subscription)
	if err != nil {
		return Grant{}, err
	}
	if err := got.expectSuccess(); err != nil {
		return Grant{}, err
	}
	return Grant{}, ErrUnconfirmed
}

// handOver posts the newest secret to the endpoint.
func handOver(ctx context.Context, client *http.Client, subscription Subscription) (string, answer, error) {
	secret, err := newestSecret(subscription.Secrets)
	if err != nil {
		return "", answer{}, err
	}
	if isPrivateKey(secret.Value) {
		return "", answer{}, fmt.Errorf("%w: a private key is not for the endpoint", ErrInvalid)
	}
	req, err := newVerificationRequest(ctx, http.MethodPost, subscription, nil)
	if err != nil {
		return "", answer{}, err
	}
	req.Header.Set(headerHookSecret, secret.Value)
	got, err := ask(client, req, subscription)
	return secret.Value, got, err
}

// isPrivateKey tells whether a secret is one that signs and does not verify.
func isPrivateKey(secret string) bool {
	return strings.HasPrefix(secret, privateKeyPrefix) || strings.Contains(secret, "PRIVATE KEY-----")
}
