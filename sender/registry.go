package sender

import "context"

// Registry keeps subscriptions. Implementations are safe for concurrent use, and
// neither keep nor change what they are given.
type Registry interface {
	// Create stores a new subscription. It returns ErrConflict where its id is
	// taken and, with unique, ErrURLTaken where a subscription of any tenant has
	// the same URL.
	Create(ctx context.Context, subscription Subscription, unique bool) (Subscription, error)
	// Get returns a subscription, or ErrNotFound. It may be a moment behind what other
	// senders change, but not where it tells that there is none, or one that is neither
	// active nor paused: by that a sender drops deliveries.
	Get(ctx context.Context, id string) (Subscription, error)
	// Update stores a subscription if its Revision is still the stored one, and
	// returns it with the new one. Otherwise it returns ErrConflict.
	Update(ctx context.Context, subscription Subscription) (Subscription, error)
	// Delete removes a subscription. It returns ErrNotFound where there is none.
	Delete(ctx context.Context, id string) error
	// List returns the subscriptions that the filter lets through, oldest first.
	List(ctx context.Context, filter Filter) ([]Subscription, error)
}

// Filter chooses subscriptions. A zero field chooses all.
type Filter struct {
	// Tenant chooses one tenant's; NoTenant those that belong to none.
	Tenant   string
	NoTenant bool
	// Type chooses those that want an event type.
	Type string
	// States chooses those in one of the states.
	States []State
	// URL chooses those with exactly this URL.
	URL string
}
