package sender

import (
	"math/rand/v2"
	"time"
)

const (
	// shortestTurn is when a delivery to a busy endpoint comes back of whose pace
	// nothing is known yet.
	shortestTurn = 100 * time.Millisecond
	// farthestTurn is how far apart turns are spread. Deliveries to an endpoint that
	// takes none are seen that often.
	farthestTurn = 5 * time.Minute
	// failingPace is the least time between two turns at an endpoint that keeps failing.
	failingPace = 100 * time.Millisecond
)

// reason says why a delivery was turned away.
type reason string

const (
	becauseBusy       reason = "busy"       // there is no room
	becauseOverloaded reason = "overloaded" // the endpoint asked for time
	becauseGone       reason = "gone"       // the subscription is about to be disabled
	becauseRate       reason = "rate"       // the endpoint's rate is used up
	becauseCircuit    reason = "circuit"    // the endpoint is left alone for a while
	becausePaused     reason = "paused"     // the subscription is
	becauseStore      reason = "store"      // outbox or registry did not answer
	becauseClosing    reason = "closing"    // the sender is
)

// hold says until when no attempt is made, and why.
type hold struct {
	until time.Time
	why   reason
}

// turn is a delivery that was turned away, and when it may come back.
type turn struct {
	Delivery
	at  time.Time
	why reason
}

// giveTurn says when a delivery that was admitted may come back.
func (l *lane) giveTurn(d Delivery, h hold) turn {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.giveTurnLocked(d, h, time.Now())
}

// giveTurnLocked says when a delivery may come back, each at a time of its own. Turns
// are twice as close as the lane's pace, so that it does not run dry where that changes.
func (l *lane) giveTurnLocked(d Delivery, h hold, now time.Time) turn {
	pace := l.pace()
	earliest, latest := h.until, h.until.Add(farthestTurn)
	if !earliest.After(now) {
		// The first come back when half of those that wait now are gone. What the pace
		// was measured by may be over by then, so no delivery goes by it for longer than
		// it has waited already.
		drain := time.Duration(l.waiting.len()) * pace
		earliest = now.Add(drain / 2)
		latest = now.Add(min(max(drain, now.Sub(d.Accepted), shortestTurn), farthestTurn))
		if pace == 0 {
			earliest, latest = now.Add(shortestTurn), now.Add(shortestTurn) // nothing is known yet
		}
	}
	latest = later(latest, earliest)
	l.turns = later(l.turns, earliest)
	if !l.turns.After(latest) {
		at := l.turns
		l.turns = l.turns.Add(pace / 2)
		return turn{d, at, h.why}
	}
	return turn{d, latest.Add(-rand.N(latest.Sub(earliest)/2 + 1)), h.why} //nolint:gosec // it spreads load
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
