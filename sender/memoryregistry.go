package sender

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
)

// MemoryRegistry is a [Registry] that lasts as long as the process. Several senders
// of one process may share it.
type MemoryRegistry struct {
	mu       sync.RWMutex
	byID     map[string]*registered
	byTenant map[string]map[string]*registered // List mostly asks for one tenant's
	urls     map[string]int                    // how many subscriptions have a URL
	revision uint64
}

// registered is a subscription, and the revision at which it was created.
type registered struct {
	Subscription
	created uint64
}

var _ Registry = (*MemoryRegistry)(nil)

// NewMemoryRegistry returns an empty registry.
func NewMemoryRegistry() *MemoryRegistry {
	return &MemoryRegistry{
		byID:     make(map[string]*registered),
		byTenant: make(map[string]map[string]*registered),
		urls:     make(map[string]int),
	}
}

// Create implements [Registry].
func (r *MemoryRegistry) Create(_ context.Context, subscription Subscription, unique bool) (Subscription, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byID[subscription.ID] != nil {
		return Subscription{}, ErrConflict
	}
	if unique && r.urls[subscription.URL] > 0 {
		return Subscription{}, ErrURLTaken
	}
	stored := r.put(subscription)
	stored.created = r.revision
	return stored.clone(), nil
}

// Get implements [Registry].
func (r *MemoryRegistry) Get(_ context.Context, id string) (Subscription, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	stored := r.byID[id]
	if stored == nil {
		return Subscription{}, ErrNotFound
	}
	return stored.clone(), nil
}

// Update implements [Registry].
func (r *MemoryRegistry) Update(_ context.Context, subscription Subscription) (Subscription, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.byID[subscription.ID]
	if before == nil {
		return Subscription{}, ErrNotFound
	}
	if before.Revision != subscription.Revision {
		return Subscription{}, ErrConflict
	}
	r.remove(before)
	stored := r.put(subscription)
	stored.created = before.created
	return stored.clone(), nil
}

// Delete implements [Registry].
func (r *MemoryRegistry) Delete(_ context.Context, id string) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	stored := r.byID[id]
	if stored == nil {
		return ErrNotFound
	}
	r.remove(stored)
	return nil
}

// List implements [Registry].
func (r *MemoryRegistry) List(_ context.Context, filter Filter) ([]Subscription, error) {
	r.mu.RLock()
	defer r.mu.RUnlock()
	candidates := r.byID
	if filter.Tenant != "" || filter.NoTenant {
		candidates = r.byTenant[filter.Tenant]
	}
	var chosen []*registered
	for _, stored := range candidates {
		if filter.Matches(&stored.Subscription) {
			chosen = append(chosen, stored)
		}
	}
	slices.SortFunc(chosen, func(a, b *registered) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.created, b.created))
	})
	list := make([]Subscription, len(chosen))
	for i, stored := range chosen {
		list[i] = stored.clone()
	}
	return list, nil
}

func (r *MemoryRegistry) put(subscription Subscription) *registered {
	r.revision++
	stored := &registered{Subscription: subscription.clone()}
	stored.Revision = r.revision
	r.byID[stored.ID] = stored
	if r.byTenant[stored.Tenant] == nil {
		r.byTenant[stored.Tenant] = make(map[string]*registered)
	}
	r.byTenant[stored.Tenant][stored.ID] = stored
	r.urls[stored.URL]++
	return stored
}

func (r *MemoryRegistry) remove(stored *registered) {
	delete(r.byID, stored.ID)
	delete(r.byTenant[stored.Tenant], stored.ID)
	if len(r.byTenant[stored.Tenant]) == 0 {
		delete(r.byTenant, stored.Tenant)
	}
	if r.urls[stored.URL]--; r.urls[stored.URL] == 0 {
		delete(r.urls, stored.URL)
	}
}

// clone shares nothing with the subscription that could be changed.
func (s *Subscription) clone() Subscription {
	c := *s
	c.Types = slices.Clone(s.Types)
	c.Secrets = slices.Clone(s.Secrets)
	c.Metadata = maps.Clone(s.Metadata)
	return c
}
