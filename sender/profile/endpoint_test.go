package profile_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"
)

// request is what an endpoint got.
type request struct {
	method, path string
	header       http.Header
	body         string
}

// endpoint takes deliveries and echoes handshakes.
type endpoint struct {
	url        string
	handshakes chan request
	deliveries chan request
	// status answers deliveries, 0 is 200. echo replaces the secret of a handshake.
	status          atomic.Int64
	handshakeStatus atomic.Int64
	echo            atomic.Pointer[string]
}

func listen(tb testing.TB) *endpoint {
	tb.Helper()
	e := &endpoint{handshakes: make(chan request, 100), deliveries: make(chan request, 1000)}
	e.url = handle(tb, e.ServeHTTP)
	return e
}

// handle listens until the test is over, and returns the URL.
func handle(tb testing.TB, handler http.HandlerFunc) string {
	tb.Helper()
	server := httptest.NewServer(handler)
	tb.Cleanup(server.Close)
	return server.URL
}

func (e *endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	got := request{r.Method, r.URL.Path, r.Header.Clone(), string(body)}
	if len(body) > 0 {
		w.WriteHeader(status(&e.status))
		e.deliveries <- got
		return
	}
	echo := r.Header.Get(hookSecret)
	if other := e.echo.Load(); other != nil {
		echo = *other
	}
	w.Header().Set(hookSecret, echo)
	w.WriteHeader(status(&e.handshakeStatus))
	e.handshakes <- got
}

func status(of *atomic.Int64) int {
	if set := of.Load(); set != 0 {
		return int(set)
	}
	return http.StatusOK
}

// next waits for something to arrive.
func next(tb testing.TB, from chan request) request {
	tb.Helper()
	select {
	case got := <-from:
		return got
	case <-tb.Context().Done():
	case <-time.After(20 * time.Second):
	}
	tb.Fatal("nothing has arrived")
	return request{}
}

// none looks whether something has arrived.
func none(tb testing.TB, from chan request) {
	tb.Helper()
	select {
	case got := <-from:
		tb.Errorf("%s %s has arrived", got.method, got.path)
	default:
	}
}
