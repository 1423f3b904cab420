package sender_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/sender"
)

// TestCloseDrains: attempts in flight end, and what waits stays in the outbox.
func TestCloseDrains(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var g gauge
		ends := answering(g.during(500 * time.Millisecond))
		outbox := sender.NewMemoryOutbox(sender.MemoryLimits{})
		registry := sender.NewMemoryRegistry()
		open := func() *sender.Sender {
			return newSender(t, ends.option(), sender.WithOutbox(outbox), sender.WithRegistry(registry), sender.WithConcurrency(1))
		}
		s := open()
		subscribe(t, s, sender.Subscription{})
		for range 3 {
			send(t, s)
		}
		synctest.Wait()
		start := time.Now()
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took != 500*time.Millisecond {
			t.Errorf("it took %v to close, want the half second of the attempt", took)
		}
		if r := attempts(t, s, sender.AttemptQuery{}); len(r) != 1 || r[0].Status != http.StatusOK {
			t.Errorf("records: %+v", r)
		}
		time.Sleep(time.Hour)
		if n := len(ends.got("")); n != 1 {
			t.Errorf("%d attempts, the last ones by a closed sender", n)
		}
		open()
		time.Sleep(time.Minute)
		if n := len(ends.got("")); n != 3 {
			t.Errorf("%d of 3 events came in the end", n)
		}
	})
}

// TestCloseCutsShort: when there is no more time attempts end, and lose nothing by it.
func TestCloseCutsShort(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(hang, status(http.StatusOK))
		outbox := sender.NewMemoryOutbox(sender.MemoryLimits{})
		registry := sender.NewMemoryRegistry()
		first := newSender(t, ends.option(), sender.WithOutbox(outbox), sender.WithRegistry(registry))
		subscription := subscribe(t, first, sender.Subscription{})
		send(t, first)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := first.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Fatalf("close: %v, want %v", err, context.DeadlineExceeded)
		}
		if r := attempts(t, first, sender.AttemptQuery{}); len(r) > 0 {
			t.Errorf("an attempt that was cut short was recorded: %+v", r)
		}
		if since := get(t, first, subscription.ID).FailingSince; !since.IsZero() {
			t.Error("the endpoint was blamed for it")
		}
		second := newSender(t, ends.option(), sender.WithOutbox(outbox), sender.WithRegistry(registry))
		synctest.Wait()
		if r := attempts(t, second, sender.AttemptQuery{}); len(r) != 1 || r[0].Number != 1 {
			t.Errorf("records of the next sender: %+v", r)
		}
	})
}

// TestCloseWithoutWaiting: a callback that does not end is not waited for, for ever.
func TestCloseWithoutWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		s := newSender(t, answering(status(http.StatusGone)).option(), sender.OnDisabled(func(sender.Subscription) { <-release }))
		subscribe(t, s, sender.Subscription{})
		send(t, s)
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("close: %v, want %v", err, context.DeadlineExceeded)
		}
		close(release)
	})
}

func TestClosed(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	subscription := subscribe(t, s, sender.Subscription{})
	for range 2 {
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	_, sendErr := s.Send(t.Context(), sender.Event{Type: "a"})
	_, subscribeErr := s.Subscribe(t.Context(), sender.Subscription{URL: "https://example.com"})
	for name, err := range map[string]error{
		"send": sendErr, "subscribe": subscribeErr, "redeliver": s.Redeliver(t.Context(), "evt_1", subscription.ID),
	} {
		if !errors.Is(err, sender.ErrClosed) {
			t.Errorf("%s: %v, want %v", name, err, sender.ErrClosed)
		}
	}
	if _, err := s.Attempts(t.Context(), sender.AttemptQuery{}); err != nil {
		t.Errorf("records can still be read: %v", err)
	}
}

// TestOutboxClosed: a sender whose outbox was closed says so and can be closed.
func TestOutboxClosed(t *testing.T) {
	t.Parallel()
	outbox := sender.NewMemoryOutbox(sender.MemoryLimits{})
	s := newSender(t, sender.WithOutbox(outbox))
	if err := outbox.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Send(t.Context(), sender.Event{Type: "a"}); !errors.Is(err, sender.ErrClosed) {
		t.Errorf("send: %v, want %v", err, sender.ErrClosed)
	}
}

// TestStoresAway: while outbox and registry do not answer nothing is lost, nobody is
// blamed, and it goes on once they do.
func TestStoresAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusOK))
		var gone away
		s := newSender(t, ends.option(),
			sender.WithOutbox(awayOutbox{sender.NewMemoryOutbox(sender.MemoryLimits{}), &gone}),
			sender.WithRegistry(awayRegistry{sender.NewMemoryRegistry(), &gone}))
		subscription := subscribe(t, s, sender.Subscription{})
		send(t, s)
		time.Sleep(time.Minute)
		event := send(t, s)
		gone.Store(true)
		if _, err := s.Send(t.Context(), sender.Event{Type: "a"}); !errors.Is(err, errAway) {
			t.Errorf("send: %v, want %v", err, errAway)
		}
		time.Sleep(time.Hour)
		gone.Store(false)
		time.Sleep(10 * time.Minute)
		for _, r := range attempts(t, s, sender.AttemptQuery{Event: event.ID}) {
			if r.Number != 1 || r.Status != http.StatusOK {
				t.Errorf("a record: %+v", r)
			}
		}
		send(t, s)
		synctest.Wait()
		seen := make(map[string]bool)
		for _, r := range ends.got("") {
			seen[r.Header.Get("Webhook-Id")] = true
		}
		if len(seen) != 3 {
			t.Errorf("%d of 3 events came", len(seen))
		}
		if since := get(t, s, subscription.ID).FailingSince; !since.IsZero() {
			t.Error("the endpoint was blamed")
		}
	})
}
