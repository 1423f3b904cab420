package handshake

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyserver/certmagic"
	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/document/documenttest"
)

// In these tests a stranger wants a secret of his own in a slot.

func TestUnarmedSlotTakesNothing(t *testing.T) {
	t.Parallel()
	m := documenttest.New()
	n := start(t, newFaulty(m), newClock(), Armed)
	before := m.Get(n.key)

	n.offers(strangers, Unarmed)
	n.holds()
	n.isState(StateUnarmed, false)
	if m.Get(n.key) != before {
		t.Error("a refused handshake changed the record")
	}
}

func TestUnknownSlotTakesNothing(t *testing.T) {
	t.Parallel()
	storage := newFaulty(documenttest.New())
	n := start(t, storage, newClock(), Once)
	before := storage.calls()
	long := strings.Repeat("x", 1<<20)

	for _, slot := range []string{"", "other", "TASKS", "tasks/", "../tasks", "tasks\x00", long} {
		_, offered := n.Offer(t.Context(), slot, strangers)
		_, asked := n.Secrets(t.Context(), slot)
		_, refreshed := n.Refresh(t.Context(), slot)
		_, armed := n.Arm(t.Context(), slot, time.Minute)
		for _, err := range []error{
			offered, asked, refreshed, armed,
			n.Verified(t.Context(), slot, "00000000"),
			n.Disarm(t.Context(), slot),
			n.Remove(t.Context(), slot, "00000000"),
		} {
			if !errors.Is(err, ErrUnknownSlot) {
				t.Errorf("slot %.20q: error %v, want ErrUnknownSlot", slot, err)
			} else if len(err.Error()) > 1024 {
				t.Errorf("error of %d bytes for a long slot name", len(err.Error()))
			}
		}
	}
	if diff := cmp.Diff(before, storage.calls()); diff != "" {
		t.Errorf("unknown slots reached storage (-before +after):\n%s", diff)
	}
}

func TestArmingIsForOneHandshake(t *testing.T) {
	t.Parallel()
	n := start(t, newFaulty(documenttest.New()), newClock(), Armed)

	n.arm(10 * time.Minute)
	n.isState(StateArmed, true)
	n.offers(providers, Learned)
	n.isState(StateLocked, false)
	n.offers(strangers, Locked)
	n.offers(providers, Known)
	n.holds(providers)
}

func TestArmingExpires(t *testing.T) {
	t.Parallel()
	c := newClock()
	n := start(t, newFaulty(documenttest.New()), c, Armed)

	until, err := n.Arm(t.Context(), slotName, 10*time.Minute)
	if err != nil || !until.Equal(c.Now().Add(10*time.Minute)) {
		t.Fatalf("Arm = %v, %v; want in 10 m", until, err)
	}
	c.advance(10 * time.Minute)
	n.isState(StateUnarmed, false)
	n.offers(strangers, Unarmed)
	n.holds()
}

func TestArmingLastsToItsEnd(t *testing.T) {
	t.Parallel()
	c := newClock()
	n := start(t, newFaulty(documenttest.New()), c, Armed)

	n.arm(10 * time.Minute)
	c.advance(10*time.Minute - 1)
	n.offers(providers, Learned)
}

func TestArmingExpiresWhileWaitingForTheLock(t *testing.T) {
	t.Parallel()
	c := newClock()
	storage := newFaulty(documenttest.New())
	n := start(t, storage, c, Armed)

	n.arm(time.Minute)
	storage.hooks(func() { c.advance(time.Minute) }, nil)
	n.offers(strangers, Unarmed)
	n.holds()
}

func TestDisarmedSlotTakesNothing(t *testing.T) {
	t.Parallel()
	storage := newFaulty(documenttest.New())
	n := start(t, storage, newClock(), Armed)
	before := storage.calls().Store

	n.arm(time.Hour)
	for range 2 {
		if err := n.Disarm(t.Context(), slotName); err != nil {
			t.Fatal(err)
		}
	}
	if stores := storage.calls().Store - before; stores != 2 {
		t.Errorf("%d writes, want one for Arm and one for the first Disarm", stores)
	}
	n.isState(StateUnarmed, false)
	n.offers(strangers, Unarmed)
}

