package dedupe

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// everywhere runs a test against a store that keeps all its keys in the exact
// table, and against one that keeps most of them in ristretto.
func everywhere(t *testing.T, test func(t *testing.T, s *Store, c *clock)) {
	t.Helper()
	for name, make := range map[string]func(testing.TB, Options) *Store{
		"table": newStore, "ristretto": newSmallTable,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := &clock{}
			test(t, make(t, Options{Entries: 1000, Now: c.now}), c)
		})
	}
}

// others commits enough other keys to push what was there out of a small table.
func others(t *testing.T, s *Store, c *clock) {
	t.Helper()
	for range 10 {
		c.advance(1)
		remember(t, s, numbered(rand.Uint64()|1<<63), 1000*day)
	}
}

func TestNewWantsEntries(t *testing.T) {
	t.Parallel()
	for _, entries := range []int{0, -1, math.MinInt} {
		if s, err := New(Options{Entries: entries}); err == nil {
			s.Close()
			t.Errorf("%d entries were accepted", entries)
		}
	}
}

func TestKeyIsDoneUntilItsWindowEnds(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s *Store, c *clock) {
		key := numbered(1)
		for round := range 3 {
			owner := claim(t, s, key, time.Hour, Fresh).Claim
			c.advance(time.Minute) // the window counts from the commit on
			owner.Commit(nil)
			c.advance(time.Hour - 1000)
			others(t, s, c)
			c.advance(1000 - 10 - 1)
			if !remembers(t, s, key) {
				t.Errorf("round %d: forgotten before the window has ended", round)
			}
			c.advance(1)
			if remembers(t, s, key) {
				t.Errorf("round %d: remembered after the window has ended", round)
			}
		}
	})
}

func TestChangedWindowHoldsForLaterCommits(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s *Store, c *clock) {
		remember(t, s, numbered(1), time.Hour)
		remember(t, s, numbered(2), time.Minute)
		others(t, s, c)
		c.advance(time.Minute)
		claim(t, s, numbered(1), time.Second, Done)
		owner := claim(t, s, numbered(2), time.Hour, Fresh).Claim
		owner.Commit(nil)
		others(t, s, c)
		c.advance(time.Hour - time.Minute)
		claim(t, s, numbered(1), time.Hour, Fresh)
		claim(t, s, numbered(2), time.Second, Done)
	})
}

func TestWindowsAtTheirLimits(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s *Store, c *clock) {
		c.advance(50 * 365 * day)
		remember(t, s, numbered(1), math.MaxInt64)
		remember(t, s, numbered(2), 0)
		remember(t, s, numbered(3), -time.Hour)
		remember(t, s, numbered(4), math.MinInt64)
		c.advance(1)
		if remembers(t, s, numbered(2)) {
			t.Error("a key without a window is remembered")
		}
		others(t, s, c)
		if !remembers(t, s, numbered(1)) {
			t.Error("the longest window overflowed")
		}
		for n := range uint64(3) {
			if remembers(t, s, numbered(2+n)) {
				t.Errorf("key %d has no window and is remembered", 2+n)
			}
		}
	})
}

func TestForget(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s *Store, c *clock) {
		key := numbered(1)
		if s.Forget(key) {
			t.Error("forgot a key that was never seen")
		}
		owner := claim(t, s, key, day, Fresh).Claim
		if s.Forget(key) {
			t.Error("forgot a key in flight")
		}
		claim(t, s, key, day, InFlight)
		owner.Commit(nil)
		others(t, s, c)

		if !s.Forget(key) || s.Forget(key) {
			t.Error("a remembered key is not forgotten exactly once")
		}
		others(t, s, c)
		if remembers(t, s, key) {
			t.Error("the key came back")
		}
		// What is committed again is not mistaken for what was forgotten.
		c.advance(day / 2)
		remember(t, s, key, day)
		others(t, s, c)
		c.advance(day / 2)
		others(t, s, c)
		if !remembers(t, s, key) {
			t.Error("the second commit went with the first")
		}
		c.advance(day)
		if s.Forget(key) {
			t.Error("forgot a key that had expired")
		}
	})
}

