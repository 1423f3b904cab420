package subscription

import (
	"context"
	"errors"
	"net/http"
)

// invalid is the failure of a call that is not made.
func (a *api) invalid(operation, what string) *Error {
	return &Error{
		Provider: a.provider, Operation: operation,
		Err: ErrInvalid, Message: plain(what, maxMessage),
	}
}

// unexpected is the failure of a call whose answer makes no sense.
func (a *api) unexpected(operation string, err error) *Error {
	return &Error{
		Provider: a.provider, Operation: operation,
		Err: ErrUnexpected, Message: plain(err.Error(), maxMessage),
	}
}

// unreachable is the failure of a call that got no whole answer. The error is
// not kept: that of the HTTP client quotes answers that are not HTTP, and those
// may repeat the credential.
func (a *api) unreachable(c call, err error, credential string) *Error {
	return &Error{
		Provider: a.provider, Operation: c.operation,
		Err: ErrUnavailable, Message: discreet(err.Error(), maxMessage, append(c.secrets, credential)),
		cause: endOf(err), refused: neverArrived(err),
	}
}

// endOf returns the error of the context that ended the call, if one did.
func endOf(err error) error {
	for _, end := range []error{context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, end) {
			return end
		}
	}
	return nil
}

// refusal is the failure of a call that was answered with another status than
// one of success.
func (a *api) refusal(c call, response *http.Response, body []byte, credential string) *Error {
	code, message := explain(body, append(c.secrets, credential))
	status := response.StatusCode
	if status >= 300 && status <= 399 {
		message = "redirects are not followed"
	}
	after, given := retryAfter(response.Header)
	return &Error{
		Provider: a.provider, Operation: c.operation,
		Status: status, Code: code, Message: message, RetryAfter: after,
		Err:     kindOf(status),
		refused: given && (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable),
	}
}
