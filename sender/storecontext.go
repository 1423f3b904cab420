package sender

import (
	"context"
	"sync"
	"time"
)

// storeContexts hands out the contexts in which stores are used. They end after some
// ten seconds. Those that are asked for within the same second share one, for a timer
// of its own costs more than what most of these calls do.
type storeContexts struct {
	mu     sync.Mutex
	latest context.Context
	cancel context.CancelFunc
	made   time.Time
}

// get returns one that lasts at least storeTimeout.
func (c *storeContexts) get(now time.Time) context.Context {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.latest == nil || now.Sub(c.made) > time.Second {
		c.latest, c.cancel = context.WithTimeout(context.Background(), storeTimeout+time.Second)
		c.made = now
	}
	return c.latest
}

// end ends the latest one.
func (c *storeContexts) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.latest != nil {
		c.cancel()
		c.latest = nil
	}
}
