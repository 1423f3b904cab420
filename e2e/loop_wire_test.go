package e2e

import (
	"fmt"
	"io"
	"net/http"
	"sync"
	"testing"
)

// wire notes what a provider sends, copies included, and how the gateway answers.
type wire struct {
	base http.RoundTripper

	mu         sync.Mutex
	first      request // the first delivery
	deliveries int
	duplicates int      // answered as such
	refused    []string // the first few answers that are no success
}

// RoundTrip implements [http.RoundTripper].
func (w *wire) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.ContentLength <= 0 {
		return w.base.RoundTrip(req) // a handshake
	}
	if err := w.sent(req); err != nil {
		return nil, err
	}
	resp, err := w.base.RoundTrip(req)
	w.answered(resp, err)
	return resp, err
}

func (w *wire) sent(req *http.Request) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.deliveries++
	if w.deliveries > 1 {
		return nil
	}
	reader, err := req.GetBody()
	if err != nil {
		return err
	}
	body, err := io.ReadAll(reader)
	w.first = request{path: req.URL.RequestURI(), header: req.Header.Clone(), body: string(body)}
	return err
}

func (w *wire) answered(resp *http.Response, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case err != nil:
		w.refuse(err.Error())
	case resp.StatusCode != http.StatusOK:
		w.refuse(fmt.Sprint(resp.StatusCode, " ", resp.Header.Get("Hookward-Reason")))
	case resp.Header.Get("Hookward-Duplicate") == "true":
		w.duplicates++
	}
}

func (w *wire) refuse(why string) {
	if len(w.refused) < 10 {
		w.refused = append(w.refused, why)
	}
}

// firstDelivery returns the first delivery, once there was one.
func (w *wire) firstDelivery() request {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.first
}

// check fails the test unless all deliveries were taken, and the copies recognised.
func (w *wire) check(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.refused) > 0 {
		t.Errorf("genuine deliveries are answered %q", w.refused)
	}
	if copies := w.deliveries - loopEvents; copies < loopEvents/200 || copies != w.duplicates {
		t.Errorf("%d copies were sent, %d answers call them duplicates", copies, w.duplicates)
	}
}
