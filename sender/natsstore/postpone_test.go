package natsstore

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/hookward/hookward/sender"
)

// fillingServer has no room once it is full.
type fillingServer struct {
	jetstream.JetStream
	full atomic.Bool
}

func (s *fillingServer) PublishMsg(ctx context.Context, msg *nats.Msg, options ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	if s.full.Load() {
		return nil, &jetstream.APIError{ErrorCode: errInsufficientResources}
	}
	return s.JetStream.PublishMsg(ctx, msg, options...)
}

// TestRetryWithoutRoom has a server refuse retries. What was put off comes at its time,
// and what was attempted later each time, for its attempts cannot be counted.
func TestRetryWithoutRoom(t *testing.T) {
	t.Parallel()
	const lease = time.Second
	for name, c := range map[string]struct {
		attempts int
		after    time.Duration // it should come
		want     []time.Duration
	}{
		"put off":        {0, 1500 * time.Millisecond, []time.Duration{1500 * time.Millisecond, 1500 * time.Millisecond, 1500 * time.Millisecond}},
		"put off to now": {0, 0, []time.Duration{0, 0, 0}},
		"attempted":      {1, 10 * time.Millisecond, []time.Duration{lease, 2 * lease, 4 * lease}},
		"attempted last": {1, 2500 * time.Millisecond, []time.Duration{2500 * time.Millisecond, 2500 * time.Millisecond, 4 * lease}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := &fillingServer{JetStream: newJetStream(t)}
			s := open(t, srv, WithLease(lease))
			add(t, s, "evt_1", "sub_1")
			d := receive(t, s, 1)[0]
			srv.full.Store(true)
			for _, want := range c.want {
				d.Attempts += c.attempts
				start := time.Now()
				if err := s.Retry(t.Context(), d, start.Add(c.after)); !errors.Is(err, sender.ErrFull) {
					t.Fatalf("retry: %v, want %v", err, sender.ErrFull)
				}
				d = receive(t, s, 1)[0]
				if took := time.Since(start); took < want-50*time.Millisecond || took > want+lease*9/10 {
					t.Errorf("it came after %v, want %v", took, want)
				}
				if d.Attempts != 0 {
					t.Errorf("%d attempts are counted", d.Attempts)
				}
			}
			srv.full.Store(false)
			done(t, s, d)
			nothingBut(t, s, "evt_2")
		})
	}
}

// given is a message that was given out so many times.
type given struct {
	jetstream.Msg
	times uint64
}

func (g given) Metadata() (*jetstream.MsgMetadata, error) {
	if g.times == 0 {
		return nil, jetstream.ErrNotJSMessage
	}
	return &jetstream.MsgMetadata{NumDelivered: g.times}, nil
}

func TestUncountedPause(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		times       uint64
		lease, want time.Duration
	}{
		{0, 30 * time.Second, 30 * time.Second},
		{1, 30 * time.Second, 30 * time.Second},
		{2, 30 * time.Second, time.Minute},
		{6, 30 * time.Second, 16 * time.Minute},
		{7, 30 * time.Second, 30 * time.Minute},
		{1 << 40, 30 * time.Second, 30 * time.Minute},
		{1, time.Hour, 30 * time.Minute},
	} {
		if got := uncountedPause(given{times: c.times}, c.lease); got != c.want {
			t.Errorf("given out %d times with leases of %v: %v, want %v", c.times, c.lease, got, c.want)
		}
	}
}
