package sender

import (
	"context"
	"sync"
)

// heldEvents keeps the events of which deliveries are in hand, unless these bring
// them along. So an event that goes to many endpoints is read from the outbox once,
// and is in memory once.
type heldEvents struct {
	outbox Outbox

	mu  sync.Mutex
	all map[string]*heldEvent
}

type heldEvent struct {
	holders int

	mu    sync.Mutex // held while the event is read, so that others wait for it
	event *Event
}

func newHeldEvents(outbox Outbox) *heldEvents {
	return &heldEvents{outbox: outbox, all: make(map[string]*heldEvent)}
}

// hold keeps the delivery's event from now on until drop, once it was read.
func (h *heldEvents) hold(d Delivery) {
	if d.Content != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	held := h.all[d.Event]
	if held == nil {
		held = &heldEvent{}
		h.all[d.Event] = held
	}
	held.holders++
}

func (h *heldEvents) drop(d Delivery) {
	if d.Content != nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	held := h.all[d.Event]
	if held.holders--; held.holders == 0 {
		delete(h.all, d.Event)
	}
}

// read returns the event, from the outbox if nobody has read it yet.
func (h *heldEvents) read(ctx context.Context, d Delivery) (*Event, error) {
	if d.Content != nil {
		return d.Content, nil
	}
	h.mu.Lock()
	held := h.all[d.Event]
	h.mu.Unlock()
	held.mu.Lock()
	defer held.mu.Unlock()
	if held.event != nil {
		return held.event, nil
	}
	event, err := h.outbox.Event(ctx, d.Event)
	if err == nil {
		held.event = event
	}
	return event, err
}
