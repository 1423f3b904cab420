package natsstore_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/natsstore"
)

// A sender keeps all that it must not lose in JetStream. It is closed before its store,
// and that before the connection.
func Example() {
	ctx := context.Background()
	url, shutdown := runServer()
	defer shutdown()

	conn, err := nats.Connect(url)
	if err != nil {
		panic(err)
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		panic(err)
	}
	store, err := natsstore.Open(ctx, js, natsstore.WithRetention(72*time.Hour))
	if err != nil {
		panic(err)
	}
	defer store.Close()

	s, err := sender.New(
		sender.WithOutbox(store),
		sender.WithRegistry(store),
		sender.WithHistory(store.History()),
		sender.WithPlainHTTP(), // for this example's endpoint only
		sender.WithAllowedNetworks(netip.MustParsePrefix("127.0.0.0/8")),
	)
	if err != nil {
		panic(err)
	}
	defer s.Close(ctx)

	bodies := make(chan string)
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies <- string(body)
	}))
	defer endpoint.Close()

	if _, err := s.Subscribe(ctx, sender.Subscription{URL: endpoint.URL, Types: []string{"listing.*"}}); err != nil {
		panic(err)
	}
	// Once Send has returned, the event survives this process and the server's.
	if _, err := s.Send(ctx, sender.Event{Type: "listing.created", Body: []byte(`{"listing":7}`)}); err != nil {
		panic(err)
	}
	fmt.Println(<-bodies)
	// Output: {"listing":7}
}

// runServer runs a NATS server in this process. Real ones are elsewhere, or a cluster.
func runServer() (url string, shutdown func()) {
	dir, err := os.MkdirTemp("", "natsstore")
	if err != nil {
		panic(err)
	}
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT,
		JetStream: true, StoreDir: dir, SyncAlways: true,
		NoLog: true, NoSigs: true,
	})
	if err != nil {
		panic(err)
	}
	s.Start()
	if !s.ReadyForConnections(time.Minute) {
		panic("the server does not listen")
	}
	return s.ClientURL(), func() {
		s.Shutdown()
		s.WaitForShutdown()
		_ = os.RemoveAll(dir)
	}
}
