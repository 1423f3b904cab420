package sender

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// TestWatchStops: a ring that comes too late does nothing.
func TestWatchStops(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancelCause(t.Context())
		s := &Sender{config: &config{timeout: 15 * time.Second}}
		l, b := newLane(1), newBudget(1)
		w := s.watch(l, &place{budget: b}, end)
		w.stop()
		w.ring()
		w.ring()
		if _, aside := b.counts(); aside > 0 || l.lingering > 0 || ctx.Err() != nil {
			t.Errorf("%d are set aside, %d linger, %v", aside, l.lingering, ctx.Err())
		}
		time.Sleep(time.Minute)
	})
}
