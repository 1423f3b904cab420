package sender

import (
	"context"
	"sync"
)

// heldEvents keeps the events of which deliveries are in hand, so that an event that
// goes to many endpoints is read from the outbox once and its body is in memory
// once.
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

// hold keeps the event from now on until drop, once it was read.
func (h *heldEvents) hold(id string) *heldEvent {
	h.mu.Lock()
	defer h.mu.Unlock()
	held := h.all[id]
	if held == nil {
		held = &heldEvent{}
		h.all[id] = held
	}
	held.holders++
	return held
}

func (h *heldEvents) drop(id string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	held := h.all[id]
	if held.holders--; held.holders == 0 {
		delete(h.all, id)
	}
}

// read returns the event, from the outbox if nobody has read it yet.
func (h *heldEvents) read(ctx context.Context, id string) (*Event, error) {
	h.mu.Lock()
	held := h.all[id]
	h.mu.Unlock()
	held.mu.Lock()
	defer held.mu.Unlock()
	if held.event != nil {
		return held.event, nil
	}
	event, err := h.outbox.Event(ctx, id)
	if err == nil {
		held.event = event
	}
	return event, err
}
