package natsstore

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/hookward/hookward/sender"
)

// TestServerRestart ends the server under a sender that is at work, and starts it
// again. Receive goes on, and nothing is lost.
func TestServerRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv := startServer(t, dir, nil)
	s := open(t, connect(t, srv), quiet, shortLeases)
	create(t, s, newSubscription("sub_before"))
	losesNothing(t, s, func() {
		there := onPort(srv)
		stopServer(srv)
		startServer(t, dir, there)
	})
	if _, err := s.Create(t.Context(), newSubscription("sub_after"), true); err != nil {
		t.Errorf("create: %v", err)
	}
	if list, err := s.List(t.Context(), sender.Filter{}); err != nil || len(list) != 2 {
		t.Errorf("list: %v, %v", list, err)
	}
}

// losesNothing disturbs a sender that accepts and delivers events.
func losesNothing(t *testing.T, s *Store, disturb func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var arrived sync.Map
	var working sync.WaitGroup
	defer working.Wait()
	defer stop()
	working.Go(func() { deliverTwice(ctx, t, s, &arrived) })

	ids := numbered("evt_", 300)
	some := make(chan struct{})
	working.Go(func() {
		for n, id := range ids {
			if n == len(ids)/3 {
				close(some)
			}
			addUntilAccepted(t, s, id)
		}
	})
	<-some
	disturb()
	for _, id := range ids {
		eventually(t, id+" arrives", func() bool {
			_, ok := arrived.Load(id)
			return ok
		})
	}
}

// deliverTwice settles deliveries at their second attempt. What it cannot settle
// comes again.
func deliverTwice(ctx context.Context, t *testing.T, s *Store, arrived *sync.Map) {
	for {
		deliveries, err := s.Receive(ctx, 10)
		if errors.Is(err, context.Canceled) {
			return
		}
		if err != nil {
			t.Errorf("receive: %v", err)
			return
		}
		for _, d := range deliveries {
			if d.Attempts++; d.Attempts == 1 {
				_ = s.Retry(ctx, d, time.Now().Add(100*time.Millisecond))
				continue
			}
			arrived.Store(d.Event, true)
			_ = s.Done(ctx, d)
		}
	}
}

// addUntilAccepted repeats an Add whose outcome is not known. That it was a duplicate
// says that it was accepted.
func addUntilAccepted(t *testing.T, s *Store, id string) {
	for t.Context().Err() == nil {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err := s.Add(ctx, newEvent(id), []string{"sub_1"})
		cancel()
		if err == nil || errors.Is(err, sender.ErrDuplicate) {
			return
		}
	}
}

// TestWatchAfterRestart has another sender change subscriptions while this one cannot
// hear of it.
func TestWatchAfterRestart(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	srv := startServer(t, dir, nil)
	s := open(t, connect(t, srv), quiet)
	create(t, s, newSubscription("sub_kept"))
	create(t, s, newSubscription("sub_deleted"))
	there := onPort(srv)
	stopServer(srv)

	elsewhere := startServer(t, dir, nil) // where this sender does not look
	other := open(t, connect(t, elsewhere))
	create(t, other, newSubscription("sub_new"))
	if err := other.Delete(t.Context(), "sub_deleted"); err != nil {
		t.Fatal(err)
	}
	closeStore(t, other)
	stopServer(elsewhere)

	startServer(t, dir, there)
	eventually(t, "the sender has caught up", func() bool {
		list, err := s.List(t.Context(), sender.Filter{})
		return err == nil && len(list) == 2 && list[0].ID == "sub_kept" && list[1].ID == "sub_new"
	})
}
