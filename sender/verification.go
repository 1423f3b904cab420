package sender

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"time"
)

// verificationTimeout is how long an endpoint may take to answer. It is what Asana
// gives (https://developers.asana.com/docs/webhooks-guide).
const verificationTimeout = 10 * time.Second

// answer is what an endpoint says to a verification. Its body says nothing and is
// not read.
type answer struct {
	status int
	header http.Header
}

// ask sends the request of a verification.
func ask(client *http.Client, req *http.Request, subscription Subscription) (answer, error) {
	ctx, cancel := context.WithTimeout(req.Context(), verificationTimeout)
	defer cancel()
	resp, err := client.Do(req.WithContext(ctx))
	if err != nil {
		return answer{}, fmt.Errorf("%w: %w", ErrUnverified, newRequestError(err, subscription.Secrets))
	}
	_ = resp.Body.Close()
	return answer{resp.StatusCode, resp.Header}, nil
}

// newVerificationRequest makes a request to the subscription's endpoint.
func newVerificationRequest(ctx context.Context, method string, subscription Subscription, body []byte) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, subscription.URL, bytes.NewReader(body))
	if err != nil {
		return nil, fmt.Errorf("%w: the subscription's url is no url", ErrInvalid)
	}
	req.Header.Set("User-Agent", userAgent)
	return req, nil
}

// expectEcho wants one of the statuses that come with the header of a handshake.
func (a answer) expectEcho() error {
	if a.status != http.StatusOK && a.status != http.StatusNoContent {
		return unverified("it answered with status %d instead of 200 or 204", a.status)
	}
	return nil
}

// expectSuccess wants a 2xx.
func (a answer) expectSuccess() error {
	if a.status < 200 || a.status > 299 {
		return unverified("it answered with status %d", a.status)
	}
	return nil
}

// single returns the value of a header that the answer must have exactly once.
func (a answer) single(name string) (string, error) {
	values := a.header.Values(name)
	if len(values) != 1 {
		return "", unverified("its answer has %d headers %s instead of one", len(values), name)
	}
	return values[0], nil
}

// unverified says what was wrong with the endpoint. Nothing that the endpoint sent
// goes into it but numbers, for it may send back the secret in any place.
func unverified(format string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrUnverified, fmt.Sprintf(format, args...))
}

// newestSecret returns the secret that an endpoint is to learn, or knows: the one
// that was made last.
func newestSecret(secrets []Secret) (Secret, error) {
	var newest Secret
	for _, s := range secrets {
		if !s.CreatedAt.Before(newest.CreatedAt) {
			newest = s
		}
	}
	if newest.Value == "" {
		return Secret{}, fmt.Errorf("%w: the subscription has no secret", ErrInvalid)
	}
	return newest, nil
}
