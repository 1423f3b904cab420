package dedupe

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// model is what a store promises, without anything that makes it fast.
type model struct {
	entries int
	commits []*modelCommit // oldest first
	flights map[uint64]*modelFlight
	evicted uint64
}

type modelCommit struct {
	n         uint64
	expiry    time.Time
	forgotten bool
}

type modelFlight struct {
	claim   *Claim
	window  time.Duration
	waiting []*modelCopy
}

type modelCopy struct {
	window time.Duration
	told   <-chan waited
	leave  func()
}

func (m *model) commit(n uint64, window time.Duration, now time.Time) {
	m.commits = append(m.commits, &modelCommit{n: n, expiry: now.Add(max(window, 1))})
	m.commits = slices.DeleteFunc(m.commits, func(c *modelCommit) bool { return !now.Before(c.expiry) })
	m.shrink()
}

func (m *model) shrink() {
	for len(m.commits) > m.entries {
		if !m.commits[0].forgotten {
			m.evicted++
		}
		m.commits = m.commits[1:]
	}
}

func (m *model) done(n uint64, now time.Time) *modelCommit {
	i := slices.IndexFunc(m.commits, func(c *modelCommit) bool {
		return c.n == n && !c.forgotten && now.Before(c.expiry)
	})
	if i < 0 {
		return nil
	}
	return m.commits[i]
}

// TestStoreAgainstModel drives a store and the model through the same random
// life, and compares all that a caller can see.
func TestStoreAgainstModel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		// Wrapped, for rapid would ask a *testing.T for its deadline, which has no
		// answer in a bubble.
		rapid.Check(struct{ rapid.TB }{t}, compare)
	})
}

