package sender

import (
	"context"
	"fmt"
	"sync"
	"time"
)

const (
	defaultEvents    = 100_000
	defaultBytes     = 256 << 20
	defaultRetention = 24 * time.Hour

	memoryLease = 2 * time.Minute

	// What an event takes besides its body, and what a delivery takes, in bytes.
	eventCost    = 512
	deliveryCost = 192
)

// MemoryLimits bound a [MemoryOutbox]. A zero field stands for its default.
type MemoryLimits struct {
	// Events is how many events are stored at most. Default: 100,000.
	Events int
	// Bytes is how much they may take: bodies, half a KiB for each event and some
	// 200 bytes for each delivery that is owed. Default: 256 MiB.
	Bytes int64
	// Retention is how long an event is kept for Redeliver once its deliveries are
	// settled. Where there is no room for a new event the oldest of these go first.
	// Default: 24 h.
	Retention time.Duration
}

// MemoryOutbox is an [Outbox] that lasts as long as the process: what is owed when
// that ends is lost.
type MemoryOutbox struct {
	limits MemoryLimits
	lease  time.Duration

	mu      sync.Mutex
	events  map[string]*keptEvent
	settled line[keptEvent] // of which nothing is owed, oldest first
	ready   line[owedDelivery]
	leased  line[owedDelivery] // in the order in which the leases run out
	later   calendar
	bytes   int64 // of all events
	kept    int64 // of the settled ones among them
	closed  bool
	waiting int           // calls of Receive
	changed chan struct{} // closed to wake them
}

var _ Outbox = (*MemoryOutbox)(nil)

// keptEvent is an event in a memory outbox.
type keptEvent struct {
	Event                       // by value, for one object less that the garbage collector must look at
	owed      int               // deliveries that are not settled
	place     inLine[keptEvent] // among the settled events
	settledAt time.Time
}

func (e *keptEvent) isSettled() bool { return e.place.line != nil }

func (e *keptEvent) cost() int64 { return int64(len(e.Body)) + eventCost }

// NewMemoryOutbox returns an empty outbox.
func NewMemoryOutbox(limits MemoryLimits) *MemoryOutbox {
	if limits.Events <= 0 {
		limits.Events = defaultEvents
	}
	if limits.Bytes <= 0 {
		limits.Bytes = defaultBytes
	}
	if limits.Retention <= 0 {
		limits.Retention = defaultRetention
	}
	return &MemoryOutbox{
		limits:  limits,
		lease:   memoryLease,
		events:  make(map[string]*keptEvent),
		settled: line[keptEvent]{placeOf: func(e *keptEvent) *inLine[keptEvent] { return &e.place }},
		ready:   newOwedLine(),
		leased:  newOwedLine(),
		changed: make(chan struct{}),
	}
}

// Add implements [Outbox].
func (o *MemoryOutbox) Add(_ context.Context, event *Event, subscriptions []string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return ErrClosed
	}
	now := time.Now()
	o.expire(now)
	if o.events[event.ID] != nil {
		return ErrDuplicate
	}
	e := &keptEvent{Event: *event}
	if err := o.makeRoom(1, e.cost()+int64(len(subscriptions))*deliveryCost); err != nil {
		return err
	}
	o.events[event.ID] = e
	o.bytes += e.cost()
	o.owe(e, subscriptions, now)
	o.release(e)
	return nil
}

// Event implements [Outbox].
func (o *MemoryOutbox) Event(_ context.Context, id string) (*Event, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	e, err := o.find(id)
	if err != nil {
		return nil, err
	}
	return &e.Event, nil
}

// Redeliver implements [Outbox]. It returns [ErrFull] where there is no room.
func (o *MemoryOutbox) Redeliver(_ context.Context, event, subscription string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return ErrClosed
	}
	e, err := o.find(event)
	if err != nil {
		return err
	}
	o.unsettle(e) // so that it does not make room for itself
	err = o.makeRoom(0, deliveryCost)
	if err == nil {
		o.owe(e, []string{subscription}, time.Now())
	}
	o.release(e)
	return err
}

// Close implements [Outbox].
func (o *MemoryOutbox) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.closed = true
	o.wake()
	return nil
}

// find returns a stored event whose retention has not ended.
func (o *MemoryOutbox) find(id string) (*keptEvent, error) {
	e := o.events[id]
	if e == nil || e.isSettled() && time.Since(e.settledAt) >= o.limits.Retention {
		return nil, fmt.Errorf("event %q: %w", id, ErrNotFound)
	}
	return e, nil
}

// owe adds a delivery of the event for each of the subscriptions.
func (o *MemoryOutbox) owe(e *keptEvent, subscriptions []string, now time.Time) {
	e.owed += len(subscriptions)
	o.bytes += int64(len(subscriptions)) * deliveryCost
	all := make([]owedDelivery, len(subscriptions)) // one allocation, however many they are
	for i, subscription := range subscriptions {
		all[i] = owedDelivery{event: e, subscription: subscription, accepted: now, index: -1}
		o.ready.push(&all[i])
	}
	o.wake()
}

// makeRoom lets go of the oldest settled events until there is room for so many
// events and bytes more.
func (o *MemoryOutbox) makeRoom(events int, bytes int64) error {
	if o.bytes-o.kept+bytes > o.limits.Bytes || len(o.events)-o.settled.length+events > o.limits.Events {
		return ErrFull
	}
	for o.bytes+bytes > o.limits.Bytes || len(o.events)+events > o.limits.Events {
		o.forget(o.settled.first)
	}
	return nil
}

// expire lets go of settled events whose retention has ended.
func (o *MemoryOutbox) expire(now time.Time) {
	for e := o.settled.first; e != nil && now.Sub(e.settledAt) >= o.limits.Retention; e = o.settled.first {
		o.forget(e)
	}
}

func (o *MemoryOutbox) forget(e *keptEvent) {
	o.unsettle(e)
	o.bytes -= e.cost()
	delete(o.events, e.ID)
}

func (o *MemoryOutbox) unsettle(e *keptEvent) {
	if e.isSettled() {
		o.settled.remove(e)
		o.kept -= e.cost()
	}
}

// release puts an event of which nothing is owed among those that may be forgotten.
func (o *MemoryOutbox) release(e *keptEvent) {
	if e.owed > 0 {
		return
	}
	e.settledAt = time.Now()
	o.settled.push(e)
	o.kept += e.cost()
}
