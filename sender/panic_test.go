package sender_test

import (
	"context"
	"log/slog"
	"net/http"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/sender"
)

// TestPanics: whatever is plugged in may panic, and events go on being delivered.
func TestPanics(t *testing.T) {
	t.Parallel()
	profile := sender.StandardWebhooks()
	profile.Render = func(event *sender.Event, s *sender.Subscription) ([]byte, error) {
		if s.URL == "https://bad" {
			panic("render")
		}
		return event.Body, nil
	}
	outbox := func(o badOutbox) sender.Option {
		o.Outbox = sender.NewMemoryOutbox(sender.MemoryLimits{})
		return sender.WithOutbox(&o)
	}
	plain := status(http.StatusInternalServerError)
	for name, c := range map[string]struct {
		bad    answer
		option func() sender.Option // made within the bubble
	}{
		"render":    {plain, func() sender.Option { return sender.WithProfile(profile) }},
		"transport": {func(http.ResponseWriter, request) error { panic("transport") }, nil},
		"history": {plain, func() sender.Option {
			return sender.WithHistory(&badHistory{History: sender.NewMemoryHistory(0)})
		}},
		"registry": {plain, func() sender.Option {
			return sender.WithRegistry(&badRegistry{sender.NewMemoryRegistry()})
		}},
		"callback": {status(http.StatusGone), func() sender.Option {
			return sender.OnDisabled(func(sender.Subscription) { panic("callback") })
		}},
		"logger":  {plain, func() sender.Option { return sender.WithLogger(slog.New(badHandler{slog.DiscardHandler})) }},
		"receive": {plain, func() sender.Option { return outbox(badOutbox{receive: 3}) }},
		"done":    {plain, func() sender.Option { return outbox(badOutbox{done: 3}) }},
		"retry":   {plain, func() sender.Option { return outbox(badOutbox{retry: 3}) }},
		"event":   {plain, func() sender.Option { return outbox(badOutbox{event: 3}) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ends := byHost(map[string]answer{"bad": c.bad})
				opts := []sender.Option{ends.option()}
				if c.option != nil {
					opts = append(opts, c.option())
				}
				s := newSender(t, opts...)
				subscribe(t, s, sender.Subscription{URL: "https://bad"})
				subscribe(t, s, sender.Subscription{URL: "https://good"})
				for range 10 {
					send(t, s)
					time.Sleep(10 * time.Minute) // for leases to run out
				}
				seen := make(map[string]bool)
				for _, r := range ends.got("good") {
					seen[r.Header.Get("Webhook-Id")] = true
				}
				if len(seen) != 10 {
					t.Errorf("%d of 10 events came to the good endpoint", len(seen))
				}
			})
		})
	}
}

// TestBadTransport: one that breaks its contract fails, and no more than that.
func TestBadTransport(t *testing.T) {
	t.Parallel()
	for name, trip := range map[string]roundTrip{
		"no answer and no error": func(*http.Request) (*http.Response, error) { return nil, nil },
		"a body that panics": func(*http.Request) (*http.Response, error) {
			return &http.Response{StatusCode: http.StatusInternalServerError, Body: badBody{}}, nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSender(t, through(trip), sender.WithCircuit(1, time.Minute))
				subscribe(t, s, sender.Subscription{})
				send(t, s)
				time.Sleep(time.Hour)
				if n := len(attempts(t, s, sender.AttemptQuery{})); n != 4 {
					t.Errorf("%d attempts, want 4: the circuit is not stuck", n)
				}
			})
		})
	}
}

// TestPanicInList: the registry's List is called for all who wait for it, on a goroutine
// that is nobody's.
func TestPanicInList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusOK))
		s := newSender(t, ends.option(), sender.WithRegistry(&badList{Registry: sender.NewMemoryRegistry()}))
		subscribe(t, s, sender.Subscription{})
		if _, err := s.Send(t.Context(), sender.Event{Type: "a"}); err == nil {
			t.Error("an event was accepted although nobody knows who wants it")
		}
		send(t, s)
		synctest.Wait()
		if n := len(ends.got("")); n != 1 {
			t.Errorf("%d attempts, want 1", n)
		}
	})
}

// badList panics at first.
type badList struct {
	sender.Registry
	calls atomic.Int64
}

func (r *badList) List(ctx context.Context, filter sender.Filter) ([]sender.Subscription, error) {
	if r.calls.Add(1) == 1 {
		panic("list")
	}
	return r.Registry.List(ctx, filter)
}

// badHandler panics where it hears of a circuit.
type badHandler struct{ slog.Handler }

func (badHandler) Enabled(context.Context, slog.Level) bool { return true }

func (badHandler) Handle(_ context.Context, r slog.Record) error {
	if r.Message == "circuit changed" {
		panic("logger")
	}
	return nil
}

type badBody struct{}

func (badBody) Read([]byte) (int, error) { panic("body") }

func (badBody) Close() error { return nil }

// badHistory panics at first.
type badHistory struct {
	sender.History
	calls atomic.Int64
}

func (h *badHistory) Add(ctx context.Context, a sender.Attempt) error {
	if h.calls.Add(1) < 5 {
		panic("history")
	}
	return h.History.Add(ctx, a)
}

// badOutbox panics so many times.
type badOutbox struct {
	sender.Outbox
	receive, done, retry, event int64
}

func trip(left *int64, what string) {
	if atomic.AddInt64(left, -1) >= 0 {
		panic(what)
	}
}

func (o *badOutbox) Receive(ctx context.Context, limit int) ([]sender.Delivery, error) {
	trip(&o.receive, "receive")
	return withoutContent(o.Outbox.Receive(ctx, limit))
}

func (o *badOutbox) Done(ctx context.Context, d sender.Delivery) error {
	trip(&o.done, "done")
	return o.Outbox.Done(ctx, d)
}

func (o *badOutbox) Retry(ctx context.Context, d sender.Delivery, at time.Time) error {
	trip(&o.retry, "retry")
	return o.Outbox.Retry(ctx, d, at)
}

func (o *badOutbox) Event(ctx context.Context, id string) (*sender.Event, error) {
	trip(&o.event, "event")
	return o.Outbox.Event(ctx, id)
}

// badRegistry cannot be written to.
type badRegistry struct{ sender.Registry }

func (r *badRegistry) Update(context.Context, sender.Subscription) (sender.Subscription, error) {
	panic("registry")
}
