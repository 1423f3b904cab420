package handshake

import (
	"context"
	"errors"
	"io/fs"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/document"
	"github.com/hookward/hookward/internal/document/documenttest"
)

func TestUnreadableStoreAtOpenIsNotFresh(t *testing.T) {
	t.Parallel()
	for _, mode := range []Mode{Armed, Once} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			m, c := documenttest.New(), newClock()
			first := start(t, newFaulty(m), c, mode)
			first.arm(time.Hour)
			first.offers(providers, Learned)

			storage := newFaulty(m)
			storage.breakAll(errInjected)
			n := prepare(t, storage, c, mode)
			if err := n.Open(t.Context()); !errors.Is(err, ErrStore) || !errors.Is(err, errInjected) {
				t.Fatalf("Open: %v, want ErrStore and its cause", err)
			}
			if _, err := n.Secrets(t.Context(), slotName); !errors.Is(err, ErrStore) {
				t.Errorf("Secrets: %v, want ErrStore", err)
			}
			if _, err := n.Refresh(t.Context(), slotName); !errors.Is(err, ErrStore) {
				t.Errorf("Refresh: %v, want ErrStore", err)
			}
			if _, err := n.Status(t.Context()); !errors.Is(err, ErrStore) {
				t.Errorf("Status: %v, want ErrStore", err)
			}
			if _, err := n.Arm(t.Context(), slotName, time.Hour); !errors.Is(err, ErrStore) {
				t.Errorf("Arm: %v, want ErrStore", err)
			}
			n.offerFails(strangers)

			storage.breakAll(nil)
			c.advance(time.Second)
			n.holds(providers)
			n.offers(strangers, Locked)
		})
	}
}

func TestSlotsWorkWithoutOpen(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	first := start(t, newFaulty(m), c, Armed)
	first.arm(time.Hour)
	first.offers(providers, Learned)

	prepare(t, newFaulty(m), c, Armed).holds(providers)
	prepare(t, newFaulty(m), c, Armed).offers(providers, Known)
	prepare(t, newFaulty(m), c, Armed).offers(strangers, Locked)
}

func TestNewOpensNothing(t *testing.T) {
	t.Parallel()
	storage := newFaulty(documenttest.New())
	prepare(t, storage, newClock(), Once)
	if got := storage.calls(); got != (calls{}) {
		t.Errorf("New reached storage: %+v", got)
	}
}

func TestCachedSecretsOutliveTheStore(t *testing.T) {
	t.Parallel()
	c, storage := newClock(), newFaulty(documenttest.New())
	n := start(t, storage, c, Armed)
	n.arm(time.Hour)
	n.offers(providers, Learned)
	set := n.holds(providers)

	storage.breakAll(errInjected)
	for range 3 {
		c.advance(2 * cacheAge)
		if n.holds(providers) != set {
			t.Error("the set was replaced although nothing changed")
		}
		if _, err := n.Refresh(t.Context(), slotName); !errors.Is(err, ErrStore) {
			t.Errorf("Refresh: %v, want ErrStore", err)
		}
		n.offers(providers, Known) // nothing to store, so nothing to fail
		n.offerFails(strangers)
	}
}

func TestUnwritableStoreTeachesNothing(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	storage := newFaulty(m)
	n := start(t, storage, c, Armed)
	n.arm(time.Hour)

	storage.breakStore(errInjected)
	n.offerFails(providers)
	n.holds()
	if m.Locked(n.key) {
		t.Error("the lock was left behind")
	}

	storage.breakStore(nil)
	c.advance(time.Second)
	n.offers(providers, Learned)
	start(t, newFaulty(m), c, Armed).holds(providers)
}

// The write arrived although storage said that it failed: the provider, who was
// not echoed, asks again.
func TestWriteThatFailedButHappened(t *testing.T) {
	t.Parallel()
	for secret, want := range map[string]Outcome{providers: Known, strangers: Locked} {
		m, c := documenttest.New(), newClock()
		storage := newFaulty(m)
		n := start(t, storage, c, Armed)
		n.arm(time.Hour)

		other := start(t, newFaulty(m), c, Armed)
		other.offers(providers, Learned)
		happened := m.Get(n.key)
		storage.breakStore(errInjected)
		m.Put(n.key, `{"version":1,"endpoint":"asana-prod","slots":{"tasks":{"armed_until":"2026-03-01T13:00:00Z"}}}`)
		n.offerFails(providers)
		m.Put(n.key, happened)

		storage.breakStore(nil)
		c.advance(time.Second)
		n.offers(secret, want)
		n.holds(providers)
	}
}

