package sender

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"
)

func addEvent(t *testing.T, o *MemoryOutbox, id string, size int, subscriptions ...string) error {
	t.Helper()
	return o.Add(t.Context(), &Event{ID: id, Body: make([]byte, size)}, subscriptions)
}

func mustAdd(t *testing.T, o *MemoryOutbox, id string, subscriptions ...string) {
	t.Helper()
	if err := addEvent(t, o, id, 0, subscriptions...); err != nil {
		t.Fatal(err)
	}
}

func receive(t *testing.T, o *MemoryOutbox) Delivery {
	t.Helper()
	deliveries, err := o.Receive(t.Context(), 1)
	if err != nil || len(deliveries) != 1 {
		t.Fatalf("received %v, %v", deliveries, err)
	}
	return deliveries[0]
}

func TestMemoryLease(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := NewMemoryOutbox(MemoryLimits{})
		mustAdd(t, o, "evt_1", "sub_1")
		start := time.Now()
		lost := receive(t, o)
		lost.Attempts = 7 // which is not written down
		again := receive(t, o)
		if took := time.Since(start); took != memoryLease || again.Event != "evt_1" || again.Attempts != 0 {
			t.Fatalf("after %v: %+v", took, again)
		}
		// Who has lost the lease can not put it off any longer, but has it delivered.
		if err := o.Retry(t.Context(), lost, start.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		again = receive(t, o)
		if took := time.Since(start); took != 2*memoryLease {
			t.Fatalf("after %v: %+v", took, again)
		}
		if err := o.Done(t.Context(), lost); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if deliveries, err := o.Receive(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("received %v, %v", deliveries, err)
		}
		if err := errors.Join(o.Done(t.Context(), again), o.Retry(t.Context(), again, start), o.Done(t.Context(), Delivery{})); err != nil {
			t.Error(err)
		}
	})
}

// TestMemoryOrder: what is due first comes first, and what is due at the same time as
// it was added.
func TestMemoryOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := NewMemoryOutbox(MemoryLimits{})
		for i := range 10 {
			mustAdd(t, o, fmt.Sprintf("evt_%d", i), "sub_1")
		}
		for i := range 10 {
			d := receive(t, o)
			if want := fmt.Sprintf("evt_%d", i); d.Event != want {
				t.Fatalf("received %s, want %s", d.Event, want)
			}
			// The later ones are to come sooner now.
			if err := o.Retry(t.Context(), d, time.Now().Add(time.Duration(20-i)*time.Second)); err != nil {
				t.Fatal(err)
			}
		}
		for i := range 10 {
			d := receive(t, o)
			if want := fmt.Sprintf("evt_%d", 9-i); d.Event != want {
				t.Fatalf("received %s, want %s", d.Event, want)
			}
		}
	})
}

func TestMemoryRetention(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := NewMemoryOutbox(MemoryLimits{Retention: time.Hour})
		mustAdd(t, o, "evt_1", "sub_1")
		time.Sleep(30 * 24 * time.Hour) // what is owed does not expire
		d := receive(t, o)
		if err := o.Done(t.Context(), d); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour - 1)
		if _, err := o.Event(t.Context(), "evt_1"); err != nil {
			t.Fatalf("within the retention: %v", err)
		}
		time.Sleep(time.Nanosecond)
		if _, err := o.Event(t.Context(), "evt_1"); !errors.Is(err, ErrNotFound) {
			t.Errorf("after the retention: %v, want %v", err, ErrNotFound)
		}
		if err := o.Redeliver(t.Context(), "evt_1", "sub_1"); !errors.Is(err, ErrNotFound) {
			t.Errorf("redeliver: %v, want %v", err, ErrNotFound)
		}
		mustAdd(t, o, "evt_1", "sub_1") // it is unknown by now
	})
}

// TestMemoryRoom: settled events make room, the oldest first, and only as many as
// needed.
func TestMemoryRoom(t *testing.T) {
	t.Parallel()
	o := NewMemoryOutbox(MemoryLimits{Events: 3})
	for i := range 3 {
		mustAdd(t, o, fmt.Sprintf("evt_%d", i))
	}
	if err := o.Redeliver(t.Context(), "evt_0", "sub_1"); err != nil {
		t.Fatal(err)
	}
	mustAdd(t, o, "evt_3")
	for id, kept := range map[string]bool{"evt_0": true, "evt_1": false, "evt_2": true, "evt_3": true} {
		if _, err := o.Event(t.Context(), id); (err == nil) != kept {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// TestMemoryBytes: bodies and deliveries are counted, and the count goes back to zero.
func TestMemoryBytes(t *testing.T) {
	t.Parallel()
	o := NewMemoryOutbox(MemoryLimits{Bytes: 100_000})
	if err := addEvent(t, o, "evt_large", 100_000); !errors.Is(err, ErrFull) {
		t.Errorf("an event that never fits: %v", err)
	}
	if err := addEvent(t, o, "evt_wide", 0, make([]string, 1000)...); !errors.Is(err, ErrFull) {
		t.Errorf("a fan-out that never fits: %v", err)
	}
	if err := addEvent(t, o, "evt_1", 90_000, "sub_1"); err != nil {
		t.Fatal(err)
	}
	if err := addEvent(t, o, "evt_2", 10_000); !errors.Is(err, ErrFull) {
		t.Errorf("beside another: %v", err)
	}
	d := receive(t, o)
	for i := 0; ; i++ {
		if err := o.Redeliver(t.Context(), "evt_1", "sub_1"); errors.Is(err, ErrFull) {
			break
		} else if err != nil || i > 1000 {
			t.Fatalf("redelivery %d: %v", i, err)
		}
	}
	all, err := o.Receive(t.Context(), 10_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range append(all, d) {
		if err := o.Done(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	if err := addEvent(t, o, "evt_2", 90_000); err != nil {
		t.Errorf("once all is settled: %v", err)
	}
	o.forget(o.settled.first)
	if o.bytes != 0 || o.kept != 0 || len(o.events) != 0 || o.settled.length != 0 {
		t.Errorf("%d bytes, %d kept, %d events, %d settled are left", o.bytes, o.kept, len(o.events), o.settled.length)
	}
}

func TestMemoryHistoryForgetsTheOldest(t *testing.T) {
	t.Parallel()
	h := NewMemoryHistory(3)
	for n := range 5 {
		if err := h.Add(t.Context(), Attempt{Number: n}); err != nil {
			t.Fatal(err)
		}
	}
	got, err := h.Attempts(t.Context(), AttemptQuery{})
	if err != nil || len(got) != 3 || got[0].Number != 4 || got[2].Number != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}
