package sender

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"golang.org/x/net/http/httpguts"

	"github.com/hookward/hookward/signature"
)

// Profile is how a sender speaks: how it verifies endpoints, how it signs, and
// what its requests look like.
type Profile struct {
	// Name of the profile, for reports.
	Name string
	// Schemes prove the deliveries, all of them on each. Default: none.
	Schemes []signature.Scheme
	// NewSecret makes the secret of a new subscription, or of a rotation. Nil: this
	// profile needs none.
	NewSecret func() (string, error)
	// Verification is passed by an endpoint before its subscription gets events.
	// Nil: none.
	Verification Verification
	// UniqueURL refuses a second subscription with the same URL.
	UniqueURL bool
	// Header is set on every delivery, User-Agent and what else is the same on all.
	Header http.Header
	// Render makes the body for one subscription where it is not the event's own. It
	// must return the same bytes for the same event and subscription each time, for
	// attempts must not differ, and change neither of them.
	Render func(event *Event, subscription *Subscription) ([]byte, error)
	// IgnoreGone takes a 410 for a failure like any other. Else it disables the
	// subscription.
	IgnoreGone bool
	// IDHeader carries the event's id where no scheme signs one. Default: none.
	IDHeader string
}

// check tells whether deliveries can be made so.
func (p *Profile) check() error {
	for i := range p.Schemes {
		if err := p.Schemes[i].Validate(); err != nil {
			return err
		}
	}
	if p.IDHeader != "" && !httpguts.ValidHeaderFieldName(p.IDHeader) {
		return fmt.Errorf("%w: %q is no name of a header", ErrInvalid, p.IDHeader)
	}
	for name, values := range p.Header {
		if !httpguts.ValidHeaderFieldName(name) {
			return fmt.Errorf("%w: %q is no name of a header", ErrInvalid, name)
		}
		if slices.ContainsFunc(values, func(v string) bool { return !httpguts.ValidHeaderFieldValue(v) }) {
			return fmt.Errorf("%w: header %s has a value that it cannot have", ErrInvalid, name)
		}
	}
	return nil
}

// Verification is the exchange by which an endpoint shows that it wants events.
type Verification interface {
	// Verify returns what the endpoint granted, ErrUnconfirmed where the endpoint
	// shall confirm later through Activate, or an error that says why it did not pass.
	// The client follows no redirects and dials no forbidden address.
	Verify(ctx context.Context, client *http.Client, subscription Subscription) (Grant, error)
}

// Grant is what an endpoint allowed when it was verified.
type Grant struct {
	// Rate is the most deliveries a minute. 0: no limit of its own.
	Rate int
}
