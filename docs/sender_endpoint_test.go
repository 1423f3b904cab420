package docs_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"time"

	"github.com/nats-io/nats-server/v2/server"
)

// endpoint is a customer's. It echoes the secret of a handshake.
type endpoint struct {
	*httptest.Server
	bodies chan string
}

func newEndpoint() *endpoint {
	e := &endpoint{bodies: make(chan string, 10)}
	e.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if secret := r.Header.Get("X-Hook-Secret"); secret != "" {
			w.Header().Set("X-Hook-Secret", secret)
			return
		}
		body, _ := io.ReadAll(r.Body)
		e.bodies <- string(body)
	}))
	return e
}

func showCustomer(secret string) { fmt.Printf("a secret of %d characters\n", len(secret)) }

// runNATS runs a server in this process.
func runNATS() (url string, shutdown func()) {
	dir, err := os.MkdirTemp("", "docs")
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
