package sender

import (
	"context"
	"time"
)

// leaseOf is what a Delivery carries as its Lease.
type leaseOf struct {
	delivery *owedDelivery
	number   int
}

// Receive implements [Outbox].
func (o *MemoryOutbox) Receive(ctx context.Context, limit int) ([]Delivery, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for {
		if o.closed {
			return nil, ErrClosed
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		now := time.Now()
		o.ripen(now)
		if batch := o.take(limit, now); len(batch) > 0 {
			return batch, nil
		}
		o.wait(ctx)
	}
}

// ripen makes deliveries ready that are due, and those whose lease has run out.
func (o *MemoryOutbox) ripen(now time.Time) {
	for d := o.later.first(); d != nil && !d.due.After(now); d = o.later.first() {
		o.later.remove(d)
		o.ready.push(d)
	}
	for d := o.leased.first; d != nil && !d.due.After(now); d = o.leased.first {
		o.leased.remove(d)
		o.ready.push(d)
	}
}

// take leases what is ready.
func (o *MemoryOutbox) take(limit int, now time.Time) []Delivery {
	batch := make([]Delivery, 0, min(limit, o.ready.length))
	for d := o.ready.first; d != nil && len(batch) < limit; d = o.ready.first {
		o.ready.remove(d)
		d.lease++
		d.due = now.Add(o.lease)
		o.leased.push(d)
		batch = append(batch, Delivery{
			Event: d.event.ID, Subscription: d.subscription,
			Attempts: d.attempts, Accepted: d.accepted,
			Content: &d.event.Event, Lease: leaseOf{d, d.lease},
		})
	}
	return batch
}

// wait lets go of the lock until a delivery may be due.
func (o *MemoryOutbox) wait(ctx context.Context) {
	var due <-chan time.Time
	if next := o.next(); next != nil {
		timer := time.NewTimer(time.Until(next.due))
		defer timer.Stop()
		due = timer.C
	}
	changed := o.changed
	o.waiting++
	o.mu.Unlock()
	select {
	case <-changed:
	case <-due:
	case <-ctx.Done():
	}
	o.mu.Lock()
	o.waiting--
}

// next returns the delivery that is due next, if any.
func (o *MemoryOutbox) next() *owedDelivery {
	later, leased := o.later.first(), o.leased.first
	if later == nil || leased != nil && leased.due.Before(later.due) {
		return leased
	}
	return later
}

func (o *MemoryOutbox) wake() {
	if o.waiting > 0 {
		close(o.changed)
		o.changed = make(chan struct{})
	}
}

// Done implements [Outbox]. It counts even if the lease has run out, for the event
// has arrived.
func (o *MemoryOutbox) Done(_ context.Context, delivery Delivery) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	lease, ok := delivery.Lease.(leaseOf)
	if !ok || !o.withdraw(lease.delivery) {
		return nil
	}
	o.bytes -= deliveryCost
	lease.delivery.event.owed--
	o.release(lease.delivery.event)
	return nil
}

// Retry implements [Outbox]. It does nothing where the lease has run out and the
// delivery is another's.
func (o *MemoryOutbox) Retry(_ context.Context, delivery Delivery, at time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	lease, ok := delivery.Lease.(leaseOf)
	if !ok || lease.delivery.lease != lease.number || !o.withdraw(lease.delivery) {
		return nil
	}
	d := lease.delivery
	d.attempts = delivery.Attempts
	d.due = at
	o.later.add(d)
	o.wake()
	return nil
}

// withdraw takes a delivery out of where it is, and reports whether it was anywhere:
// it is not once it is settled.
func (o *MemoryOutbox) withdraw(d *owedDelivery) bool {
	switch {
	case d.place.line != nil:
		d.place.line.remove(d)
	case d.index >= 0:
		o.later.remove(d)
	default:
		return false
	}
	return true
}