func compare(t *rapid.T) {
	c := &clock{}
	m := &model{entries: rapid.IntRange(1, 30).Draw(t, "entries"), flights: map[uint64]*modelFlight{}}
	s, err := New(Options{Entries: m.entries, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	life, end := context.WithCancel(context.Background())
	defer end()
	s.recent = rapid.IntRange(0, 5).Draw(t, "recent")
	s.batch = rapid.IntRange(1, 3).Draw(t, "batch")

	windows := rapid.SampledFrom([]time.Duration{0, time.Minute, 10 * time.Minute, 2 * time.Hour})
	// Some keys are twins, which ristretto can not keep side by side.
	keys := append(twins(3), numbered(1), numbered(2), numbered(3), numbered(4), numbered(5))
	numbers := rapid.Uint64Range(0, uint64(len(keys)-1))
	var lastOther uint64
	inFlight := func() (uint64, *modelFlight) {
		if len(m.flights) == 0 {
			t.Skip("nothing is in flight")
		}
		var ns []uint64
		for n := range m.flights {
			ns = append(ns, n)
		}
		slices.Sort(ns)
		n := rapid.SampledFrom(ns).Draw(t, "in flight")
		return n, m.flights[n]
	}
	checkTold := func(copies []*modelCopy, want Result) {
		for _, copied := range copies {
			if len(copied.told) != 1 {
				t.Fatal("a waiting copy was told nothing")
			}
			if got := <-copied.told; got.err != nil || got.Result != want {
				t.Fatalf("a waiting copy was told %+v, want %+v", got, want)
			}
		}
	}

	t.Repeat(map[string]func(*rapid.T){
		"claim": func(t *rapid.T) {
			n, window := numbers.Draw(t, "key"), windows.Draw(t, "window")
			want := Fresh
			flight := m.flights[n]
			if flight != nil {
				want = InFlight
			} else if m.done(n, c.now()) != nil {
				want = Done
			}
			got, err := s.Claim(keys[n], window)
			if err != nil || got.State != want || (got.Claim != nil) != (want == Fresh) ||
				(got.Flight != nil) != (want == InFlight) || got.Answer != nil {
				t.Fatalf("claim: %+v, error %v, want state %v", got, err, want)
			}
			switch want {
			case Fresh:
				m.flights[n] = &modelFlight{claim: got.Claim, window: window}
			case InFlight:
				ctx, leave := context.WithCancel(life)
				flight.waiting = append(flight.waiting, &modelCopy{window, wait(ctx, got.Flight), leave})
			}
		},
		"commit": func(t *rapid.T) {
			n, flight := inFlight()
			c.advance(1) // no two commits at the same moment: the model knows one order only
			answer := rapid.SampledFrom([]*Answer{nil, {Status: 200}}).Draw(t, "answer")
			flight.claim.Commit(sharing(answer))
			synctest.Wait()
			m.commit(n, flight.window, c.now())
			delete(m.flights, n)
			checkTold(flight.waiting, Result{State: Done, Answer: answer})
			flight.claim.Release(nil)
			flight.claim.Abandon()
		},
		"commit other keys": func(t *rapid.T) {
			window := windows.Draw(t, "window")
			for range rapid.IntRange(1, 6).Draw(t, "number") {
				lastOther++
				c.advance(1)
				got, err := s.Claim(numbered(100+lastOther), window)
				if err != nil || got.State != Fresh {
					t.Fatalf("claim of a new key: %+v, error %v", got, err)
				}
				got.Claim.Commit(nil)
				m.commit(100+lastOther, window, c.now())
			}
		},
		"release": func(t *rapid.T) {
			n, flight := inFlight()
			answer := rapid.SampledFrom([]*Answer{nil, {Status: 500}}).Draw(t, "answer")
			flight.claim.Release(sharing(answer))
			synctest.Wait()
			delete(m.flights, n)
			checkTold(flight.waiting, Result{State: Failed, Answer: answer})
			flight.claim.Commit(nil)
		},
		"abandon": func(t *rapid.T) {
			n, flight := inFlight()
			flight.claim.Abandon()
			synctest.Wait()
			flight.claim.Commit(nil)
			delete(m.flights, n)
			if len(flight.waiting) == 0 {
				return
			}
			var next *modelFlight
			var left []*modelCopy
			for _, copied := range flight.waiting {
				if len(copied.told) == 0 {
					left = append(left, copied)
					continue
				}
				got := <-copied.told
				if next != nil || got.err != nil || got.State != Fresh || got.Claim == nil {
					t.Fatalf("a waiting copy was told %+v, when another was told %+v", got, next)
				}
				next = &modelFlight{claim: got.Claim, window: copied.window}
			}
			if next == nil {
				t.Fatal("no copy became the owner")
			}
			next.waiting = left
			m.flights[n] = next
		},
		"leave": func(t *rapid.T) {
			_, flight := inFlight()
			if len(flight.waiting) == 0 {
				t.Skip("nobody waits")
			}
			i := rapid.IntRange(0, len(flight.waiting)-1).Draw(t, "copy")
			flight.waiting[i].leave()
			if got := <-flight.waiting[i].told; !errors.Is(got.err, context.Canceled) {
				t.Fatalf("a copy that left was told %+v", got)
			}
			flight.waiting = slices.Delete(flight.waiting, i, i+1)
		},
		"forget": func(t *rapid.T) {
			n := numbers.Draw(t, "key")
			known := m.done(n, c.now())
			want := known != nil && m.flights[n] == nil
			if got := s.Forget(keys[n]); got != want {
				t.Fatalf("forget: %v, want %v", got, want)
			}
			if want {
				known.forgotten = true
			}
		},
		"advance": func(t *rapid.T) {
			c.advance(rapid.SampledFrom([]time.Duration{
				1, time.Minute - 5, time.Minute, 10 * time.Minute, time.Hour,
			}).Draw(t, "time"))
		},
		"set entries": func(t *rapid.T) {
			m.entries = rapid.IntRange(1, 30).Draw(t, "entries")
			if err := s.SetEntries(m.entries); err != nil {
				t.Fatal(err)
			}
			if len(m.commits) > m.entries {
				now := c.now()
				m.commits = slices.DeleteFunc(m.commits, func(c *modelCommit) bool { return !now.Before(c.expiry) })
				m.shrink()
			}
		},
		"": func(t *rapid.T) {
			now := c.now()
			live := 0
			for _, commit := range m.commits {
				if now.Before(commit.expiry) {
					live++
				}
			}
			want := Stats{Keys: live, Entries: m.entries, InFlight: len(m.flights), EvictedEarly: m.evicted}
			if got := s.Stats(); got != want {
				t.Fatalf("stats %+v, want %+v", got, want)
			}
		},
	})

	// Whatever happened: when all is over, nothing is left behind.
	for _, flight := range m.flights {
		flight.claim.Release(nil)
		synctest.Wait()
		checkTold(flight.waiting, Result{State: Failed})
	}
	c.advance(day)
	s.mu.Lock()
	s.trim(s.instant(), 1000)
	length, queues, recent := s.journal.length, len(s.journal.queues), s.journal.recent
	s.mu.Unlock()
	if left := fmt.Sprint(length, queues, recent, inTable(s), inOlder(s)); left != "0 0 0 0 0" {
		t.Fatalf("left behind: %s", left)
	}
}
