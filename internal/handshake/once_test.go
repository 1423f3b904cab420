package handshake

import (
	"errors"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/document/documenttest"
)

func TestOnceArmsAFreshSlotForOneHandshake(t *testing.T) {
	t.Parallel()
	c := newClock()
	n := start(t, documenttest.New(), c, Once)

	if got := n.isState(StateArmed, true); !got.ArmedUntil.Equal(c.Now().Add(24 * time.Hour)) {
		t.Errorf("armed until %v, want 24 h from now", got.ArmedUntil)
	}
	n.offers(providers, Learned)
	n.offers(strangers, Locked)
	n.isState(StateLocked, false)
}

func TestOnceCountsFromTheFirstAppearance(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	start(t, m, c, Once)

	c.advance(24*time.Hour - time.Second)
	start(t, m, c, Once).isState(StateArmed, true)
	c.advance(time.Second)
	n := start(t, m, c, Once)
	n.isState(StateUnarmed, false)
	n.offers(strangers, Unarmed)
}

func TestOnceIsNotRepeated(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]func(t *testing.T, n node){
		"secret removed": func(t *testing.T, n node) {
			n.offers(providers, Learned)
			if err := n.Remove(t.Context(), slotName, Fingerprint(providers)); err != nil {
				t.Fatal(err)
			}
		},
		"disarmed": func(t *testing.T, n node) {
			if err := n.Disarm(t.Context(), slotName); err != nil {
				t.Fatal(err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m, c := documenttest.New(), newClock()
			n := start(t, m, c, Once)
			use(t, n)
			n.offers(strangers, Unarmed)
			for range 2 {
				restarted := start(t, m, c, Once)
				restarted.offers(strangers, Unarmed)
				restarted.isState(StateUnarmed, false)
				c.advance(48 * time.Hour)
			}
			start(t, m, c, Once).arm(time.Hour) // explicitly, it can be
			start(t, m, c, Once).offers(providers, Learned)
		})
	}
}

// A slot that learned a secret by an explicit arming has held one.
func TestOnceDoesNotArmASlotThatHeldASecret(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	n := start(t, m, c, Armed)
	n.arm(time.Hour)
	n.offers(providers, Learned)
	if err := n.Remove(t.Context(), slotName, Fingerprint(providers)); err != nil {
		t.Fatal(err)
	}

	start(t, m, c, Once).offers(strangers, Unarmed)
}

func TestOnceEndsWithTheMode(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	start(t, m, c, Once)

	n := start(t, m, c, Armed)
	n.isState(StateUnarmed, false)
	n.offers(strangers, Unarmed)

	c.advance(24 * time.Hour)
	start(t, m, c, Once).offers(strangers, Unarmed)
}

// A slot that was armed by hand for months is not new when the mode becomes once.
func TestOnceCountsFromTheFirstAppearanceAsArmed(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	start(t, m, c, Armed)

	c.advance(23 * time.Hour)
	start(t, m, c, Once).isState(StateArmed, true)
	c.advance(time.Hour)
	n := start(t, m, c, Once, slotName, "new")
	n.isState(StateUnarmed, false)
	n.offers(strangers, Unarmed)
	n.offersTo(t, "new", providers, Learned)
}

// Trying an endpoint out does not let the time for learning run.
func TestTrialIsNoAppearance(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	s, err := New(Options{Endpoint: endpoint, Slots: []string{slotName}, Trial: true, Storage: m, Now: c.Now})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if stored := m.Get(s.key); stored != "" {
		t.Errorf("stored is %s", stored)
	}
	c.advance(48 * time.Hour)
	start(t, m, c, Once).isState(StateArmed, true)
}

// Armed slots do without the note of when they appeared.
func TestArmedNeedsNoStoreToAppear(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	n := start(t, m, c, Armed)
	n.arm(time.Hour)
	n.offers(providers, Learned)

	storage := newFaulty(m)
	storage.breakStore(errInjected)
	n = prepare(t, storage, c, Armed, slotName, "new")
	if err := n.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	n.holds(providers)
}

func TestOnceForEverySlotByItself(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	start(t, m, c, Once, "other").offersTo(t, "other", providers, Learned)

	c.advance(48 * time.Hour)
	n := start(t, m, c, Once, slotName, "other")
	n.offersTo(t, "other", strangers, Locked)
	n.offers(providers, Learned)

	// A slot that was taken out of the configuration is not fresh on return.
	start(t, m, c, Once, "other")
	start(t, m, c, Once, slotName).offers(strangers, Locked)
}

// offersTo checks the outcome of a handshake with any slot.
func (n node) offersTo(t *testing.T, slot, secret string, want Outcome) {
	t.Helper()
	if got, err := n.Offer(t.Context(), slot, secret); err != nil || got != want {
		t.Fatalf("Offer to %s = %v, %v; want %v", slot, got, err, want)
	}
}

func TestNewSlotDoesNotArmAnOlderOne(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	start(t, m, c, Once)

	c.advance(48 * time.Hour)
	n := start(t, m, c, Once, slotName, "new")
	n.offers(strangers, Unarmed)
	n.offersTo(t, "new", providers, Learned)
}

func TestOnceIsSharedByNodes(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	start(t, m, c, Once)
	c.advance(time.Hour)
	storage := newFaulty(m)
	n := start(t, storage, c, Once)
	if got := storage.calls().Store; got != 0 {
		t.Errorf("the second node wrote %d times", got)
	}
	if got := n.isState(StateArmed, true); !got.ArmedUntil.Equal(c.Now().Add(23 * time.Hour)) {
		t.Errorf("armed until %v, want the first node's time", got.ArmedUntil)
	}
}

func TestOnceNeedsTheStoreToAppear(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	storage := newFaulty(m)
	storage.breakStore(errInjected)
	n := prepare(t, storage, c, Once)
	if err := n.Open(t.Context()); !errors.Is(err, ErrStore) {
		t.Fatalf("Open: %v, want ErrStore", err)
	}
	n.offerFails(strangers)
	n.holds()

	storage.breakStore(nil)
	c.advance(48 * time.Hour)
	if got := n.mustRefresh(); got.Len() != 0 {
		t.Errorf("secrets %v, want none", got)
	}
	if got := n.isState(StateArmed, true); !got.ArmedUntil.Equal(c.Now().Add(24 * time.Hour)) {
		t.Errorf("armed until %v, want 24 h from when it was stored", got.ArmedUntil)
	}
}

func (n node) mustRefresh() *Set {
	n.t.Helper()
	set, err := n.Refresh(n.t.Context(), slotName)
	if err != nil {
		n.t.Fatalf("Refresh: %v", err)
	}
	return set
}

func TestOpenTwiceArmsOnce(t *testing.T) {
	t.Parallel()
	c, storage := newClock(), newFaulty(documenttest.New())
	n := start(t, storage, c, Once)
	c.advance(time.Hour)
	if err := n.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := storage.calls().Store; got != 1 {
		t.Errorf("%d writes, want 1", got)
	}
}
