package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
)

// wire is what a provider sends its deliveries over. It notes how they are answered.
type wire struct {
	base      http.RoundTripper
	exchanges chan exchange
}

// exchange is a delivery and its answer.
type exchange struct {
	body      []byte
	status    int
	duplicate bool
	reason    string
	err       error // there is no answer
}

func newWire() *wire { return &wire{exchanges: make(chan exchange, 1)} }

// around puts the wire around a sender's transport.
func (w *wire) around(base http.RoundTripper) http.RoundTripper {
	w.base = base
	return w
}

// RoundTrip implements [http.RoundTripper].
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.ContentLength <= 0 {
		return w.base.RoundTrip(req) // a handshake
	}
	var noted exchange
	if noted.body, noted.err = bodyOf(req); noted.err != nil {
		return nil, noted.err
	}
	resp, err := w.base.RoundTrip(req)
	if noted.err = err; err == nil {
		noted.status = resp.StatusCode
		noted.duplicate = resp.Header.Get("Hookward-Duplicate") == "true"
		noted.reason = resp.Header.Get("Hookward-Reason")
	}
	select {
	case w.exchanges <- noted:
	default: // a retry, at which nobody looks
	}
	return resp, err
}

// bodyOf reads a copy of the body.
func bodyOf(req *http.Request) ([]byte, error) {
	body, err := req.GetBody()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(body)
}

// next waits until a delivery is answered with success.
func (w *wire) next(ctx context.Context) (exchange, error) {
	select {
	case e := <-w.exchanges:
		if e.err == nil && e.status != http.StatusOK {
			e.err = fmt.Errorf("the delivery is answered %s %s", statusText(e.status), e.reason)
		}
		return e, e.err
	case <-ctx.Done():
		return exchange{}, fmt.Errorf("no delivery is answered: %w", context.Cause(ctx))
	}
}

func statusText(status int) string { return fmt.Sprint(status, " ", http.StatusText(status)) }
