package handshake

import (
	"context"
	"time"
)

// Open reads the record and, unless on trial, stores the first appearance of slots
// that have none.
// On ErrStore the slots learn nothing and know no secret until a later read works;
// every method that needs the record tries again, at most once a second a slot.
func (s *Slots) Open(ctx context.Context) error {
	if s.mode == Off {
		return nil
	}
	if err := s.sync(ctx); err != nil {
		return err
	}
	if s.mode == Armed && !s.trial {
		// It counts only if the mode becomes Once, so that a slot which was there
		// for months is not taken for new. Nothing depends on it today.
		_ = s.appear(ctx)
	}
	return nil
}

// Secrets returns the secrets of a slot that are valid now. They come from the
// cache, which is read anew once a minute; where that fails, what is cached
// stays good. Errors: ErrUnknownSlot; ErrStore if the record was never read.
func (s *Slots) Secrets(ctx context.Context, slot string) (*Set, error) {
	sl, err := s.find(slot)
	if err != nil {
		return nil, err
	}
	if s.mode == Off {
		return noSecrets, nil
	}
	if s.stale() {
		err = s.reread(ctx, sl)
	}
	set, loaded := s.set(sl)
	if !loaded {
		return nil, err
	}
	return set, nil
}

// Refresh returns what Secrets does after reading the record again, at most
// once a second a slot. It is for a delivery that no secret verified: another
// node may have learned the right one. While the slot is armed, that may have been
// since the last read, so the delivery waits for the next: strangers who make this node
// read could otherwise have the provider's first deliveries refused. Errors:
// ErrUnknownSlot; ErrStore if the record cannot be read, so that nothing can be said
// about the delivery.
func (s *Slots) Refresh(ctx context.Context, slot string) (*Set, error) {
	sl, err := s.find(slot)
	if err != nil {
		return nil, err
	}
	if s.mode == Off {
		return noSecrets, nil
	}
	look := s.reread
	if st, _ := s.known(sl); !st.armedUntil(s.mode, s.now()).IsZero() {
		look = s.lookAgain
	}
	if err := look(ctx, sl); err != nil {
		return nil, err
	}
	set, _ := s.set(sl)
	return set, nil
}

// Offer says what becomes of the secret that a handshake brought to a slot. The
// handshake may be completed only if the outcome says Echo; what is Learned is
// stored by then. Slots that are not armed answer from the cache, read anew at
// most once a second; a secret that is known, from one that is no older than that of
// Secrets. Errors: ErrUnknownSlot; ErrStore, with which nothing may
// be echoed.
func (s *Slots) Offer(ctx context.Context, slot, secret string) (Outcome, error) {
	sl, err := s.find(slot)
	if err != nil {
		return 0, err
	}
	if s.mode == Off {
		return Disabled, nil
	}
	parsed, malformed := parseSecret(secret)
	if malformed != nil {
		return Malformed, nil
	}

	if s.stale() {
		_ = s.reread(ctx, sl) // where that fails, what is known stays good
	}
	outcome, loaded := s.judge(sl, parsed)
	if !loaded || !outcome.Echo() {
		// Another node may have armed the slot, or learned this very secret.
		if err := s.reread(ctx, sl); err != nil {
			return 0, err
		}
		outcome, _ = s.judge(sl, parsed)
	}
	if outcome != Learned {
		return outcome, nil
	}
	return s.learn(ctx, sl, parsed)
}

// Armed tells whether a slot is armed, for an exchange that teaches no secret and so
// leaves the arming as it is. The record is read anew at most once a second. Errors:
// ErrUnknownSlot; ErrStore, with which the exchange must not be completed.
func (s *Slots) Armed(ctx context.Context, slot string) (bool, error) {
	sl, err := s.find(slot)
	if err != nil {
		return false, err
	}
	if s.mode == Off {
		return false, nil
	}
	if err := s.reread(ctx, sl); err != nil {
		return false, err
	}
	st, _ := s.known(sl)
	return !st.armedUntil(s.mode, s.now()).IsZero(), nil
}

// judge goes by the cache, and returns false if the record was never read.
func (s *Slots) judge(sl *slot, secret Secret) (Outcome, bool) {
	st, loaded := s.known(sl)
	return st.judge(secret, s.mode, s.now()), loaded
}

// learn stores a secret for which the cache says that its slot is armed.
func (s *Slots) learn(ctx context.Context, sl *slot, secret Secret) (Outcome, error) {
	waiting, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	if err := s.enter(waiting); err != nil {
		return 0, err
	}
	defer s.leave()
	// Of many handshakes at once, those behind the first need no storage to be
	// refused.
	if outcome, _ := s.judge(sl, secret); outcome != Learned {
		return outcome, nil
	}
	if err := s.recentFailure(sl); err != nil {
		return 0, err
	}

	var outcome Outcome
	err := s.transact(waiting, func(rec *record, now time.Time) bool {
		st := rec.slot(sl.name)
		if outcome = st.judge(secret, s.mode, now); outcome != Learned {
			return false
		}
		st.learn(secret, now)
		return true
	})
	s.noteUnlessLeft(ctx, sl, err)
	if err != nil {
		return 0, err
	}
	return outcome, nil
}

// Verified says that a delivery to a slot verified with the learned secret of
// this fingerprint. If that is the newest of several, the others end now. It
// costs no storage otherwise; while another change is being stored, or within a
// second of a failure, it is left to a later delivery. Errors: ErrUnknownSlot;
// ErrStore, which takes nothing from the delivery's proof.
func (s *Slots) Verified(ctx context.Context, slot, fingerprint string) error {
	sl, err := s.find(slot)
	if err != nil {
		return err
	}
	if s.mode == Off || !s.settles(sl, fingerprint) {
		return nil
	}
	select {
	case s.writing <- struct{}{}:
		defer s.leave()
	default:
		return nil
	}
	if !s.settles(sl, fingerprint) || s.recentFailure(sl) != nil {
		return nil
	}

	waiting, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	err = s.transact(waiting, func(rec *record, now time.Time) bool {
		st := rec.slot(sl.name)
		if !st.settles(fingerprint, now) {
			return false
		}
		st.settle()
		return true
	})
	s.noteUnlessLeft(ctx, sl, err)
	return err
}

// settles goes by the cache.
func (s *Slots) settles(sl *slot, fingerprint string) bool {
	st, _ := s.known(sl)
	return st.settles(fingerprint, s.now())
}

// noteUnlessLeft notes what came of using storage, unless it was ended by the
// caller's leaving: a stranger who hangs up must not hold a slot's provider off.
func (s *Slots) noteUnlessLeft(ctx context.Context, sl *slot, err error) {
	if ctx.Err() == nil {
		s.note(sl, err)
	}
}
