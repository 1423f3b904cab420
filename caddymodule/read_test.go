package caddymodule

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/hookward/hookward/internal/gate"
)

// TestReadAll reads bodies of every kind of length, however their bytes come.
func TestReadAll(t *testing.T) {
	t.Parallel()
	const limit = 100_000
	readers := map[string]func(io.Reader) io.Reader{
		"at once":        func(r io.Reader) io.Reader { return r },
		"byte by byte":   iotest.OneByteReader,
		"end with bytes": iotest.DataErrReader,
		"in halves":      iotest.HalfReader,
	}
	for name, reader := range readers {
		for _, size := range []int{0, 1, firstRead - 1, firstRead, firstRead + 1, firstChunk, firstChunk + 1, limit - 1, limit} {
			for _, declared := range []int64{-1, int64(size)} {
				t.Run(fmt.Sprintf("%s, %d of %d", name, size, declared), func(t *testing.T) {
					t.Parallel()
					want := bytes.Repeat([]byte("0123456789"), size/10+1)[:size]
					budget := newBudget()
					budget.setLimit(1 << 30)
					b := &bodyReader{budget: budget, limit: limit}
					got, err := b.readAll(reader(bytes.NewReader(want)), declared)
					if err != nil || !bytes.Equal(got, want) {
						t.Fatalf("%d bytes, %v", len(got), err)
					}
					if held := budget.inUse(); held < int64(cap(got)) {
						t.Errorf("%d bytes are reserved for room of %d", held, cap(got))
					}
					b.release()
					if budget.inUse() != 0 {
						t.Errorf("%d bytes stay reserved", budget.inUse())
					}
				})
			}
		}
	}
}

func TestReadAllRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 2000)
	for _, test := range []struct {
		name     string
		body     io.Reader
		declared int64
		limit    int64
		budget   int64
		want     gate.Reason
	}{
		{"longer than the limit", strings.NewReader(long), -1, 1999, 1 << 20, gate.BodyTooLarge},
		{"shorter than declared", strings.NewReader(long), 2001, 1 << 20, 1 << 20, gate.BodyIncomplete},
		{"broken off", io.MultiReader(strings.NewReader(long), iotest.ErrReader(io.ErrUnexpectedEOF)), -1, 1 << 20, 1 << 20, gate.BodyIncomplete},
		{"no room", strings.NewReader(long), 2000, 1 << 20, 1000, gate.BudgetExceeded},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			budget := newBudget()
			budget.setLimit(test.budget)
			b := &bodyReader{budget: budget, limit: test.limit}
			body, err := b.readAll(test.body, test.declared)
			var failed *bodyError
			if err == nil || !errors.As(classify(err), &failed) || failed.reason != test.want {
				t.Fatalf("got %d bytes and %v, want %s", len(body), err, test.want)
			}
			b.release()
			if budget.inUse() != 0 {
				t.Errorf("%d bytes stay reserved", budget.inUse())
			}
		})
	}
}

// TestAnnouncedBodyHoldsNothing: a body of which nothing has come takes nothing of
// the budget, however many of them there are.
func TestAnnouncedBodyHoldsNothing(t *testing.T) {
	t.Parallel()
	budget := newBudget()
	budget.setLimit(1 << 20)
	b := &bodyReader{budget: budget, limit: 1 << 20}
	var before int64 = -1
	_, err := b.readAll(readerFunc(func([]byte) (int, error) {
		before = budget.inUse()
		return 0, io.ErrUnexpectedEOF
	}), 1<<20)
	if err == nil || before != 0 {
		t.Errorf("while nothing has come, %d bytes are reserved (%v)", before, err)
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// A handler before us may end a body with a status of its own. The provider gets that
// one, and it is counted by the reason that is nearest.
func TestBodyEndedByAnother(t *testing.T) {
	h := runningHandler(t)
	for status, reason := range map[int]gate.Reason{
		http.StatusRequestEntityTooLarge: gate.BodyTooLarge,
		http.StatusRequestTimeout:        gate.BodyTooSlow,
		http.StatusTooManyRequests:       gate.BodyIncomplete,
	} {
		before := h.endpoint.stats.outcomes[result{"reject", reason}]
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", iotest.ErrReader(caddyhttp.Error(status, errors.New("another"))))
		r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), httptest.NewRecorder(), nil)
		err := h.ServeHTTP(httptest.NewRecorder(), r, caddyhttp.HandlerFunc(func(http.ResponseWriter, *http.Request) error {
			t.Error("it is forwarded")
			return nil
		}))
		failed, is := err.(caddyhttp.HandlerError) //nolint:errorlint // just as Caddy does
		if !is || failed.StatusCode != status {
			t.Errorf("status %d has become %v", status, err)
		}
		if counted := h.endpoint.stats.outcomes[result{"reject", reason}]; before != nil || counted == nil || counted.n != 1 {
			t.Errorf("status %d is counted %v", status, counted)
		}
	}
}
