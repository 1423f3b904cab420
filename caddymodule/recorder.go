package caddymodule

import (
	"bufio"
	"errors"
	"io"
	"maps"
	"net"
	"net/http"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/hookward/hookward/internal/dedupe"
	"github.com/hookward/hookward/internal/gate"
)

var errUnhandled = errors.New("hookward: no handler after the endpoint answered; end its route in a reverse_proxy or the like")

// recorder notes what a delivery is answered, for the copies that wait for it and for
// the report. The answer itself passes through as it comes.
type recorder struct {
	caddyhttp.ResponseWriterWrapper
	claim      *dedupe.Claim // that this delivery holds; nil where copies are not looked for
	status     int
	body       []byte
	share      bool        // whether the body is kept
	whole      bool        // whether the chain came to its end, so that nothing of the answer is missing
	failStatus int         // of the error that the chain returned
	failReason gate.Reason // why there is no answer of the upstream's, where that is not its own doing
	success    http.Header // what a success answer carries besides
	handedOn   bool        // whether the delivery is an event that was handed on
	counted    bool        // whether what became of the delivery is counted
}

func newRecorder(w http.ResponseWriter) *recorder {
	return &recorder{ResponseWriterWrapper: caddyhttp.ResponseWriterWrapper{ResponseWriter: w}}
}

// hold notes the delivery's claim. With it, copies may come to wait for the answer.
func (rec *recorder) hold(claim *dedupe.Claim) {
	rec.claim, rec.share = claim, claim != nil
}

// WriteHeader implements [http.ResponseWriter].
func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 && status >= 200 {
		rec.begin(status)
	}
	if status == http.StatusSwitchingProtocols {
		rec.status, rec.share = status, false
	}
	rec.ResponseWriter.WriteHeader(status)
}

// begin notes the status before the header is written.
func (rec *recorder) begin(status int) {
	rec.status = status
	if rec.succeeded() {
		maps.Copy(rec.Header(), rec.success)
	}
}

// Write implements [http.ResponseWriter].
func (rec *recorder) Write(b []byte) (int, error) {
	if rec.status == 0 {
		rec.begin(http.StatusOK)
	}
	if rec.share {
		if len(rec.body)+len(b) > dedupe.MaxSharedBody {
			rec.share, rec.body = false, nil
		} else {
			rec.body = append(rec.body, b...)
		}
	}
	return rec.ResponseWriter.Write(b)
}

// ReadFrom implements [io.ReaderFrom], by which a proxy copies an answer at once.
func (rec *recorder) ReadFrom(r io.Reader) (int64, error) {
	if rec.share {
		return io.Copy(struct{ io.Writer }{rec}, r)
	}
	if rec.status == 0 {
		rec.begin(http.StatusOK)
	}
	return rec.ResponseWriterWrapper.ReadFrom(r)
}

// Flush is called for answers that are streamed; those are not shared.
func (rec *recorder) Flush() {
	_ = rec.FlushError()
}

// FlushError does the same for [http.ResponseController].
func (rec *recorder) FlushError() error {
	if rec.status == 0 {
		rec.begin(http.StatusOK) // a flush writes the header
	}
	rec.share, rec.body = false, nil
	return http.NewResponseController(rec.ResponseWriter).Flush()
}

// Hijack is called for connections that are upgraded. What is written on one nobody
// sees, so it is no success.
func (rec *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	rec.share, rec.body = false, nil
	conn, buffered, err := http.NewResponseController(rec.ResponseWriter).Hijack()
	if err == nil && rec.status == 0 {
		rec.status = http.StatusSwitchingProtocols
	}
	return conn, buffered, err
}

// returned notes how the chain ended: with an error, whose status is what the
// client gets, or without a word, for which Caddy sends 200.
func (rec *recorder) returned(err error) {
	if err != nil {
		rec.failed(err)
		return
	}
	rec.whole = true
	if rec.status == 0 {
		rec.begin(http.StatusOK)
	}
}

func (rec *recorder) failed(err error) {
	rec.failStatus = http.StatusInternalServerError
	var handler caddyhttp.HandlerError
	if errors.As(err, &handler) && handler.StatusCode != 0 {
		rec.failStatus = handler.StatusCode
	}
}

// fail notes why the upstream has not answered, and returns the error that answers in
// its place.
func (rec *recorder) fail(reason gate.Reason, err error) error {
	rec.failReason = reason
	rec.Header().Set("Retry-After", retryAfter)
	rec.Header().Set("Hookward-Reason", string(reason))
	return caddyhttp.Error(http.StatusServiceUnavailable, err)
}

// succeeded tells whether the upstream took the event: it wrote a 2xx header.
func (rec *recorder) succeeded() bool { return rec.status >= 200 && rec.status <= 299 }

// answer is what waiting copies get; nil where it cannot be shared. One that is
// compressed is for a client that asked for that.
func (rec *recorder) answer() *dedupe.Answer {
	if !rec.share || !rec.whole || rec.Header().Get("Content-Encoding") != "" {
		return nil
	}
	return &dedupe.Answer{Status: rec.status, Header: rec.Header().Clone(), Body: rec.body}
}

// failure is the failing answer that waiting copies get; nil where the first copy
// got none that could be given to others.
func (rec *recorder) failure() *dedupe.Answer {
	if a := rec.answer(); a != nil {
		return a
	}
	switch {
	case rec.succeeded(), rec.status == http.StatusSwitchingProtocols:
		return nil
	case rec.status != 0:
		return &dedupe.Answer{Status: rec.status}
	case rec.failStatus != 0:
		return &dedupe.Answer{Status: rec.failStatus, Header: rec.Header().Clone()}
	}
	return nil
}
