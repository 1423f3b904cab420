package caddymodule

import (
	"errors"
	"fmt"
	"sync"

	"github.com/caddyserver/caddy/v2"

	"github.com/hookward/hookward/internal/dedupe"
)

// pool holds what outlives a configuration. There is one of it in a process: a
// delivery seen before a reload is a copy after it.
var pool = caddy.NewUsagePool()

const poolKey = "hookward"

// shared is what all endpoints of all configurations use. It holds nothing that
// belongs to one configuration.
type shared struct {
	dedupe *dedupe.Store
	budget *budget

	mu     sync.Mutex
	limits map[*App]limits // of the configurations that use it now
	stats  map[counted]*statistics
}

// counted is whose deliveries are counted together.
type counted struct{ endpoint, provider string }

// limits are what a configuration sets for all endpoints together.
type limits struct {
	entries  int
	inflight int64
}

func acquireShared(entries int) (*shared, error) {
	s, _, err := pool.LoadOrNew(poolKey, func() (caddy.Destructor, error) {
		store, err := dedupe.New(dedupe.Options{Entries: entries})
		if err != nil {
			return nil, err
		}
		return &shared{
			dedupe: store, budget: newBudget(),
			limits: make(map[*App]limits), stats: make(map[counted]*statistics),
		}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("opening the memory of deliveries: %w", err)
	}
	return s.(*shared), nil
}

// release lets go of what is shared, and of the limits that the app has set.
func (s *shared) release(a *App) error {
	err := s.setLimits(a, limits{})
	_, poolErr := pool.Delete(poolKey)
	return errors.Join(err, poolErr)
}

// setLimits notes the limits of a configuration, or with none takes them back. The
// largest of those in use holds: while a configuration replaces another there are
// two, and the new one, which may yet fail to load, must not make the running one
// forget deliveries.
func (s *shared) setLimits(a *App, own limits) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.limits[a] = own
	if own == (limits{}) {
		delete(s.limits, a)
	}
	var largest limits
	for _, l := range s.limits {
		largest.entries = max(largest.entries, l.entries)
		largest.inflight = max(largest.inflight, l.inflight)
	}
	if largest == (limits{}) {
		return nil // nobody is left
	}
	s.budget.setLimit(largest.inflight)
	return s.dedupe.SetEntries(largest.entries)
}

// statistics returns those of the endpoint with this name and provider, which go on
// over reloads. It is given back with forget.
func (s *shared) statistics(of counted) *statistics {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, found := s.stats[of]
	if !found {
		st = newStatistics(of)
		s.stats[of] = st
	}
	st.users++
	return st
}

// forget gives statistics back. Those of an endpoint that no configuration has any
// longer are gone, and so are its metrics: their number must not grow with every name
// that there ever was.
func (s *shared) forget(st *statistics) {
	s.mu.Lock()
	defer s.mu.Unlock()
	st.users--
	if st.users > 0 {
		return
	}
	delete(s.stats, st.counted)
	last := true
	for of := range s.stats {
		last = last && of.endpoint != st.endpoint
	}
	st.end(last)
}

// Destruct implements [caddy.Destructor].
func (s *shared) Destruct() error {
	collectors.watch(nil)
	s.dedupe.Close()
	return nil
}
