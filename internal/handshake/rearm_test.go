package handshake

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/document/documenttest"
)

// rearmed is a node whose slot holds an old secret and then learned a new one.
func rearmed(t *testing.T) (node, *faulty, *clock) {
	t.Helper()
	c, storage := newClock(), newFaulty(documenttest.New())
	n := start(t, storage, c, Armed)
	n.arm(time.Hour)
	n.offers("old", Learned)
	c.advance(time.Minute)
	n.arm(time.Hour)
	n.isState(StateLocked, true)
	n.offers("new", Learned)
	n.isState(StateLocked, false)
	return n, storage, c
}

func TestRearmAddsOneSecret(t *testing.T) {
	t.Parallel()
	n, _, _ := rearmed(t)
	n.holds("new", "old")
	n.offers("old", Known)
	n.offers("new", Known)
	n.offers(strangers, Locked)
}

func TestKnownSecretLeavesTheArming(t *testing.T) {
	t.Parallel()
	n, storage, _ := rearmed(t)
	n.arm(time.Hour)
	before := storage.calls()
	n.offers("new", Known)
	n.offers("old", Known)
	if diff := cmp.Diff(before, storage.calls()); diff != "" {
		t.Errorf("a known secret reached storage (-before +after):\n%s", diff)
	}
	n.isState(StateLocked, true)
}

func TestOldSecretEndsAfterADay(t *testing.T) {
	t.Parallel()
	n, _, c := rearmed(t)
	both := n.holds("new", "old")

	c.advance(24*time.Hour - 1)
	if n.holds("new", "old") != both {
		t.Error("the set was replaced although nothing changed")
	}
	c.advance(1)
	one := n.holds("new")
	if n.holds("new") != one {
		t.Error("the set was replaced although nothing changed")
	}
	n.offers("old", Locked)

	c.advance(365 * 24 * time.Hour)
	n.holds("new") // the newest has no end
}

func TestRearmDoesNotProlongOldSecrets(t *testing.T) {
	t.Parallel()
	n, _, c := rearmed(t)
	c.advance(time.Hour)
	n.arm(time.Hour)
	n.offers("newest", Learned)
	n.holds("newest", "new", "old")

	c.advance(23 * time.Hour)
	n.holds("newest", "new")
	c.advance(time.Hour)
	n.holds("newest")
}

func TestOldSecretEndsAfterADayWithoutTheStore(t *testing.T) {
	t.Parallel()
	n, storage, c := rearmed(t)
	storage.breakAll(errInjected)
	c.advance(24 * time.Hour)
	n.holds("new")
}

func TestOldSecretsEndWhenTheNewestVerifies(t *testing.T) {
	t.Parallel()
	n, storage, c := rearmed(t)
	n.arm(time.Hour)
	n.offers("newest", Learned)
	n.holds("newest", "new", "old")

	verified := func(secret string) {
		t.Helper()
		if err := n.Verified(t.Context(), slotName, Fingerprint(secret)); err != nil {
			t.Fatal(err)
		}
	}
	before := storage.calls()
	verified("old")
	verified("new")
	verified(strangers)
	if diff := cmp.Diff(before, storage.calls()); diff != "" {
		t.Errorf("storage was reached with nothing to change (-before +after):\n%s", diff)
	}
	n.holds("newest", "new", "old")

	verified("newest")
	n.holds("newest")
	n.offers("old", Locked)
	before = storage.calls()
	verified("newest")
	if diff := cmp.Diff(before, storage.calls()); diff != "" {
		t.Errorf("storage was reached with nothing to change (-before +after):\n%s", diff)
	}
	start(t, storage.Memory, c, Armed).holds("newest")
}

func TestVerifiedAgainstAnotherNodesRearm(t *testing.T) {
	t.Parallel()
	n, storage, c := rearmed(t)
	other := start(t, storage.Memory, c, Armed)
	other.arm(time.Hour)
	other.offers("newest", Learned)

	// To n, "new" is still the newest.
	if err := n.Verified(t.Context(), slotName, Fingerprint("new")); err != nil {
		t.Fatal(err)
	}
	n.holds("newest", "new", "old")
}

