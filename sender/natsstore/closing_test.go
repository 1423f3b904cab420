package natsstore

import (
	"context"
	"strings"
	"sync"
	"testing"
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
