package natsstore

import (
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// TestCloseWithoutServer ends the server when a store has begun to make the deliveries of
// some events. Each question to the server waits in vain for seconds then.
func TestCloseWithoutServer(t *testing.T) {
	t.Parallel()
	srv := startServer(t, t.TempDir(), nil)
	js := connect(t, srv)
	o := accepted(t, js, newEvent("evt_0"), "sub_1")
	for _, id := range numbered("evt_", 10)[1:] {
		if err := o.store(t.Context(), newEvent(id), []string{"sub_1"}); err != nil {
			t.Fatal(err)
		}
	}
	begun, err := o.accepted.available(10)
	if err != nil || len(begun) != 10 {
		t.Fatalf("%d events: %v", len(begun), err)
	}
	giveBack(begun)

	gone := make(chan struct{})
	leave := sync.OnceFunc(func() {
		stopServer(srv)
		close(gone)
	})
	s, err := Open(t.Context(), leavingServer{js, leave}, quiet, shortGrace)
	if err != nil {
		t.Fatal(err)
	}
	<-gone
	start := time.Now()
	err = s.Close()
	if took := time.Since(start); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
	if err == nil || !strings.Contains(err.Error(), "accepted events wait") {
		t.Errorf("close: %v, want an error that says what is left", err)
	}
}

// TestOutlast: what has begun may go on for a while after the end, and no longer.
func TestOutlast(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, end := context.WithCancel(context.Background())
		longer, cancel := outlast(ctx, time.Second)
		defer cancel()
		time.Sleep(time.Hour)
		end()
		time.Sleep(time.Second - 1)
		if longer.Err() != nil {
			t.Error("it ended too early")
		}
		time.Sleep(time.Millisecond)
		if longer.Err() == nil {
			t.Error("it did not end")
		}
	})
}

// TestWhatIsLeft counts the events whose deliveries the server had no room for.
func TestWhatIsLeft(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	o := accepted(t, js, newEvent("evt_0"), "sub_1")
	for _, id := range numbered("evt_", 3)[1:] {
		if err := o.store(t.Context(), newEvent(id), []string{"sub_1"}); err != nil {
			t.Fatal(err)
		}
	}
	msgs, err := o.accepted.available(10)
	if err != nil {
		t.Fatal(err)
	}
	full := &fillingServer{JetStream: js}
	full.full.Store(true)
	o.js, o.logger = full, slog.New(slog.DiscardHandler)
	if left := o.spread(t.Context(), msgs); left != 3 {
		t.Errorf("%d events are left, want 3", left)
	}
}

func shortGrace(c *config) error {
	c.grace = 100 * time.Millisecond
	return nil
}

// leavingServer leaves as soon as it is asked what is owed of an event.
type leavingServer struct {
	jetstream.JetStream
	leave func()
}

func (l leavingServer) CreateOrUpdateStream(ctx context.Context, c jetstream.StreamConfig) (jetstream.Stream, error) {
	stream, err := l.JetStream.CreateOrUpdateStream(ctx, c)
	return leavingStream{stream, l.leave}, err
}

type leavingStream struct {
	jetstream.Stream
	leave func()
}

func (l leavingStream) Info(ctx context.Context, options ...jetstream.StreamInfoOpt) (*jetstream.StreamInfo, error) {
	if len(options) > 0 { // of some subjects only
		l.leave()
	}
	return l.Stream.Info(ctx, options...)
}
