package subscription

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

var (
	// ErrNoAPI means that this package has no client for the provider.
	ErrNoAPI = errors.New("no client for a subscription api")
	// ErrInvalid means that a setting, a request, an id or a credential cannot be
	// used. Nothing was sent.
	ErrInvalid = errors.New("invalid")
	// ErrUnauthorized means that the credential is not accepted, or does not allow
	// the call.
	ErrUnauthorized = errors.New("not authorized")
	// ErrNotFound means that there is no such subscription, or no such account.
	ErrNotFound = errors.New("not found")
	// ErrConflict means that the URL has a subscription already.
	ErrConflict = errors.New("url is taken")
	// ErrRateLimited means that there were too many calls. Error.RetryAfter says
	// how long to wait, where the provider does.
	ErrRateLimited = errors.New("too many calls")
	// ErrRejected means that the provider refuses the call, and would again.
	ErrRejected = errors.New("rejected")
	// ErrUnavailable means that the provider could not be reached, did not answer
	// in time, or failed. It may help to try again later.
	ErrUnavailable = errors.New("unavailable")
	// ErrUnexpected means that the answer is none that the API documents: a
	// redirect, too large, no JSON, or without an id.
	ErrUnexpected = errors.New("unexpected answer")
)

// Error is the failure of a call.
type Error struct {
	// Provider is the provider's name in the catalogue.
	Provider string
	// Operation is create, list, update or delete.
	Operation string
	// Status is the HTTP status of the answer, 0 where there was none.
	Status int
	// Code is the provider's own code for the failure, where it gives one.
	Code string
	// Message is the provider's own, or what went wrong on the way to it. It is
	// one short line of printable characters, in which the credential and the
	// URLs of endpoints are hidden.
	Message string
	// RetryAfter is how long the provider asks to be left alone, at most a day.
	RetryAfter time.Duration
	// Err is the sentinel that says what kind of failure it is.
	Err error

	cause error // what ended the call on this side

	// refused means that the provider certainly did not act on the request, so
	// that it is safe to send it again whatever it asks for.
	refused bool
}

// Error returns it all in one line.
func (e *Error) Error() string {
	var text strings.Builder
	fmt.Fprintf(&text, "%s: %s: %v", e.Provider, e.Operation, e.Err)
	if e.Status != 0 {
		fmt.Fprintf(&text, " (%d %s)", e.Status, http.StatusText(e.Status))
	}
	if e.Code != "" {
		fmt.Fprintf(&text, ": %s", e.Code)
	}
	if e.Message != "" {
		fmt.Fprintf(&text, ": %s", e.Message)
	}
	return text.String()
}

// Unwrap returns the sentinel and, where the call ended on this side, the error
// of its context or of the [Credential].
func (e *Error) Unwrap() []error {
	causes := make([]error, 0, 2)
	for _, err := range []error{e.Err, e.cause} {
		if err != nil {
			causes = append(causes, err)
		}
	}
	return causes
}

// kindOf returns the sentinel for the status of an answer that is no success.
func kindOf(status int) error {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return ErrUnauthorized
	case http.StatusNotFound, http.StatusGone:
		return ErrNotFound
	case http.StatusConflict:
		return ErrConflict
	case http.StatusTooManyRequests:
		return ErrRateLimited
	case http.StatusRequestTimeout, http.StatusTooEarly:
		return ErrUnavailable
	}
	switch {
	case status >= 500:
		return ErrUnavailable
	case status >= 400:
		return ErrRejected
	default:
		return ErrUnexpected
	}
}
