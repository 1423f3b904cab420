package reconcile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/subscription"
)

// A process that crashes at any step, before the step has its effect or after it,
// leaves nothing behind that the next one does not put in order.
func TestCrashAtEachStep(t *testing.T) {
	t.Parallel()
	prune := func(w Wanted) Wanted { w.Prune = true; return w }
	for name, c := range map[string]struct {
		before []string // what was wanted and made before
		do     func(*world, *node)
		after  []string // what is wanted then
	}{
		"first":  {nil, func(_ *world, n *node) { _ = n.Run(n.ctx) }, []string{"a", "b"}},
		"more":   {[]string{"a"}, func(_ *world, n *node) { _ = n.Run(n.ctx) }, []string{"a", "b"}},
		"fewer":  {[]string{"a", "b"}, func(_ *world, n *node) { _ = n.Run(n.ctx) }, []string{"b"}},
		"others": {[]string{"a", "b"}, func(_ *world, n *node) { _ = n.Run(n.ctx) }, []string{"b", "c"}},
		"gone": {[]string{"a", "b"}, func(w *world, n *node) {
			w.provider.remove(w.firstOfOurs())
			_ = n.Run(n.ctx)
		}, []string{"a", "b"}},
		"rotate": {[]string{"a", "b"}, func(_ *world, n *node) { _ = n.Rotate(n.ctx, 0) }, []string{"a", "b"}},
		"rotate slowly": {[]string{"a", "b"}, func(_ *world, n *node) {
			_ = n.Rotate(n.ctx, time.Hour)
			time.Sleep(time.Hour)
			_ = n.Run(n.ctx)
		}, []string{"a", "b"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			eachDialect(t, func(t *testing.T, w *world) {
				d := w.provider.dialect
				if !d.slots && strings.HasPrefix(name, "rotate") {
					return // there is nothing to rotate
				}
				for _, after := range []bool{false, true} {
					step := 1
					for crashes(t, d, step, after, c.before, c.after, c.do, prune) {
						step++
					}
					if step < 2 {
						t.Error("there was no step to crash at")
					}
				}
			})
		})
	}
}

// crashes runs a process that crashes at a step, and others after it. It reports
// whether the process got as far as that step.
func crashes(t *testing.T, d dialect, step int, after bool, before, wanted []string, do func(*world, *node), prune func(Wanted) Wanted) bool {
	t.Helper()
	w := newWorld(t.Context(), t, d)
	foreign := []subscription.Subscription{w.provider.add("https://elsewhere.example.com/", "a")}
	if d.slots {
		foreign = append(foreign, w.provider.add(base+"somebodys", "a"))
	}
	if len(before) > 0 {
		w.start(w.wanting(before...)).run()
	}
	f := &fuse{left: step, after: after}
	do(w, w.startWith(prune(w.wanting(wanted...)), f))

	time.Sleep(2 * createTimeout) // an arming that nobody was left to end has ended
	w.noneArmed()
	n := w.start(prune(w.wanting(wanted...)))
	n.run()
	w.hasOneUnlessRotated(wanted)
	time.Sleep(25 * time.Hour) // nothing that was lost or is retiring is kept for longer
	n.run()
	n.run()
	w.isSettled(wanted...)
	if got := n.Status(); got.Active != len(wanted) || slices.ContainsFunc(got.Drift, func(d Difference) bool { return d.Kind != Foreign }) {
		t.Errorf("step %d, after %t: the status is %+v", step, after, got)
	}
	for i, s := range w.provider.has()[:len(foreign)] {
		if s.ID != foreign[i].ID {
			t.Errorf("step %d, after %t: a foreign one was touched", step, after)
		}
	}
	if t.Failed() {
		t.Logf("step %d, after %t: there is %+v", step, after, w.provider.has())
		return false
	}
	return f.hasBlown()
}

// firstOfOurs returns the id of the oldest subscription that was made here.
func (w *world) firstOfOurs() string {
	for _, s := range w.provider.has() {
		if w.isOurs(s) {
			return s.ID
		}
	}
	w.t.Fatal("there is none of ours")
	return ""
}

// hasOneUnlessRotated allows for the first of two to be there until its time is up.
func (w *world) hasOneUnlessRotated(events []string) {
	w.t.Helper()
	has := map[string]int{}
	for _, s := range w.provider.has() {
		if w.isOurs(s) {
			has[s.Event]++
		}
	}
	for _, event := range events {
		if has[event] < 1 || has[event] > 2 {
			w.t.Errorf("there are %d for %s", has[event], event)
		}
	}
}

