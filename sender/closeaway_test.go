package sender_test

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/sender"
)

// silence is of stores that do not answer: each call takes all the time that it has.
type silence struct{ atomic.Bool }

func (s *silence) wait(ctx context.Context) error {
	if !s.Load() {
		return nil
	}
	<-ctx.Done()
	return ctx.Err()
}

type silentOutbox struct {
	sender.Outbox
	*silence
}

func (o silentOutbox) Retry(ctx context.Context, d sender.Delivery, at time.Time) error {
	if err := o.wait(ctx); err != nil {
		return err
	}
	return o.Outbox.Retry(ctx, d, at)
}

type silentRegistry struct {
	sender.Registry
	*silence
}

func (r silentRegistry) Get(ctx context.Context, id string) (sender.Subscription, error) {
	if err := r.wait(ctx); err != nil {
		return sender.Subscription{}, err
	}
	return r.Registry.Get(ctx, id)
}

// TestCloseWithoutOutbox closes a sender while many deliveries wait for an endpoint and
// the stores do not answer. None of them is lost, and Close does not wait for each.
func TestCloseWithoutOutbox(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var silent silence
		outbox, registry := sender.NewMemoryOutbox(sender.MemoryLimits{}), sender.NewMemoryRegistry()
		ends := answering(func(http.ResponseWriter, request) error {
			time.Sleep(100 * time.Millisecond)
			return nil
		})
		s := newSender(t, ends.option(), sender.WithConcurrency(1), sender.WithRefresh(time.Millisecond),
			sender.WithOutbox(silentOutbox{outbox, &silent}), sender.WithRegistry(silentRegistry{registry, &silent}))
		subscribe(t, s, sender.Subscription{})
		const events = 20
		for range events {
			send(t, s)
		}
		time.Sleep(500 * time.Millisecond) // by now it is known how fast the endpoint is
		silent.Store(true)
		mustCloseWithin(t, s, 30*time.Second)

		silent.Store(false)
		newSender(t, ends.option(), sender.WithOutbox(outbox), sender.WithRegistry(registry))
		time.Sleep(time.Hour)
		got := make(map[string]bool)
		for _, r := range ends.got("") {
			got[r.Header.Get("Webhook-Id")] = true
		}
		if len(got) != events {
			t.Errorf("%d of %d events came", len(got), events)
		}
	})
}

// TestCloseWithoutRegistry closes a sender that has much to write to a registry that
// takes nothing.
func TestCloseWithoutRegistry(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSender(t, answering(status(http.StatusInternalServerError)).option(),
			sender.WithRegistry(readOnlyRegistry{sender.NewMemoryRegistry()}))
		for i := range 20 {
			subscribe(t, s, sender.Subscription{URL: fmt.Sprintf("https://failing-%d", i)})
		}
		send(t, s)
		synctest.Wait()
		mustCloseWithin(t, s, 30*time.Second)
	})
}

// readOnlyRegistry does not answer those who change something.
type readOnlyRegistry struct{ sender.Registry }

func (readOnlyRegistry) Update(ctx context.Context, _ sender.Subscription) (sender.Subscription, error) {
	<-ctx.Done()
	return sender.Subscription{}, ctx.Err()
}

func mustCloseWithin(t *testing.T, s *sender.Sender, most time.Duration) {
	t.Helper()
	start := time.Now()
	if err := s.Close(context.Background()); err != nil {
		t.Errorf("close: %v", err)
	}
	if took := time.Since(start); took > most {
		t.Errorf("it took %v to close, want %v at most", took, most)
	}
}

// forgetfulOutbox fails its first retry, and counts those that it takes.
type forgetfulOutbox struct {
	sender.Outbox
	failing, taken atomic.Int64
}

func (o *forgetfulOutbox) Retry(ctx context.Context, d sender.Delivery, at time.Time) error {
	if o.failing.Add(1) == 1 {
		return errAway
	}
	o.taken.Add(1)
	return o.Outbox.Retry(ctx, d, at)
}

// TestCloseThoughARetryFails: an outbox that answers is given back what waits, though
// one of the deliveries stays with the sender until its lease runs out.
func TestCloseThoughARetryFails(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		outbox := &forgetfulOutbox{Outbox: sender.NewMemoryOutbox(sender.MemoryLimits{})}
		ends := answering(func(http.ResponseWriter, request) error {
			time.Sleep(100 * time.Millisecond)
			return nil
		})
		s := newSender(t, ends.option(), sender.WithConcurrency(1), sender.WithOutbox(outbox))
		subscribe(t, s, sender.Subscription{})
		send(t, s)
		time.Sleep(time.Second) // it is known how fast the endpoint is, so some may wait
		for range 5 {
			send(t, s)
		}
		synctest.Wait()
		mustCloseWithin(t, s, time.Second)
		if n := outbox.taken.Load(); n != 3 {
			t.Errorf("%d of the other 3 that waited were given back", n)
		}
	})
}

// TestPutOffAfterSilence: an outbox that was away for a while takes back deliveries
// again.
func TestPutOffAfterSilence(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var silent silence
		outbox := &forgetfulOutbox{Outbox: sender.NewMemoryOutbox(sender.MemoryLimits{})}
		outbox.failing.Store(1)
		s := newSender(t, answering(status(http.StatusOK)).option(), sender.WithOutbox(silentOutbox{outbox, &silent}))
		subscription := subscribe(t, s, sender.Subscription{})
		if err := s.Pause(t.Context(), subscription.ID); err != nil {
			t.Fatal(err)
		}
		silent.Store(true)
		send(t, s)
		time.Sleep(time.Minute)
		silent.Store(false)
		time.Sleep(10 * time.Minute)
		if n := outbox.taken.Load(); n == 0 {
			t.Error("nothing was put off again")
		}
	})
}

// hastyRegistry does nothing for a caller who has no time left.
type hastyRegistry struct{ sender.Registry }

func (r hastyRegistry) Update(ctx context.Context, s sender.Subscription) (sender.Subscription, error) {
	if err := ctx.Err(); err != nil {
		return sender.Subscription{}, err
	}
	time.Sleep(time.Second)
	return r.Registry.Update(ctx, s)
}

// TestCloseWritesWhatIsKnown: that an endpoint has gone is written although the sender
// closes meanwhile.
func TestCloseWritesWhatIsKnown(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSender(t, answering(status(http.StatusGone)).option(), sender.WithRegistry(hastyRegistry{sender.NewMemoryRegistry()}))
		var all []sender.Subscription
		for i := range 3 {
			all = append(all, subscribe(t, s, sender.Subscription{URL: fmt.Sprintf("https://gone-%d", i)}))
		}
		send(t, s)
		synctest.Wait()
		mustCloseWithin(t, s, time.Minute)
		for _, subscription := range all {
			if got := get(t, s, subscription.ID); got.Reason != sender.Gone {
				t.Errorf("%s is %s", subscription.URL, got.State)
			}
		}
	})
}
