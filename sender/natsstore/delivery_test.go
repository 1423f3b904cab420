package natsstore

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/sender"
)

// TestHeadersHoldAnything has an event whose words would end a header.
func TestHeadersHoldAnything(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	want := &sender.Event{
		ID: "evt_1", Type: "a\r\nNats-Schedule: @every 1s", Tenant: " \x00 ü ", ContentType: "text/plain\n",
		Time: time.Unix(1_700_000_000, 1).UTC(), Body: []byte("x"),
	}
	accepted(t, js, want, "sub\r\n1 ")

	s := open(t, js)
	d := receive(t, s, 1)[0]
	if d.Subscription != "sub\r\n1 " {
		t.Errorf("received a delivery for %q", d.Subscription)
	}
	got, err := s.Event(t.Context(), "evt_1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("the event differs (-want +got):\n%s", diff)
	}
}

// TestForeignMessage has something among the deliveries that is none.
func TestForeignMessage(t *testing.T) {
	t.Parallel()
	var reported reports
	s := open(t, newJetStream(t), WithLogger(reported.logger()))
	if _, err := s.outbox.js.Publish(t.Context(), "sender.due.a.b.c", []byte("{")); err != nil {
		t.Fatal(err)
	}
	nothingBut(t, s, "evt_1")
	if reported.Load() == 0 {
		t.Error("nobody is told that a message was dropped")
	}
	eventually(t, "the message is gone", func() bool { return stored(t, s.deliveries) == 0 })
}

func TestForeignLease(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t))
	d := sender.Delivery{Event: "evt_1", Subscription: "sub_1", Lease: "mine"}
	if err := s.Done(t.Context(), d); !errors.Is(err, sender.ErrInvalid) {
		t.Errorf("done: %v, want %v", err, sender.ErrInvalid)
	}
	if err := s.Retry(t.Context(), d, time.Now()); !errors.Is(err, sender.ErrInvalid) {
		t.Errorf("retry: %v, want %v", err, sender.ErrInvalid)
	}
}

// TestContexts has every call that asks the server end with its context.
func TestContexts(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t))
	add(t, s, "evt_1", "sub_1", "sub_2")
	deliveries := receive(t, s, 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	one := newSubscription("sub_1")
	for name, call := range map[string]func() error{
		"Add":       func() error { return s.Add(ctx, newEvent("evt_2"), nil) },
		"Receive":   func() error { _, err := s.Receive(ctx, 1); return err },
		"Done":      func() error { return s.Done(ctx, deliveries[0]) },
		"Retry":     func() error { return s.Retry(ctx, deliveries[1], time.Now()) },
		"Redeliver": func() error { return s.Redeliver(ctx, "evt_1", "sub_1") },
		"Create":    func() error { _, err := s.Create(ctx, one, false); return err },
		"unique":    func() error { _, err := s.Create(ctx, one, true); return err },
		"Update":    func() error { _, err := s.Update(ctx, one); return err },
		"Delete":    func() error { return s.Delete(ctx, "sub_1") },
		"record":    func() error { return s.History().Add(ctx, sender.Attempt{Event: "evt_1", Subscription: "sub_1"}) },
		"Attempts":  func() error { _, err := s.History().Attempts(ctx, sender.AttemptQuery{}); return err },
	} {
		if err := call(); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want %v", name, err, context.Canceled)
		}
	}
}

// TestReceiveThatEnds has Receive end just when a delivery becomes due. One that was on
// its way then would be leased to nobody, for longer than this test waits.
func TestReceiveThatEnds(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t))
	for n, id := range numbered("evt_", 200) {
		ctx, cancel := context.WithCancel(t.Context())
		received := make(chan []sender.Delivery)
		go func() {
			deliveries, _ := s.Receive(ctx, 1)
			received <- deliveries
		}()
		add(t, s, id, "sub_1")
		time.Sleep(time.Duration(n) * 5 * time.Microsecond) // not for anything, but to vary the moment
		cancel()
		deliveries := <-received
		if len(deliveries) == 0 {
			deliveries = receive(t, s, 1)
		}
		done(t, s, deliveries...)
	}
}

// TestRetryAgain repeats a Retry whose outcome was not known: it makes no second delivery.
func TestRetryAgain(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t))
	add(t, s, "evt_1", "sub_1")
	d := receive(t, s, 1)[0]
	d.Attempts = 1
	due := time.Now().Add(time.Second)
	for range 3 {
		if err := s.Retry(t.Context(), d, due); err != nil {
			t.Fatal(err)
		}
	}
	done(t, s, receive(t, s, 1)...)
	nothingBut(t, s, "evt_2")
}

// TestWaitingOccupiesNoPlace has far more deliveries wait than a consumer may have
// unacknowledged by default.
func TestWaitingOccupiesNoPlace(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t))
	const waiting = 3000
	add(t, s, "evt_1", numbered("sub_", waiting)...)
	for _, d := range receive(t, s, waiting) {
		if err := s.Retry(t.Context(), d, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	nothingBut(t, s, "evt_2")
}

// TestShare has two senders take turns. Neither gets what the other has.
func TestShare(t *testing.T) {
	t.Parallel()
	srv := startServer(t, t.TempDir(), nil)
	stores := []*Store{open(t, connect(t, srv)), open(t, connect(t, srv))}
	const events, each = 200, 5
	for n, id := range numbered("evt_", events) {
		add(t, stores[n%2], id, numbered("sub_", each)...)
	}
	got := make(map[string]int)
	for n := 0; n < events*each; {
		for _, s := range stores {
			for _, d := range receive(t, s, 1) {
				got[d.Event+" "+d.Subscription]++
				n++
				done(t, s, d)
			}
		}
	}
	if len(got) != events*each {
		t.Errorf("%d different deliveries, want %d", len(got), events*each)
	}
	nothingBut(t, stores[0], "evt_last")
}
