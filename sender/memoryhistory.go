package sender

import (
	"cmp"
	"context"
	"sync"
)

const (
	defaultRecords = 10_000
	defaultLimit   = 100 // of an AttemptQuery
)

// MemoryHistory is a [History] that lasts as long as the process and keeps the
// newest records. One takes up to 1.5 KiB.
type MemoryHistory struct {
	mu      sync.RWMutex
	records []Attempt // a ring once it is full
	oldest  int
	size    int
}

var _ History = (*MemoryHistory)(nil)

// NewMemoryHistory returns a history that keeps this many records, or 10,000
// where the number is 0 or less.
func NewMemoryHistory(records int) *MemoryHistory {
	if records <= 0 {
		records = defaultRecords
	}
	return &MemoryHistory{size: records}
}

// Add implements [History].
func (h *MemoryHistory) Add(_ context.Context, attempt Attempt) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.records) < h.size {
		h.records = append(h.records, attempt)
		return nil
	}
	h.records[h.oldest] = attempt
	h.oldest = (h.oldest + 1) % h.size
	return nil
}

// Attempts implements [History].
func (h *MemoryHistory) Attempts(_ context.Context, query AttemptQuery) ([]Attempt, error) {
	h.mu.RLock()
	defer h.mu.RUnlock()
	limit := cmp.Or(query.Limit, defaultLimit)
	var found []Attempt
	for i := len(h.records) - 1; i >= 0 && len(found) < limit; i-- {
		record := &h.records[(h.oldest+i)%len(h.records)]
		if query.Matches(record) {
			found = append(found, *record)
		}
	}
	return found, nil
}