func TestArmingDurationIsBounded(t *testing.T) {
	t.Parallel()
	n := start(t, newFaulty(documenttest.New()), newClock(), Armed)

	for _, d := range []time.Duration{-time.Hour, 0, MinArm - 1, MaxArm + 1, 1 << 62} {
		if until, err := n.Arm(t.Context(), slotName, d); !errors.Is(err, ErrDuration) || !until.IsZero() {
			t.Errorf("Arm for %v = %v, %v; want ErrDuration", d, until, err)
		}
	}
	n.isState(StateUnarmed, false)
	n.arm(MinArm)
	n.arm(MaxArm)
	n.isState(StateArmed, true)
}

// A node whose clock was years ahead must not leave a slot open for years.
func TestArmingBeyondReachIsNone(t *testing.T) {
	t.Parallel()
	c, m := newClock(), documenttest.New()
	wrong := newClock()
	wrong.advance(10 * 365 * 24 * time.Hour)
	start(t, newFaulty(m), wrong, Armed).arm(time.Minute)
	start(t, newFaulty(m), wrong, Once)

	for _, mode := range []Mode{Armed, Once} {
		n := start(t, newFaulty(m), c, mode)
		n.isState(StateUnarmed, false)
		n.offers(strangers, Unarmed)
		if err := n.Disarm(t.Context(), slotName); err != nil {
			t.Fatal(err)
		}
		wrongTime := start(t, newFaulty(m), wrong, mode)
		wrongTime.isState(StateUnarmed, false)
	}
}

func TestMalformedSecretIsRefused(t *testing.T) {
	t.Parallel()
	storage := newFaulty(documenttest.New())
	n := start(t, storage, newClock(), Armed)
	n.arm(time.Hour)
	before := storage.calls()

	for name, secret := range map[string]string{
		"empty":      "",
		"too long":   strings.Repeat("s", 513),
		"huge":       strings.Repeat("s", 1<<20),
		"space":      "se cret",
		"tab":        "se\tcret",
		"line break": "secret\r\nX-Injected: 1",
		"nul":        "se\x00cret",
		"delete":     "secret\x7f",
		"not ASCII":  "sécret",
		"not UTF-8":  "se\xffcret",
	} {
		got, err := n.Offer(t.Context(), slotName, secret)
		if got != Malformed || err != nil {
			t.Errorf("%s: Offer = %v, %v; want malformed", name, got, err)
		}
	}
	if diff := cmp.Diff(before, storage.calls()); diff != "" {
		t.Errorf("malformed secrets reached storage (-before +after):\n%s", diff)
	}
	n.isState(StateArmed, true)
}

func TestLongestAndOddestSecretsAreKept(t *testing.T) {
	t.Parallel()
	var visible strings.Builder
	for c := byte('!'); c <= '~'; c++ {
		visible.WriteByte(c)
	}
	for _, secret := range []string{"!", visible.String(), strings.Repeat("s", 512)} {
		m, c := documenttest.New(), newClock()
		n := start(t, newFaulty(m), c, Armed)
		n.arm(time.Hour)
		n.offers(secret, Learned)
		start(t, newFaulty(m), c, Armed).holds(secret)
	}
}

