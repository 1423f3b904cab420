package sender

import (
	"context"
	"sync"
	"time"
)

// brief hands out the contexts in which stores are used. They end after some ten
// seconds. Those that are asked for within the same second share one, for a timer of
// its own costs more than what most of these calls do.
type brief struct {
	mu     sync.Mutex
	latest context.Context
	cancel context.CancelFunc
	made   time.Time
}

// context returns one that lasts at least storeTimeout.
func (b *brief) context(now time.Time) context.Context {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.latest == nil || now.Sub(b.made) > time.Second {
		b.latest, b.cancel = context.WithTimeout(context.Background(), storeTimeout+time.Second)
		b.made = now
	}
	return b.latest
}

// end ends the latest one.
func (b *brief) end() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.latest != nil {
		b.cancel()
		b.latest = nil
	}
}
