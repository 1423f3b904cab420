package subscription

import (
	"errors"
	"net/http"
	"time"

	"golang.org/x/net/http/httpguts"
)

// Option changes how a client makes its calls.
type Option func(*options) error

type options struct {
	client           http.Client
	userAgent        string
	timeout          time.Duration
	maxAnswer        int64
	retry            Retry
	credentialHeader string
	plainHTTP        bool
}

func defaults() options {
	return options{
		userAgent: "Hookward",
		timeout:   15 * time.Second,
		maxAnswer: 1 << 20,
		retry:     Retry{Attempts: 3, Delay: 500 * time.Millisecond, MaxDelay: 30 * time.Second},
	}
}

// WithHTTPClient makes the calls with a copy of the client, which follows no
// redirects. Default: a client with [http.DefaultTransport].
func WithHTTPClient(client *http.Client) Option {
	return func(o *options) error {
		if client == nil {
			return errors.New("the http client is nil")
		}
		o.client = *client
		return nil
	}
}

// WithUserAgent sets the User-Agent header. Default: Hookward.
func WithUserAgent(userAgent string) Option {
	return func(o *options) error {
		if userAgent == "" || !httpguts.ValidHeaderFieldValue(userAgent) {
			return errors.New("the user agent is no header value")
		}
		o.userAgent = userAgent
		return nil
	}
}

// WithTimeout limits each attempt of a call, from the credential to the last
// byte of the answer. Default: 15 s. Providers that make a handshake do so
// within the call.
func WithTimeout(timeout time.Duration) Option {
	return func(o *options) error {
		if timeout <= 0 {
			return errors.New("the timeout is not positive")
		}
		o.timeout = timeout
		return nil
	}
}

// WithMaxAnswer limits the size of answers, in bytes. Default: 1 MiB.
func WithMaxAnswer(size int64) Option {
	return func(o *options) error {
		if size <= 0 || size > 1<<30 {
			return errors.New("the limit of answers is not between 1 byte and 1 GiB")
		}
		o.maxAnswer = size
		return nil
	}
}

// WithRetry sets when a call is tried again. Default: 3 attempts, 500 ms
// before the second, waits of 30 s at most.
func WithRetry(retry Retry) Option {
	return func(o *options) error {
		if retry.Attempts < 1 || retry.Delay < 0 || retry.MaxDelay < retry.Delay {
			return errors.New("retry wants at least one attempt and no delay above the longest")
		}
		o.retry = retry
		return nil
	}
}

// WithCredentialHeader sends the credential as the whole value of this header,
// for providers that follow REST Hooks and do not take a bearer token.
func WithCredentialHeader(name string) Option {
	return func(o *options) error {
		if !httpguts.ValidHeaderFieldName(name) {
			return errors.New("the credential's header has no valid name")
		}
		o.credentialHeader = name
		return nil
	}
}

// WithPlainHTTP allows http for hosts that are not loopback, for the API as for
// the URLs of requests. Whoever is on the way can then read the credential and
// the deliveries.
func WithPlainHTTP() Option {
	return func(o *options) error {
		o.plainHTTP = true
		return nil
	}
}
