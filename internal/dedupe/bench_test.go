package dedupe

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"sync/atomic"
	"testing"
)

// BenchmarkClaimCommit measures the life of a delivery that has no copies. Above
// capacity each commit also takes the oldest one away. Up to a million all
// keys are in the exact table, at two millions half are in ristretto.
func BenchmarkClaimCommit(b *testing.B) {
	for _, bm := range []struct {
		name          string
		keys, entries int
	}{
		{"default capacity", 200_000, 200_000},
		{"a million", 1_000_000, 1_000_000},
		{"below a large capacity", 2_000_000, math.MaxInt},
		{"above a large capacity", 2_000_000, 2_000_000},
	} {
		b.Run(bm.name, func(b *testing.B) {
			s := newStore(b, Options{Entries: bm.entries})
			for n := range uint64(bm.keys) {
				remember(b, s, numbered(n), day)
			}
			var next atomic.Uint64
			next.Store(uint64(bm.keys))
			b.SetParallelism(32)
			b.ReportAllocs()
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					result, err := s.Claim(numbered(next.Add(1)), day)
					if err != nil || result.State != Fresh {
						b.Errorf("state %v, error %v instead of fresh", result.State, err)
						return
					}
					result.Claim.Commit(nil)
				}
			})
		})
	}
}

// BenchmarkRepeat measures a copy of a delivery that is done.
func BenchmarkRepeat(b *testing.B) {
	const keys = 2_000_000
	s := newStore(b, Options{Entries: keys})
	for i := range uint64(keys) {
		remember(b, s, numbered(i), day)
	}
	for _, bm := range []struct {
		name        string
		first, span uint64
	}{
		{"recent", keys - recentCommits, recentCommits},
		{"older", 0, keys - recentCommits - moveBatch},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					result, err := s.Claim(numbered(bm.first+rand.Uint64N(bm.span)), day)
					if err != nil || result.State != Done {
						b.Errorf("state %v, error %v instead of done", result.State, err)
						return
					}
				}
			})
		})
	}
}

func BenchmarkKeyOf(b *testing.B) {
	id := "evt_1PqX3sLkdIwHu7ixABCDEFGH"
	b.ReportAllocs()
	for b.Loop() {
		KeyOf("repliers-prod", "tenant-17", ByID, []byte(id))
	}
}

// BenchmarkHeap measures memory, not time: the heap a live key costs in all,
// and what of that ristretto costs alone. Run it with -benchtime 1x.
func BenchmarkHeap(b *testing.B) {
	for _, keys := range []int{200_000, 1_000_000, 10_000_000} {
		b.Run(fmt.Sprintf("keys=%d", keys), func(b *testing.B) {
			for range b.N {
				all := heapOf(b, keys, func(b *testing.B) func() {
					s := newStore(b, Options{Entries: keys})
					for i := range uint64(keys) {
						remember(b, s, numbered(i), day)
					}
					return func() { runtime.KeepAlive(s); s.Close() }
				})
				alone := heapOf(b, keys, func(b *testing.B) func() {
					o, err := newOlder()
					if err != nil {
						b.Fatal(err)
					}
					for i := range uint64(keys) {
						o.put(&item{numbered(i), instant(i)})
					}
					o.settle()
					return func() { runtime.KeepAlive(o); o.close() }
				})
				b.ReportMetric(all, "B/key")
				b.ReportMetric(alone, "ristretto-B/key")
			}
		})
	}
}

func heapOf(b *testing.B, keys int, fill func(*testing.B) func()) float64 {
	before := heapInUse()
	done := fill(b)
	after := heapInUse()
	done()
	return float64(after-before) / float64(keys)
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
