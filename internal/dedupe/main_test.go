package dedupe

import (
	"encoding/binary"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const day = 24 * time.Hour

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// clock is a clock that only moves when told to.
type clock struct{ elapsed atomic.Int64 }

func (c *clock) now() time.Time {
	return time.Unix(1_700_000_000, 0).Add(time.Duration(c.elapsed.Load()))
}

func (c *clock) advance(d time.Duration) {
	c.elapsed.Add(int64(d))
}

func newStore(tb testing.TB, options Options) *Store {
	tb.Helper()
	s, err := New(options)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(s.Close)
	return s
}

// newSmallTable returns a store whose exact table keeps hardly anything, so
// that a few keys are enough to reach ristretto.
func newSmallTable(tb testing.TB, options Options) *Store {
	tb.Helper()
	s := newStore(tb, options)
	s.recent, s.batch = 3, 2
	return s
}

// numbered returns a key that is as evenly spread as a digest, for a fraction
// of the cost. Different numbers make different keys.
func numbered(n uint64) Key {
	var key Key
	binary.LittleEndian.PutUint64(key[:8], scramble(n))
	binary.LittleEndian.PutUint64(key[8:], scramble(^n))
	return key
}

func scramble(n uint64) uint64 {
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

func claim(tb testing.TB, s *Store, key Key, window time.Duration, want State) Result {
	tb.Helper()
	result, err := s.Claim(key, window)
	if err != nil || result.State != want {
		tb.Fatalf("claim of %v: state %v, error %v, want state %v", key, result.State, err, want)
	}
	return result
}

func remember(tb testing.TB, s *Store, key Key, window time.Duration) {
	tb.Helper()
	claim(tb, s, key, window, Fresh).Claim.Commit(nil)
}

// remembers asks for the key and leaves no trace.
func remembers(tb testing.TB, s *Store, key Key) bool {
	tb.Helper()
	result, err := s.Claim(key, day)
	if err != nil {
		tb.Fatal(err)
	}
	if result.State == Fresh {
		result.Claim.Release(nil)
	}
	return result.State == Done
}

// inTable and inOlder count the keys in the exact table and in ristretto, each
// of which is in one of them only.
func inTable(s *Store) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	n := 0
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		n += len(sh.flights) + sh.commits.count
		sh.mu.Unlock()
	}
	return n
}

func inOlder(s *Store) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.settle()
	s.older.settle()
	n := 0
	s.older.cache.IterValues(func(instant) bool { n++; return false })
	return n
}

// sharing is how an owner gives this answer to waiting copies.
func sharing(answer *Answer) func() *Answer { return func() *Answer { return answer } }
