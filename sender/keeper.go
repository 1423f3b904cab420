package sender

import (
	"context"
	"errors"
	"sync"
	"time"
)

// keeper writes what attempts tell about endpoints to the registry: since when they
// fail, and that they are disabled. Attempts do not wait for it, and it writes only
// what changes.
type keeper struct {
	sender *Sender
	wake   chan struct{}
	quit   context.Context
	stop   context.CancelFunc
	life   context.Context // ends after quit, and what is being written with it
	end    context.CancelFunc
	work   sync.WaitGroup // the keeper's own goroutine, and callbacks

	mu    sync.Mutex
	notes map[string]note // what is to be written, by subscription
}

// note is what is known of an endpoint since its subscription was written last.
type note struct {
	url       string    // of the endpoint
	recovered bool      // it had a success,
	failingAt time.Time // and after that a first failure
	latest    time.Time // and a last one
	gone      bool
}

func newKeeper(s *Sender) *keeper {
	k := &keeper{sender: s, wake: make(chan struct{}, 1), notes: make(map[string]note)}
	k.life, k.end = context.WithCancel(context.Background())
	k.quit, k.stop = context.WithCancel(k.life)
	return k
}

// close has the keeper write what it knows, within a time that does not depend on how
// much that is: the registry may be away.
func (k *keeper) close() {
	k.stop()
	defer time.AfterFunc(storeTimeout, k.end).Stop()
	k.work.Wait()
	k.end()
}

// recovered notes a success after a failure.
func (k *keeper) recovered(subscription *Subscription) {
	k.add(subscription.ID, note{url: subscription.URL, recovered: true})
}

// failed notes a failure if it changes something.
func (k *keeper) failed(subscription *Subscription, r *result) {
	since, gone := subscription.FailingSince, k.sender.isGone(r)
	if since.IsZero() || k.tooLong(since, r.at) || gone {
		k.add(subscription.ID, note{url: subscription.URL, failingAt: r.at, latest: r.at, gone: gone})
	}
}

// tooLong tells whether an endpoint that fails since then is to be disabled.
func (k *keeper) tooLong(since, now time.Time) bool {
	limit := k.sender.disableAfter
	return limit > 0 && now.Sub(since) >= limit
}

func (k *keeper) add(subscription string, n note) {
	k.mu.Lock()
	k.notes[subscription] = k.notes[subscription].and(n)
	k.mu.Unlock()
	k.rouse()
}

// and is what is known when a later note is added. What is known of another URL is
// forgotten.
func (n note) and(later note) note {
	if later.url != n.url {
		return later
	}
	later.gone = later.gone || n.gone
	if later.recovered {
		return later
	}
	later.recovered = n.recovered
	if !n.failingAt.IsZero() {
		later.failingAt = n.failingAt
	}
	return later
}

func (k *keeper) rouse() {
	select {
	case k.wake <- struct{}{}:
	default:
	}
}

// run writes notes until the keeper stops. What could not be written is tried again.
func (k *keeper) run() {
	for {
		select {
		case <-k.wake:
		case <-k.quit.Done():
			k.write()
			return
		}
		if !k.write() {
			sleep(k.quit, storeBackoff)
			k.rouse()
		}
	}
}

// write reports whether all notes could be written.
func (k *keeper) write() bool {
	k.mu.Lock()
	notes := k.notes
	k.notes = make(map[string]note)
	k.mu.Unlock()
	for subscription, n := range notes {
		err := k.apply(subscription, n)
		if err == nil || errors.Is(err, ErrNotFound) {
			delete(notes, subscription)
			continue
		}
		k.sender.logger.Error("write how an endpoint does", "subscription", subscription, "error", err)
	}

	k.mu.Lock()
	defer k.mu.Unlock()
	for subscription, n := range notes {
		later, found := k.notes[subscription]
		if found {
			n = n.and(later)
		}
		k.notes[subscription] = n
	}
	return len(notes) == 0
}

// apply writes one note.
func (k *keeper) apply(id string, n note) (err error) {
	defer k.sender.recovered("registry", &err)
	ctx, cancel := context.WithTimeout(k.life, storeTimeout)
	defer cancel()
	var reason Reason
	subscription, err := k.sender.change(ctx, id, func(s *Subscription) error {
		reason = ""
		if s.URL != n.url {
			return errUnchanged // the endpoint is another by now
		}
		before := s.FailingSince
		if n.recovered {
			s.FailingSince = time.Time{}
		}
		if s.FailingSince.IsZero() {
			s.FailingSince = n.failingAt
		}
		reason = k.verdict(s, n)
		if reason == "" && s.FailingSince.Equal(before) {
			return errUnchanged
		}
		if reason != "" {
			s.State, s.Reason = Disabled, reason
		}
		return nil
	})
	if err == nil && reason != "" {
		k.announce(subscription)
	}
	return err
}

// verdict says why the subscription is to be disabled, or nothing.
func (k *keeper) verdict(s *Subscription, n note) Reason {
	switch {
	case s.State != Active && s.State != Paused:
		return ""
	case n.gone:
		return Gone
	case !s.FailingSince.IsZero() && k.tooLong(s.FailingSince, n.latest):
		return Failing
	default:
		return ""
	}
}

// announce tells the caller that a subscription was disabled.
func (k *keeper) announce(s Subscription) {
	k.sender.telemetry.disabled.Add(k.quit, 1, label("reason", string(s.Reason)))
	k.sender.logger.Warn("a subscription is disabled", "subscription", s.ID, "reason", s.Reason, "failing_since", s.FailingSince)
	k.work.Go(func() {
		defer k.sender.recovered("callback", new(error))
		k.sender.onDisabled(s)
	})
}
