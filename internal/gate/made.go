package gate

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/hookward/hookward/internal/handshake"
)

// checkMade refuses settings under which slots that are made at run time could not
// work.
func (e *Endpoint) checkMade() error {
	switch {
	case !e.MadeSlots:
		return nil
	case !e.route.has(slotSegment):
		return fmt.Errorf("subscribe gives each subscription a slot with a secret of its own: add {slot} to path and public_url, as in `path /%s/{slot}`", e.Name)
	case e.route.has(eventSegment):
		return errors.New("path holds {event}: with subscribe each {slot} knows its event")
	case len(e.provider.Signature) == 0:
		return fmt.Errorf("%s signs nothing, so there is no secret for a slot", e.provider.Name)
	case e.Handshake == handshake.Off:
		return errors.New("handshake off: subscribe needs what slots have learned")
	case e.ReportOnly && e.provider.Handshake != nil:
		return errors.New("report_only answers no handshakes, so subscribe could create nothing")
	}
	return nil
}

// isMade tells whether a path leads to a slot that is on no list.
func (r *route) isMade(c captures) bool {
	return r.made && r.has(slotSegment) && !slices.Contains(r.slots, c.slot)
}

// admitMade looks a slot up that was made at run time, and what it was made for.
func (e *Endpoint) admitMade(ctx context.Context, r *reading) (Verdict, bool) {
	if e.stores.Slots == nil {
		return unavailable(StoreUnavailable, errNoSlots), true
	}
	event, err := e.stores.Slots.Event(ctx, r.route.slot)
	switch {
	case errors.Is(err, handshake.ErrUnknownSlot):
		r.slot = "" // it is no slot, and the text is anybody's
		return e.reject(UnknownSlot), true
	case err != nil:
		return unavailable(StoreUnavailable, err), true
	}
	r.route.event, r.scope = event, MadeScope(event)
	return Verdict{}, false
}

// MadeScope is where the copies of an event's deliveries are looked for, in the
// place of the slot, where slots are made at run time: while one subscription
// replaces another, both bring the same event. No slot on a list can have this name.
func MadeScope(event string) string { return "+" + event }