func TestOffLearnsAndTrustsNothing(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	before := start(t, newFaulty(m), c, Armed)
	before.arm(time.Hour)
	before.offers("old", Learned)
	before.arm(time.Hour)
	before.offers(providers, Learned)
	before.arm(time.Hour)
	stored := m.Get(before.key)

	storage := newFaulty(m)
	n := start(t, storage, c, Off)
	n.offers(strangers, Disabled)
	n.offers(providers, Disabled)
	n.holds()
	if set, err := n.Refresh(t.Context(), slotName); err != nil || set.Len() != 0 {
		t.Errorf("Refresh = %v, %v; want no secrets", set, err)
	}
	if err := n.Verified(t.Context(), slotName, Fingerprint(providers)); err != nil {
		t.Errorf("Verified: %v", err)
	}
	if _, err := n.Arm(t.Context(), slotName, time.Hour); !errors.Is(err, ErrOff) {
		t.Errorf("Arm: %v, want ErrOff", err)
	}
	if got := storage.calls(); got != (calls{}) {
		t.Errorf("off reached storage: %+v", got)
	}

	// What is stored stays visible and removable.
	n.isState(StateLocked, false)
	if err := n.Verified(t.Context(), slotName, Fingerprint(providers)); err != nil {
		t.Errorf("Verified: %v", err)
	}
	n.offers(strangers, Disabled)
	n.holds()
	if m.Get(n.key) != stored {
		t.Error("off changed the record")
	}
	if err := n.Remove(t.Context(), slotName, Fingerprint(providers)); err != nil {
		t.Error(err)
	}
}

func TestStrangerOnAnotherNode(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	a, b := start(t, newFaulty(m), c, Armed), start(t, newFaulty(m), c, Armed)

	a.arm(time.Hour)
	c.advance(time.Second)
	b.offers(providers, Learned) // b did not see the arming itself
	a.offers(strangers, Locked)  // a still believes that it is armed
	a.holds(providers)
	c.advance(time.Second)
	a.offers(providers, Known)
}

func TestStaleNodeDoesNotHonourAnEndedArming(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	a, b := start(t, newFaulty(m), c, Armed), start(t, newFaulty(m), c, Armed)

	a.arm(time.Hour)
	if err := b.Disarm(t.Context(), slotName); err != nil {
		t.Fatal(err)
	}
	a.offers(strangers, Unarmed)
	b.holds()
}

func TestRaceForOneArming(t *testing.T) {
	t.Parallel()
	t.Run("memory", func(t *testing.T) {
		t.Parallel()
		m := documenttest.New()
		race(t, 50, func() Storage { return newFaulty(m) })
	})
	t.Run("files", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		race(t, 10, func() Storage { return &certmagic.FileStorage{Path: dir} })
	})
}

// race lets the provider and many strangers shake hands at once, on two nodes
// that both know of the arming.
func race(t *testing.T, perNode int, storage func() Storage) {
	c := newClock()
	nodes := []node{start(t, storage(), c, Armed), start(t, storage(), c, Armed)}
	nodes[0].arm(time.Hour)
	if _, err := nodes[1].Refresh(t.Context(), slotName); err != nil {
		t.Fatal(err)
	}

	var (
		group  sync.WaitGroup
		mu     sync.Mutex
		winner []string
		begin  = make(chan struct{})
	)
	for i := range 2 * perNode {
		secret := fmt.Sprintf("secret-%d", i)
		group.Go(func() {
			<-begin
			outcome, err := nodes[i%2].Offer(t.Context(), slotName, secret)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err != nil:
				t.Errorf("Offer: %v", err)
			case outcome == Learned:
				winner = append(winner, secret)
			case outcome != Locked:
				t.Errorf("outcome %v, want learned or locked", outcome)
			}
		})
	}
	close(begin)
	group.Wait()

	if len(winner) != 1 {
		t.Fatalf("%d secrets were learned: %q", len(winner), winner)
	}
	c.advance(time.Second)
	for _, n := range nodes {
		if _, err := n.Refresh(t.Context(), slotName); err != nil {
			t.Fatal(err)
		}
		n.holds(winner...)
		n.isState(StateLocked, false)
	}
}

