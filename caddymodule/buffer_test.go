package caddymodule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func TestPoolFor(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{0: 0, 1: 0, 1024: 0, 1025: 1, 2048: 1, 1 << 20: 10, 1<<20 + 1: -1} {
		got := poolFor(n)
		if got != want {
			t.Errorf("%d bytes: pool %d, want %d", n, got, want)
		}
		if room := len(newBodyBuffer(n).bytes); room < n {
			t.Errorf("room of %d for %d bytes", room, n)
		}
	}
}

// What keeps on reading a body after its delivery has ended gets nothing of the next
// one that lies in the same place.
func TestBodyIsTakenBack(t *testing.T) {
	h := runningHandler(t)
	var kept io.ReadCloser
	next := caddyhttp.HandlerFunc(func(w http.ResponseWriter, r *http.Request) error {
		kept = r.Body
		if half := readSome(t, r.Body, 700); half != strings.Repeat("a", 700) {
			t.Errorf("the upstream read %q", half)
		}
		w.WriteHeader(http.StatusOK)
		return nil
	})
	if err := deliver(t, h, next, strings.Repeat("a", 1400)); err != nil {
		t.Fatal(err)
	}
	rest, err := io.ReadAll(kept)
	if len(rest) > 0 || !errors.Is(err, http.ErrBodyReadAfterClose) {
		t.Errorf("after the delivery %q could be read, with %v", rest, err)
	}
}

// A proxy that failed leaves the body to the error route, which may try elsewhere.
func TestBodyStaysForErrorRoutes(t *testing.T) {
	h := runningHandler(t)
	var kept io.ReadCloser
	failing := caddyhttp.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
		kept = r.Body
		return errors.Join(caddyhttp.Error(http.StatusBadGateway, errors.New("down")), kept.Close())
	})
	body := strings.Repeat("b", 1400)
	if err := deliver(t, h, failing, body); err == nil {
		t.Fatal("the error is gone")
	}
	for range 8 {
		if err := deliver(t, h, accepting, strings.Repeat("c", 1400)); err != nil {
			t.Fatal(err)
		}
	}
	if got := readSome(t, kept, len(body)); got != body {
		t.Errorf("the error route reads %.20q", got)
	}
}

// Many deliveries at once, of all sizes: each upstream reads its own body alone.
func TestBodiesDoNotMix(t *testing.T) {
	h := runningHandler(t)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			for n := range 200 {
				body := strings.Repeat(string(rune('a'+i)), 1+(n*n*7)%60_000)
				next := caddyhttp.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) error {
					got, err := io.ReadAll(r.Body)
					if err == nil && string(got) != body {
						err = fmt.Errorf("read another body: %.10q and not %.10q", got, body)
					}
					return err
				})
				if err := deliver(t, h, next, body); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

var accepting = caddyhttp.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) error {
	w.WriteHeader(http.StatusOK)
	return nil
})

// runningHandler returns a handler that takes any delivery.
func runningHandler(t *testing.T) *Handler {
	t.Helper()
	port, _ := freePorts(t)
	loadCaddy(t, caddyConfig(t, t.TempDir(), jsonObject{}, jsonObject{"servers": jsonObject{"main": jsonObject{
		"listen":          []string{fmt.Sprintf("127.0.0.1:%d", port)},
		"automatic_https": jsonObject{"disable": true},
		"routes": []jsonObject{endpointRoute("/hook", jsonObject{
			"provider_definition": unsignedProvider, "allow_unsigned": true, "dedupe": jsonObject{"off": true},
		})},
	}}}))
	app, err := caddy.ActiveContext().AppIfConfigured("hookward")
	if err != nil {
		t.Fatal(err)
	}
	return app.(*App).endpoints["test-hook"].handler
}

func deliver(t *testing.T, h *Handler, next caddyhttp.Handler, body string) error {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(body))
	repl := caddy.NewReplacer()
	r = caddyhttp.PrepareRequest(r, repl, httptest.NewRecorder(), nil)
	return h.ServeHTTP(httptest.NewRecorder(), r, next)
}

func readSome(t *testing.T, from io.Reader, n int) string {
	t.Helper()
	var got bytes.Buffer
	if _, err := io.CopyN(&got, from, int64(n)); err != nil {
		t.Fatal(err)
	}
	return got.String()
}
