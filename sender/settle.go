package sender

import (
	"context"
	"log/slog"
	"time"
)

// settle decides what an attempt means, writes it down, and ends the delivery or
// makes it due again.
func (s *Sender) settle(l *lane, d Delivery, subscription *Subscription, r *result) {
	if r.turned != nil {
		s.putOff(*r.turned)
		return
	}
	d.Attempts++
	o, wait := s.judge(d, r)
	s.tell(l, subscription, r)
	record := Attempt{
		Event: d.Event, Subscription: d.Subscription, Number: d.Attempts,
		At: r.at, Duration: r.took, Status: r.status, Error: errorText(r.err), Excerpt: r.excerpt,
	}
	if o == failed {
		record.Next = r.at.Add(r.took + wait)
	}

	ctx := s.contexts.get(r.ended)
	s.telemetry.attempted(ctx, o, r.status, r.took)
	s.logAttempt(ctx, d, o, r)
	s.record(ctx, record)

	ctx = s.contexts.get(time.Now()) // a history that is away has used up the other one
	if o == failed {
		s.again(ctx, d, r.ended.Add(wait))
		return
	}
	s.done(ctx, d, o, r.ended)
}

func (s *Sender) logAttempt(ctx context.Context, d Delivery, o outcome, r *result) {
	if !s.logger.Enabled(ctx, slog.LevelDebug) {
		return
	}
	s.logger.LogAttrs(ctx, slog.LevelDebug, "attempt",
		slog.String("event", d.Event), slog.String("subscription", d.Subscription), slog.Int("number", d.Attempts),
		slog.String("outcome", string(o)), slog.Int("status", r.status), slog.Duration("took", r.took))
}

// judge says what came of the delivery and, where it only failed so far, when it is
// tried again.
func (s *Sender) judge(d Delivery, r *result) (outcome, time.Duration) {
	switch {
	case r.delivered():
		return delivered, 0
	case s.isGone(r):
		return gone, 0
	}
	wait, more := s.schedule.after(d.Attempts)
	if !more {
		return exhausted, 0
	}
	return failed, max(wait, r.retryAfter)
}

// tell lets the lane and the keeper know how the endpoint does.
func (s *Sender) tell(l *lane, subscription *Subscription, r *result) {
	if r.blameless {
		return
	}
	if r.delivered() {
		if l.failedLast() || !subscription.FailingSince.IsZero() {
			s.keeper.recovered(subscription)
		}
		l.succeeded(r.took, r.ended)
		return
	}
	l.failed(r.took, r.ended)
	if r.overloaded() {
		l.slowDown(r.retryAfter)
	}
	if s.isGone(r) {
		l.leaveAlone(storeBackoff, becauseGone) // until the subscription is disabled
	}
	s.keeper.failed(subscription, r)
}

// drop settles a delivery that nobody wants any longer.
func (s *Sender) drop(d Delivery, why string) {
	s.record(s.contexts.get(time.Now()), Attempt{Event: d.Event, Subscription: d.Subscription, Number: d.Attempts, At: s.now(), Error: "not attempted: " + why})
	now := time.Now()
	s.done(s.contexts.get(now), d, dropped, now)
}

func (s *Sender) record(ctx context.Context, a Attempt) {
	var err error
	func() {
		defer s.recovered("history", &err)
		err = s.history.Add(ctx, a)
	}()
	if err != nil {
		s.logger.Error("record an attempt", "event", a.Event, "subscription", a.Subscription, "error", err)
	}
}

func (s *Sender) done(ctx context.Context, d Delivery, o outcome, now time.Time) {
	s.telemetry.settled(ctx, o, now.Sub(d.Accepted))
	if o == exhausted {
		s.logger.Warn("a delivery is given up", "event", d.Event, "subscription", d.Subscription, "attempts", d.Attempts)
	}
	if err := s.outbox.Done(ctx, d); err != nil {
		// It is attempted once more when its lease has run out.
		s.logger.Error("settle a delivery", "event", d.Event, "subscription", d.Subscription, "error", err)
	}
}

func (s *Sender) again(ctx context.Context, d Delivery, at time.Time) {
	if err := s.retry(ctx, d, at); err != nil {
		s.logger.Error("retry a delivery", "event", d.Event, "subscription", d.Subscription, "error", err)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
