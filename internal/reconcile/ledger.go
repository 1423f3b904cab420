package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"time"

	"github.com/hookward/hookward/internal/document"
)

const (
	// lockTimeout bounds the wait for the lock, which another node holds for as
	// long as it makes subscriptions.
	lockTimeout = time.Minute

	// storeTimeout bounds each use of storage under the lock.
	storeTimeout = 5 * time.Second
)

// ErrStore says that the record of what was made could not be read, written or
// understood. Nothing is made without it.
var ErrStore = errors.New("subscription store cannot be used")

// errOvertaken is the cause of an ErrStore where another node wrote the record
// although this one has the lock.
var errOvertaken = errors.New("another node has written the record")

// ledger keeps the record of one endpoint in storage.
type ledger struct {
	endpoint string
	key      string // of the record, and the name of its lock
	storage  document.Storage
	found    bool // there was a record
}

func newLedger(endpoint string, storage document.Storage) *ledger {
	return &ledger{endpoint: endpoint, key: document.Key("subscriptions", endpoint), storage: storage}
}

// exclusively calls do while no other node acts for the endpoint.
func (l *ledger) exclusively(ctx context.Context, do func(*record)) (err error) {
	waiting, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	if err := l.storage.Lock(waiting, l.key); err != nil {
		return l.failed("lock", err)
	}
	defer func() { err = errors.Join(err, l.unlock(ctx)) }()
	r, err := l.load(ctx)
	if err != nil {
		return err
	}
	do(r)
	return nil
}

func (l *ledger) unlock(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := l.storage.Unlock(ctx, l.key); err != nil {
		return l.failed("unlock", err)
	}
	return nil
}

// load reads the record. One that was there before and is missing now, as where
// a file system is no longer mounted, is an error: what it says was made still is.
func (l *ledger) load(ctx context.Context) (*record, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	stored, err := l.storage.Load(ctx, l.key)
	if errors.Is(err, fs.ErrNotExist) && !l.found {
		return newRecord(l.endpoint), nil
	}
	if err != nil {
		return nil, l.failed("read", err)
	}
	l.found = true
	r, err := decodeRecord(stored, l.endpoint)
	if err != nil {
		return nil, l.failed("decode", err)
	}
	return r, nil
}

// check reports whether the record is still the one in storage: a node that was
// asleep for long may have lost its lock to another.
func (l *ledger) check(ctx context.Context, r *record) error {
	stored, err := l.load(ctx)
	if err != nil {
		return err
	}
	if stored.Revision != r.Revision {
		return l.failed("check", errOvertaken)
	}
	return nil
}

// save writes the record, unless another node has since it was read. It does not
// end with its caller, who may be stopped while the provider already acts.
func (l *ledger) save(ctx context.Context, r *record) error {
	if err := l.check(ctx, r); err != nil {
		return err
	}
	next := *r
	next.Revision++
	text, err := next.encode()
	if err != nil {
		return l.failed("encode", err)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := l.storage.Store(ctx, l.key, text); err != nil {
		return l.failed("write", err)
	}
	r.Revision, l.found = next.Revision, true
	return nil
}

func (l *ledger) failed(doing string, err error) error {
	return fmt.Errorf("endpoint %q: %w: %s: %w", l.endpoint, ErrStore, doing, err)
}