// Ten commits and forgets of one key at one moment, while the table is moved
// on at every stage: the last commit stands.
func TestForgetAndCommitAtTheSameMoment(t *testing.T) {
	t.Parallel()
	for stage := range uint64(8) {
		s := newSmallTable(t, Options{Entries: 1000, Now: new(clock).now})
		key, n := numbered(0), stage*1000
		for range 10 {
			remember(t, s, key, day)
			for range stage {
				n++
				remember(t, s, numbered(n), day)
			}
			if !s.Forget(key) {
				t.Fatalf("stage %d: the key was lost", stage)
			}
			claim(t, s, key, day, Fresh).Claim.Release(nil)
		}
		remember(t, s, key, day)
		for range 20 {
			n++
			remember(t, s, numbered(n), day)
			if !remembers(t, s, key) {
				t.Fatalf("stage %d: the key was lost", stage)
			}
		}
		if held, want := inTable(s)+inOlder(s), int(1+n-stage*1000); held != want {
			t.Errorf("stage %d: %d keys are held, want %d", stage, held, want)
		}
	}
}

func TestAboveCapacityTheOldestAreLost(t *testing.T) {
	t.Parallel()
	// Stop at each stage of a move: 10 keys make no difference to the next 10.
	for entries := 1; entries <= 12; entries++ {
		for keys := 20; keys < 30; keys++ {
			c := &clock{}
			s := newSmallTable(t, Options{Entries: entries, Now: c.now})
			for n := range keys {
				// Lengths of window must not matter for who is oldest.
				remember(t, s, numbered(uint64(n)), day*time.Duration(1+n%3))
				c.advance(1)
			}
			s.older.settle() // so that a lost key that is still on its way would show
			for n := range keys {
				if got, want := remembers(t, s, numbered(uint64(n))), n >= keys-entries; got != want {
					t.Errorf("%d entries: key %d of %d remembered: %v", entries, n, keys, got)
				}
			}
			want := Stats{Keys: entries, Entries: entries, EvictedEarly: uint64(keys - entries)}
			if got := s.Stats(); got != want {
				t.Errorf("%d entries: stats %+v, want %+v", entries, got, want)
			}
			if n := inTable(s) + inOlder(s); n != entries {
				t.Errorf("%d entries: %d keys are held", entries, n)
			}
		}
	}
}

func TestNewestCommitsStayInTheTable(t *testing.T) {
	t.Parallel()
	c := &clock{}
	s := newSmallTable(t, Options{Entries: 1000, Now: c.now})
	const keys = 101
	for n := range uint64(keys) {
		remember(t, s, numbered(n), day*time.Duration(1+n%3))
		c.advance(1)
	}
	if n := len(s.moving); n == 0 || n > s.batch {
		t.Errorf("%d keys are on their way, want one batch", n)
	}
	if n := inTable(s); n < s.recent || n >= s.recent+s.batch {
		t.Errorf("%d keys in the table, want %d and less than a batch more", n, s.recent)
	}
	for n := range uint64(keys) {
		key := numbered(n)
		_, recent := s.shard(key).commits.expiry(&key)
		if want := int(n) >= keys-inTable(s); recent != want {
			t.Errorf("key %d of %d in the table: %v", n, keys, recent)
		}
	}
}

// The first commit after a quiet time must not pay for all that has expired.
func TestExpiredKeysAreClearedBitByBit(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s *Store, c *clock) {
		for n := range uint64(10 * maxDrops) {
			remember(t, s, numbered(n), time.Minute)
		}
		c.advance(time.Minute)
		for n := range 12 {
			want := max(10-n, 0)*maxDrops + n
			if held := inTable(s) + inOlder(s); held != want {
				t.Errorf("%d keys are held after %d commits, want %d", held, n, want)
			}
			remember(t, s, numbered(uint64(5000+n)), day)
		}
	})
}

// Copies of old keys must not keep new keys out, as a cache would have it.
func TestOftenAskedKeysDoNotKeepNewOnesOut(t *testing.T) {
	t.Parallel()
	s := newSmallTable(t, Options{Entries: 1000})
	for n := range uint64(1000) {
		remember(t, s, numbered(n), day)
	}
	for range 20 {
		for n := range uint64(1000) {
			claim(t, s, numbered(n), day, Done)
		}
	}
	for n := range uint64(1000) {
		remember(t, s, numbered(1000+n), day)
	}
	for n := range uint64(1000) {
		claim(t, s, numbered(1000+n), day, Done)
	}
}

