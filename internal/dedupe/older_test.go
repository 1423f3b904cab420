package dedupe

import (
	"math"
	"testing"
	"testing/synctest"

	"github.com/dgraph-io/ristretto/v2"
)

// twins returns keys that ristretto files under the same 64 bits and can not
// keep side by side.
func twins(n int) []Key {
	keys := make([]Key, n)
	for i := range keys {
		keys[i] = numbered(7)
		keys[i][8] = byte(i)
	}
	return keys
}

func TestKeysThatShareHalfTheirBits(t *testing.T) {
	t.Parallel()
	c := &clock{}
	s := newSmallTable(t, Options{Entries: 1000, Now: c.now})
	keys := twins(50)
	for _, key := range keys {
		claim(t, s, key, day, Fresh).Claim.Commit(nil)
		c.advance(1)
	}
	others(t, s, c)
	for i, key := range keys {
		claim(t, s, key, day, Done)
		if i%2 == 1 && !s.Forget(key) {
			t.Errorf("key %d was not known", i)
		}
	}
	for i, key := range keys {
		if got := remembers(t, s, key); got != (i%2 == 0) {
			t.Errorf("key %d remembered: %v", i, got)
		}
	}
	c.advance(day)
	others(t, s, c)
	for i, key := range keys {
		if remembers(t, s, key) {
			t.Errorf("key %d remembered after its window", i)
		}
	}
	if n := inTable(s) + inOlder(s); n != 20 {
		t.Errorf("%d keys are held, want the 20 others", n)
	}
}

// Ristretto does not compare the second half of a key if it is zero.
func TestKeyWithAnEmptyHalf(t *testing.T) {
	t.Parallel()
	c := &clock{}
	s := newSmallTable(t, Options{Entries: 1000, Now: c.now})
	full := numbered(7)
	empty := full
	clear(empty[8:])
	remember(t, s, full, day)
	others(t, s, c)
	if remembers(t, s, empty) {
		t.Error("taken for a key that has the same first half")
	}
}

// A Set that ristretto drops, because too many others are waiting to be carried
// out, is made up for.
func TestDroppedSetIsRetried(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		proceed := make(chan struct{})
		cache, err := ristretto.NewCache(&ristretto.Config[[]byte, instant]{
			MaxCost:            math.MaxInt64,
			IgnoreInternalCost: true,
			NumCounters:        1024,
			BufferItems:        64,
			KeyToHash:          splitKey,
			Metrics:            true,
			OnReject:           func(*ristretto.Item[instant]) { <-proceed },
		})
		if err != nil {
			t.Fatal(err)
		}
		o := older{cache: cache}
		defer o.close()
		// The second twin is refused, and holds ristretto up until told to proceed.
		for _, key := range twins(2) {
			o.put(&item{key, 1})
			synctest.Wait()
		}
		n := uint64(100)
		for ; cache.Metrics.SetsDropped() == 0; n++ {
			key := numbered(n)
			cache.Set(key[:], 1, 1)
		}
		it := &item{numbered(n), 2}
		done := make(chan struct{})
		go func() {
			defer close(done)
			o.put(it)
			o.settle()
		}()
		synctest.Wait()
		if cache.Metrics.SetsDropped() != 2 || o.has(it) {
			t.Fatalf("%d dropped, so there was nothing to retry", cache.Metrics.SetsDropped())
		}
		close(proceed)
		<-done
		if !o.has(it) {
			t.Error("the item was lost")
		}
	})
}