func TestLockThatCannotBeGivenBackIsAnError(t *testing.T) {
	t.Parallel()
	storage := newFaulty(documenttest.New())
	n := start(t, storage, newClock(), Armed)
	n.arm(time.Hour)

	storage.breakUnlock(errInjected)
	n.offerFails(providers)
}

func TestLockIsReleasedWhateverHappens(t *testing.T) {
	t.Parallel()
	t.Run("caller leaves while storing", func(t *testing.T) {
		t.Parallel()
		m := documenttest.New()
		storage := newFaulty(m)
		n := start(t, storage, newClock(), Armed)
		n.arm(time.Hour)

		ctx, leave := context.WithCancel(t.Context())
		storage.hooks(nil, leave)
		if got, err := n.Offer(ctx, slotName, providers); got != Learned || err != nil {
			t.Errorf("Offer = %v, %v; want the work finished", got, err)
		}
		if m.Locked(n.key) {
			t.Error("the lock was left behind")
		}
	})
	t.Run("storage panics", func(t *testing.T) {
		t.Parallel()
		m := documenttest.New()
		storage := newFaulty(m)
		n := start(t, storage, newClock(), Armed)
		n.arm(time.Hour)

		storage.hooks(nil, func() { panic("storage") })
		panics(t, func() { _, _ = n.Offer(t.Context(), slotName, providers) })
		if m.Locked(n.key) {
			t.Error("the lock was left behind")
		}
		storage.hooks(nil, nil)
		n.offers(providers, Learned)
	})
}

func panics(t *testing.T, do func()) {
	t.Helper()
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	do()
}

func TestReadThatPanicsHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	c, storage := newClock(), newFaulty(documenttest.New())
	n := start(t, storage, c, Armed)

	storage.hooks(func() { panic("storage") }, nil)
	panics(t, func() { _, _ = n.Refresh(t.Context(), slotName) })
	storage.hooks(nil, nil)
	n.offerFails(strangers)
	c.advance(time.Second)
	n.offers(strangers, Unarmed)
}

func TestWaitForTheLockIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := documenttest.New()
		storage := newFaulty(m)
		n := start(t, storage, newClock(), Armed)
		n.arm(time.Hour)
		before := storage.calls().Unlock

		if err := m.Lock(t.Context(), n.key); err != nil {
			t.Fatal(err)
		}
		if _, err := n.Offer(t.Context(), slotName, providers); !errors.Is(err, ErrStore) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Offer: %v, want ErrStore after a deadline", err)
		}
		if _, err := n.Arm(t.Context(), slotName, time.Hour); !errors.Is(err, ErrStore) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Arm: %v, want ErrStore after a deadline", err)
		}
		if storage.calls().Unlock != before {
			t.Error("a lock was given back that was not held")
		}
	})
}

func TestWaitBehindAnotherChangeIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := documenttest.New()
		storage := newFaulty(m)
		n := start(t, storage, newClock(), Armed)
		n.arm(time.Hour)

		stuck := make(chan struct{})
		storage.hooks(nil, func() { <-stuck })
		var group sync.WaitGroup
		group.Go(func() { n.offerFails(providers) }) // stored too late
		synctest.Wait()
		n.offerFails(strangers)
		time.Sleep(changeTimeout) // of the bubble: past the first one's deadline
		close(stuck)
		group.Wait()
		n.holds()
		if m.Locked(n.key) {
			t.Error("the lock was left behind")
		}
	})
}

// A stranger who hangs up at once, over and over, must not make the provider's
// handshake fail.
func TestHangingUpDoesNotHoldTheProviderOff(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := documenttest.New()
		n := start(t, newFaulty(m), newClock(), Armed)
		n.arm(time.Hour)

		if err := m.Lock(t.Context(), n.key); err != nil {
			t.Fatal(err)
		}
		ctx, leave := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() {
			if got, err := n.Offer(ctx, slotName, strangers); !errors.Is(err, context.Canceled) || got.Echo() {
				t.Errorf("Offer = %v, %v; want the cancellation", got, err)
			}
		})
		synctest.Wait()
		leave()
		group.Wait()
		if err := m.Unlock(t.Context(), n.key); err != nil {
			t.Fatal(err)
		}
		n.offers(providers, Learned)
	})
}

