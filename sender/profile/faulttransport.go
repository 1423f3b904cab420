package profile

import (
	"context"
	"io"
	"net/http"
	"sync"
	"time"
)

const (
	// longestHold is how long a reordered delivery waits for the next at most.
	longestHold = 500 * time.Millisecond
	// keptRequests and maxKeptBody, in bytes, bound what is remembered to be sent again.
	keptRequests = 32
	maxKeptBody  = 64 << 10
)

// faultTransport makes the faults. What it adds to a delivery is answered before the
// delivery is, so nothing is under way any longer when the sender is closed.
type faultTransport struct {
	base   http.RoundTripper
	faults Faults
	proofs []string // headers

	mu       sync.Mutex
	number   uint64
	kept     []*http.Request // the last ones, the oldest first
	answered chan struct{}   // closed when a delivery is answered
}

// RoundTrip implements [http.RoundTripper].
func (t *faultTransport) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.ContentLength <= 0 || req.GetBody == nil {
		return t.base.RoundTrip(req) // a handshake
	}
	fate, earlier := t.next(req)
	if fate.reordered {
		t.hold(req.Context())
	}
	defer t.overtaken()
	if fate.badSignature {
		t.extra(t.withWrongProof(req))
	}
	if fate.stale && earlier != nil {
		t.extra(earlier.Clone(req.Context()))
	}
	if fate.duplicate {
		var copies sync.WaitGroup
		defer copies.Wait()
		duplicate := req.Clone(req.Context())
		copies.Go(func() { t.extra(duplicate) })
	}
	if fate.slowBody {
		req = slowed(req)
	}
	return t.base.RoundTrip(req)
}

// next decides what goes wrong with the delivery, and returns an earlier one.
func (t *faultTransport) next(req *http.Request) (fate, *http.Request) {
	t.mu.Lock()
	defer t.mu.Unlock()
	decided := t.faults.fate(t.number)
	t.number++
	var earlier *http.Request
	if len(t.kept) > 0 {
		earlier = t.kept[0]
	}
	if t.faults.Stale > 0 && req.ContentLength <= maxKeptBody {
		if len(t.kept) == keptRequests {
			t.kept = append(t.kept[:0], t.kept[1:]...)
		}
		// A context of its own, for this one's keeps whatever hangs on it.
		t.kept = append(t.kept, req.Clone(context.Background()))
	}
	return decided, earlier
}

// hold waits until another delivery was answered, but not for long.
func (t *faultTransport) hold(ctx context.Context) {
	t.mu.Lock()
	answered := t.answered
	t.mu.Unlock()
	timer := time.NewTimer(longestHold)
	defer timer.Stop()
	select {
	case <-answered:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// overtaken lets those go on that were held.
func (t *faultTransport) overtaken() {
	t.mu.Lock()
	defer t.mu.Unlock()
	close(t.answered)
	t.answered = make(chan struct{})
}

// extra sends a request whose answer nobody waits for. Its body is a fresh copy.
func (t *faultTransport) extra(req *http.Request) {
	body, err := req.GetBody()
	if err != nil {
		return
	}
	req.Body = body
	resp, err := t.base.RoundTrip(req)
	if err != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, resp.Body, maxKeptBody)
	_ = resp.Body.Close()
}

// withWrongProof changes one character of each proof, which stays well formed.
func (t *faultTransport) withWrongProof(req *http.Request) *http.Request {
	wrong := req.Clone(req.Context())
	for _, name := range t.proofs {
		for i, proof := range wrong.Header[name] {
			wrong.Header[name][i] = wronged(proof)
		}
	}
	return wrong
}

// wronged replaces the last character by one that is valid in hex.
func wronged(proof string) string {
	if proof == "" {
		return proof
	}
	replacement := "0"
	if proof[len(proof)-1] == '0' {
		replacement = "1"
	}
	return proof[:len(proof)-1] + replacement
}
