package provider

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"

	"github.com/dustin/go-humanize"

	"github.com/hookward/hookward/signature"
)

// Limits is what a provider documents about its deliveries.
type Limits struct {
	// Ack is how long the provider waits for the answer.
	Ack signature.Duration `json:"ack,omitempty"`
	// Retry is how long the provider keeps trying.
	Retry signature.Duration `json:"retry,omitempty"`
	// Body is the largest body it sends. Default: 1MiB.
	Body Size `json:"body,omitempty"`
	// Success is the status that tells the provider that a delivery arrived. Default: 200.
	Success int `json:"success,omitempty"`
	// SuccessBody is the body that must come with it.
	SuccessBody string `json:"success_body,omitempty"`
	// SuccessHeader holds the header fields that must come with it, the upstream's
	// own answer included. A field whose value a delivery does not have is left out.
	SuccessHeader map[string]signature.Template `json:"success_header,omitempty"`
	// Failure is the status for a delivery that is not proved. Default: 401.
	Failure int `json:"failure,omitempty"`
}

// The defaults of [Limits].
const (
	DefaultBody    = 1 << 20
	DefaultSuccess = http.StatusOK
	DefaultFailure = http.StatusUnauthorized
)

// SuccessStatus is the status that tells the provider that a delivery arrived.
func (p *Provider) SuccessStatus() int { return or(p.Limits.Success, DefaultSuccess) }

// FailureStatus is the status for a delivery that is not proved.
func (p *Provider) FailureStatus() int { return or(p.Limits.Failure, DefaultFailure) }

// MaxBody is the largest body the provider sends, in bytes.
func (p *Provider) MaxBody() int64 { return int64(or(p.Limits.Body, DefaultBody)) }

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}

func (l *Limits) check() error {
	switch {
	case l.Ack < 0:
		return keyed("ack", errNotOff)
	case l.Retry < 0:
		return keyed("retry", errNotOff)
	case l.Body < 0:
		return keyed("body", errors.New("it is negative"))
	case l.Success != 0 && !isSuccess(l.Success):
		return keyed("success", fmt.Errorf("%d is no success status", l.Success))
	case l.Failure != 0 && (l.Failure < 400 || l.Failure > 499):
		return keyed("failure", fmt.Errorf("%d is no client error status", l.Failure))
	case l.Failure == http.StatusGone:
		return keyed("failure", errGone)
	}
	return nil
}

var errGone = errors.New("410 makes senders give the subscription up")

var errNotOff = errors.New("want a duration; leave the key out where it is not known")

func isSuccess(status int) bool { return status >= 200 && status <= 299 }

// Size is a number of bytes, written as "1MiB".
type Size int64

// String returns the size in the largest unit that takes no fraction.
func (s Size) String() string {
	for _, u := range []struct {
		name  string
		bytes Size
	}{{"GiB", 1 << 30}, {"MiB", 1 << 20}, {"KiB", 1 << 10}} {
		if s != 0 && s%u.bytes == 0 {
			return strconv.FormatInt(int64(s/u.bytes), 10) + u.name
		}
	}
	return strconv.FormatInt(int64(s), 10)
}

// MarshalText implements [encoding.TextMarshaler].
func (s Size) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (s *Size) UnmarshalText(text []byte) error {
	n, err := humanize.ParseBytes(string(text))
	if err != nil {
		return fmt.Errorf("%q is no size such as 1MiB", text)
	}
	if n > math.MaxInt64 {
		return fmt.Errorf("size %q is too large", text)
	}
	*s = Size(n)
	return nil
}