func TestConcurrentRefreshesShareOneRead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m, c := documenttest.New(), newClock()
		storage := newFaulty(m)
		n := start(t, storage, c, Armed)
		other := start(t, newFaulty(m), c, Armed)
		other.arm(time.Hour)
		other.offers(providers, Learned)

		release := make(chan struct{})
		storage.hooks(func() { <-release }, nil)
		first, leave := context.WithCancel(t.Context())
		before := storage.calls().Load
		var group sync.WaitGroup
		refresh := func(ctx context.Context) {
			group.Go(func() {
				set, err := n.Refresh(ctx, slotName)
				if err != nil || set.Len() != 1 {
					t.Errorf("Refresh = %v, %v; want one secret", set, err)
				}
			})
		}
		refresh(first)
		synctest.Wait()
		for range 50 {
			refresh(t.Context())
		}
		synctest.Wait()
		leave() // the others' read does not end with its first caller
		close(release)
		group.Wait()
		if reads := storage.calls().Load - before; reads != 1 {
			t.Errorf("%d reads, want 1", reads)
		}
	})
}

func TestWaitForAnothersReadEndsWithTheCaller(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		storage := newFaulty(documenttest.New())
		n := start(t, storage, newClock(), Armed)

		release := make(chan struct{})
		storage.hooks(func() { <-release }, nil)
		var group sync.WaitGroup
		group.Go(func() { _, _ = n.Refresh(t.Context(), slotName) })
		synctest.Wait()
		ctx, leave := context.WithCancel(t.Context())
		leave()
		if _, err := n.Refresh(ctx, slotName); !errors.Is(err, context.Canceled) {
			t.Errorf("Refresh: %v, want the cancellation", err)
		}
		close(release)
		group.Wait()
	})
}

// Deliveries go on by the cache while one of them reads the record anew.
func TestAgedCacheIsReadByOneRequest(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, storage := newClock(), newFaulty(documenttest.New())
		n := start(t, storage, c, Armed)
		n.arm(time.Hour)
		n.offers(providers, Learned)

		release := make(chan struct{})
		storage.hooks(func() { <-release }, nil)
		c.advance(cacheAge)
		before := storage.calls().Load
		var group sync.WaitGroup
		group.Go(func() { n.holds(providers) })
		synctest.Wait()
		for range 10 {
			n.holds(providers)
		}
		close(release)
		group.Wait()
		if reads := storage.calls().Load - before; reads != 1 {
			t.Errorf("%d reads, want 1", reads)
		}
	})
}

// Secrets asks storage once a minute, whether it answers or not.
func TestAgedCacheIsReadOnceAMinute(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]error{"works": nil, "broken": errInjected} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, storage := newClock(), newFaulty(documenttest.New())
			n := start(t, storage, c, Armed)
			n.arm(time.Hour)
			n.offers(providers, Learned)
			storage.breakAll(fault)
			before := storage.calls()

			for range 3 * 60 {
				c.advance(time.Second)
				n.holds(providers)
			}
			if reads := storage.calls().Load - before.Load; reads != 3 {
				t.Errorf("%d reads in three minutes, want 3", reads)
			}
		})
	}
}

func TestReadIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := prepare(t, hanging{documenttest.New()}, newClock(), Armed)
		if err := n.Open(t.Context()); !errors.Is(err, ErrStore) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Open: %v, want ErrStore after a deadline", err)
		}
		if _, err := n.Refresh(t.Context(), slotName); !errors.Is(err, ErrStore) || !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Refresh: %v, want ErrStore after a deadline", err)
		}
	})
}

// A read that began before a change must not hide it.
func TestSlowReadDoesNotUndoAChange(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c, storage := newClock(), newFaulty(documenttest.New())
		n := start(t, storage, c, Armed)
		n.arm(time.Hour)
		c.advance(time.Second)
		other := start(t, storage.Memory, c, Armed)
		if err := other.Disarm(t.Context(), slotName); err != nil {
			t.Fatal(err) // so that what the slow read finds is news
		}

		release := make(chan struct{})
		storage.hooks(func() { <-release }, nil)
		var group sync.WaitGroup
		group.Go(func() { _, _ = n.Refresh(t.Context(), slotName) })
		synctest.Wait()
		storage.hooks(nil, nil)
		n.arm(time.Hour)
		n.offers(providers, Learned)
		close(release)
		group.Wait()
		n.holds(providers)
	})
}

