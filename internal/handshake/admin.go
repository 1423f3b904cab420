package handshake

import (
	"context"
	"fmt"
	"slices"
	"time"
)

const (
	// MinArm is the shortest arming.
	MinArm = time.Second

	// MaxArm is the longest arming.
	MaxArm = 24 * time.Hour
)

// State is where a slot is on its way from unarmed to locked.
type State string

const (
	// StateUnarmed slots hold no secret and take none.
	StateUnarmed State = "unarmed"

	// StateArmed slots hold no secret and take the next.
	StateArmed State = "armed"

	// StateLocked slots hold at least one secret. They take another only if
	// SlotStatus.ArmedUntil is set.
	StateLocked State = "locked"
)

// SlotStatus is what may be shown of a slot.
type SlotStatus struct {
	Slot string `json:"slot"`

	// State is empty where there are no handshakes.
	State State `json:"state,omitempty"`

	// Event is what a slot that was made at run time is for, and MadeAt when that
	// was. MadeAt is zero for the slots of the configuration.
	Event  string    `json:"event,omitempty"`
	MadeAt time.Time `json:"made_at,omitzero"`

	// ArmedUntil is when the arming of the slot ends; zero if it is not armed.
	ArmedUntil time.Time `json:"armed_until,omitzero"`

	// Secrets are the valid ones, the oldest first.
	Secrets []SecretStatus `json:"secrets,omitempty"`
}

// SecretStatus is what may be shown of a learned secret.
type SecretStatus struct {
	Fingerprint string    `json:"fingerprint"`
	LearnedAt   time.Time `json:"learned_at"`

	// EndsAt is when the secret stops being valid because a newer one has
	// replaced it; zero if it is the newest.
	EndsAt time.Time `json:"ends_at,omitzero"`
}

// Arm lets a slot learn one secret within d, from MinArm to MaxArm, and returns
// when that time is up. It replaces an arming that is there. Errors:
// ErrUnknownSlot, ErrMade, ErrDuration, ErrOff, ErrFull, ErrStore.
func (s *Slots) Arm(ctx context.Context, slot string, d time.Duration) (until time.Time, err error) {
	sl, err := s.find(slot)
	if err != nil {
		return time.Time{}, err
	}
	if sl.made {
		return time.Time{}, s.slotError(sl, ErrMade)
	}
	if d < MinArm || d > MaxArm {
		return time.Time{}, s.slotError(sl, fmt.Errorf("%w: %v, want %v to %v", ErrDuration, d, MinArm, MaxArm))
	}
	if s.mode == Off {
		return time.Time{}, s.slotError(sl, ErrOff)
	}
	full := false
	err = s.update(ctx, func(rec *record, now time.Time) bool {
		st := rec.slot(sl.name)
		if full = len(st.valid(now)) >= maxSecrets; full {
			return false
		}
		until = now.Add(d)
		st.ArmedUntil = until
		return true
	})
	if err != nil {
		return time.Time{}, err
	}
	if full {
		return time.Time{}, s.slotError(sl, ErrFull)
	}
	return until, nil
}

// Disarm ends the arming of a slot, if there is one. With mode once, it also
// ends the arming by first appearance for good. Errors: ErrUnknownSlot, ErrMade,
// ErrStore.
func (s *Slots) Disarm(ctx context.Context, slot string) error {
	sl, err := s.find(slot)
	if err != nil {
		return err
	}
	if sl.made {
		return s.slotError(sl, ErrMade)
	}
	return s.update(ctx, func(rec *record, _ time.Time) bool {
		return rec.slot(sl.name).disarm(s.mode)
	})
}

// Remove ends the secret of a slot that has this fingerprint, on this node at
// once and on others within a minute. It arms nothing. If the secret was about
// to replace another, that one stays. Errors: ErrUnknownSlot, ErrUnknownSecret,
// ErrStore.
func (s *Slots) Remove(ctx context.Context, slot, fingerprint string) error {
	sl, err := s.find(slot)
	if err != nil {
		return err
	}
	removed := false
	err = s.update(ctx, func(rec *record, now time.Time) bool {
		removed = rec.slot(sl.name).remove(fingerprint, now)
		return removed
	})
	if err != nil {
		return err
	}
	if !removed {
		// The fingerprint is not quoted: it may be a secret, given by mistake.
		return s.slotError(sl, ErrUnknownSecret)
	}
	return nil
}

// Status reads the record and returns all slots: first those of the
// configuration in its order, then those made at run time, the oldest first.
// Errors: ErrStore.
func (s *Slots) Status(ctx context.Context) ([]SlotStatus, error) {
	if err := s.read(ctx); err != nil {
		return nil, err
	}
	all := slices.Concat(s.ordered, s.allMade())
	status := make([]SlotStatus, 0, len(all))
	for _, sl := range all {
		st, _ := s.known(sl)
		status = append(status, st.status(sl.name, s.mode, s.now()))
	}
	return status, nil
}

func (s *state) status(slot string, mode Mode, now time.Time) SlotStatus {
	status := SlotStatus{Slot: slot, State: StateUnarmed, ArmedUntil: s.armedUntil(mode, now)}
	if s.Made != nil {
		status.Event, status.MadeAt = s.Made.Event, s.Made.At
	}
	for _, l := range s.valid(now) {
		status.Secrets = append(status.Secrets, SecretStatus{
			Fingerprint: l.fingerprint(),
			LearnedAt:   l.LearnedAt,
			EndsAt:      l.EndsAt,
		})
	}
	switch {
	case len(status.Secrets) > 0:
		status.State = StateLocked
	case !status.ArmedUntil.IsZero():
		status.State = StateArmed
	}
	return status
}

func (s *Slots) slotError(sl *slot, err error) error {
	return fmt.Errorf("endpoint %q: slot %q: %w", s.endpoint, sl.name, err)
}