// The same with a storage that fails for a moment, in a process that goes on.
func TestFailureAtEachStep(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, first *world) {
		for step := 1; ; step++ {
			w := newWorld(t.Context(), t, first.provider.dialect)
			f := &fuse{left: step, after: step%2 == 0}
			n := w.startWith(w.wanting("a", "b"), f)
			err := n.Run(t.Context())
			if !f.hasBlown() {
				if err != nil || step < 2 {
					t.Errorf("after %d steps: %v", step, err)
				}
				return
			}
			if !errors.Is(err, errInjected) {
				t.Errorf("step %d: the error is %v", step, err)
			}
			f.mend()
			time.Sleep(2 * createTimeout)
			n.run()
			w.hasOne("a", "b")
			w.noneArmed()
		}
	})
}

func (f *fuse) mend() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.blown, f.left = false, 1<<30
}

// Of nodes that share a storage one acts at a time, so each subscription is made once.
func TestNodesActOneAtATime(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, w *world) {
		const nodes = 5
		w.provider.fault("list", func() error { time.Sleep(time.Second); return nil })
		ended := make(chan error, nodes)
		for range nodes {
			n := w.start(w.wanting("a", "b", "c"))
			go func() { ended <- n.Run(t.Context()) }()
		}
		for range nodes {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
		w.isSettled("a", "b", "c")
		if got := w.provider.count("create"); got != 3 {
			t.Errorf("%d were made", got)
		}
	})
}

// A node that lost its lock, as when it was asleep for long, writes over nothing.
func TestNodeThatWasOvertakenStops(t *testing.T) {
	t.Parallel()
	secretDialects(t, func(t *testing.T, w *world) {
		slow := w.start(w.wanting("a", "b"))
		fast := w.start(w.wanting("a", "b"))
		w.provider.fault("list", func() error {
			w.provider.fault("list", nil)
			_ = w.storage.Unlock(t.Context(), slow.ledger.key) // it counts as dead
			fast.run()
			return w.storage.Lock(t.Context(), slow.ledger.key)
		})
		if err := slow.runFails(); !errors.Is(err, ErrStore) || !errors.Is(err, errOvertaken) {
			t.Errorf("the error is %v", err)
		}
		w.isSettled("a", "b")
		slow.run()
		w.isSettled("a", "b")
	})
}

// Nor does it delete anything: what it knows may no longer be so.
func TestNodeThatWasOvertakenDeletesNothing(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, w *world) {
		w.start(w.wanting("a", "b")).run()
		wanted := w.wanting("a")
		wanted.Prune = true
		slow, fast := w.start(wanted), w.start(w.wanting("a", "b", "c"))
		w.provider.fault("list", func() error {
			w.provider.fault("list", nil)
			_ = w.storage.Unlock(t.Context(), slow.ledger.key) // it counts as dead
			fast.run()
			return w.storage.Lock(t.Context(), slow.ledger.key)
		})
		if err := slow.runFails(); !errors.Is(err, errOvertaken) {
			t.Errorf("the error is %v", err)
		}
		w.isSettled("a", "b", "c")
	})
}

// Stopped in the middle of a call, a process disarms the slot, and the next one
// finds out what became of it.
func TestStopDuringTheCall(t *testing.T) {
	t.Parallel()
	for _, made := range []bool{false, true} {
		t.Run(fmt.Sprint(made), func(t *testing.T) {
			t.Parallel()
			eachDialect(t, func(t *testing.T, w *world) {
				n := w.start(w.wanting("a"))
				at := "create"
				if made {
					at = "created"
				}
				w.provider.fault(at, func() error {
					go n.Stop()
					synctest.Wait()
					return refusal(subscription.ErrUnavailable)
				})
				if err := n.runFails(); !errors.Is(err, ErrStopped) {
					t.Errorf("the error is %v", err)
				}
				synctest.Wait()
				w.noneArmed()
				if len(n.failed) != 0 {
					t.Errorf("to be stopped is a failure: %v", n.failed)
				}
				if err := n.Run(t.Context()); !errors.Is(err, ErrStopped) {
					t.Errorf("once stopped, Run: %v", err)
				}
				w.provider.fault(at, nil)
				w.start(w.wanting("a")).run()
				w.hasOne("a")
			})
		})
	}
}
