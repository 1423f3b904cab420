package handshake

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"
	"time"
)

// Slots that are made at run time are in the record like all others, so every
// node that shares the storage has them. They are found by the digest of their
// name: how long it takes says nothing about the names there are, each of which is
// a secret until its slot is locked.
type nameDigest = [sha256.Size]byte

// findMade looks only at what this node knows.
func (s *Slots) findMade(name string) (*slot, bool) {
	if s.unknown == nil {
		return nil, false
	}
	digest := sha256.Sum256([]byte(name))
	s.mu.Lock()
	defer s.mu.Unlock()
	sl, found := s.made[digest]
	return sl, found
}

// publishMade replaces the slots that were made by those of the record. It keeps
// what it knows of those that stay. Slots.mu is held.
func (s *Slots) publishMade(rec *record, now time.Time) {
	if s.unknown == nil {
		return
	}
	made := make(map[nameDigest]*slot, len(s.made))
	for name, st := range rec.Slots {
		if st.Made == nil || s.slots[name] != nil {
			continue
		}
		digest := sha256.Sum256([]byte(name))
		sl := s.made[digest]
		if sl == nil {
			sl = &slot{name: name, made: true, view: view{set: noSecrets}}
		}
		sl.view = newView(*st, now, sl.view)
		made[digest] = sl
	}
	s.made = made
}

// allMade returns the slots that were made, the oldest first.
func (s *Slots) allMade() []*slot {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*slot, 0, len(s.made))
	for _, sl := range s.made {
		all = append(all, sl)
	}
	slices.SortFunc(all, func(a, b *slot) int {
		return cmp.Or(a.view.state.Made.At.Compare(b.view.state.Made.At), cmp.Compare(a.name, b.name))
	})
	return all
}

// Event returns what a slot that was made at run time is for. A slot that this
// node does not know may have been made by another, so the record is read again,
// at most once a second for all such slots together. What is known comes from the
// cache, as for Secrets. Errors: ErrUnknownSlot, for the slots of the configuration
// too; ErrStore if the record cannot be read, so that nothing can be said about
// the slot.
func (s *Slots) Event(ctx context.Context, slot string) (string, error) {
	if s.unknown == nil || s.slots[slot] != nil || !validName(slot) {
		return "", s.unknownSlot(slot)
	}
	if sl, found := s.findMade(slot); !found {
		if err := s.lookAgain(ctx, s.unknown.slot); err != nil {
			return "", err
		}
	} else if s.stale() {
		_ = s.reread(ctx, sl) // where that fails, what is known stays good
	}
	sl, found := s.findMade(slot)
	if !found {
		return "", s.unknownSlot(slot)
	}
	st, _ := s.known(sl)
	return st.Made.Event, nil
}
