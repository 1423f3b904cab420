package harness

import (
	"bytes"
	"sync"
	"time"
)

// output is what a process writes.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{} // closed by the next write
}

func newOutput() *output { return &output{grown: make(chan struct{})} }

// Write implements [io.Writer].
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.grown)
	o.grown = make(chan struct{})
	return o.text.Write(b)
}

// String returns everything so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// await waits for a text from a place on, and tells whether it came before the
// process ended.
func (o *output) await(from int, text string, exited <-chan struct{}) bool {
	timeout := time.After(Patience)
	for {
		o.mu.Lock()
		found, grown := bytes.Contains(o.text.Bytes()[from:], []byte(text)), o.grown
		o.mu.Unlock()
		if found {
			return true
		}
		select {
		case <-grown:
		case <-exited:
			return false
		case <-timeout:
			return false
		}
	}
}
