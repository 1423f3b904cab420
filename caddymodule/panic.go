package caddymodule

import (
	"errors"
	"fmt"
	"net/http"
	"runtime"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"

	"github.com/hookward/hookward/internal/gate"
)

var errPanicked = errors.New("hookward: a panic while the delivery was handled")

// ServeHTTP follows one delivery to its end, even where something panics on the way:
// the provider is told to try again, and nothing stays claimed.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) (err error) {
	rec := newRecorder(w)
	defer func() {
		cause := recover()
		if cause == nil {
			return
		}
		if rec.claim != nil {
			rec.claim.Release(nil)
		}
		h.countPanic(rec)
		err = h.panicked(rec, cause)
		h.disarm(r)
	}()
	return h.serve(rec, r, next)
}

// countPanic counts a delivery that a panic has ended, unless it was refused, answered or
// handed on, and counted as that, before.
func (h *Handler) countPanic(rec *recorder) {
	if rec.counted {
		return
	}
	outcome := string(gate.Reject)
	if rec.handedOn {
		outcome = outcomeFailed
	}
	h.endpoint.stats.count(result{outcome, gate.Panicked})
}

// panicked ends a delivery on whose way something has panicked. Where the answer has
// begun, the connection is broken off, so that nobody takes it for a whole one.
func (h *Handler) panicked(rec *recorder, cause any) error {
	if err, is := cause.(error); is && errors.Is(err, http.ErrAbortHandler) {
		panic(http.ErrAbortHandler) // by which a handler breaks the connection off itself
	}
	h.logger.Error("panic", zap.String("endpoint", h.Name), zap.String("cause", causeText(cause)), zap.Stack("stack"))
	err := rec.fail(gate.Panicked, errPanicked)
	if rec.status != 0 {
		panic(http.ErrAbortHandler)
	}
	for _, name := range []string{"Content-Length", "Content-Encoding", "Content-Type"} {
		rec.Header().Del(name) // of the answer that is not coming
	}
	return err
}

// causeText tells of a panic what holds nothing of the request: its type, and the
// text of those that Go itself raises.
func causeText(cause any) string {
	if err, is := cause.(runtime.Error); is {
		return err.Error()
	}
	return fmt.Sprintf("%T", cause)
}
