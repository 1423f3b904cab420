package sender

import (
	"errors"
	"net/url"
	"strings"
)

// maxErrorText is the longest text of a requestError, in bytes. Some errors of the
// HTTP client quote what the endpoint sent.
const maxErrorText = 512

// requestError is an error of the HTTP client as it may be reported: without the
// URL, which may hold a token, and without the secrets, which the endpoint may have
// sent back.
type requestError struct {
	text string
	err  error
}

func newRequestError(err error, secrets []Secret) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	text := redact(err.Error(), secrets)
	return &requestError{text[:min(len(text), maxErrorText)], err}
}

func (e *requestError) Error() string { return e.text }

func (e *requestError) Unwrap() error { return e.err }

// redact takes secrets out of a text that an endpoint may have had a part in.
func redact(text string, secrets []Secret) string {
	for _, s := range secrets {
		if s.Value != "" {
			text = strings.ReplaceAll(text, s.Value, "[secret]")
		}
	}
	return text
}
