package natsstore

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"

	"github.com/hookward/hookward/sender"
)

// mirror is what the stream of subscriptions holds, in memory: an event is accepted
// without asking the server who wants it.
type mirror struct {
	mu       sync.RWMutex
	byToken  map[string]*record
	byTenant map[string]map[string]*record // without those that were deleted
	urls     map[string]int                // how many subscriptions have a URL
	seen     uint64                        // up to where in the stream everything is known
	changed  chan struct{}                 // closed when seen grows
}

// record is a subscription as it was at its Revision. It is never changed.
type record struct {
	sender.Subscription
	token   string
	created uint64 // revision
	deleted bool   // there is nothing but its token and Revision
}

func newMirror() *mirror {
	return &mirror{
		byToken:  make(map[string]*record),
		byTenant: make(map[string]map[string]*record),
		urls:     make(map[string]int),
		changed:  make(chan struct{}),
	}
}

// put keeps the record unless a later one is known.
func (m *mirror) put(r *record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.putLocked(r)
}

// follow keeps a record that the stream sent, after all that were before it there.
func (m *mirror) follow(r *record) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.putLocked(r)
	if known := m.byToken[r.token]; known.deleted && known.Revision <= r.Revision {
		delete(m.byToken, r.token) // nothing older can come any longer
	}
	m.advanceLocked(r.Revision)
}

// advance says that everything up to this place in the stream is known.
func (m *mirror) advance(seen uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.advanceLocked(seen)
}

// position returns up to where everything is known, and a channel that is closed
// when that changes.
func (m *mirror) position() (uint64, <-chan struct{}) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return m.seen, m.changed
}

// mayCreate returns why there cannot be such a subscription, or else up to where in
// the stream that holds.
func (m *mirror) mayCreate(s sender.Subscription) (uint64, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	if r := m.byToken[token(s.ID)]; r != nil && !r.deleted {
		return 0, errIDTaken
	}
	if m.urls[s.URL] > 0 {
		return 0, sender.ErrURLTaken
	}
	return m.seen, nil
}

func (m *mirror) get(id string) (sender.Subscription, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	r := m.byToken[token(id)]
	if r == nil || r.deleted {
		return sender.Subscription{}, false
	}
	return r.clone(), true
}

// list returns the subscriptions that the filter lets through, oldest first.
func (m *mirror) list(filter sender.Filter) []sender.Subscription {
	chosen := m.choose(filter)
	slices.SortFunc(chosen, func(a, b *record) int {
		return cmp.Or(a.CreatedAt.Compare(b.CreatedAt), cmp.Compare(a.created, b.created))
	})
	list := make([]sender.Subscription, len(chosen))
	for i, r := range chosen {
		list[i] = r.clone()
	}
	return list
}

func (m *mirror) choose(filter sender.Filter) []*record {
	m.mu.RLock()
	defer m.mu.RUnlock()
	candidates := m.byToken
	if filter.Tenant != "" || filter.NoTenant {
		candidates = m.byTenant[filter.Tenant]
	}
	var chosen []*record
	for _, r := range candidates {
		if !r.deleted && filter.Matches(&r.Subscription) {
			chosen = append(chosen, r)
		}
	}
	return chosen
}

func (m *mirror) putLocked(r *record) {
	known := m.byToken[r.token]
	if known != nil {
		if known.Revision >= r.Revision {
			return
		}
		m.dropLocked(known)
	}
	m.byToken[r.token] = r
	if r.deleted {
		return
	}
	if m.byTenant[r.Tenant] == nil {
		m.byTenant[r.Tenant] = make(map[string]*record)
	}
	m.byTenant[r.Tenant][r.token] = r
	m.urls[r.URL]++
}

func (m *mirror) dropLocked(r *record) {
	if r.deleted {
		return
	}
	delete(m.byTenant[r.Tenant], r.token)
	if len(m.byTenant[r.Tenant]) == 0 {
		delete(m.byTenant, r.Tenant)
	}
	if m.urls[r.URL]--; m.urls[r.URL] == 0 {
		delete(m.urls, r.URL)
	}
}

func (m *mirror) advanceLocked(seen uint64) {
	if seen > m.seen {
		m.seen = seen
		close(m.changed)
		m.changed = make(chan struct{})
	}
}

// decodeRecord reads a message of the stream of subscriptions.
func decodeRecord(subject string, header nats.Header, data []byte, revision uint64) (*record, error) {
	r := &record{token: lastToken(subject), created: revision, deleted: len(data) == 0}
	if !r.deleted {
		if err := json.Unmarshal(data, &r.Subscription); err != nil {
			return nil, fmt.Errorf("message %d on %s: %w", revision, subject, err)
		}
	}
	if created := header.Get(headerCreated); created != "" {
		var err error
		if r.created, err = strconv.ParseUint(created, 10, 64); err != nil {
			return nil, fmt.Errorf("message %d on %s: %s: %w", revision, subject, headerCreated, err)
		}
	}
	r.Revision = revision
	return r, nil
}

// clone shares nothing with the record that could be changed.
func (r *record) clone() sender.Subscription {
	c := r.Subscription
	c.Types = slices.Clone(c.Types)
	c.Secrets = slices.Clone(c.Secrets)
	c.Metadata = maps.Clone(c.Metadata)
	return c
}
