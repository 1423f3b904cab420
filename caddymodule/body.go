package caddymodule

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/hookward/hookward/internal/gate"
)

// bodyTimeout is how long a body may take to arrive.
const bodyTimeout = 10 * time.Second

const (
	// firstRead is the room for the first bytes of a body: all of most. Until they have
	// come, announcing a body takes nothing of the budget.
	firstRead = 2 << 10
	// firstChunk is the least room for a body that turns out to be longer.
	firstChunk = 16 << 10
)

// bodyReader reads one body into memory that is reserved as the bytes arrive.
type bodyReader struct {
	budget  *budget
	client  string
	limit   int64
	timeout time.Duration

	reserved int64
	buffer   *bodyBuffer // holds the body; nil before its first bytes
}

// bodyError is a body that could not be read, with the reason for it.
type bodyError struct {
	reason gate.Reason
	err    error
	unread bool // nothing of it was read: a client that waits to be told to send it still waits
}

func (e *bodyError) Error() string { return string(e.reason) }
func (e *bodyError) Unwrap() error { return e.err }

// read returns the whole body. The error is a *bodyError, which wraps the caddyhttp
// error of a limit that the user has set himself.
func (b *bodyReader) read(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	if r.ContentLength > b.limit {
		return nil, &bodyError{reason: gate.BodyTooLarge, unread: true}
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

// firstBuffers hold the first bytes of bodies until it is known that there are any.
var firstBuffers = sync.Pool{New: func() any { return new([firstRead]byte) }}

// readAll reads the body into room that is made, and reserved, as its bytes come.
func (b *bodyReader) readAll(from io.Reader, declared int64) ([]byte, error) {
	first := firstBuffers.Get().(*[firstRead]byte)
	defer firstBuffers.Put(first)
	body := first[:0]
	for {
		n, err := from.Read(body[len(body):cap(body)])
		body = body[:len(body)+n]
		ended := errors.Is(err, io.EOF)
		switch {
		case int64(len(body)) > b.limit:
			return nil, &bodyError{reason: gate.BodyTooLarge}
		case ended && int64(len(body)) < declared:
			return nil, io.ErrUnexpectedEOF
		case err != nil && !ended:
			return nil, err
		}
		complete := ended || int64(len(body)) == declared
		if complete && b.reserved > 0 {
			return body, nil
		}
		if complete || len(body) == cap(body) || b.reserved == 0 {
			if body, err = b.grow(body, declared, complete); err != nil {
				return nil, err
			}
		}
		if complete {
			return body, nil
		}
	}
}

// grow moves the body to a place with more room: as much as it takes where that is
// known and little, else twice as much as before, up to one byte over the limit, by
// which a body that is too large is recognised.
func (b *bodyReader) grow(body []byte, declared int64, complete bool) ([]byte, error) {
	room := min(max(2*int64(cap(body)), firstChunk), b.limit+1)
	switch {
	case complete:
		room = int64(len(body))
	case declared > 0:
		room = min(room, declared)
	}
	if !b.reserve(room - b.reserved) {
		return nil, &bodyError{reason: gate.BudgetExceeded}
	}
	larger := newBodyBuffer(int(room))
	grown := append(larger.bytes[:0:room], body...)
	b.buffer.reuse()
	b.buffer = larger
	return grown, nil
}

func (b *bodyReader) reserve(n int64) bool {
	if !b.budget.take(b.client, n) {
		return false
	}
	b.reserved += n
	return true
}

// release gives back what was reserved, once the delivery has come to its end.
func (b *bodyReader) release() {
	if b.reserved > 0 {
		b.budget.give(b.client, b.reserved)
		b.reserved = 0
	}
}

// classify finds the reason behind an error of reading.
func classify(err error) *bodyError {
	var known *bodyError
	var handler caddyhttp.HandlerError
	switch {
	case errors.As(err, &known):
		return known
	case errors.As(err, &handler): // of an outer request_body, for example
		return &bodyError{reason: reasonOfStatus(handler.StatusCode), err: handler}
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return &bodyError{reason: gate.BodyTooSlow, err: err}
	default:
		return &bodyError{reason: gate.BodyIncomplete, err: err}
	}
}

// reasonOfStatus says why a body was not to be had, from what a handler before us
// answers for it.
func reasonOfStatus(status int) gate.Reason {
	switch status {
	case http.StatusRequestEntityTooLarge:
		return gate.BodyTooLarge
	case http.StatusRequestTimeout:
		return gate.BodyTooSlow
	default:
		return gate.BodyIncomplete
	}
}
