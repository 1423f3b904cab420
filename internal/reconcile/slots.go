package reconcile

import (
	"context"
	"time"
)

// Slots are where the secrets of subscriptions are learned and kept. What nodes
// do to them the others see.
type Slots interface {
	// Learned returns the slots that were added, each with the fingerprint of its
	// secret, empty where it has none. It asks storage.
	Learned(ctx context.Context) (map[string]string, error)

	// Add makes a slot for the deliveries of an event. It is not armed. Withheld, it
	// proves nothing by what it learns until Release.
	Add(ctx context.Context, slot, event string, withheld bool) error

	// Release ends that. It is no error where nothing is withheld.
	Release(ctx context.Context, slot string) error

	// Arm lets a slot learn one secret from a handshake within d.
	Arm(ctx context.Context, slot string, d time.Duration) error

	// Disarm ends that.
	Disarm(ctx context.Context, slot string) error

	// Teach gives a slot the secret that the provider told.
	Teach(ctx context.Context, slot, secret string) error

	// Holds reports whether a slot has this secret and no other, in a time that
	// does not depend on what they are. It asks storage.
	Holds(ctx context.Context, slot, secret string) (bool, error)

	// Remove ends a slot and its secrets. One that is not there is no error.
	Remove(ctx context.Context, slot string) error
}
