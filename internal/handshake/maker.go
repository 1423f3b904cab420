package handshake

import (
	"context"
	"fmt"
	"time"
)

// Maker makes slots at run time, one for each subscription, and arms and removes
// them. It is for whoever makes the subscriptions, and leaves the slots of the
// configuration alone. Use by many goroutines at a time is safe.
type Maker struct{ slots *Slots }

// Maker returns the maker of slots, or nil where Options.Made is not set.
func (s *Slots) Maker() *Maker {
	if s.unknown == nil {
		return nil
	}
	return &Maker{s}
}

// Learned reads the record and returns the slots that were made, each with the
// fingerprint of its newest secret, empty where it has none. Secrets that are withheld
// count too. Errors: ErrStore.
func (m *Maker) Learned(ctx context.Context) (map[string]string, error) {
	if err := m.slots.read(ctx); err != nil {
		return nil, err
	}
	fingerprints := make(map[string]string)
	for _, sl := range m.slots.allMade() {
		fingerprints[sl.name] = ""
		for _, l := range m.secrets(sl) {
			fingerprints[sl.name] = l.fingerprint()
		}
	}
	return fingerprints, nil
}

// secrets returns the secrets of a slot, the oldest first, as they are cached.
func (m *Maker) secrets(sl *slot) []learned {
	st, _ := m.slots.known(sl)
	return st.valid(m.slots.now())
}

// Holds reads the record and reports whether a slot has this secret and no other,
// in a time that does not depend on what they are. Errors: ErrUnknownSlot, ErrStore.
func (m *Maker) Holds(ctx context.Context, slot, secret string) (bool, error) {
	if err := m.slots.read(ctx); err != nil {
		return false, err
	}
	sl, found := m.slots.findMade(slot)
	if !found {
		return false, m.unknown()
	}
	all := m.secrets(sl)
	holds := len(all) == 1
	for _, l := range all {
		holds = Secret(l.Secret).equal(Secret{text: &secret}) && holds
	}
	return holds, nil
}

// Add makes a slot for the deliveries of an event. It is not armed. Withheld, it
// proves nothing by what it learns until Release. A slot that is there is an error.
// Errors: ErrFull, ErrOff, ErrStore.
func (m *Maker) Add(ctx context.Context, slot, event string, withheld bool) error {
	s := m.slots
	if s.mode == Off {
		return fmt.Errorf("endpoint %q: %w", s.endpoint, ErrOff)
	}
	if !validName(slot) || len(event) > maxEvent {
		return fmt.Errorf("endpoint %q: a slot to be made has no valid name or event", s.endpoint)
	}
	var refused error
	err := s.update(ctx, func(rec *record, now time.Time) bool {
		switch {
		case rec.Slots[slot] != nil || s.slots[slot] != nil:
			refused = fmt.Errorf("endpoint %q: a slot to be made is there already", s.endpoint)
		case rec.madeSlots() >= maxMade:
			refused = fmt.Errorf("endpoint %q: %w: %d were made", s.endpoint, ErrFull, maxMade)
		default:
			rec.Slots[slot] = &state{Made: &made{Event: event, At: now, Withheld: withheld}}
			return true
		}
		return false
	})
	if err != nil {
		return err
	}
	return refused
}

// Release has deliveries be proved by what a slot that was withheld has learned, on
// every node at once: none of them has ever taken it for proof. Errors:
// ErrUnknownSlot, ErrStore.
func (m *Maker) Release(ctx context.Context, slot string) error {
	return m.change(ctx, slot, func(st *state, _ time.Time) bool {
		was := st.Made.Withheld
		st.Made.Withheld = false
		return was
	})
}

// Arm lets a slot learn one secret within d, from MinArm to MaxArm. Errors:
// ErrUnknownSlot, ErrDuration, ErrStore.
func (m *Maker) Arm(ctx context.Context, slot string, d time.Duration) error {
	if d < MinArm || d > MaxArm {
		return fmt.Errorf("endpoint %q: %w: %v, want %v to %v", m.slots.endpoint, ErrDuration, d, MinArm, MaxArm)
	}
	return m.change(ctx, slot, func(st *state, now time.Time) bool {
		st.ArmedUntil = now.Add(d)
		return true
	})
}

// Disarm ends the arming of a slot, if there is one. Errors: ErrUnknownSlot, ErrStore.
func (m *Maker) Disarm(ctx context.Context, slot string) error {
	return m.change(ctx, slot, func(st *state, _ time.Time) bool { return st.disarm(m.slots.mode) })
}

// Teach gives a slot a secret that the provider told by a way that needs no
// handshake. It replaces one that is there as a handshake would. Errors:
// ErrUnknownSlot, ErrFull, ErrStore, or that it is no secret.
func (m *Maker) Teach(ctx context.Context, slot, secret string) error {
	parsed, err := parseSecret(secret)
	if err != nil {
		return fmt.Errorf("endpoint %q: a %w", m.slots.endpoint, err)
	}
	var outcome Outcome
	err = m.change(ctx, slot, func(st *state, now time.Time) bool {
		if outcome = st.judgeIf(true, parsed, now); outcome != Learned {
			return false
		}
		st.learn(parsed, now)
		return true
	})
	if err == nil && !outcome.Echo() {
		err = fmt.Errorf("endpoint %q: a slot takes no other secret: %w", m.slots.endpoint, ErrFull)
	}
	return err
}

// Remove ends a slot and its secrets, on this node at once and on others within a
// minute. One that is not there is no error. Errors: ErrStore.
func (m *Maker) Remove(ctx context.Context, slot string) error {
	return m.slots.update(ctx, func(rec *record, _ time.Time) bool {
		if st := rec.Slots[slot]; st == nil || st.Made == nil {
			return false
		}
		delete(rec.Slots, slot)
		return true
	})
}

// change makes one change to a slot that was made.
func (m *Maker) change(ctx context.Context, slot string, do func(*state, time.Time) bool) error {
	found := false
	err := m.slots.update(ctx, func(rec *record, now time.Time) bool {
		st := rec.Slots[slot]
		if found = st != nil && st.Made != nil; !found {
			return false
		}
		return do(st, now)
	})
	if err != nil {
		return err
	}
	if !found {
		return m.unknown()
	}
	return nil
}

// unknown does not quote the slot: its name is a secret until it is locked.
func (m *Maker) unknown() error {
	return fmt.Errorf("endpoint %q: %w", m.slots.endpoint, ErrUnknownSlot)
}
