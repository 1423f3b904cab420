package natsstore

import (
	"context"
	"testing"
	"time"
)

// TestLeaseIsExtended has a sender keep a delivery for several times its lease. Nobody
// else gets it meanwhile, and somebody does once that sender's store does nothing more.
func TestLeaseIsExtended(t *testing.T) {
	t.Parallel()
	srv := startServer(t, t.TempDir(), nil)
	at, other := open(t, connect(t, srv), WithLease(time.Second)), open(t, connect(t, srv), WithLease(time.Second))
	add(t, at, "evt_1", "sub_1")
	receive(t, at, 1)
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second) // the lease that must not run out
	defer cancel()
	if got, err := other.Receive(ctx, 1); len(got) > 0 {
		t.Fatalf("another got the delivery: %v", err)
	}
	at.stop() // as a crash does
	done(t, other, receive(t, other, 1)...)
}

// TestLeaseEnds has a sender neither settle a delivery nor die.
func TestLeaseEnds(t *testing.T) {
	t.Parallel()
	leases := newLeases(3*time.Second, time.Minute)
	start := time.Now()
	lost := leases.give(nil, delivery{})
	settled := leases.give(nil, delivery{})
	leases.end(settled)
	for _, c := range []struct {
		after time.Duration
		want  int
	}{{0, 0}, {1100 * time.Millisecond, 1}, {1200 * time.Millisecond, 0}, {30 * time.Second, 1}, {61 * time.Second, 0}} {
		due := leases.due(start.Add(c.after))
		if len(due) != c.want || len(due) > 0 && due[0] != lost {
			t.Errorf("after %v %d leases are extended, want %d", c.after, len(due), c.want)
		}
	}
	if len(leases.held) > 0 {
		t.Errorf("%d leases are remembered for ever", len(leases.held))
	}
}
