package handshake

import (
	"slices"
	"time"
)

const (
	// onceWindow is how long a slot is armed from its first appearance.
	onceWindow = 24 * time.Hour

	// overlap is how long a secret outlives the handshake that replaces it,
	// unless the new secret verifies a delivery before.
	overlap = 24 * time.Hour

	// maxSecrets bounds the secrets of a slot.
	maxSecrets = 16

	// clockSkew is by how much the clocks of nodes may differ.
	clockSkew = time.Minute
)

// state is one slot as it is stored. Its methods are the whole state machine:
// pure functions of the state, the mode and the time.
type state struct {
	// Made is set for a slot that was made at run time.
	Made *made `json:"made,omitempty"`

	// FirstSeen is the slot's first appearance in a configuration with mode
	// armed or once.
	FirstSeen time.Time `json:"first_seen,omitzero"`

	// OnceOver says that the first appearance arms the slot no more: it has
	// held a secret, or was disarmed.
	OnceOver bool `json:"once_over,omitempty"`

	// ArmedUntil is when an explicit arming ends; zero if there is none.
	ArmedUntil time.Time `json:"armed_until,omitzero"`

	// Secrets holds the oldest first. All but the newest have an end.
	Secrets []learned `json:"secrets,omitempty"`
}

// made says what a slot was made for.
type made struct {
	Event string    `json:"event,omitempty"`
	At    time.Time `json:"at"`

	// Withheld: what the slot learns proves nothing yet, see Maker.Release.
	Withheld bool `json:"withheld,omitempty"`
}

// learned is a secret as it is stored.
type learned struct {
	Secret    storedSecret `json:"secret"`
	LearnedAt time.Time    `json:"learned_at"`
	EndsAt    time.Time    `json:"ends_at,omitzero"`
}

func (l learned) fingerprint() string { return Secret(l.Secret).Fingerprint() }

func (l learned) validAt(now time.Time) bool { return l.EndsAt.IsZero() || now.Before(l.EndsAt) }

// valid returns a copy of the secrets that have not ended.
func (s *state) valid(now time.Time) []learned {
	var valid []learned
	for _, l := range s.Secrets {
		if l.validAt(now) {
			valid = append(valid, l)
		}
	}
	return valid
}

// proving returns the secrets by which deliveries are proved.
func (s *state) proving(now time.Time) []learned {
	if s.Made != nil && s.Made.Withheld {
		return nil
	}
	return s.valid(now)
}

// armedUntil returns when the arming of the slot ends, zero if it is not armed.
func (s *state) armedUntil(mode Mode, now time.Time) time.Time {
	if mode == Off {
		return time.Time{}
	}
	until := s.ArmedUntil
	if mode == Once && !s.OnceOver && !s.FirstSeen.IsZero() {
		if once := s.FirstSeen.Add(onceWindow); once.After(until) {
			until = once
		}
	}
	// An end further off than any arming can reach was written by a clock that
	// was wrong, and would leave the slot open for as long as it was wrong.
	if left := until.Sub(now); left <= 0 || left > MaxArm+clockSkew {
		return time.Time{}
	}
	return until
}

// judge says what would become of secret. Learned means that learn is next.
func (s *state) judge(secret Secret, mode Mode, now time.Time) Outcome {
	return s.judgeIf(!s.armedUntil(mode, now).IsZero(), secret, now)
}

func (s *state) judgeIf(armed bool, secret Secret, now time.Time) Outcome {
	valid := s.valid(now)
	known, sameFingerprint := false, false
	for _, l := range valid { // to the end, whatever is found
		known = Secret(l.Secret).equal(secret) || known
		sameFingerprint = l.fingerprint() == secret.Fingerprint() || sameFingerprint
	}
	switch {
	case known:
		return Known
	case sameFingerprint:
		return Locked // a fingerprint names one secret of a slot, so a second is not let in
	case !armed && len(valid) == 0:
		return Unarmed
	case !armed:
		return Locked
	case len(valid) >= maxSecrets:
		return Full
	default:
		return Learned
	}
}

// learn adds secret as the newest and uses the arming up.
func (s *state) learn(secret Secret, now time.Time) {
	s.Secrets = s.valid(now)
	for i := range s.Secrets {
		if s.Secrets[i].EndsAt.IsZero() {
			s.Secrets[i].EndsAt = now.Add(overlap)
		}
	}
	s.Secrets = append(s.Secrets, learned{Secret: storedSecret(secret), LearnedAt: now})
	s.ArmedUntil = time.Time{}
	s.OnceOver = true
}

// settles reports whether a delivery that verified with the secret of this
// fingerprint ends others.
func (s *state) settles(fingerprint string, now time.Time) bool {
	valid := s.valid(now)
	return len(valid) > 1 && valid[len(valid)-1].fingerprint() == fingerprint
}

// settle ends all secrets but the newest.
func (s *state) settle() {
	s.Secrets = s.Secrets[len(s.Secrets)-1:]
}

// remove takes out the secret of this fingerprint and reports whether there was
// one. If it was the newest, the one before it is no longer replaced by
// anything and loses its end.
func (s *state) remove(fingerprint string, now time.Time) bool {
	valid := s.valid(now)
	i := slices.IndexFunc(valid, func(l learned) bool { return l.fingerprint() == fingerprint })
	if i < 0 {
		return false
	}
	s.Secrets = slices.Delete(valid, i, i+1)
	if len(s.Secrets) > 0 {
		s.Secrets[len(s.Secrets)-1].EndsAt = time.Time{}
	}
	return true
}

// appear notes the first appearance and reports whether this is it.
func (s *state) appear(now time.Time) bool {
	if !s.FirstSeen.IsZero() {
		return false
	}
	s.FirstSeen = now
	return true
}

// disarm ends an arming, that by first appearance included, and reports whether
// that changed anything.
func (s *state) disarm(mode Mode) bool {
	endsOnce := mode == Once && !s.OnceOver
	if s.ArmedUntil.IsZero() && !endsOnce {
		return false
	}
	s.ArmedUntil = time.Time{}
	s.OnceOver = s.OnceOver || endsOnce
	return true
}