func TestFloodDoesNotReachStorage(t *testing.T) {
	t.Parallel()
	for _, state := range []string{"unarmed", "locked", "unreadable"} {
		t.Run(state, func(t *testing.T) {
			t.Parallel()
			c, storage := newClock(), newFaulty(documenttest.New())
			n := start(t, storage, c, Once)
			if state == "locked" {
				n.offers(providers, Learned)
			} else if err := n.Disarm(t.Context(), slotName); err != nil {
				t.Fatal(err)
			}
			if state == "unreadable" {
				storage.breakAll(errInjected)
			}
			c.advance(time.Second)
			before := storage.calls()

			const seconds = 3
			for range seconds {
				for i := range 100 {
					_, err := n.Offer(t.Context(), slotName, fmt.Sprint("stranger-", i))
					if (state == "unreadable") != errors.Is(err, ErrStore) {
						t.Fatalf("Offer: %v", err)
					}
					if _, err := n.Refresh(t.Context(), slotName); (state == "unreadable") != errors.Is(err, ErrStore) {
						t.Fatalf("Refresh: %v", err)
					}
					c.advance(10 * time.Millisecond)
				}
			}
			after := storage.calls()
			if reads := after.Load - before.Load; reads != seconds {
				t.Errorf("%d reads in %d seconds, want one a second", reads, seconds)
			}
			if after.Lock != before.Lock || after.Store != before.Store {
				t.Errorf("the flood locked or wrote: before %+v, after %+v", before, after)
			}
		})
	}
}

func TestFloodBehindTheFirstHandshake(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		storage := newFaulty(documenttest.New())
		n := start(t, storage, newClock(), Armed)
		n.arm(time.Hour)
		before := storage.calls()

		release := make(chan struct{})
		storage.hooks(nil, func() { <-release })
		var group sync.WaitGroup
		group.Go(func() { n.offers(providers, Learned) })
		synctest.Wait()
		for range 50 {
			group.Go(func() { n.offers(strangers, Locked) })
		}
		synctest.Wait()
		close(release)
		group.Wait()
		if locks := storage.calls().Lock - before.Lock; locks != 1 {
			t.Errorf("storage was locked %d times, want 1", locks)
		}
	})
}

func TestFloodOnArmedSlotWithUnwritableStore(t *testing.T) {
	t.Parallel()
	c, storage := newClock(), newFaulty(documenttest.New())
	n := start(t, storage, c, Armed)
	n.arm(time.Hour)
	storage.breakStore(errInjected)
	before := storage.calls()

	for range 100 {
		n.offerFails(strangers)
	}
	if got := storage.calls().Store - before.Store; got != 1 {
		t.Errorf("%d writes tried within a second, want 1", got)
	}
	storage.breakStore(nil)
	c.advance(time.Second)
	n.offers(providers, Learned)
}

// One slot's flood must not keep another from seeing what was learned elsewhere.
func TestFloodOfOneSlotSparesAnother(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	a := start(t, newFaulty(m), c, Armed, slotName, "flooded")
	b := start(t, newFaulty(m), c, Armed, slotName, "flooded")

	if _, err := b.Offer(t.Context(), "flooded", strangers); err != nil {
		t.Fatal(err)
	}
	a.arm(time.Hour)
	b.offers(providers, Learned)
}

// Remove and Verified name a secret by its fingerprint, so a slot never holds two
// secrets of one.
func TestSecondSecretOfOneFingerprintIsRefused(t *testing.T) {
	t.Parallel()
	first, second := collision(t)
	n := start(t, newFaulty(documenttest.New()), newClock(), Armed)

	n.arm(time.Hour)
	n.offers(first, Learned)
	n.arm(time.Hour)
	n.offers(second, Locked)
	n.holds(first)
}

// collision finds two secrets of one fingerprint.
func collision(t *testing.T) (first, second string) {
	t.Helper()
	seen := map[string]string{}
	for i := range 1_000_000 {
		secret := fmt.Sprint("secret-", i)
		if other, ok := seen[Fingerprint(secret)]; ok {
			return other, secret
		}
		seen[Fingerprint(secret)] = secret
	}
	t.Fatal("no two fingerprints alike in a million")
	return "", ""
}
