package handshake

import (
	"context"
	"crypto/sha256"
	"fmt"
	"slices"
	"time"
)

const (
	// rereadInterval is the least time between two reads of the record for
	// one slot's sake, so that a flood does not reach storage.
	rereadInterval = time.Second

	// cacheAge is after how long the record is read again without a mismatch,
	// and so how long a secret that was removed on another node is still
	// trusted here.
	cacheAge = time.Minute
)

// slot is what this node knows of a slot. All but the first two is guarded by
// Slots.mu.
type slot struct {
	name string
	made bool // at run time
	view view

	// checked is when storage was last asked for this slot's sake, and failure
	// what came of it.
	checked time.Time
	failure error
}

// view is the state of a slot and what follows from it.
type view struct {
	state state
	set   *Set
	until time.Time // when set is no longer right; zero: it stays right
}

// newView derives what follows from st. If the secrets are those of the view
// before, it keeps that one's set.
func newView(st state, now time.Time, before view) view {
	v := view{state: st}
	var secrets []Secret
	for _, l := range slices.Backward(st.proving(now)) {
		secrets = append(secrets, Secret(l.Secret))
		if !l.EndsAt.IsZero() && (v.until.IsZero() || l.EndsAt.Before(v.until)) {
			v.until = l.EndsAt
		}
	}
	switch {
	case slices.EqualFunc(secrets, before.set.secrets, Secret.equal):
		v.set = before.set
	case len(secrets) == 0:
		v.set = noSecrets
	default:
		v.set = &Set{secrets: secrets}
	}
	return v
}

// cache is what this node knows of the record besides the views of its slots.
type cache struct {
	loaded    bool // the record, or that there is none, was read once
	found     bool // there was a record
	digest    [sha256.Size]byte
	published int // how often the views were replaced
	attempted time.Time
	reading   *reading // in flight, if any
}

// reading is one read of the record that many requests wait for.
type reading struct {
	done chan struct{}
	err  error // set before done is closed
}

// digestOf tells stored records apart without keeping their secrets. A missing
// record has the zero digest.
func digestOf(stored []byte) [sha256.Size]byte {
	if stored == nil {
		return [sha256.Size]byte{}
	}
	return sha256.Sum256(stored)
}

// snapshot returns what is known of the record.
func (s *Slots) snapshot() cache {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.cache
}

// publish makes rec what this node knows.
func (s *Slots) publish(rec *record, stored []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.publishLocked(rec, stored)
}

// publishSince publishes what was read without the lock, unless something else
// was published since before: that came from under the lock, or from a read
// that began later, and is no older.
func (s *Slots) publishSince(before cache, rec *record, stored []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cache.published == before.published {
		s.publishLocked(rec, stored)
	}
}

func (s *Slots) publishLocked(rec *record, stored []byte) {
	now := s.now()
	for _, sl := range s.ordered {
		var st state
		if known := rec.Slots[sl.name]; known != nil {
			st = *known
		}
		sl.view = newView(st, now, sl.view)
	}
	s.publishMade(rec, now)
	s.cache.loaded = true
	s.cache.found = stored != nil
	s.cache.digest = digestOf(stored)
	s.cache.published++
	s.cache.attempted = now
}

// known returns the cached state of a slot, and false if the record was never
// read.
func (s *Slots) known(sl *slot) (state, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return sl.view.state, s.cache.loaded
}

// set returns the cached secrets that are valid now, and false if the record
// was never read.
func (s *Slots) set(sl *slot) (*Set, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now := s.now(); !sl.view.until.IsZero() && !now.Before(sl.view.until) {
		sl.view = newView(sl.view.state, now, sl.view)
	}
	return sl.view.set, s.cache.loaded
}

// stale reports whether the record is to be read although nothing mismatched.
// One request at a time does that; the others go by the cache meanwhile.
func (s *Slots) stale() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.cache.loaded {
		return true
	}
	return s.cache.reading == nil && !within(cacheAge, s.cache.attempted, s.now())
}

// reread brings the cache up to date for the sake of one slot. Requests that
// come while the record is being read share that read; within rereadInterval
// after it they get its error without another.
func (s *Slots) reread(ctx context.Context, sl *slot) error {
	s.mu.Lock()
	if r := s.cache.reading; r != nil {
		s.mu.Unlock()
		return s.await(ctx, r)
	}
	if within(rereadInterval, sl.checked, s.now()) {
		defer s.mu.Unlock()
		return sl.failure
	}
	r := &reading{done: make(chan struct{}), err: fmt.Errorf("%w: reading was interrupted", ErrStore)}
	s.cache.reading = r
	s.mu.Unlock()

	defer s.finish(sl, r) // even if storage panics: others wait for it
	// Others depend on this read, so it does not end with its first caller.
	r.err = s.sync(context.WithoutCancel(ctx))
	return r.err
}

func (s *Slots) await(ctx context.Context, r *reading) error {
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return s.storeError("wait for a read", ctx.Err())
	}
}

func (s *Slots) finish(sl *slot, r *reading) {
	s.note(sl, r.err)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.cache.reading = nil
	s.cache.attempted = s.now()
	close(r.done)
}

// note remembers that storage was asked for a slot's sake and what came of it.
func (s *Slots) note(sl *slot, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	sl.checked, sl.failure = s.now(), err
}

// recentFailure returns the error that storage gave for a slot within
// rereadInterval.
func (s *Slots) recentFailure(sl *slot) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !within(rereadInterval, sl.checked, s.now()) {
		return nil
	}
	return sl.failure
}

// sync reads the record and, where a first appearance counts, stores that of
// slots that have none.
func (s *Slots) sync(ctx context.Context) error {
	if err := s.read(ctx); err != nil {
		return err
	}
	if s.mode != Once {
		return nil
	}
	return s.appear(ctx)
}

// appear stores the first appearance of slots that have none.
func (s *Slots) appear(ctx context.Context) error {
	if s.allAppeared() {
		return nil
	}
	return s.update(ctx, func(rec *record, now time.Time) bool {
		changed := false
		for _, sl := range s.ordered {
			changed = rec.slot(sl.name).appear(now) || changed
		}
		return changed
	})
}

func (s *Slots) allAppeared() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return !slices.ContainsFunc(s.ordered, func(sl *slot) bool { return sl.view.state.FirstSeen.IsZero() })
}

// within reports whether now is less than d after then. A clock that was set
// back is not within.
func within(d time.Duration, then, now time.Time) bool {
	elapsed := now.Sub(then)
	return elapsed >= 0 && elapsed < d
}
