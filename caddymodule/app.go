// Package caddymodule is the Caddy face of Hookward: configuration, lifecycle,
// Caddyfile, admin API and metrics. The commands, which it registers, are in package
// command, and the log encoder in package redaction. What a delivery is worth is
// decided in internal/gate.
package caddymodule

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"go.uber.org/zap"

	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/internal/reconcile"
	"github.com/hookward/hookward/provider"
)

func init() {
	caddy.RegisterModule(&App{})
}

// The defaults of App.
const (
	defaultMaxInflight   = 64 << 20
	defaultDedupeEntries = 200_000
)

// App holds what all endpoints share: the memory for bodies, the memory of
// deliveries already seen, and the secrets that providers taught us. It is
// configured by the global option `hookward`; without it the defaults apply.
type App struct {
	// MaxInflight is the memory that bodies may take at any time over all
	// endpoints, such as 64MiB (the default). Beyond it deliveries are answered 503
	// with Retry-After. One client address gets at most an eighth of it.
	MaxInflight provider.Size `json:"max_inflight,omitempty"`

	// DedupeEntries is how many deliveries are remembered to recognise their
	// copies, over all endpoints. Default: 200000. Each takes 65 bytes of memory,
	// beyond a million 240. Above that number the oldest are forgotten first.
	DedupeEntries int `json:"dedupe_entries,omitempty"`

	ctx       caddy.Context
	logger    *zap.Logger
	events    *caddyevents.App
	endpoints map[string]*endpoint

	shared     atomic.Pointer[shared] // nil until it is first needed
	mu         sync.Mutex             // held while that, or what follows, changes
	closed     bool                   // cleaned up
	background *background            // nil while nothing is done
}

// CaddyModule returns the Caddy module information.
func (*App) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "hookward",
		New: func() caddy.Module { return new(App) },
	}
}

// Provision sets the defaults. It opens nothing.
func (a *App) Provision(ctx caddy.Context) error {
	a.ctx, a.logger = ctx, ctx.Logger()
	a.endpoints = make(map[string]*endpoint)
	if a.MaxInflight == 0 {
		a.MaxInflight = defaultMaxInflight
	}
	if a.DedupeEntries == 0 {
		a.DedupeEntries = defaultDedupeEntries
	}
	if a.MaxInflight < 0 || a.DedupeEntries < 0 {
		return errors.New("max_inflight and dedupe_entries must be positive")
	}
	events, err := ctx.App("events")
	if err != nil {
		return fmt.Errorf("loading the events app: %w", err)
	}
	a.events = events.(*caddyevents.App)
	return registerMetrics(ctx.GetMetricsRegistry())
}

// register adds an endpoint, or returns the one that is there under the same name
// and settings: Caddy provisions a handler several times where a named route is
// invoked from several places.
func (a *App) register(name string, named bool, settings json.RawMessage, build func() (*endpoint, error)) (*endpoint, error) {
	if existing, found := a.endpoints[name]; found {
		if !bytes.Equal(existing.settings, settings) {
			return nil, fmt.Errorf("two endpoints are called %q and differ: give one another `name`", name)
		}
		if !named {
			a.logger.Warn("the same endpoint is configured in several places: a delivery that arrived at one is a copy "+
				"at the others; give each a name if they are different endpoints", zap.String("endpoint", name))
		}
		return existing, nil
	}
	ep, err := build()
	if err != nil {
		return nil, err
	}
	ep.settings = settings
	a.endpoints[name] = ep
	return ep, nil
}

// Start opens the stores. An endpoint whose learned secrets cannot be read stops
// the configuration from loading, and the running one stays.
func (a *App) Start() error {
	if err := a.open(); err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(a.endpoints)) {
		if err := a.endpoints[name].open(a.ctx); err != nil {
			return fmt.Errorf("endpoint %q: %w", name, err)
		}
	}
	a.startBackground()
	return nil
}

var errGone = errors.New("the configuration of this endpoint has been replaced")

// open takes hold of what is shared with earlier and later configurations. Apps
// start in no particular order, so a delivery may ask for it before Start does.
func (a *App) open() error {
	if a.shared.Load() != nil {
		return nil
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.shared.Load() != nil {
		return nil
	}
	if a.closed {
		return errGone
	}
	s, err := acquireShared(a.DedupeEntries)
	if err != nil {
		return err
	}
	if err := s.setLimits(a, limits{a.DedupeEntries, int64(a.MaxInflight)}); err != nil {
		return errors.Join(err, s.release(a))
	}
	collectors.watch(s)
	for _, ep := range a.endpoints {
		ep.use(s)
	}
	a.shared.Store(s)
	return nil
}

// Stop ends what is done in the background. Deliveries end with the HTTP app, which
// waits for them, and what they hold is released in Cleanup.
func (a *App) Stop() error {
	a.stopBackground()
	return nil
}

// Cleanup releases what is shared.
func (a *App) Cleanup() error {
	a.stopBackground()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = true // what were opened from now on nobody would release
	for _, ep := range a.endpoints {
		ep.release()
	}
	if s := a.shared.Load(); s != nil {
		return s.release(a)
	}
	return nil
}

// endpoint is one configured endpoint with what it needs at run time.
type endpoint struct {
	name     string
	settings json.RawMessage
	handler  *Handler
	gate     *gate.Endpoint
	slots    *handshake.Slots // nil where nothing is learned
	stats    *statistics
	shared   *shared
	redacted func() // takes the endpoint's secrets off the log encoder's list

	subscriptions *reconcile.Reconciler // nil where it keeps none
}

// openTimeout bounds how long a start waits for the store of one endpoint.
const openTimeout = 10 * time.Second

func (ep *endpoint) open(ctx context.Context) error {
	if ep.slots == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	return ep.slots.Open(ctx)
}

// use connects the endpoint with what is shared.
func (ep *endpoint) use(s *shared) {
	stores := gate.Stores{Dedupe: s.dedupe, Slots: ep.slots}
	ep.shared, ep.stats = s, s.statistics(counted{ep.name, ep.gate.Provider().Name})
	ep.gate.Use(stores)
}

func (ep *endpoint) release() {
	if ep.redacted != nil {
		ep.redacted()
	}
	if ep.shared != nil {
		ep.shared.forget(ep.stats)
	}
}

var (
	_ caddy.App          = (*App)(nil)
	_ caddy.Provisioner  = (*App)(nil)
	_ caddy.CleanerUpper = (*App)(nil)
)
