package sender

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

const (
	// maxKnown bounds the subscriptions that are remembered, and maxAudience the ids
	// in all remembered audiences. Beyond that the registry is asked anew.
	maxKnown    = 100_000
	maxAudience = 1_000_000

	// storeTimeout bounds what a store is given to answer in the background.
	storeTimeout = 10 * time.Second
)

// directory remembers what the registry says, for a bounded time. What this sender
// changes it is told at once.
type directory struct {
	registry Registry
	refresh  time.Duration
	logger   *slog.Logger
	loads    singleflight.Group

	mu        sync.RWMutex
	known     map[string]knownSubscription
	audiences map[interest]audience
	ids       int    // in all audiences
	changes   uint64 // tells whether an audience was outdated while it was read
}

// knownSubscription is a subscription as it was read, or that it was changed here and
// is to be read anew.
type knownSubscription struct {
	*Subscription // shared: nobody changes it; nil: to be read
	at            time.Time
}

// interest is what an event is looked up by.
type interest struct{ tenant, eventType string }

// audience are the subscriptions that want such events.
type audience struct {
	ids []string // shared: nobody changes it
	at  time.Time
}

func newDirectory(registry Registry, refresh time.Duration, logger *slog.Logger) *directory {
	return &directory{
		registry:  registry,
		refresh:   refresh,
		logger:    logger,
		known:     make(map[string]knownSubscription),
		audiences: make(map[interest]audience),
	}
}

// get returns a subscription that is not to be changed. It may be out of date by the
// refresh time.
func (d *directory) get(ctx context.Context, id string, now time.Time) (*Subscription, error) {
	d.mu.RLock()
	known := d.known[id]
	d.mu.RUnlock()
	if known.Subscription != nil && now.Sub(known.at) < d.refresh {
		return known.Subscription, nil
	}
	return d.read(ctx, id, now)
}

// read returns a subscription, not to be changed, as the registry has it.
func (d *directory) read(ctx context.Context, id string, now time.Time) (*Subscription, error) {
	subscription, err := d.registry.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	d.remember(id, &subscription, now)
	return &subscription, nil
}

func (d *directory) remember(id string, s *Subscription, at time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	known, found := d.known[id]
	if found && (known.at.After(at) || s != nil && known.Subscription == nil && known.at.Equal(at)) {
		return // it was changed here since then
	}
	if !found && len(d.known) >= maxKnown {
		clear(d.known)
	}
	d.known[id] = knownSubscription{s, at}
}

// interested returns the ids of the subscriptions that want the event, the paused
// ones included.
func (d *directory) interested(ctx context.Context, in interest) ([]string, error) {
	d.mu.RLock()
	known, found := d.audiences[in]
	changes := d.changes
	d.mu.RUnlock()
	if found && time.Since(known.at) < d.refresh {
		return known.ids, nil
	}
	return d.load(ctx, in, changes)
}

// load reads an audience once for all that wait for it. Who asks after a change does
// not wait for what was asked before.
func (d *directory) load(ctx context.Context, in interest, changes uint64) ([]string, error) {
	key := fmt.Sprintf("%d %q %q", changes, in.tenant, in.eventType)
	loaded := d.loads.DoChan(key, func() (any, error) {
		// Others wait for it too, so it does not end with this caller.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
		defer cancel()
		return d.list(ctx, in, changes)
	})
	select {
	case result := <-loaded:
		if result.Err != nil {
			return nil, result.Err
		}
		return result.Val.([]string), nil
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

func (d *directory) list(ctx context.Context, in interest, changes uint64) (ids []string, err error) {
	// It runs on a goroutine of its own, where a panic would end the process.
	defer d.recovered(&err)
	now := time.Now()
	list, err := d.registry.List(ctx, Filter{
		Tenant:   in.tenant,
		NoTenant: in.tenant == "",
		Type:     in.eventType,
		States:   []State{Active, Paused},
	})
	if err != nil {
		return nil, err
	}
	ids = make([]string, len(list))
	for i := range list {
		ids[i] = list[i].ID
	}

	d.mu.Lock()
	defer d.mu.Unlock()
	if d.changes == changes {
		d.keep(in, audience{ids, now})
	}
	return ids, nil
}

func (d *directory) recovered(err *error) {
	if value := recover(); value != nil {
		*err = panicked(d.logger, "registry", value)
	}
}

func (d *directory) keep(in interest, a audience) {
	d.ids += len(a.ids) + 1 - d.audiences[in].size()
	if d.ids > maxAudience {
		clear(d.audiences)
		d.ids = len(a.ids) + 1
	}
	d.audiences[in] = a
}

// size counts the entry itself too, for there may be many that nobody wants.
func (a audience) size() int {
	if a.at.IsZero() {
		return 0
	}
	return len(a.ids) + 1
}

// changed is told that this sender has changed a subscription, and whether others
// want events by it than before. It does not take over what the change made of it: of
// two changes the later may be told of first.
func (d *directory) changed(id string, audience bool) {
	d.remember(id, nil, time.Now())
	if audience {
		d.outdated()
	}
}

// outdated forgets all audiences. Subscriptions change far less often than events
// are sent.
func (d *directory) outdated() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.changes++
	d.ids = 0
	clear(d.audiences)
}

// sweep forgets what would be read anew anyway.
func (d *directory) sweep() {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := time.Now()
	for id, known := range d.known {
		if now.Sub(known.at) > d.refresh {
			delete(d.known, id)
		}
	}
	for in, a := range d.audiences {
		if now.Sub(a.at) > d.refresh {
			d.ids -= a.size()
			delete(d.audiences, in)
		}
	}
}
