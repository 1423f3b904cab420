package profile_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hookward/hookward/sender/profile"
)

// wire takes requests in place of a network, in the order in which they end.
type wire struct {
	mu       sync.Mutex
	requests []request
	chunked  []bool
	fail     error
	open     atomic.Int64 // bodies of requests and answers
}

func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	_ = req.Body.Close()
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, request{req.Method, req.URL.Path, req.Header.Clone(), string(body)})
	w.chunked = append(w.chunked, req.ContentLength < 0)
	if w.fail != nil {
		return nil, w.fail
	}
	w.open.Add(1)
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: &watchedBody{strings.NewReader("thanks"), w}}, nil
}

func (w *wire) bodies() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	bodies := make([]string, len(w.requests))
	for i, got := range w.requests {
		bodies[i] = got.body
	}
	return bodies
}

type watchedBody struct {
	*strings.Reader
	wire *wire
}

func (b *watchedBody) Close() error {
	b.wire.open.Add(-1)
	return nil
}

// faulty returns what makes the faults of a provider on the way to the wire.
func faulty(tb testing.TB, provider string, faults profile.Faults, w *wire) http.RoundTripper {
	tb.Helper()
	wrap, err := faults.Transport(provider)
	if err != nil {
		tb.Fatal(err)
	}
	return wrap(w)
}

// deliver sends a body with a proof.
func deliver(ctx context.Context, tb testing.TB, through http.RoundTripper, body string) {
	tb.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "https://example.com/hooks", bytes.NewReader([]byte(body)))
	if err != nil {
		tb.Error(err)
		return
	}
	req.Header.Set("X-Rechat-Signature", "00ff")
	resp, err := through.RoundTrip(req)
	if err != nil {
		if ctx.Err() == nil {
			tb.Error(err)
		}
		return
	}
	_ = resp.Body.Close()
}
