package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/hookward/hookward/caddymodule/redaction"
	"github.com/hookward/hookward/internal/dedupe"
	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/internal/gate"
)

// serve follows one delivery: checks that need no body, the body, the verdict, and
// what the verdict asks for.
func (h *Handler) serve(w *recorder, r *http.Request, next caddyhttp.Handler) error {
	ep := h.endpoint
	if err := h.app.open(); err != nil {
		closeAfterEarlyAnswer(w, r)
		h.disarm(r)
		w.Header().Set("Retry-After", retryAfter)
		return caddyhttp.Error(http.StatusServiceUnavailable, err)
	}
	d := newDelivery(r)
	early, refused := ep.gate.Precheck(r.Context(), d)
	if refused {
		closeAfterEarlyAnswer(w, r)
		return h.refuse(w, r, early)
	}
	body := bodyReader{budget: ep.shared.budget, client: shareholder(clientAddress(r)), limit: int64(h.MaxBody), timeout: h.timeout}
	defer body.release()
	var err error
	if d.Body, err = body.read(w, r); err != nil {
		return h.refuseBody(w, r, early.Slot, err)
	}
	v := h.judge(r.Context(), d)
	if v.Outcome == gate.Reject {
		return h.refuse(w, r, v)
	}
	w.hold(v.Claim)
	h.publish(r, &v)
	if v.Outcome == gate.Answer {
		return h.answer(w, r, &v)
	}
	lent := &lentBody{rest: d.Body}
	setBody(r, lent, len(d.Body))
	if err := h.forward(w, r, next, d, &v); err != nil {
		return err // with a body that an error route can still hand to another upstream
	}
	lent.takeBack()
	body.buffer.reuse()
	return nil
}

// judge asks for the verdict, and where the first copy is in flight waits for what
// becomes of it.
func (h *Handler) judge(ctx context.Context, d *gate.Delivery) gate.Verdict {
	start := time.Now()
	v := h.endpoint.gate.Judge(ctx, d)
	h.endpoint.observeJudge(time.Since(start))
	if v.Outcome != gate.Wait {
		return v
	}
	ctx, cancel := context.WithTimeout(ctx, h.endpoint.gate.WaitLimit())
	defer cancel()
	for v.Outcome == gate.Wait {
		result, err := v.Flight.Wait(ctx)
		if err != nil {
			return waitFailed(v.Slot, err)
		}
		v = h.endpoint.gate.Resume(v, result)
	}
	return v
}

func waitFailed(slot string, err error) gate.Verdict {
	reason := gate.WaitedTooLong
	switch {
	case errors.Is(err, dedupe.ErrTooManyWaiting):
		reason = gate.TooManyWaiting
	case errors.Is(err, dedupe.ErrTooManyInFlight):
		reason = gate.TooManyInFlight
	}
	return gate.Verdict{Outcome: gate.Reject, Reason: reason, Status: http.StatusServiceUnavailable, Err: err, Slot: slot}
}

// newDelivery takes path and query from the request as the client sent it: a
// rewrite may have changed the one at hand.
func newDelivery(r *http.Request) *gate.Delivery {
	url := r.URL
	if original, ok := r.Context().Value(caddyhttp.OriginalRequestCtxKey).(http.Request); ok {
		url = original.URL
	}
	return &gate.Delivery{
		Method: r.Method, Path: url.EscapedPath(), RawQuery: url.RawQuery,
		Host: r.Host, Header: r.Header, Received: time.Now(),
	}
}

// clientAddress is who sends, as far as the trusted proxies can tell.
func clientAddress(r *http.Request) string {
	address, _ := caddyhttp.GetVar(r.Context(), caddyhttp.ClientIPVarKey).(string)
	return address
}

// closeAfterEarlyAnswer ends the connection of a client that has not sent its body
// yet because it waits to be told to. It would wait for nothing otherwise. Others
// are in the middle of sending and would lose the answer to a reset.
func closeAfterEarlyAnswer(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 1 && strings.EqualFold(r.Header.Get("Expect"), "100-continue") {
		w.Header().Set("Connection", "close")
	}
}

// retryAfter is what a provider is told to wait after a fault of ours, in seconds.
const retryAfter = "5"

// refuse ends a delivery with the verdict's status. The reason is told to the
// provider too; it gives nothing away.
func (h *Handler) refuse(w *recorder, r *http.Request, v gate.Verdict) error {
	v.Outcome = gate.Reject
	h.publish(r, &v)
	h.recordRefusal(w, r, &v)
	h.disarm(r)
	header := w.Header()
	header.Set("Hookward-Reason", string(v.Reason))
	switch v.Status {
	case http.StatusServiceUnavailable:
		header.Set("Retry-After", retryAfter)
	case http.StatusMethodNotAllowed:
		header.Set("Allow", strings.Join(h.endpoint.gate.Methods(), ", "))
	}
	return caddyhttp.Error(v.Status, fmt.Errorf("hookward: delivery to %s refused: %w", h.Name, v.Reason))
}

func (h *Handler) refuseBody(w *recorder, r *http.Request, slot string, err error) error {
	failed := classify(err)
	if failed.unread {
		closeAfterEarlyAnswer(w, r)
	}
	v := h.endpoint.gate.Refuse(failed.reason, failed.err)
	v.Slot = slot
	if outer, is := errors.AsType[caddyhttp.HandlerError](failed.err); is {
		v.Status = outer.StatusCode // of a limit that the user has set himself
	}
	return h.refuse(w, r, v)
}

// answer ends a handshake, a challenge or a copy.
func (h *Handler) answer(w *recorder, r *http.Request, v *gate.Verdict) error {
	h.recordAnswer(w, r, v)
	maps.Copy(w.Header(), v.Header)
	w.WriteHeader(v.Status)
	if len(v.Body) == 0 {
		return nil
	}
	_, err := w.Write(v.Body)
	return err
}

// publish sets the placeholders. They are worked out only when they are asked for.
func (h *Handler) publish(r *http.Request, v *gate.Verdict) {
	repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if !ok {
		return
	}
	repl.Map(func(key string) (any, bool) {
		name, ours := strings.CutPrefix(key, "http.hookward.")
		if !ours {
			return nil, false
		}
		return h.placeholder(name, v)
	})
}

func (h *Handler) placeholder(name string, v *gate.Verdict) (any, bool) {
	switch name {
	case "endpoint":
		return h.Name, true
	case "provider":
		return h.provider.Name, true
	case "slot":
		return v.Slot, true
	case "outcome":
		return string(v.Outcome), true
	case "reason":
		return string(v.Reason), true
	}
	var e event.Event // where there is none, its placeholders are empty
	at := ""
	if v.Event != nil {
		e = h.hidden.Show(v.Event)
		at = e.Time.UTC().Format(time.RFC3339Nano)
		if h.hidden.Time {
			at = redaction.Hidden
		}
		if h.hidden.Type && name == "type" {
			return redaction.HiddenType{Of: v.Event}, true
		}
	}
	switch name {
	case "id":
		return e.ID, true
	case "type":
		return e.Type, true
	case "rawtype":
		return e.RawType, true
	case "source":
		return e.Source, true
	case "subject":
		return e.Subject, true
	case "time":
		return at, true
	case "key_id":
		return e.KeyID, true
	}
	return nil, false
}
