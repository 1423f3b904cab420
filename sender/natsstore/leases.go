package natsstore

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/hookward/hookward/sender"
)

// longestHold is for how long leases are extended: a [sender.Outbox] lets its sender
// have a delivery for two minutes at least.
const longestHold = 2 * time.Minute

// extensions is how often a lease is extended while it lasts, so that it bears the
// loss of some of them.
const extensions = 3

// lease is what a received delivery carries as its Lease.
type lease struct {
	msg      jetstream.Msg
	received delivery
	ends     time.Time // it is extended until then
	next     time.Time // when it is extended next
}

// leases are those of deliveries that this store has given out. They are extended while
// their sender is at work, so they may be short, and those of a sender that dies soon
// run out. Senders bound how many there are.
type leases struct {
	length  time.Duration
	longest time.Duration

	mu   sync.Mutex
	held map[*lease]struct{}
}

func newLeases(length, longest time.Duration) *leases {
	return &leases{length: length, longest: longest, held: make(map[*lease]struct{})}
}

func (ls *leases) interval() time.Duration { return ls.length / extensions }

func (ls *leases) give(msg jetstream.Msg, d delivery) *lease {
	now := time.Now()
	l := &lease{msg: msg, received: d, ends: now.Add(ls.longest), next: now.Add(ls.interval())}
	ls.mu.Lock()
	defer ls.mu.Unlock()
	ls.held[l] = struct{}{}
	return l
}

// end lets the lease run out.
func (ls *leases) end(l *lease) {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	delete(ls.held, l)
}

// extend extends leases until the context ends.
func (ls *leases) extend(ctx context.Context) {
	for sleep(ctx, ls.interval()/2) == nil {
		for _, l := range ls.due(time.Now()) {
			_ = l.msg.InProgress() // if it is lost, the next may not be
		}
	}
}

// due returns the leases that are to be extended, and forgets those that last too long.
func (ls *leases) due(now time.Time) []*lease {
	ls.mu.Lock()
	defer ls.mu.Unlock()
	var due []*lease
	for l := range ls.held {
		if now.After(l.ends) {
			delete(ls.held, l)
			continue
		}
		if !now.Before(l.next) {
			l.next = now.Add(ls.interval())
			due = append(due, l)
		}
	}
	return due
}

func leaseOf(d sender.Delivery) (*lease, error) {
	l, ok := d.Lease.(*lease)
	if !ok {
		return nil, fmt.Errorf("delivery of %q to %q: %w: it was not received from this store",
			d.Event, d.Subscription, sender.ErrInvalid)
	}
	return l, nil
}
