package handshake

import (
	"errors"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/document/documenttest"
)

func (n node) isArmed(want bool) {
	n.t.Helper()
	if armed, err := n.Armed(n.t.Context(), slotName); err != nil || armed != want {
		n.t.Errorf("armed: %v, error %v, want %v", armed, err, want)
	}
}

func TestArmedSaysHowLongASlotIsArmed(t *testing.T) {
	t.Parallel()
	c := newClock()
	n := start(t, documenttest.New(), c, Armed)
	n.isArmed(false)
	n.arm(10 * time.Minute)
	n.isArmed(true)
	n.isArmed(true) // to ask uses nothing up
	c.advance(10 * time.Minute)
	n.isArmed(false)
	n.offers(strangers, Unarmed)
}

func TestArmedByFirstAppearance(t *testing.T) {
	t.Parallel()
	c := newClock()
	n := start(t, documenttest.New(), c, Once)
	n.isArmed(true)
	c.advance(24 * time.Hour)
	n.isArmed(false)
}

func TestArmedEndsWithTheArming(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	here, there := start(t, m, c, Armed), start(t, m, c, Armed)
	here.arm(time.Hour)
	there.isArmed(true)
	if err := here.Disarm(t.Context(), slotName); err != nil {
		t.Fatal(err)
	}
	here.isArmed(false)
	c.advance(time.Second)
	there.isArmed(false)

	here.arm(time.Hour)
	here.offers(providers, Learned) // uses the arming up
	here.isArmed(false)
}

func TestArmedFailsClosed(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	start(t, m, c, Armed).arm(time.Hour)
	start(t, m, c, Off).isArmed(false)
	unread := newFaulty(m)
	unread.breakAll(errInjected)
	prepare(t, unread, c, Off).isArmed(false)

	broken := newFaulty(m)
	n := start(t, broken, c, Armed)
	n.isArmed(true)
	broken.breakAll(errInjected)
	c.advance(time.Second)
	if armed, err := n.Armed(t.Context(), slotName); armed || !errors.Is(err, ErrStore) {
		t.Errorf("armed: %v, error %v, want %v", armed, err, ErrStore)
	}
	if _, err := n.Armed(t.Context(), "unknown"); !errors.Is(err, ErrUnknownSlot) {
		t.Errorf("error %v, want %v", err, ErrUnknownSlot)
	}
}
