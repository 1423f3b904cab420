package sender

import (
	"errors"
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

	subscription, event := s.find(d, ended)
	if subscription == nil || event == nil {
		return ended
	}
	if l.suspect() && !p.stepAside() {
		s.putOff(l.putOff(d, hold{ended.Add(shortWait), becauseBusy}))
		return ended
	}
	start, h := s.wait(l, p, subscription, ended)
	if s.isClosing() {
		s.putOff(turn{d, start, becauseClosing})
		return start
	}
	if h.why != "" {
		s.putOff(l.putOff(d, h))
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
	subscription, err := s.directory.get(ctx, d.Subscription, now)
	switch {
	case errors.Is(err, ErrNotFound):
		s.drop(d, "the subscription is gone")
		return nil, nil
	case err != nil:
		s.unavailable(d, "read a subscription", err)
		return nil, nil
	case subscription.State == Paused:
		s.putOff(turn{d, now.Add(s.pause(subscription)), becausePaused})
		return nil, nil
	case subscription.State != Active:
		s.drop(d, "the subscription is "+string(subscription.State))
		return nil, nil
	}

	event, err := s.held.read(ctx, d)
	switch {
	case errors.Is(err, ErrNotFound):
		s.drop(d, "the event is not stored any longer")
		return nil, nil
	case err != nil:
		s.unavailable(d, "read an event", err)
		return nil, nil
	}
	return subscription, event
}

// unavailable puts a delivery off because a store did not answer.
func (s *Sender) unavailable(d Delivery, doing string, err error) {
	s.logger.Error(doing, "event", d.Event, "subscription", d.Subscription, "error", err)
	s.putOff(turn{d, time.Now().Add(jitter(10 * storeBackoff)), becauseStore})
}

// pause is how long to wait before a paused subscription is looked at again.
func (s *Sender) pause(subscription *Subscription) time.Duration {
	paused := s.now().Sub(subscription.ChangedAt)
	return jitter(min(max(paused/4, shortestPause), longestPause))
}
