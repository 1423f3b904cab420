package handshake

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/hookward/hookward/internal/document"
)

const (
	// lockTimeout bounds the wait for the lock of the record, that for other
	// requests of this node included.
	lockTimeout = 5 * time.Second

	// changeTimeout bounds reading and writing the record under the lock.
	changeTimeout = 5 * time.Second

	// unlockTimeout bounds giving the lock back.
	unlockTimeout = 5 * time.Second

	// readTimeout bounds reading the record without the lock, which holds a
	// delivery up.
	readTimeout = 2 * time.Second
)

// Storage is where the record is kept.
type Storage = document.Storage

// change changes a record and reports whether it did; a record that is not
// changed is not written.
type change func(rec *record, now time.Time) bool

// update makes one change to the record.
func (s *Slots) update(ctx context.Context, do change) error {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	if err := s.enter(ctx); err != nil {
		return err
	}
	defer s.leave()
	return s.transact(ctx, do)
}

// enter waits until no other request of this node changes the record.
func (s *Slots) enter(ctx context.Context) error {
	select {
	case s.writing <- struct{}{}:
		return nil
	case <-ctx.Done():
		return s.storeError("wait for another change", ctx.Err())
	}
}

func (s *Slots) leave() { <-s.writing }

// transact reads, changes and writes the record under its lock in storage, and
// caches it. ctx bounds the wait for the lock. Once that is held the work runs
// to its own deadline: a caller who goes away must neither leave the lock
// behind nor stop a write halfway.
func (s *Slots) transact(ctx context.Context, do change) (err error) {
	if err := s.storage.Lock(ctx, s.key); err != nil {
		return s.storeError("lock", err)
	}
	ctx = context.WithoutCancel(ctx)
	defer func() {
		// A lock that cannot be given back may not have been held to the end,
		// so what was done under it is not relied on.
		err = errors.Join(err, s.unlock(ctx))
	}()

	ctx, cancel := context.WithTimeout(ctx, changeTimeout)
	defer cancel()
	stored, err := s.load(ctx)
	if err != nil {
		return err
	}
	rec, err := s.decode(stored)
	if err != nil {
		return err
	}
	if do(rec, s.now().UTC()) {
		if stored, err = rec.encode(); err != nil {
			return s.storeError("encode", err)
		}
		if err := s.storage.Store(ctx, s.key, stored); err != nil {
			return s.storeError("write", err)
		}
	}
	s.publish(rec, stored)
	return nil
}

func (s *Slots) unlock(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, unlockTimeout)
	defer cancel()
	if err := s.storage.Unlock(ctx, s.key); err != nil {
		return s.storeError("unlock", err)
	}
	return nil
}

// read brings the cache up to date with storage. It takes no lock: a record is
// stored whole.
func (s *Slots) read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	before := s.snapshot()
	stored, err := s.load(ctx)
	if err != nil {
		return err
	}
	if before.loaded && before.digest == digestOf(stored) {
		return nil
	}
	rec, err := s.decode(stored)
	if err != nil {
		return err
	}
	s.publishSince(before, rec, stored)
	return nil
}

// load returns the stored record, nil if there is none. A record that was there
// before and is missing now, as where a file system is no longer mounted, is an
// error: its slots are not fresh.
func (s *Slots) load(ctx context.Context) ([]byte, error) {
	stored, err := s.storage.Load(ctx, s.key)
	if errors.Is(err, fs.ErrNotExist) && !s.snapshot().found {
		return nil, nil
	}
	if err != nil {
		return nil, s.storeError("read", err)
	}
	if stored == nil {
		stored = []byte{} // an empty record is corrupt, not missing
	}
	return stored, nil
}

func (s *Slots) decode(stored []byte) (*record, error) {
	if stored == nil {
		return newRecord(s.endpoint), nil
	}
	rec, err := decodeRecord(stored, s.endpoint)
	if err != nil {
		return nil, s.storeError("decode", err)
	}
	return rec, nil
}

func (s *Slots) storeError(doing string, err error) error {
	return fmt.Errorf("endpoint %q: %w: %s: %w", s.endpoint, ErrStore, doing, err)
}
