package sender

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

const (
	maxExcerpt = 1 << 10
	// maxStart is how much of an answer is looked at for secrets, so that the excerpt
	// does not end within one.
	maxStart = 2 * maxExcerpt
	// maxDrain and drainTimeout bound what is read of an answer so that its
	// connection can be used again. Beyond that a new connection is cheaper.
	maxDrain     = 64 << 10
	drainTimeout = time.Second
)

// result is what came of an attempt.
type result struct {
	at         time.Time // by the sender's clock
	ended      time.Time // by the real one
	took       time.Duration
	status     int
	err        error // why there is no status
	excerpt    string
	retryAfter time.Duration // what the endpoint asks for, 0: nothing
	// blameless results say nothing about the endpoint, for nothing was sent.
	blameless bool
	// turned is set where there was no attempt after all.
	turned *turn
}

// attempt sends the event to the endpoint once.
func (s *Sender) attempt(l *lane, p *place, d Delivery, subscription *Subscription, event *Event, start time.Time) (r result) {
	ctx, end := context.WithCancelCause(s.life)
	defer end(nil)
	ctx, span := s.telemetry.startAttempt(ctx)
	defer span.End()

	r.at = s.now()
	req, err := s.newPost(ctx, l, subscription, event, r.at)
	if err != nil {
		r.err, r.blameless = err, true
	} else if ok, h := l.permit(start); !ok {
		away := l.giveTurn(d, h)
		return result{turned: &away, ended: start}
	} else {
		w := s.watch(l, p, end)
		s.exchange(req, w, &r)
		w.stop()
		r.hide(ctx, subscription.Secrets)
	}
	r.ended = time.Now()
	r.took = r.ended.Sub(start)
	if errors.Is(r.err, errClosing) {
		return result{turned: &turn{d, r.ended, becauseClosing}, ended: r.ended}
	}
	s.telemetry.endAttempt(span, d, &r)
	return r
}

// exchange sends the request and reads the answer. It follows no redirect: a redirect
// is no success.
func (s *Sender) exchange(req *http.Request, w *watch, r *result) {
	defer s.recovered("transport", &r.err)
	resp, err := s.transport.RoundTrip(req)
	if err != nil {
		r.err = err
		return
	}
	defer resp.Body.Close()
	w.hasAnswer()
	r.status = resp.StatusCode
	r.retryAfter = retryAfter(resp.Header.Get("Retry-After"), r.at)
	r.excerpt = drain(resp.Body)
}

// startBuffers are for the start of an answer, which mostly is far shorter.
var startBuffers = sync.Pool{New: func() any { return new([maxStart]byte) }}

// drain returns the start of the body and reads on, so that the connection can be
// used again.
func drain(body io.Reader) string {
	buffer := startBuffers.Get().(*[maxStart]byte)
	defer startBuffers.Put(buffer)
	n, err := io.ReadFull(body, buffer[:])
	if err == nil {
		_, _ = io.CopyN(io.Discard, body, maxDrain)
	}
	return string(buffer[:n])
}

// hide takes out what must not be reported. An endpoint may send back a secret.
func (r *result) hide(ctx context.Context, secrets []Secret) {
	excerpt := redact(r.excerpt, secrets)
	if len(r.excerpt) == maxStart {
		excerpt = cutSecret(excerpt, secrets) // the answer may go on
	}
	r.excerpt = strings.ToValidUTF8(excerpt[:min(len(excerpt), maxExcerpt)], "?")
	if r.err == nil {
		return
	}
	if cause := context.Cause(ctx); cause != nil {
		r.err = cause // a transport need not know why the context ended
		return
	}
	r.err = newRequestError(r.err, secrets)
}
