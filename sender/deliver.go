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

// deliver makes an attempt and settles its outcome, or puts the delivery off.
func (s *Sender) deliver(l *lane, d Delivery) {
	p := &place{budget: s.budget}
	defer p.leave()
	defer s.held.drop(d.Event)
	// After a panic the delivery comes back when its lease has run out.
	defer s.recovered("deliver", new(error))

	now := time.Now()
	subscription, event := s.find(d, now)
	if subscription == nil || event == nil {
		return
	}
	if l.suspect() && !p.stepAside() {
		s.putOff(l.putOff(d, hold{now.Add(shortWait), becauseBusy}))
		return
	}
	wait, h := l.reserve(subscription, now)
	if h.why != "" {
		s.putOff(l.putOff(d, h))
		return
	}
	if wait > 0 {
		p.stepAside()
		sleep(s.receiving, wait)
	}
	if s.isClosing() {
		s.putOff(turn{d, now, becauseClosing})
		return
	}
	s.settle(l, d, subscription, s.attempt(l, p, d, subscription, event))
}

// find returns the delivery's subscription and event. Where it is not to be
// attempted it settles the delivery and returns nil.
func (s *Sender) find(d Delivery, now time.Time) (*Subscription, *Event) {
	ctx := s.brief.context(now)
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

	event, err := s.held.read(ctx, d.Event)
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