func TestExpiredKeysMakeRoomBeforeLiveOnes(t *testing.T) {
	t.Parallel()
	c := &clock{}
	s := newSmallTable(t, Options{Entries: 200, Now: c.now})
	for n := range uint64(100) {
		remember(t, s, numbered(n), day)
		remember(t, s, numbered(1000+n), time.Minute)
	}
	c.advance(time.Minute)
	for n := range uint64(100) {
		remember(t, s, numbered(2000+n), day)
	}
	for n := range uint64(100) {
		claim(t, s, numbered(n), day, Done)
		claim(t, s, numbered(2000+n), day, Done)
	}
	if got, want := s.Stats(), (Stats{Keys: 200, Entries: 200}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
}

func TestSetEntries(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, s *Store, _ *clock) {
		for n := range uint64(1000) {
			remember(t, s, numbered(n), day)
		}
		for _, bad := range []int{0, -5} {
			if err := s.SetEntries(bad); err == nil {
				t.Errorf("%d entries were accepted", bad)
			}
		}
		check := func(entries, keys int, evicted uint64) {
			t.Helper()
			if got, want := s.Stats(), (Stats{Keys: keys, Entries: entries, EvictedEarly: evicted}); got != want {
				t.Errorf("stats %+v, want %+v", got, want)
			}
		}
		if err := s.SetEntries(2000); err != nil {
			t.Fatal(err)
		}
		check(2000, 1000, 0)
		for n := range uint64(500) {
			remember(t, s, numbered(1000+n), day)
		}
		check(2000, 1500, 0)
		if err := s.SetEntries(100); err != nil {
			t.Fatal(err)
		}
		check(100, 100, 1400)
		for n := range uint64(1500) {
			if got := remembers(t, s, numbered(n)); got != (n >= 1400) {
				t.Errorf("key %d remembered: %v", n, got)
			}
		}
	})
}

func TestTooManyInFlight(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{Entries: 10})
	remember(t, s, numbered(0), day)
	var first *Claim
	for n := range uint64(MaxInFlight) {
		first = claim(t, s, numbered(1+n), day, Fresh).Claim
	}
	if got, err := s.Claim(numbered(1<<32), day); !errors.Is(err, ErrTooManyInFlight) || got != (Result{}) {
		t.Fatalf("got %+v, error %v, want ErrTooManyInFlight", got, err)
	}
	// Copies are still told what is known.
	claim(t, s, numbered(0), day, Done)
	claim(t, s, numbered(1), day, InFlight)
	if n := inTable(s); n != MaxInFlight+1 {
		t.Errorf("%d keys in the table", n)
	}
	first.Release(nil)
	claim(t, s, numbered(1<<32), day, Fresh)
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s, err := New(Options{Entries: 10})
		if err != nil {
			t.Fatal(err)
		}
		remember(t, s, numbered(1), day)
		committed := claim(t, s, numbered(2), day, Fresh).Claim
		abandoned := claim(t, s, numbered(3), day, Fresh).Claim
		waiting := wait(t.Context(), claim(t, s, numbered(2), day, InFlight).Flight)
		orphan := wait(t.Context(), claim(t, s, numbered(3), day, InFlight).Flight)
		s.Close()
		s.Close()

		if got, err := s.Claim(numbered(1), day); !errors.Is(err, ErrClosed) || got != (Result{}) {
			t.Errorf("claim: %+v, error %v, want ErrClosed", got, err)
		}
		if s.Forget(numbered(1)) {
			t.Error("forgot a key after the end")
		}
		if err := s.SetEntries(1); err != nil {
			t.Error(err)
		}
		committed.Commit(nil)
		if got := <-waiting; got.err != nil || got.State != Done {
			t.Errorf("a waiting copy was told %+v", got)
		}
		abandoned.Abandon()
		if got := <-orphan; !errors.Is(got.err, ErrClosed) {
			t.Errorf("an orphaned copy was told %+v, want ErrClosed", got)
		}
		if got, want := s.Stats(), (Stats{Keys: 1, Entries: 1}); got != want {
			t.Errorf("stats %+v, want %+v", got, want)
		}
	})
}

// Whatever is going on, closing ends it without harm.
func TestCloseUnderLoad(t *testing.T) {
	t.Parallel()
	s := newSmallTable(t, Options{Entries: 100})
	var started, ended sync.WaitGroup
	for g := range uint64(8) {
		started.Add(1)
		ended.Go(func() {
			var once sync.Once
			for n := g; ; n++ {
				result, err := s.Claim(numbered(n), day)
				if errors.Is(err, ErrClosed) {
					return
				}
				if result.State == Fresh {
					result.Claim.Commit(nil)
				}
				s.Forget(numbered(n - 50))
				if n-g == 200 {
					once.Do(started.Done)
				}
			}
		})
	}
	started.Wait()
	s.Close()
	ended.Wait()
}

