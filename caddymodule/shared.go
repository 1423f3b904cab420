package caddymodule

import (
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

	mu    sync.Mutex
	stats map[string]*statistics
}

func acquireShared(entries int) (*shared, error) {
	s, _, err := pool.LoadOrNew(poolKey, func() (caddy.Destructor, error) {
		store, err := dedupe.New(dedupe.Options{Entries: entries})
		if err != nil {
			return nil, err
		}
		return &shared{dedupe: store, budget: newBudget(), stats: make(map[string]*statistics)}, nil
	})
	if err != nil {
		return nil, fmt.Errorf("opening the memory of deliveries: %w", err)
	}
	return s.(*shared), nil
}

func releaseShared() error {
	_, err := pool.Delete(poolKey)
	return err
}

// apply gives the limits of a configuration to what is shared.
func (s *shared) apply(a *App) error {
	s.budget.setLimit(int64(a.MaxInflight))
	if err := s.dedupe.SetEntries(a.DedupeEntries); err != nil {
		return fmt.Errorf("dedupe_entries: %w", err)
	}
	collectors.watch(s)
	return nil
}

// statistics returns those of the endpoint with this name and provider, which go
// on over reloads.
func (s *shared) statistics(endpoint, provider string) *statistics {
	s.mu.Lock()
	defer s.mu.Unlock()
	st, found := s.stats[endpoint]
	if !found || st.provider != provider {
		st = newStatistics(endpoint, provider)
		s.stats[endpoint] = st
	}
	return st
}

// Destruct implements [caddy.Destructor].
func (s *shared) Destruct() error {
	collectors.watch(nil)
	s.dedupe.Close()
	return nil
}
