package caddymodule

import (
	"io"
	"math/bits"
	"net/http"
	"sync"
)

// Bodies are read into buffers that are used again: a body is gone within
// milliseconds, and new memory for each would be most of what there is to collect.
const (
	smallestBuffer = 10 // 1 KiB, as a power of two
	largestBuffer  = 20 // 1 MiB; beyond it buffers are not kept
)

var bufferPools [largestBuffer - smallestBuffer + 1]sync.Pool

// bodyBuffer is room for a body.
type bodyBuffer struct{ bytes []byte }

// newBodyBuffer returns room for n bytes, with what an earlier body left in it.
func newBodyBuffer(n int) *bodyBuffer {
	pool := poolFor(n)
	if pool < 0 {
		return &bodyBuffer{make([]byte, n)}
	}
	if b, kept := bufferPools[pool].Get().(*bodyBuffer); kept {
		return b
	}
	return &bodyBuffer{make([]byte, 1<<(smallestBuffer+pool))}
}

// reuse lets another body have the room. Nobody may hold on to any of its bytes.
func (b *bodyBuffer) reuse() {
	if b == nil {
		return
	}
	if pool := poolFor(len(b.bytes)); pool >= 0 {
		bufferPools[pool].Put(b)
	}
}

// poolFor returns the pool whose buffers have room for n bytes, or -1.
func poolFor(n int) int {
	size := bits.Len(uint(max(n, 1) - 1))
	if size > largestBuffer {
		return -1
	}
	return max(size-smallestBuffer, 0)
}

// lentBody is a body that the upstream reads from a buffer, until it is taken back:
// a transport may still be at it when the handler has returned. Closing it has no
// effect, so that a proxy may try another upstream, or an error route may have it.
type lentBody struct {
	mu    sync.Mutex
	rest  []byte
	ended bool
}

// Read implements [io.Reader].
func (b *lentBody) Read(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.ended:
		return 0, http.ErrBodyReadAfterClose
	case len(b.rest) == 0:
		return 0, io.EOF
	}
	n := copy(p, b.rest)
	b.rest = b.rest[n:]
	return n, nil
}

// Close implements [io.Closer].
func (b *lentBody) Close() error { return nil }

// takeBack ends the reading.
func (b *lentBody) takeBack() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.rest, b.ended = nil, true
}
