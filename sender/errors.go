package sender

import "errors"

var (
	// ErrClosed means that the sender or outbox was closed.
	ErrClosed = errors.New("closed")
	// ErrNotFound means that there is no such subscription or event.
	ErrNotFound = errors.New("not found")
	// ErrDuplicate means that an event with this id was accepted before.
	ErrDuplicate = errors.New("event was accepted before")
	// ErrFull means that the outbox has no room for the event. It was not accepted.
	ErrFull = errors.New("outbox is full")
	// ErrConflict means that the subscription was changed by another at the same time.
	ErrConflict = errors.New("subscription was changed meanwhile")
	// ErrURLTaken means that another subscription has this URL, which the profile forbids.
	ErrURLTaken = errors.New("another subscription has this url")
	// ErrInvalid means that an option, an event or a subscription is not valid.
	ErrInvalid = errors.New("invalid")
	// ErrForbidden means that the egress guard does not allow the address.
	ErrForbidden = errors.New("address is not allowed")
	// ErrUnverified means that the endpoint did not pass its verification.
	ErrUnverified = errors.New("endpoint is not verified")
	// ErrUnconfirmed means that the endpoint has still to confirm its subscription.
	ErrUnconfirmed = errors.New("endpoint has still to confirm")
)