func TestRemovedSecretIsForgottenOnOtherNodes(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	a, b := start(t, newFaulty(m), c, Armed), start(t, newFaulty(m), c, Armed)
	a.arm(time.Hour)
	a.offers(strangers, Learned)
	c.advance(time.Second)
	b.offers(strangers, Known)

	if err := a.Remove(t.Context(), slotName, Fingerprint(strangers)); err != nil {
		t.Fatal(err)
	}
	a.holds()
	c.advance(cacheAge)
	b.holds()
}

func TestClockSetBackDoesNotStopReading(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	n := start(t, newFaulty(m), c, Armed)
	n.offers(strangers, Unarmed)
	c.advance(-time.Hour)
	other := start(t, newFaulty(m), c, Armed)
	other.arm(time.Minute)
	n.offers(providers, Learned)
}

func TestRecordThatVanishesIsNotFresh(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	n := start(t, newFaulty(m), c, Once)
	n.offers(providers, Learned)

	m.Remove(n.key)
	c.advance(time.Second)
	n.offerFails(strangers)
	if _, err := n.Arm(t.Context(), slotName, time.Hour); !errors.Is(err, ErrStore) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("Arm: %v, want ErrStore", err)
	}
	c.advance(cacheAge)
	n.holds(providers)
	if m.Get(n.key) != "" {
		t.Error("a fresh record was written")
	}
}

func TestBlankRecordIsNotFresh(t *testing.T) {
	t.Parallel()
	n := prepare(t, blank{documenttest.New()}, newClock(), Once)
	if err := n.Open(t.Context()); !errors.Is(err, ErrStore) {
		t.Errorf("Open: %v, want ErrStore", err)
	}
	n.offerFails(strangers)
}

func TestRecordThatAppearsEmptyIsNotFresh(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	n := start(t, m, c, Armed)
	m.Put(n.key, "")
	n.offerFails(strangers)
}

func TestUnusableRecordIsNotFresh(t *testing.T) {
	t.Parallel()
	for name, stored := range unusableRecords {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			for _, mode := range []Mode{Armed, Once} {
				m, c := documenttest.New(), newClock()
				storage := newFaulty(m)
				n := prepare(t, storage, c, mode)
				m.Put(n.key, stored)

				err := n.Open(t.Context())
				if !errors.Is(err, ErrStore) {
					t.Errorf("Open: %v, want ErrStore", err)
				} else if strings.Contains(err.Error(), providers) {
					t.Errorf("the error shows a secret: %v", err)
				}
				if _, err := n.Secrets(t.Context(), slotName); !errors.Is(err, ErrStore) {
					t.Errorf("Secrets: %v, want ErrStore", err)
				}
				n.offerFails(strangers)
				for what, err := range map[string]error{
					"Arm":    second(n.Arm(t.Context(), slotName, time.Hour)),
					"Disarm": n.Disarm(t.Context(), slotName),
					"Remove": n.Remove(t.Context(), slotName, Fingerprint(providers)),
				} {
					if !errors.Is(err, ErrStore) {
						t.Errorf("%s: %v, want ErrStore", what, err)
					}
				}
				if got := m.Get(n.key); got != stored {
					t.Errorf("the record was overwritten with %s", got)
				}
			}
		})
	}
}

// A record that goes bad later leaves what is cached good.
func TestRecordThatTurnsUnusable(t *testing.T) {
	t.Parallel()
	for name, stored := range unusableRecords {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, c := documenttest.New(), newClock()
			n := start(t, newFaulty(m), c, Armed)
			n.arm(time.Hour)
			n.offers(providers, Learned)
			n.arm(time.Hour)

			m.Put(n.key, stored)
			c.advance(cacheAge)
			n.holds(providers)
			n.offerFails(strangers)
			n.offers(providers, Known)
		})
	}
}

func second[T any](_ T, err error) error { return err }

