package dedupe

import (
	"encoding/binary"
	"fmt"
	"math"
	"sync/atomic"

	"github.com/dgraph-io/ristretto/v2"
)

// older holds the commits that have left the exact table, in ristretto.
//
// Ristretto is a cache: where it has no room it prefers what is asked for most
// often, which for copies is the wrong way round. So it is given room without
// end, and what leaves it is decided by the journal.
type older struct {
	cache *ristretto.Cache[[]byte, instant]
	used  atomic.Bool // anything was ever put: until then nobody need ask
}

func newOlder() (*older, error) {
	cache, err := ristretto.NewCache(&ristretto.Config[[]byte, instant]{
		MaxCost:            math.MaxInt64,
		IgnoreInternalCost: true, // a key costs 1
		NumCounters:        1024, // of how often a key is asked for: never consulted, so few will do
		BufferItems:        64,
		KeyToHash:          splitKey,
	})
	if err != nil {
		return nil, fmt.Errorf("dedupe: ristretto: %w", err)
	}
	return &older{cache: cache}, nil
}

// splitKey gives ristretto the 64 bits it files a key under and the 64 bits it
// compares. It does not compare if the latter are zero, so they never are.
func splitKey(key []byte) (uint64, uint64) {
	return binary.LittleEndian.Uint64(key[:8]), max(binary.LittleEndian.Uint64(key[8:]), 1)
}

// expiry returns when the key expires. Ristretto lets its argument escape, so
// the key is taken from a place that is on the heap already.
func (o *older) expiry(key *Key) (instant, bool) {
	if !o.used.Load() {
		return 0, false
	}
	return o.cache.Get(key[:])
}

// put stores the item without waiting for it to show. Whether it does has to
// be asked with has after settle: a cache is free to refuse, and it does refuse
// a key that has its first 64 bits in common with another.
func (o *older) put(it *item) {
	o.used.Store(true)
	if o.cache.Set(it.key[:], it.expiry, 1) {
		return
	}
	// The buffer of writes was full. It is empty after settle.
	o.settle()
	o.cache.Set(it.key[:], it.expiry, 1)
}

// settle waits until every put and drop has been carried out.
func (o *older) settle() {
	o.cache.Wait()
}

func (o *older) has(it *item) bool {
	expiry, ok := o.expiry(&it.key)
	return ok && expiry == it.expiry
}

// drop removes the item, and only that one.
func (o *older) drop(it *item) bool {
	if !o.has(it) {
		return false
	}
	o.cache.Del(it.key[:])
	return true
}

func (o *older) close() {
	o.cache.Close()
}
