package sender

import (
	"context"
	"sync"
	"time"
)

// watch looks after an exchange with an endpoint: one that takes long is set aside,
// one that takes too long is ended, and so is an answer that does not end. One timer
// does it all, for nearly every exchange is over before it rings.
type watch struct {
	sender *Sender
	lane   *lane
	place  *place
	end    context.CancelCauseFunc

	mu        sync.Mutex
	timer     *time.Timer
	last      bool // the next ring ends the exchange
	lingering bool
	stopped   bool
}

func (s *Sender) watch(l *lane, p *place, end context.CancelCauseFunc) *watch {
	w := &watch{sender: s, lane: l, place: p, end: end, last: s.timeout <= slowAfter}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer = time.AfterFunc(min(slowAfter, s.timeout), w.ring)
	return w
}

func (w *watch) ring() {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.stopped:
	case w.last:
		w.end(w.sender.overdue)
	default:
		w.last = true
		w.timer.Reset(w.sender.timeout - slowAfter)
		w.linger()
	}
}

// linger sets the attempt aside, so that it holds nobody up.
func (w *watch) linger() {
	w.lingering = true
	w.place.stepAside()
	if away := w.lane.lingers(time.Now()); len(away) > 0 {
		w.sender.work.Go(func() { w.sender.turnAway(away) })
	}
}

// hasAnswer leaves a moment for the rest of the answer: its status is what counts.
func (w *watch) hasAnswer() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = true
	w.timer.Reset(drainTimeout)
}

// stop ends the watch. The attempt is still part of the sender's work by then, so
// what a ring adds to that is waited for.
func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.timer.Stop()
	w.stopped = true
	if w.lingering {
		w.lane.lingered()
	}
}
