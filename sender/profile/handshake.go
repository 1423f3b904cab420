package profile

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/hookward/hookward/sender"
)

// handshake is the one by X-Hook-Secret, with what an API has to know of how it failed.
type handshake struct {
	// status is the only one that the endpoint may answer with. 0: those of
	// [sender.HookSecret].
	status int
}

// errUnreachable means that an endpoint gave no answer. Why it gave none would tell
// callers about the network that this server is in.
var errUnreachable = errors.New("endpoint cannot be reached")

// Verify implements [sender.Verification].
func (h handshake) Verify(ctx context.Context, client *http.Client, subscription sender.Subscription) (sender.Grant, error) {
	seen := &statusWatch{base: client.Transport}
	watched := *client
	watched.Transport = seen
	grant, err := sender.HookSecret().Verify(ctx, &watched, subscription)
	switch {
	case err != nil && seen.status == 0:
		return sender.Grant{}, fmt.Errorf("%w: %w", errUnreachable, err)
	case err == nil && h.status != 0 && h.status != seen.status:
		return sender.Grant{}, fmt.Errorf("%w: it answered with status %d instead of %d", sender.ErrUnverified, seen.status, h.status)
	default:
		return grant, err
	}
}

// statusWatch remembers the status of the answer.
type statusWatch struct {
	base   http.RoundTripper
	status int
}

// RoundTrip implements [http.RoundTripper].
func (w *statusWatch) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := w.base.RoundTrip(req)
	if err == nil {
		w.status = resp.StatusCode
	}
	return resp, err
}
