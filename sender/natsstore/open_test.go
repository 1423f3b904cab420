package natsstore

import (
	"context"
	"errors"
	"log/slog"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/hookward/hookward/sender"
)

// TestOldServer talks to something that answers as nats-server 2.11 does.
func TestOldServer(t *testing.T) {
	t.Parallel()
	js := connect(t, startServer(t, t.TempDir(), func(o *server.Options) { o.JetStream = false }))
	answer := []byte(`{"type":"io.nats.jetstream.api.v1.account_info_response","memory":0,"storage":0,"streams":0,"limits":{},"api":{"level":1,"total":1,"errors":0}}`)
	if _, err := js.Conn().Subscribe("$JS.API.INFO", func(m *nats.Msg) { _ = m.Respond(answer) }); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), js)
	if !errors.Is(err, ErrServer) || !strings.Contains(err.Error(), "2.12") {
		t.Errorf("open: %v, want %v", err, ErrServer)
	}
}

func TestServerWithoutJetStream(t *testing.T) {
	t.Parallel()
	js := connect(t, startServer(t, t.TempDir(), func(o *server.Options) { o.JetStream = false }))
	if _, err := Open(t.Context(), js); !errors.Is(err, jetstream.ErrJetStreamNotEnabled) {
		t.Errorf("open: %v, want %v", err, jetstream.ErrJetStreamNotEnabled)
	}
}

func TestOpenEndsWithItsContext(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Open(ctx, js); !errors.Is(err, context.Canceled) {
		t.Errorf("open: %v, want %v", err, context.Canceled)
	}
}

// TestOpenAgain has the streams take on the options of whoever opens them last.
func TestOpenAgain(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	first := open(t, js)
	add(t, first, "evt_1", "sub_1")
	closeStore(t, first)

	second := open(t, js, WithRetention(time.Hour), WithMaxBytes(1<<20), WithHistory(time.Minute, 1<<20))
	config := second.events.CachedInfo().Config
	if config.MaxAge != time.Hour || config.MaxBytes != 1<<20 {
		t.Errorf("events are kept for %v in %d bytes", config.MaxAge, config.MaxBytes)
	}
	done(t, second, receive(t, second, 1)...)
}

func TestStorageCannotChange(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	closeStore(t, open(t, js))
	if _, err := Open(t.Context(), js, WithMemoryStorage()); err == nil || !strings.Contains(err.Error(), "sender_events") {
		t.Errorf("open: %v, want an error that names the stream", err)
	}
}

func TestMemoryStorage(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t), WithMemoryStorage())
	add(t, s, "evt_1", "sub_1")
	d := receive(t, s, 1)[0]
	d.Attempts = 1
	if err := s.Retry(t.Context(), d, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	done(t, s, receive(t, s, 1)...)
	if err := s.History().Add(t.Context(), sender.Attempt{Event: "evt_1", Subscription: "sub_1"}); err != nil {
		t.Error(err)
	}
}

func TestNamesKeepStoresApart(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	one, other := open(t, js, WithName("one")), open(t, js, WithName("other"))
	add(t, one, "evt_1", "sub_1")
	add(t, other, "evt_1", "sub_2") // no duplicate
	nothingThere := receive(t, other, 1)[0]
	if nothingThere.Subscription != "sub_2" {
		t.Errorf("received the delivery for %s", nothingThere.Subscription)
	}
	if _, err := one.Create(t.Context(), newSubscription("sub_1"), true); err != nil {
		t.Fatal(err)
	}
	if _, err := other.Create(t.Context(), newSubscription("sub_1"), true); err != nil {
		t.Fatal(err)
	}
}

// TestCloseEndsEverything looks for goroutines that outlive the store, while its
// connection stays open.
func TestCloseEndsEverything(t *testing.T) {
	s := open(t, newJetStream(t))
	add(t, s, "evt_1", numbered("sub_", 1000)...)
	done(t, s, receive(t, s, 10)...)
	received := make(chan error)
	go func() {
		for {
			if _, err := s.Receive(t.Context(), 1); err != nil {
				received <- err
				return
			}
		}
	}()
	closeStore(t, s)
	if err := <-received; !errors.Is(err, sender.ErrClosed) {
		t.Errorf("receive: %v, want %v", err, sender.ErrClosed)
	}
	nothingRuns(t)
}

// TestOpenThatFails leaves nothing running behind.
func TestOpenThatFails(t *testing.T) {
	js := newJetStream(t)
	config := jetstream.StreamConfig{Name: "thief", Subjects: []string{"sender.attempt.>"}}
	if _, err := js.CreateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(t.Context(), js); err == nil {
		t.Fatal("a store was opened whose subjects are another's")
	}
	nothingRuns(t)
}

// nothingRuns waits for goroutines of stores to end. TestMain looks at all that are
// left, but a server runs in this process too until then.
func nothingRuns(t *testing.T) {
	t.Helper()
	stacks := make([]byte, 1<<20)
	eventually(t, "no goroutine is left", func() bool {
		all := string(stacks[:runtime.Stack(stacks, true)])
		return !strings.Contains(all, "natsstore.(*") && !strings.Contains(all, "nats.go/jetstream.")
	})
}

func TestClosedStore(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t))
	add(t, s, "evt_1", "sub_1")
	closeStore(t, s)
	if err := s.Add(t.Context(), newEvent("evt_2"), nil); !errors.Is(err, sender.ErrClosed) {
		t.Errorf("add: %v, want %v", err, sender.ErrClosed)
	}
	if err := s.Redeliver(t.Context(), "evt_1", "sub_1"); !errors.Is(err, sender.ErrClosed) {
		t.Errorf("redeliver: %v, want %v", err, sender.ErrClosed)
	}
}

// TestConnectionIsClosed has the caller close the connection first.
func TestConnectionIsClosed(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	s := open(t, js, quiet)
	received := make(chan error)
	go func() {
		_, err := s.Receive(t.Context(), 1)
		received <- err
	}()
	js.Conn().Close()
	if err := <-received; !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("receive: %v, want %v", err, nats.ErrConnectionClosed)
	}
	if err := s.Add(t.Context(), newEvent("evt_1"), nil); !errors.Is(err, nats.ErrConnectionClosed) {
		t.Errorf("add: %v, want %v", err, nats.ErrConnectionClosed)
	}
	closeStore(t, s)
}

// reports counts what a store reports.
type reports struct{ atomic.Int64 }

func (r *reports) Write(line []byte) (int, error) {
	r.Add(1)
	return len(line), nil
}

func (r *reports) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(r, nil))
}

// quiet is for tests in which much goes wrong.
var quiet = WithLogger(slog.New(slog.DiscardHandler))
