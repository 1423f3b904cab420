package profile

import (
	"context"
	"io"
	"net/http"
	"time"
)

// A slow body takes this long, in so many pieces at least.
const (
	slowTime   = time.Second
	slowPieces = 10
)

// slowed returns the request with a body that takes its time. It is chunked, for else
// the transport would gather the pieces and send them at once.
func slowed(req *http.Request) *http.Request {
	slow := req.Clone(req.Context())
	slow.Body = &slowBody{ReadCloser: req.Body, done: req.Context(), length: req.ContentLength}
	slow.ContentLength = -1
	slow.GetBody = nil // it would give a fast one
	return slow
}

type slowBody struct {
	io.ReadCloser
	done   context.Context // of the request, for a reader is given none
	length int64
}

// Read implements [io.Reader].
func (b *slowBody) Read(p []byte) (int, error) {
	piece := max(1, b.length/slowPieces)
	n, err := b.ReadCloser.Read(p[:min(int64(len(p)), piece)])
	timer := time.NewTimer(slowTime * time.Duration(n) / time.Duration(b.length))
	defer timer.Stop()
	select {
	case <-timer.C:
		return n, err
	case <-b.done.Done():
		return 0, context.Cause(b.done)
	}
}