func TestVerifiedIsTriedAgainAfterAFailure(t *testing.T) {
	t.Parallel()
	n, storage, c := rearmed(t)
	storage.breakStore(errInjected)
	if err := n.Verified(t.Context(), slotName, Fingerprint("new")); !errors.Is(err, ErrStore) {
		t.Fatalf("Verified: %v, want ErrStore", err)
	}
	n.holds("new", "old")
	before := storage.calls()
	for range 100 {
		if err := n.Verified(t.Context(), slotName, Fingerprint("new")); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff(before, storage.calls()); diff != "" {
		t.Errorf("deliveries reached failing storage (-before +after):\n%s", diff)
	}

	storage.breakStore(nil)
	c.advance(time.Second)
	if err := n.Verified(t.Context(), slotName, Fingerprint("new")); err != nil {
		t.Fatal(err)
	}
	n.holds("new")
}

// A delivery does not wait for another change to be stored.
func TestVerifiedDoesNotWait(t *testing.T) {
	t.Parallel()
	n, storage, _ := rearmed(t)
	storage.hooks(nil, func() {
		if err := n.Verified(t.Context(), slotName, Fingerprint("new")); err != nil {
			t.Error(err)
		}
	})
	n.arm(time.Hour)
	n.holds("new", "old")
}

func TestRemove(t *testing.T) {
	t.Parallel()
	n, _, c := rearmed(t)
	for _, unknown := range []string{"", "00000000", "new", Fingerprint("new")[:7]} {
		if err := n.Remove(t.Context(), slotName, unknown); !errors.Is(err, ErrUnknownSecret) {
			t.Errorf("Remove %q: %v, want ErrUnknownSecret", unknown, err)
		}
	}
	if err := n.Remove(t.Context(), slotName, Fingerprint("old")); err != nil {
		t.Fatal(err)
	}
	n.holds("new")
	c.advance(48 * time.Hour)
	n.holds("new")
	if err := n.Remove(t.Context(), slotName, Fingerprint("new")); err != nil {
		t.Fatal(err)
	}
	n.holds()
	n.isState(StateUnarmed, false)
	n.offers("new", Unarmed)
}

func TestRemovedSecretThatEndedIsUnknown(t *testing.T) {
	t.Parallel()
	n, _, c := rearmed(t)
	c.advance(24 * time.Hour)
	if err := n.Remove(t.Context(), slotName, Fingerprint("old")); !errors.Is(err, ErrUnknownSecret) {
		t.Errorf("Remove: %v, want ErrUnknownSecret", err)
	}
}

// A stranger used the re-arming. When his secret is removed, the one that it
// was to replace must not run out.
func TestRemovingTheNewestKeepsTheOneBefore(t *testing.T) {
	t.Parallel()
	n, _, c := rearmed(t)
	if err := n.Remove(t.Context(), slotName, Fingerprint("new")); err != nil {
		t.Fatal(err)
	}
	n.holds("old")
	c.advance(48 * time.Hour)
	n.holds("old")
}

func TestSlotHoldsAtMostSixteenSecrets(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	n := start(t, m, c, Armed)
	for i := range 15 {
		n.arm(time.Hour)
		n.offers(fmt.Sprint("secret-", i), Learned)
	}
	n.arm(time.Hour)
	n.offers("secret-15", Learned)
	if _, err := n.Arm(t.Context(), slotName, time.Hour); !errors.Is(err, ErrFull) {
		t.Errorf("Arm: %v, want ErrFull", err)
	}

	// An arming that got in all the same is of no use to anyone.
	rec, err := decodeRecord([]byte(m.Get(n.key)), endpoint)
	if err != nil {
		t.Fatal(err)
	}
	rec.slot(slotName).ArmedUntil = c.Now().Add(time.Hour)
	stored, err := rec.encode()
	if err != nil {
		t.Fatal(err)
	}
	m.Put(n.key, string(stored))
	c.advance(time.Second)
	n.offers("secret-16", Full)
	n.offers("secret-0", Known)

	c.advance(24 * time.Hour)
	n.arm(time.Hour)
	n.offers("secret-16", Learned)
	n.holds("secret-16", "secret-15")
}

func TestSetStaysTheSameWhileOthersChange(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	n := start(t, m, c, Armed, slotName, "other")
	other := start(t, m, c, Armed, slotName, "other")
	n.arm(time.Hour)
	n.offers(providers, Learned)
	set := n.holds(providers)

	n.arm(time.Hour)
	if _, err := other.Arm(t.Context(), "other", time.Hour); err != nil {
		t.Fatal(err)
	}
	other.offersTo(t, "other", "others", Learned)
	c.advance(time.Second)
	if n.mustRefresh() != set || n.holds(providers) != set {
		t.Error("the set was replaced although its secrets stayed the same")
	}
	n.offers("new", Learned)
	if n.holds("new", providers) == set {
		t.Error("the set stayed although its secrets changed")
	}
	if got := reveal(set); !equalStrings(got, []string{providers}) {
		t.Errorf("a set in use changed to %q", got)
	}
}
