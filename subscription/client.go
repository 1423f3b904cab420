package subscription

import "context"

// Client is a provider's subscription API. Clients are safe for concurrent use.
type Client interface {
	// Create makes a subscription. Providers that make a handshake do so while
	// the call is under way, so the endpoint must be ready to answer it.
	//
	// Where the error wraps [ErrUnavailable] or [ErrUnexpected], the subscription
	// may have been made even so: look with List before trying again. It wraps
	// [ErrConflict] where the URL has a subscription and the provider allows no other.
	Create(ctx context.Context, request Request) (Subscription, error)

	// List returns every subscription that the credential gives access to, those
	// that others made included. A list that is not complete is an error.
	List(ctx context.Context) ([]Subscription, error)

	// Delete removes a subscription. The error wraps [ErrNotFound] where there is
	// none, unless an earlier attempt of the same call may have removed it.
	Delete(ctx context.Context, id string) error
}

// Checker is a [Client] that tells beforehand what Create would refuse without
// asking the provider, with the error of Create. All clients of this package are.
type Checker interface {
	Check(request Request) error
}

// Repeater is a [Client] whose provider makes a handshake and repeats its secret in
// the answer of Create, so that the two can be compared: Asana.
type Repeater interface {
	// RepeatsSecret does nothing; it tells the clients that do so from others.
	RepeatsSecret()
}

// Updater is a [Client] whose provider lets subscriptions be changed: Asana,
// Repliers and REST Hooks.
type Updater interface {
	// Update changes a subscription. Which fields can be changed, and what an
	// empty one means, differs and is said at each client's method.
	Update(ctx context.Context, id string, change Request) error
}

// EventLister is a [Client] whose provider has a closed list of events:
// EverReal, Rechat and Repliers. Create refuses all others with [ErrInvalid]
// before it sends anything.
type EventLister interface {
	// Events returns what can be subscribed to, in alphabetical order.
	Events() []string
}
