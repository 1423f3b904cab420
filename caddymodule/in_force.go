package caddymodule

import (
	"context"
	"sync"
	"time"
)

// askAgain is how often Caddy is asked whether a configuration is in force.
const askAgain = 50 * time.Millisecond

// background is what an app does beside deliveries, from the time its configuration
// is in force until it is stopped.
type background struct {
	end  context.CancelFunc
	done chan struct{}
}

// startBackground begins to keep the endpoints' subscriptions, once the
// configuration is in force: one that fails to load creates and deletes nothing.
// Caddy tells nobody when that is, so it is asked.
func (a *App) startBackground() {
	a.mu.Lock()
	defer a.mu.Unlock()
	subscribers := a.subscribers()
	if len(subscribers) == 0 {
		return
	}
	ctx, end := context.WithCancel(context.Background())
	a.background = &background{end: end, done: make(chan struct{})}
	go func(done chan<- struct{}) {
		defer close(done)
		if !a.awaitForce(ctx) {
			return
		}
		for _, ep := range subscribers {
			collectors.subscriptions.add(ep)
			ep.subscriptions.Start()
		}
	}(a.background.done)
}

// subscribers are the endpoints that keep subscriptions.
func (a *App) subscribers() []*endpoint {
	var list []*endpoint
	for _, ep := range a.endpoints {
		if ep.subscriptions != nil {
			list = append(list, ep)
		}
	}
	return list
}

// inForce tells whether the app's configuration is in force. One that another has
// replaced is not, although Caddy may stop its apps in any order, and those before
// this one may take their time.
func (a *App) inForce() bool {
	running, err := runningApp()
	return err == nil && running == a
}

// awaitForce waits until the app's configuration is in force, and reports whether
// it ever was.
func (a *App) awaitForce(ctx context.Context) bool {
	ticker := time.NewTicker(askAgain)
	defer ticker.Stop()
	for {
		if a.inForce() {
			return true
		}
		select {
		case <-ctx.Done():
			return false
		case <-ticker.C:
		}
	}
}

// stopBackground ends the work and waits for that. It may be called more than once:
// Caddy stops an app whose configuration fails late, or only cleans it up.
func (a *App) stopBackground() {
	a.mu.Lock()
	running := a.background
	a.background = nil
	subscribers := a.subscribers()
	a.mu.Unlock()
	if running == nil {
		return
	}
	running.end()
	<-running.done
	var group sync.WaitGroup
	for _, ep := range subscribers {
		collectors.subscriptions.remove(ep)
		group.Go(ep.subscriptions.Stop)
	}
	group.Wait()
}
