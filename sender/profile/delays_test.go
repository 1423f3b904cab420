package profile_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/sender/profile"
)

func TestReordered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		through := faulty(t, "everreal", profile.Faults{Reordered: 1}, w)
		start := time.Now()
		deliver(t.Context(), t, through, "alone")
		wantEqual(t, "the time that it was held", time.Since(start), 500*time.Millisecond)

		var sending sync.WaitGroup
		for _, body := range []string{"first", "second"} {
			sending.Go(func() { deliver(t.Context(), t, through, body) })
			time.Sleep(100 * time.Millisecond)
		}
		sending.Wait()
		// The first is held until its time is up, and that sets the second free.
		wantEqual(t, "what was sent", w.bodies(), []string{"alone", "first", "second"})

		ctx, cancel := context.WithCancel(t.Context())
		sending.Go(func() { deliver(ctx, t, through, "left") })
		synctest.Wait()
		start = time.Now()
		cancel()
		sending.Wait()
		wantEqual(t, "the time after the sender has left", time.Since(start), time.Duration(0))
	})
}

// TestOvertaken holds some and lets others pass.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		through := faulty(t, "everreal", profile.Faults{Seed: 1, Reordered: 0.5}, w)
		var sending sync.WaitGroup
		for i := range 100 {
			sending.Go(func() { deliver(t.Context(), t, through, fmt.Sprintf("%02d", i)) })
			time.Sleep(time.Millisecond)
		}
		sending.Wait()
		sent := w.bodies()
		overtaken := 0
		for i := range sent[1:] {
			if sent[i] > sent[i+1] {
				overtaken++
			}
		}
		if len(sent) != 100 || overtaken < 10 {
			t.Errorf("of %d, %d were overtaken", len(sent), overtaken)
		}
	})
}

func TestSlowBody(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := &wire{}
		through := faulty(t, "everreal", profile.Faults{SlowBody: 1}, w)
		for _, length := range []int{1, 100, 12_345} {
			start := time.Now()
			deliver(t.Context(), t, through, strings.Repeat("x", length))
			if took := time.Since(start); took < 990*time.Millisecond || took > time.Second {
				t.Errorf("%d bytes took %v", length, took)
			}
			wantEqual(t, "the length", len(w.bodies()[len(w.bodies())-1]), length)
		}
		wantEqual(t, "whether it was chunked", w.chunked, []bool{true, true, true})

		ctx, cancel := context.WithCancel(t.Context())
		var sending sync.WaitGroup
		sending.Go(func() { deliver(ctx, t, through, "left") })
		synctest.Wait()
		start := time.Now()
		cancel()
		sending.Wait()
		wantEqual(t, "the time after the sender has left", time.Since(start), time.Duration(0))
	})
}
