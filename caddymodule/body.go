package caddymodule

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/hookward/hookward/internal/gate"
)

// bodyTimeout is how long a body may take to arrive.
const bodyTimeout = 10 * time.Second

const (
	// firstRead is the room for the first bytes of a body: until they have come,
	// announcing a body costs the budget next to nothing.
	firstRead = 512
	// firstChunk is the room for those after them.
	firstChunk = 16 << 10
)

// bodyReader reads one body into memory that is reserved as the bytes arrive.
type bodyReader struct {
	budget  *budget
	client  string
	limit   int64
	timeout time.Duration

	reserved int64
}

// bodyError is a body that could not be read, with the reason for it.
type bodyError struct {
	reason gate.Reason
	err    error
}

func (e *bodyError) Error() string { return string(e.reason) }
func (e *bodyError) Unwrap() error { return e.err }

// read returns the whole body. The error is a *bodyError, or the caddyhttp error
// of a limit that the user has set himself.
func (b *bodyReader) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > b.limit {
		return nil, &bodyError{reason: gate.BodyTooLarge}
	}
	if r.ContentLength == 0 || r.Body == nil || r.Body == http.NoBody {
		return nil, nil
	}
	// Without a deadline a body that trickles would hold its place for ever. It
	// must not outlive the reading: it would end the request itself.
	control := http.NewResponseController(w)
	if control.SetReadDeadline(time.Now().Add(b.timeout)) == nil {
		defer func() { _ = control.SetReadDeadline(time.Time{}) }()
	}
	body, err := b.readAll(r.Body, r.ContentLength)
	if err != nil {
		return nil, classify(err)
	}
	return body, nil
}

func (b *bodyReader) readAll(from io.Reader, declared int64) ([]byte, error) {
	size := int64(firstRead)
	if declared > 0 {
		size = min(size, declared)
	}
	if !b.reserve(size) {
		return nil, &bodyError{reason: gate.BudgetExceeded}
	}
	body := make([]byte, 0, size)
	for {
		if int64(len(body)) == declared {
			return body, nil
		}
		if len(body) == cap(body) {
			grown, err := b.grow(body, declared)
			if err != nil {
				return nil, err
			}
			body = grown
		}
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		switch {
		case int64(len(body)) > b.limit:
			return nil, &bodyError{reason: gate.BodyTooLarge}
		case errors.Is(err, io.EOF) && declared <= int64(len(body)):
			return body, nil
		case errors.Is(err, io.EOF):
			return nil, io.ErrUnexpectedEOF
		case err != nil:
			return nil, err
		}
	}
}

// grow doubles the room at least, up to one byte over the limit, by which a body that is
// too large is recognised, or to the declared length.
func (b *bodyReader) grow(body []byte, declared int64) ([]byte, error) {
	room := min(max(2*int64(cap(body)), firstChunk), b.limit+1)
	if declared > 0 {
		room = min(room, declared)
	}
	if !b.reserve(room - int64(cap(body))) {
		return nil, &bodyError{reason: gate.BudgetExceeded}
	}
	grown := make([]byte, len(body), room)
	copy(grown, body)
	return grown, nil
}

func (b *bodyReader) reserve(n int64) bool {
	if !b.budget.take(b.client, n) {
		return false
	}
	b.reserved += n
	return true
}

// release gives back what was reserved, once the body is no longer needed.
func (b *bodyReader) release() {
	if b.reserved > 0 {
		b.budget.give(b.client, b.reserved)
		b.reserved = 0
	}
}

// classify finds the reason behind an error of reading.
func classify(err error) error {
	var known *bodyError
	var handler caddyhttp.HandlerError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &handler):
		return handler // of an outer request_body, for example
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return &bodyError{reason: gate.BodyTooSlow, err: err}
	default:
		return &bodyError{reason: gate.BodyIncomplete, err: err}
	}
}
