package sender

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// TestBudget: places and slots come back from wherever an attempt has ended, and
// those that are set aside have a bound of their own.
func TestBudget(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(2)
		attempt := func() *place {
			t.Helper()
			if n, err := b.reserve(t.Context(), 1); n != 1 || err != nil {
				t.Fatalf("reserved %d, %v", n, err)
			}
			b.received(1)
			if !b.slots.TryAcquire(1) {
				t.Fatal("there is no slot")
			}
			return &place{budget: b}
		}
		var aside []*place
		for range b.places {
			p := attempt()
			for range 2 { // twice is once
				if !p.stepAside() {
					t.Fatal("there is no room aside")
				}
			}
			aside = append(aside, p)
		}
		p := attempt()
		if p.stepAside() {
			t.Error("what is set aside has no bound")
		}
		if inHand, n := b.counts(); inHand != 1 || n != b.places {
			t.Errorf("%d are in hand and %d aside", inHand, n)
		}
		for _, p := range append(aside, p) {
			p.leave()
		}
		if inHand, n := b.counts(); inHand != 0 || n != 0 || !b.slots.TryAcquire(2) {
			t.Errorf("in the end %d are in hand and %d aside", inHand, n)
		}
	})
}

// TestBudgetWaits: reserve waits for room, takes no more than there is, and gives up
// with its context.
func TestBudgetWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := newBudget(1)
		n, err := b.reserve(t.Context(), 1000)
		if n != b.places || err != nil {
			t.Fatalf("reserved %d, %v", n, err)
		}
		b.received(n)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if n, err := b.reserve(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("reserved %d, %v", n, err)
		}
		time.AfterFunc(time.Second, func() { b.release(3) })
		if n, err := b.reserve(t.Context(), 5); n != 3 || err != nil {
			t.Errorf("reserved %d, %v", n, err)
		}
	})
}
