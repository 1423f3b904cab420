package sender

import (
	"context"
	"time"
)

// Outbox keeps accepted events, and the deliveries that are still owed. A sender
// accepts an event when its outbox has, so an outbox that survives a crash makes
// a sender that loses nothing. Implementations are safe for concurrent use.
type Outbox interface {
	// Add stores an event, and one delivery of it for each of the subscriptions,
	// due at once. When it returns nil they are as safe as the outbox can make
	// them. It returns ErrDuplicate, and changes nothing, where an event with that
	// id is stored already, and ErrFull where there is no room.
	Add(ctx context.Context, event *Event, subscriptions []string) error

	// Event returns a stored event. It returns ErrNotFound where there is none,
	// or none any longer.
	Event(ctx context.Context, id string) (*Event, error)

	// Receive waits until deliveries are due and returns up to limit of them, each
	// leased to the caller: it is given to nobody else before it is settled or its
	// lease has run out. A lease lasts two minutes at least: a sender settles within
	// that. Receive sets no bound of its own to how many are leased, for then the
	// deliveries to one endpoint could keep all others back. It returns ErrClosed once
	// the outbox is closed.
	Receive(ctx context.Context, limit int) ([]Delivery, error)

	// Done settles a delivery for good.
	Done(ctx context.Context, delivery Delivery) error

	// Retry settles a delivery by making it due again at the given time, with its
	// Attempts as they are now.
	Retry(ctx context.Context, delivery Delivery, at time.Time) error

	// Redeliver makes a new delivery of a stored event for one subscription, due at
	// once. It returns ErrNotFound where the event is not stored.
	Redeliver(ctx context.Context, event, subscription string) error

	// Close stops Receive. Leased deliveries may still be settled.
	Close() error
}

// Delivery is an event that is owed to a subscription.
type Delivery struct {
	// Event and Subscription are ids.
	Event        string
	Subscription string
	// Attempts made so far.
	Attempts int
	// Accepted is when the delivery was added to the outbox.
	Accepted time.Time
	// Content is the event, where the outbox has it at hand. Without it the sender
	// reads the event when it is about to make an attempt.
	Content *Event
	// Lease is the outbox's own handle.
	Lease any
}
