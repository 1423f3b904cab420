package sender

import (
	"context"
	"errors"
	"time"
)

const (
	// batchSize is the most deliveries that are received at a time.
	batchSize = 256
	// storeBackoff is how long the sender waits after a store has failed.
	storeBackoff = time.Second
	// sweepInterval is how often what is idle is forgotten.
	sweepInterval = time.Minute
)

// dispatch is the one goroutine that receives deliveries. It hands each to the lane
// of its subscription and waits for none of them. From here a delivery goes one way:
//
//	admit    its lane starts a runner with it, lets it wait or gives it a turn (lane.go)
//	run      a runner makes one delivery after the other, as long as any wait
//	deliver  finds subscription and event, and waits for the endpoint's rate (deliver.go)
//	attempt  asks the circuit, signs and sends (attempt.go, post.go, watch.go)
//	settle   judges the answer (settle.go), which ends in Done or Retry
//
// At each of these it may be put off: given back to the outbox, without an attempt that
// counts, until its turn (turn.go). What its attempt tells of the endpoint goes to the
// lane (observe.go) and to the registry (keeper.go).
func (s *Sender) dispatch() {
	swept := time.Now()
	for !s.isClosing() {
		deliveries, err := s.receive(s.receiving)
		if errors.Is(err, ErrClosed) {
			s.logger.Warn("the outbox was closed before the sender")
			return
		}
		if err != nil && !s.isClosing() {
			s.logger.Error("receive from the outbox", "error", err)
			sleep(s.receiving, storeBackoff)
		}
		s.admit(deliveries)
		if now := time.Now(); now.Sub(swept) > sweepInterval {
			s.lanes.sweep(now)
			s.directory.sweep()
			swept = now
		}
	}
}

// receive takes as many deliveries as there is room for.
func (s *Sender) receive(ctx context.Context) (deliveries []Delivery, err error) {
	places, err := s.budget.reserve(ctx, batchSize)
	if err != nil {
		return nil, err
	}
	defer func() { s.budget.received(len(deliveries)) }()
	defer s.recovered("receive", &err)
	return s.outbox.Receive(ctx, places)
}

// admit gives each delivery to its lane, which starts it, lets it wait or turns it
// away.
func (s *Sender) admit(deliveries []Delivery) {
	var away []turn
	now := time.Now()
	for _, d := range deliveries {
		s.held.hold(d)
		l := s.lanes.of(d.Subscription)
		switch decision, turned := l.admit(d, s.budget.room(), now); decision {
		case starts:
			// No endpoint holds a slot for long, so this is no wait for one of them.
			_ = s.budget.slots.Acquire(context.Background(), 1)
			now = time.Now()
			s.work.Go(func() { s.run(l, d) })
		case waits:
		case turnedAway:
			away = append(away, turned)
		}
	}
	if len(away) > 0 {
		s.work.Go(func() { s.turnAway(away) })
	}
}

// run delivers one after the other, as long as any wait in the lane. It starts with
// a slot.
func (s *Sender) run(l *lane, d Delivery) {
	for {
		ended := s.deliver(l, d)
		for _, other := range l.widen() {
			s.work.Go(func() {
				_ = s.budget.slots.Acquire(context.Background(), 1)
				s.run(l, other)
			})
		}
		next, more, away := l.next(ended)
		s.turnAway(away)
		if !more {
			return
		}
		d = next
		// Not before those who wait for a slot, so that lanes take turns.
		_ = s.budget.slots.Acquire(context.Background(), 1)
	}
}

// turnAway gives deliveries back to the outbox.
func (s *Sender) turnAway(away []turn) {
	if len(away) == 0 {
		return
	}
	for _, t := range away {
		s.putOff(t)
		s.held.drop(t.Delivery)
	}
	s.budget.release(len(away))
}

// putOff makes a delivery due again without counting an attempt. Where that fails it
// comes back when its lease has run out.
func (s *Sender) putOff(t turn) {
	if s.outboxAway.Load() {
		return
	}
	ctx := s.contexts.get(time.Now())
	s.telemetry.turnedAway.Add(ctx, 1, turnLabels[t.why]...)
	if err := s.retry(ctx, t.Delivery, t.at); err != nil {
		if ctx.Err() != nil && s.isClosing() {
			s.outboxAway.Store(true) // or Close would wait as long for each of the others
		}
		s.logger.Error("put a delivery off", "event", t.Event, "subscription", t.Subscription, "error", err)
	}
}

func (s *Sender) retry(ctx context.Context, d Delivery, at time.Time) (err error) {
	defer s.recovered("retry", &err)
	return s.outbox.Retry(ctx, d, at)
}

// sleep waits, or until ctx is done.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
