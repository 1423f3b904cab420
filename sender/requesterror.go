package sender

import (
	"errors"
	"net"
	"net/url"
	"strings"
)

// maxErrorText is the longest text of a requestError, in bytes. Some errors of the
// HTTP client quote what the endpoint sent.
const maxErrorText = 512

// requestError is an error of the HTTP client as it may be reported: without the
// URL, which may hold a token, without the secrets, which the endpoint may have
// sent back, and without addresses of this side's network.
type requestError struct {
	text string
	err  error
}

func newRequestError(err error, secrets []Secret) error {
	if wrapped, ok := errors.AsType[*url.Error](err); ok {
		err = wrapped.Err
	}
	text := redact(hideNetwork(err), secrets)
	return &requestError{text[:min(len(text), maxErrorText)], err}
}

func (e *requestError) Error() string { return e.text }

func (e *requestError) Unwrap() error { return e.err }

// hideNetwork leaves out the addresses of this machine and of its name server, for the
// endpoint's owner may read the error.
func hideNetwork(err error) string {
	text := err.Error()
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Source != nil {
		text = strings.ReplaceAll(text, op.Source.String()+"->", "")
	}
	if lookup, ok := errors.AsType[*net.DNSError](err); ok && lookup.Server != "" {
		text = strings.ReplaceAll(text, " on "+lookup.Server, "")
	}
	return text
}

// redact takes secrets out of a text that an endpoint may have had a part in.
func redact(text string, secrets []Secret) string {
	for _, s := range secrets {
		if s.Value != "" {
			text = strings.ReplaceAll(text, s.Value, "[secret]")
		}
	}
	return text
}

// cutSecret takes away the start of a secret with which a text ends that was cut off.
func cutSecret(text string, secrets []Secret) string {
	for _, s := range secrets {
		for n := min(len(s.Value), len(text)); n > 0; n-- {
			if strings.HasSuffix(text, s.Value[:n]) {
				text = text[:len(text)-n]
				break
			}
		}
	}
	return text
}
