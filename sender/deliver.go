package sender

import (
	"context"
	"errors"
	"fmt"
	"time"
)

const (
	// A paused subscription is looked at again after a quarter of the time that it
	// has been paused, but within these bounds. So that is how long deliveries take
	// to come after it was resumed.
	shortestPause = time.Second
	longestPause  = 5 * time.Minute
)

// deliver makes an attempt and settles its outcome, or puts the delivery off. It
// returns when that ended.
func (s *Sender) deliver(l *lane, d Delivery) (ended time.Time) {
	ended = time.Now()
	p := &place{budget: s.budget}
	defer p.leave()
	defer s.held.drop(d)
	// After a panic the delivery comes back when its lease has run out.
	defer s.recovered("deliver", new(error))

	if s.isClosing() {
		s.putOff(turn{d, ended, becauseClosing})
		return ended
	}
	subscription, event := s.find(d, ended)
	if subscription == nil || event == nil {
		return ended
	}
	if l.suspect() && !p.stepAside() {
		s.putOff(l.giveTurn(d, hold{ended.Add(shortWait), becauseBusy}))
		return ended
	}
	start, h := s.wait(l, p, subscription, ended)
	if s.isClosing() {
		s.putOff(turn{d, start, becauseClosing})
		return start
	}
	if h.why != "" {
		s.putOff(l.giveTurn(d, h))
		return start
	}
	r := s.attempt(l, p, d, subscription, event, start)
	s.settle(l, d, subscription, &r)
	return r.ended
}

// wait waits until the endpoint's rate allows an attempt, and returns when that is, or
// until when there is to be none.
func (s *Sender) wait(l *lane, p *place, subscription *Subscription, now time.Time) (time.Time, hold) {
	wait, h := l.reserve(subscription, now)
	if wait > 0 {
		p.stepAside()
		sleep(s.receiving, wait)
		now = time.Now()
	}
	return now, h
}

// find returns the delivery's subscription and event. Where it is not to be
// attempted it settles the delivery and returns nil.
func (s *Sender) find(d Delivery, now time.Time) (*Subscription, *Event) {
	ctx := s.contexts.get(now)
	found := s.look(ctx, d, now, s.directory.get)
	if found.unwanted != "" {
		// What is dropped is lost, so it is not dropped by what may be out of date.
		found = s.look(ctx, d, now, s.directory.read)
	}
	switch {
	case found.err != nil:
		s.unavailable(d, found.err)
	case found.unwanted != "":
		s.drop(d, found.unwanted)
	case found.subscription.State == Paused:
		s.putOff(turn{d, now.Add(s.pause(found.subscription)), becausePaused})
	default:
		return found.subscription, found.event
	}
	return nil, nil
}

// found is what the stores say of a delivery. The event of a paused subscription is
// not looked for.
type found struct {
	subscription *Subscription
	event        *Event
	unwanted     string // why nobody wants the delivery any longer
	err          error
}

// look asks for the subscription in the way given.
func (s *Sender) look(ctx context.Context, d Delivery, now time.Time, get func(context.Context, string, time.Time) (*Subscription, error)) found {
	subscription, err := get(ctx, d.Subscription, now)
	switch {
	case errors.Is(err, ErrNotFound):
		return found{unwanted: "the subscription is gone"}
	case err != nil:
		return found{err: fmt.Errorf("read the subscription: %w", err)}
	case subscription.State == Paused:
		return found{subscription: subscription}
	case subscription.State != Active:
		return found{unwanted: "the subscription is " + string(subscription.State)}
	}

	event, err := s.held.read(ctx, d)
	switch {
	case errors.Is(err, ErrNotFound):
		return found{unwanted: "the event is not stored any longer"}
	case err != nil:
		return found{err: fmt.Errorf("read the event: %w", err)}
	case event.Tenant != subscription.Tenant:
		// It has moved since the event was accepted, or another took its id.
		return found{unwanted: "the subscription is another tenant's"}
	}
	return found{subscription: subscription, event: event}
}

// unavailable puts a delivery off because a store did not answer.
func (s *Sender) unavailable(d Delivery, err error) {
	s.logger.Error("a store did not answer", "event", d.Event, "subscription", d.Subscription, "error", err)
	s.putOff(turn{d, time.Now().Add(jitter(10 * storeBackoff)), becauseStore})
}

// pause is how long to wait before a paused subscription is looked at again.
func (s *Sender) pause(subscription *Subscription) time.Duration {
	paused := s.now().Sub(subscription.ChangedAt)
	return jitter(min(max(paused/4, shortestPause), longestPause))
}