// Every key is delivered twice by each of two goroutines, in no order, and
// there is room for all of them: each has one owner, and each copy is seen.
func TestNothingIsLostUpToCapacity(t *testing.T) {
	t.Parallel()
	const goroutines = 64
	keys := uint64(1_000_000)
	if testing.Short() {
		keys = 200_000
	}
	s := newStore(t, Options{Entries: int(keys)})
	s.recent = int(keys / 4)
	each := keys / goroutines
	var owners atomic.Uint64
	var wg sync.WaitGroup
	for g := range uint64(goroutines) {
		wg.Go(func() {
			deliver := func(n uint64) {
				result, err := s.Claim(numbered(n), day)
				if err == nil && result.State == InFlight {
					result, err = result.Flight.Wait(t.Context())
				}
				switch {
				case err != nil:
					t.Errorf("key %d: %v", n, err)
				case result.State == Fresh:
					owners.Add(1)
					result.Claim.Commit(nil)
				case result.State != Done:
					t.Errorf("key %d: state %v", n, result.State)
				}
			}
			for n := range each {
				deliver(g*each + n)
				deliver((g+1)%goroutines*each + n)
				deliver(rand.Uint64N(each * goroutines))
			}
		})
	}
	wg.Wait()
	live := each * goroutines
	if owners.Load() != live {
		t.Errorf("%d owners of %d keys", owners.Load(), live)
	}
	for n := range live {
		claim(t, s, numbered(n), day, Done)
	}
	if got, want := s.Stats(), (Stats{Keys: int(live), Entries: int(keys)}); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
	if n := inOlder(s); n < int(live)-s.recent-2*moveBatch {
		t.Errorf("only %d of %d keys are in ristretto", n, live)
	}
}

// It is promised how much memory a key takes at most, in the exact table and in
// ristretto. The heap is that of the whole process, so nothing else runs beside this test.
func TestHeapOfAKey(t *testing.T) {
	for _, recent := range []int{recentCommits, 1000} {
		t.Run(fmt.Sprintf("%d in the table", recent), func(t *testing.T) { checkHeapOfAKey(t, recent) })
	}
}

func checkHeapOfAKey(t *testing.T, recent int) {
	const keys, most = 1_000_000, 240
	before := heapInUse()
	s := newStore(t, Options{Entries: keys})
	s.recent = recent
	for n := range uint64(keys) {
		remember(t, s, numbered(n), day)
	}
	if each := float64(heapInUse()-before) / keys; each > most {
		t.Errorf("a key takes %.1f bytes, want at most %d", each, most)
	} else {
		t.Logf("a key takes %.1f bytes", each)
	}
	if n := s.Stats().Keys; n != keys {
		t.Errorf("%d keys are kept", n)
	}
	runtime.KeepAlive(s)
}

func TestExactlyTheCapacityIsKeptUnderLoad(t *testing.T) {
	t.Parallel()
	const goroutines, each, entries = 64, 5000, 100_000
	s := newStore(t, Options{Entries: entries})
	var wg sync.WaitGroup
	for g := range uint64(goroutines) {
		wg.Go(func() {
			for n := range uint64(each) {
				result, err := s.Claim(numbered(g*each+n), day)
				if err != nil || result.State != Fresh {
					t.Errorf("state %v, error %v", result.State, err)
					return
				}
				result.Claim.Commit(nil)
			}
		})
	}
	wg.Wait()
	kept := 0
	for n := range uint64(goroutines * each) {
		if remembers(t, s, numbered(n)) {
			kept++
		}
	}
	if kept != entries {
		t.Errorf("%d keys kept", kept)
	}
	want := Stats{Keys: entries, Entries: entries, EvictedEarly: goroutines*each - entries}
	if got := s.Stats(); got != want {
		t.Errorf("stats %+v, want %+v", got, want)
	}
	if n := inTable(s) + inOlder(s); n != entries {
		t.Errorf("%d keys are held", n)
	}
}

func TestCopyOfARecentKeyDoesNotAllocate(t *testing.T) {
	s := newStore(t, Options{Entries: 10})
	remember(t, s, numbered(1), day)
	if n := testing.AllocsPerRun(100, func() { _, _ = s.Claim(numbered(1), day) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
