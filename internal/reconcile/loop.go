package reconcile

import (
	"errors"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/hookward/hookward/subscription"
)

// firstRetry is how long to wait after a first failure. The wait doubles with each
// one, up to the interval, and up to half of it is left out at random.
const firstRetry = 2 * time.Second

// Start begins to work in the background: at once, and from then on by the timer.
// It is called once, when the configuration is in force.
func (r *Reconciler) Start() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.done != nil || r.life.Err() != nil {
		return
	}
	r.done = make(chan struct{})
	close(r.started)
	go r.loop(r.done)
}

// Stop ends the work and waits for that: a call that is under way is given up,
// and a slot that is armed is disarmed. It may be called without Start, and more
// than once. After Stop nothing is done any more.
func (r *Reconciler) Stop() {
	r.mu.Lock()
	r.end()
	done := r.done
	r.mu.Unlock()
	if done == nil {
		return
	}
	<-done
	r.turn <- struct{}{} // for what was asked for by others
	<-r.turn
}

func (r *Reconciler) loop(done chan<- struct{}) {
	defer close(done)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for failures := 0; ; {
		select {
		case <-r.life.Done():
			return
		case <-timer.C:
		}
		err := r.Run(r.life)
		if errors.Is(err, ErrStopped) || r.life.Err() != nil {
			return
		}
		failures++
		if err == nil {
			failures = 0
		}
		wait := r.pause(failures, err)
		if err != nil {
			r.Logger.LogAttrs(r.life, slog.LevelWarn, "subscriptions are not as wanted", slog.String("endpoint", r.Endpoint),
				slog.String("error", err.Error()), slog.Int("failures", failures), slog.Duration("next_try", wait))
		}
		r.announce(wait)
		timer.Reset(wait)
	}
}

// pause is how long to wait after a number of failures in a row.
func (r *Reconciler) pause(failures int, err error) time.Duration {
	if failures == 0 {
		return r.Interval - rand.N(r.Interval/10+1) //nolint:gosec // spreads load, hides nothing
	}
	wait := r.Interval
	if doublings := failures - 1; doublings < 30 {
		wait = min(firstRetry<<doublings, r.Interval)
	}
	wait -= rand.N(wait/2 + 1) //nolint:gosec // spreads load, hides nothing
	return max(wait, askedFor(err))
}

// askedFor is how long the provider wants to be left alone: after several failures,
// the longest that it has said.
func askedFor(err error) (wait time.Duration) {
	all, _ := errors.AsType[failures](err)
	for _, f := range all {
		if refused, is := errors.AsType[*subscription.Error](f.err); is {
			wait = max(wait, refused.RetryAfter)
		}
	}
	return wait
}

func (r *Reconciler) announce(wait time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status.NextRun = r.Now().Add(wait)
}
