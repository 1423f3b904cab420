// Package dedupe recognises the copies of a delivery.
//
// A delivery is known by its [Key]. The first copy is given a [Claim], which
// it commits when the delivery succeeded and releases when it failed. Copies
// that arrive in between wait for that outcome; copies that arrive within the
// window after a commit are told that the delivery is done.
//
// Up to a store's capacity no commit is lost before its window ends. Above it
// the oldest are. Nothing outlives the process.
//
// An exact table holds the keys in flight and the newest commits, and ristretto
// the older ones; a journal of all commits decides what goes where, and when.
package dedupe

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// MaxInFlight is how many keys of a store may be in flight at a time.
	MaxInFlight = 65_536

	// shortestWindow keeps two commits of a key from having the same moment, and
	// longestWindow keeps sums of instants and windows from overflowing.
	shortestWindow = 1 * time.Nanosecond
	longestWindow  = 100 * 365 * 24 * time.Hour
)

var (
	// ErrTooManyInFlight is returned to a fresh delivery that finds MaxInFlight
	// others in flight. The provider is to try again later.
	ErrTooManyInFlight = errors.New("dedupe: too many deliveries are in flight")
	// ErrClosed is returned by a store that has been closed.
	ErrClosed = errors.New("dedupe: the store is closed")
)

// Options configure a store.
type Options struct {
	// Entries is the store's capacity in keys, at least 1. A commit takes a place
	// until its window ends, even if it is forgotten earlier.
	Entries int
	// Now is the clock, which must not run backwards; default time.Now.
	Now func() time.Time
}

// Store remembers keys. Its methods may be called from any goroutine.
type Store struct {
	now      func() time.Time
	start    time.Time
	older    *older
	inFlight atomic.Int64
	shards   [shardCount]shard

	// mu is held while the set of commits changes. Whoever needs a shard's lock
	// as well takes it second.
	mu           sync.Mutex
	closed       bool
	entries      int
	journal      journal
	evictedEarly uint64
	moving       []*item // on their way to ristretto, still in the exact table
	recent       int     // recentCommits, but for tests
	batch        int     // moveBatch, but for tests
}

// Stats is a store's state at one moment.
type Stats struct {
	Keys         int    // commits whose window has not ended, forgotten ones included
	Entries      int    // the capacity
	InFlight     int    // claims without an outcome yet
	EvictedEarly uint64 // commits lost above capacity before their window ended
}

// instant is a time in nanoseconds since the store was made. Steps of the wall
// clock do not touch it.
type instant int64

// New returns an empty store, to be closed with [Store.Close].
func New(options Options) (*Store, error) {
	if err := checkEntries(options.Entries); err != nil {
		return nil, err
	}
	if options.Now == nil {
		options.Now = time.Now
	}
	older, err := newOlder()
	if err != nil {
		return nil, err
	}
	s := &Store{
		now:     options.Now,
		start:   options.Now(),
		older:   older,
		entries: options.Entries,
		recent:  recentCommits,
		batch:   moveBatch,
	}
	for i := range s.shards {
		s.shards[i].flights = make(map[Key]*Claim)
		s.shards[i].commits = newCommits()
	}
	return s, nil
}

func checkEntries(entries int) error {
	if entries < 1 {
		return fmt.Errorf("dedupe: %d entries instead of at least 1", entries)
	}
	return nil
}

// Claim looks the key up and returns Fresh with a claim if no other copy was
// seen, InFlight with a flight to wait on, or Done. A commit of the claim is
// remembered for the window, which counts from the commit on; a window that is
// changed later holds for later commits. With no window, copies are recognised
// only while the first is in flight.
//
// The error is ErrTooManyInFlight or ErrClosed.
func (s *Store) Claim(key Key, window time.Duration) (Result, error) {
	sh := s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.closed {
		return Result{}, ErrClosed
	}
	window = min(max(window, shortestWindow), longestWindow)
	if first := sh.flights[key]; first != nil {
		first.followed = true
		return Result{State: InFlight, Flight: &Flight{first: first, window: window}}, nil
	}
	expiry, ok := sh.commits.expiry(&key)
	if !ok {
		sh.probe = key
		expiry, ok = s.older.expiry(&sh.probe)
	}
	if ok && s.instant() < expiry {
		return Result{State: Done}, nil
	}
	if s.inFlight.Add(1) > MaxInFlight {
		s.inFlight.Add(-1)
		return Result{}, ErrTooManyInFlight
	}
	claim := &Claim{store: s, key: key, window: window, state: InFlight}
	sh.flights[key] = claim
	return Result{State: Fresh, Claim: claim}, nil
}

// Forget makes the store forget a commit, so that the next copy is Fresh, and
// reports whether there was one. It does not touch a key that is in flight.
func (s *Store) Forget(key Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.settle() // so that the key is in one place only
	sh := s.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if sh.flights[key] != nil {
		return false
	}
	expiry, ok := sh.commits.expiry(&key)
	if ok {
		sh.commits.remove(&key)
	} else if expiry, ok = s.older.expiry(&key); ok {
		s.older.drop(&item{key, expiry})
	}
	if !ok {
		return false
	}
	s.journal.forget(key, expiry)
	return s.instant() < expiry
}

// SetEntries changes the capacity. Of more commits than that, the oldest are
// lost.
func (s *Store) SetEntries(entries int) error {
	if err := checkEntries(entries); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.entries = entries
	for s.journal.length > s.entries {
		s.trim(s.instant(), maxDrops)
		// Commits need not wait until all is done.
		s.mu.Unlock()
		s.mu.Lock()
	}
	return nil
}

// Stats returns the store's state.
func (s *Store) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	return Stats{
		Keys:         s.journal.live(s.instant()),
		Entries:      s.entries,
		InFlight:     int(s.inFlight.Load()),
		EvictedEarly: s.evictedEarly,
	}
}

// Close stops the store's goroutines. Claims that are still in flight can be
// ended as ever and their waiting copies are told, but nothing is remembered.
func (s *Store) Close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	for i := range s.shards {
		sh := &s.shards[i]
		sh.mu.Lock()
		sh.closed = true
		sh.mu.Unlock()
	}
	s.older.close()
}

func (s *Store) shard(key Key) *shard {
	return &s.shards[binary.LittleEndian.Uint16(key[len(key)-2:])%shardCount]
}

func (s *Store) instant() instant {
	return instant(s.now().Sub(s.start))
}
