package natsstore

import (
	"context"
	"net"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.uber.org/goleak"

	"github.com/hookward/hookward/sender"
)

// patience is how long a test waits for what must happen. It is never waited for in a
// test that passes.
const patience = time.Minute

func TestMain(m *testing.M) {
	if dir := os.Getenv(burstDir); dir != "" {
		burst(dir) // until it is killed
	}
	goleak.VerifyTestMain(m)
}

// newServer starts a NATS server that keeps its streams in dir.
func newServer(dir string, change func(*server.Options)) (*server.Server, error) {
	options := &server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT,
		JetStream: true, StoreDir: dir,
		NoLog: true, NoSigs: true,
	}
	if change != nil {
		change(options)
	}
	s, err := server.NewServer(options)
	if err != nil {
		return nil, err
	}
	s.Start()
	return s, nil
}

func startServer(tb testing.TB, dir string, change func(*server.Options)) *server.Server {
	tb.Helper()
	s, err := newServer(dir, change)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { stopServer(s) })
	mustListen(tb, s)
	return s
}

func mustListen(tb testing.TB, s *server.Server) {
	tb.Helper()
	if !s.ReadyForConnections(patience) {
		tb.Fatal("the server does not listen")
	}
}

func stopServer(s *server.Server) {
	s.Shutdown()
	s.WaitForShutdown()
}

// onPort has a server listen where an earlier one did.
func onPort(s *server.Server) func(*server.Options) {
	port := s.Addr().(*net.TCPAddr).Port
	return func(o *server.Options) { o.Port = port }
}

func dial(url string) (jetstream.JetStream, error) {
	conn, err := nats.Connect(url, nats.MaxReconnects(-1), nats.ReconnectWait(20*time.Millisecond))
	if err != nil {
		return nil, err
	}
	return jetstream.New(conn)
}

func connect(tb testing.TB, s *server.Server) jetstream.JetStream {
	tb.Helper()
	js, err := dial(s.ClientURL())
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(js.Conn().Close)
	return js
}

// newJetStream is a server of the test's own.
func newJetStream(tb testing.TB) jetstream.JetStream {
	tb.Helper()
	return connect(tb, startServer(tb, tb.TempDir(), nil))
}

func open(tb testing.TB, js jetstream.JetStream, options ...Option) *Store {
	tb.Helper()
	s, err := Open(tb.Context(), js, options...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { closeStore(tb, s) })
	return s
}

func closeStore(tb testing.TB, s *Store) {
	tb.Helper()
	if err := s.Close(); err != nil {
		tb.Errorf("close: %v", err)
	}
}

func newEvent(id string) *sender.Event {
	return &sender.Event{ID: id, Type: "listing.created", Time: time.Unix(1_700_000_000, 0).UTC(), Body: []byte(`{"a":1}`)}
}

func add(tb testing.TB, s *Store, event string, subscriptions ...string) {
	tb.Helper()
	if err := s.Add(tb.Context(), newEvent(event), subscriptions); err != nil {
		tb.Fatal(err)
	}
}

// receive waits for exactly n deliveries.
func receive(tb testing.TB, s *Store, n int) []sender.Delivery {
	tb.Helper()
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	defer cancel()
	var all []sender.Delivery
	for len(all) < n {
		batch, err := s.Receive(ctx, n-len(all))
		if err != nil {
			tb.Fatalf("receive after %d of %d: %v", len(all), n, err)
		}
		all = append(all, batch...)
	}
	return all
}

func done(tb testing.TB, s *Store, deliveries ...sender.Delivery) {
	tb.Helper()
	for _, d := range deliveries {
		if err := s.Done(tb.Context(), d); err != nil {
			tb.Fatal(err)
		}
	}
}

// nothingBut adds a delivery and waits for it, to show that no other one is due.
func nothingBut(tb testing.TB, s *Store, event string) {
	tb.Helper()
	add(tb, s, event, "sub_last")
	d := receive(tb, s, 1)[0]
	if d.Event != event {
		tb.Fatalf("received %s for %s, want %s only", d.Event, d.Subscription, event)
	}
	done(tb, s, d)
}

// eventually waits until the condition holds.
func eventually(tb testing.TB, what string, condition func() bool) {
	tb.Helper()
	for end := time.Now().Add(patience); !condition(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			tb.Fatalf("%s: not within %v", what, patience)
		}
	}
}

// numbered returns ids that end in 0 to n-1.
func numbered(prefix string, n int) []string {
	ids := make([]string, n)
	for i := range ids {
		ids[i] = prefix + strconv.Itoa(i)
	}
	return ids
}