func TestRestart(t *testing.T) {
	t.Parallel()
	storages := map[string]func(t *testing.T) Storage{
		"memory": func(*testing.T) Storage { return documenttest.New() },
		"files":  func(t *testing.T) Storage { return &certmagic.FileStorage{Path: t.TempDir()} },
	}
	states := map[string]struct {
		before func(n node)
		after  func(n node)
	}{
		"unarmed": {
			before: func(n node) { n.offers(strangers, Unarmed) },
			after:  func(n node) { n.offers(strangers, Unarmed) },
		},
		"armed": {
			before: func(n node) { n.arm(time.Hour) },
			after: func(n node) {
				n.isState(StateArmed, true)
				n.offers(providers, Learned)
				n.offers(strangers, Locked)
			},
		},
		"locked": {
			before: func(n node) { n.arm(time.Hour); n.offers(providers, Learned) },
			after: func(n node) {
				n.holds(providers)
				n.offers(strangers, Locked)
				n.offers(providers, Known)
			},
		},
		"armed while locked": {
			before: func(n node) { n.arm(time.Hour); n.offers("old", Learned); n.arm(time.Hour) },
			after: func(n node) {
				n.isState(StateLocked, true)
				n.offers(providers, Learned)
				n.holds(providers, "old")
			},
		},
		"secret removed": {
			before: func(n node) {
				n.arm(time.Hour)
				n.offers(providers, Learned)
				if err := n.Remove(n.t.Context(), slotName, Fingerprint(providers)); err != nil {
					n.t.Fatal(err)
				}
			},
			after: func(n node) {
				n.isState(StateUnarmed, false)
				n.offers(strangers, Unarmed)
			},
		},
	}
	for kind, storage := range storages {
		for name, state := range states {
			t.Run(kind+"/"+name, func(t *testing.T) {
				t.Parallel()
				shared, c := storage(t), newClock()
				state.before(start(t, shared, c, Armed))
				state.after(start(t, shared, c, Armed))
			})
		}
	}
}

func TestKeysAreSafeAndApart(t *testing.T) {
	t.Parallel()
	safe := regexp.MustCompile(`^hookward/handshake/[0-9a-f]{64}\.json$`)
	seen := map[string]string{}
	names := []string{"a", "A", ".", "..", "con", "a+b", "a_plus_b", "../../etc/passwd", "a/b", "", "é", strings.Repeat("x", 128)}
	for _, name := range names {
		key := document.Key("handshake", name)
		if !safe.MatchString(key) {
			t.Errorf("key of %q is %q", name, key)
		}
		if other, ok := seen[key]; ok {
			t.Errorf("%q and %q share a key", name, other)
		}
		seen[key] = name
	}
}

func TestEndpointsAreApart(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	n := start(t, m, c, Armed)
	n.arm(time.Hour)
	n.offers(providers, Learned)

	for _, name := range []string{"Asana-prod", "asana-prod2"} {
		other, err := New(Options{Endpoint: name, Slots: []string{slotName}, Storage: m, Now: c.Now})
		if err != nil {
			t.Fatal(err)
		}
		if set, err := other.Secrets(t.Context(), slotName); err != nil || set.Len() != 0 {
			t.Errorf("endpoint %s: %v, %v; want no secrets", name, set, err)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	good := func() Options {
		return Options{Endpoint: endpoint, Slots: []string{slotName}, Storage: documenttest.New()}
	}
	if _, err := New(good()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Options){
		"no endpoint":       func(o *Options) { o.Endpoint = "" },
		"bad endpoint":      func(o *Options) { o.Endpoint = "a/../b" },
		"long endpoint":     func(o *Options) { o.Endpoint = strings.Repeat("x", 129) },
		"no slots":          func(o *Options) { o.Slots = nil },
		"too many slots":    func(o *Options) { o.Slots = make([]string, maxSlots+1) },
		"unnamed slot":      func(o *Options) { o.Slots = []string{""} },
		"bad slot":          func(o *Options) { o.Slots = []string{"a b"} },
		"slot not in UTF-8": func(o *Options) { o.Slots = []string{"a\xff"} },
		"slot named twice":  func(o *Options) { o.Slots = []string{"a", "b", "a"} },
		"no storage":        func(o *Options) { o.Storage = nil },
		"unknown mode":      func(o *Options) { o.Mode = 3 },
		"negative mode":     func(o *Options) { o.Mode = -1 },
	} {
		o := good()
		spoil(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestStatusKeepsTheConfiguredOrder(t *testing.T) {
	t.Parallel()
	c := newClock()
	n := start(t, documenttest.New(), c, Armed, "b", slotName, "a")
	n.arm(time.Hour)
	n.offers(providers, Learned)
	learnedAt := c.Now()
	c.advance(time.Minute)
	n.arm(time.Hour)

	got, err := n.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []SlotStatus{
		{Slot: "b", State: StateUnarmed},
		{
			Slot: slotName, State: StateLocked, ArmedUntil: c.Now().Add(time.Hour),
			Secrets: []SecretStatus{{Fingerprint: Fingerprint(providers), LearnedAt: learnedAt}},
		},
		{Slot: "a", State: StateUnarmed},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("status (-want +got):\n%s", diff)
	}
}
