package outboxtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/hookward/hookward/sender"
)

func testLeased(t *testing.T, o box) {
	o.add("evt_1", "sub_1")
	leased := o.receiveOnly("evt_1 sub_1")
	o.nothingBut("evt_2", "sub_1")
	o.done(leased)
	o.nothingBut("evt_3", "sub_1")
}

func testReceiveWaits(t *testing.T, o box) {
	later := o.receiveLater()
	o.add("evt_1", "sub_1")
	got := <-later
	if got.err != nil || len(got.deliveries) != 1 || got.deliveries[0].Event != "evt_1" {
		t.Fatalf("received %+v, %v", got.deliveries, got.err)
	}
	o.done(got.deliveries[0])
}

func testReceiveLimit(t *testing.T, o box) {
	o.add("evt_1", "sub_1", "sub_2", "sub_3", "sub_4", "sub_5")
	seen := make(map[string]bool)
	for _, limit := range []int{2, 1, 2} {
		for _, d := range o.receive(limit) { // which looks at the limit
			seen[d.Subscription] = true
			o.done(d)
		}
	}
	if len(seen) != 5 {
		t.Errorf("received deliveries to %v", seen)
	}
}

func testReceiveContext(t *testing.T, o box) {
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := o.Receive(ctx, 1); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("receive: %v, want %v", err, context.DeadlineExceeded)
	}
	cancelled, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := o.Receive(cancelled, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("receive: %v, want %v", err, context.Canceled)
	}
	o.nothingBut("evt_1", "sub_1") // none was lost to the calls that ended
}

// testRace adds the same event many times at once.
func testRace(t *testing.T, o box) {
	const copies = 16
	results := make(chan error, copies)
	for range copies {
		go func() { results <- o.Add(t.Context(), newEvent("evt_1"), []string{"sub_1"}) }()
	}
	accepted := 0
	for range copies {
		switch err := <-results; {
		case err == nil:
			accepted++
		case !errors.Is(err, sender.ErrDuplicate):
			t.Errorf("add: %v", err)
		}
	}
	if accepted != 1 {
		t.Errorf("%d copies were accepted", accepted)
	}
	o.done(o.receiveOnly("evt_1 sub_1"))
	o.nothingBut("evt_2", "sub_1")
}

// testExactlyOnce has several senders take from one outbox while it is filled, and
// settle each delivery at the second time.
func testExactlyOnce(t *testing.T, o box) {
	const events, senders = 100, 4
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	var mu sync.Mutex
	done := make(map[string]int)
	settle := func(d sender.Delivery) error {
		if d.Attempts == 0 {
			d.Attempts++
			return o.Retry(t.Context(), d, time.Now())
		}
		mu.Lock()
		defer mu.Unlock()
		done[d.Event+" "+d.Subscription]++
		if len(done) == 2*events {
			cancel()
		}
		return o.Done(t.Context(), d)
	}

	var running sync.WaitGroup
	for range senders {
		running.Go(func() {
			for {
				batch, err := o.Receive(ctx, 10)
				if ctx.Err() != nil && len(batch) == 0 {
					return
				}
				for _, d := range batch {
					err = errors.Join(err, settle(d))
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	for n := range events {
		o.add(fmt.Sprintf("evt_%d", n), "sub_1", "sub_2")
	}
	running.Wait()
	if len(done) != 2*events {
		t.Errorf("%d of %d deliveries were given out", len(done), 2*events)
	}
	for name, times := range done {
		if times != 1 {
			t.Errorf("%q was given out %d times too often", name, times-1)
		}
	}
}
