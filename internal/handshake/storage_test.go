package handshake

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/caddyserver/certmagic"
	"go.uber.org/goleak"

	"github.com/hookward/hookward/internal/document/documenttest"
)

var _ Storage = certmagic.Storage(nil)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(
		m,
		// Keeps a lock file fresh; ends by itself some seconds after Unlock.
		goleak.IgnoreAnyFunction("github.com/caddyserver/certmagic.keepLockfileFresh"),
	)
}

var errInjected = errors.New("injected")

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock {
	return &clock{now: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// calls counts what reached storage.
type calls struct{ Lock, Unlock, Store, Load int }

// faulty is one node's way to shared storage. A call whose fault is set does
// not reach it.
type faulty struct {
	*documenttest.Memory

	mu    sync.Mutex
	made  calls
	fault struct{ lock, unlock, store, load error }

	// onLoad runs after the value was read, onStore before it is written.
	onLoad, onStore func()
}

func newFaulty(m *documenttest.Memory) *faulty { return &faulty{Memory: m} }

func (f *faulty) breakAll(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault.lock, f.fault.store, f.fault.load = err, err, err
}

func (f *faulty) breakStore(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault.store = err
}

func (f *faulty) breakUnlock(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fault.unlock = err
}

func (f *faulty) hooks(onLoad, onStore func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.onLoad, f.onStore = onLoad, onStore
}

func (f *faulty) calls() calls {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.made
}

// call counts a call and returns its fault.
func (f *faulty) call(count *int, fault *error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	*count++
	return *fault
}

func (f *faulty) hook(which *func()) {
	f.mu.Lock()
	hook := *which
	f.mu.Unlock()
	if hook != nil {
		hook()
	}
}

func (f *faulty) Lock(ctx context.Context, name string) error {
	if err := f.call(&f.made.Lock, &f.fault.lock); err != nil {
		return err
	}
	return f.Memory.Lock(ctx, name)
}

func (f *faulty) Unlock(ctx context.Context, name string) error {
	if err := f.call(&f.made.Unlock, &f.fault.unlock); err != nil {
		return err
	}
	return f.Memory.Unlock(ctx, name)
}

func (f *faulty) Store(ctx context.Context, key string, value []byte) error {
	if err := f.call(&f.made.Store, &f.fault.store); err != nil {
		return err
	}
	f.hook(&f.onStore)
	return f.Memory.Store(ctx, key, value)
}

func (f *faulty) Load(ctx context.Context, key string) ([]byte, error) {
	if err := f.call(&f.made.Load, &f.fault.load); err != nil {
		return nil, err
	}
	value, err := f.Memory.Load(ctx, key)
	f.hook(&f.onLoad)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return value, err
}

// hanging is storage that answers no read before the caller gives up.
type hanging struct{ Storage }

func (hanging) Load(ctx context.Context, _ string) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// blank is storage that has lost the value of every key.
type blank struct{ Storage }

func (blank) Load(context.Context, string) ([]byte, error) { return nil, nil }

const (
	endpoint = "asana-prod"
	slotName = "tasks"

	// The stranger's secret is as well formed as the provider's.
	providers = "provider-4b57fg1ck4i2"
	strangers = "stranger-9d0c1a7e55b1"
)

// node is one process: its slots, and its way to storage.
type node struct {
	*Slots
	t *testing.T
}

// start makes a node and opens it, which must work.
func start(t *testing.T, storage Storage, c *clock, mode Mode, slots ...string) node {
	t.Helper()
	n := prepare(t, storage, c, mode, slots...)
	if err := n.Open(t.Context()); err != nil {
		t.Fatalf("Open: %v", err)
	}
	return n
}

// prepare makes a node that is not opened.
func prepare(t *testing.T, storage Storage, c *clock, mode Mode, slots ...string) node {
	t.Helper()
	if len(slots) == 0 {
		slots = []string{slotName}
	}
	s, err := New(Options{Endpoint: endpoint, Slots: slots, Mode: mode, Storage: storage, Now: c.Now})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	return node{Slots: s, t: t}
}

func (n node) arm(d time.Duration) {
	n.t.Helper()
	if _, err := n.Arm(n.t.Context(), slotName, d); err != nil {
		n.t.Fatalf("Arm: %v", err)
	}
}

// offers checks the outcome of a handshake.
func (n node) offers(secret string, want Outcome) {
	n.t.Helper()
	got, err := n.Offer(n.t.Context(), slotName, secret)
	if err != nil || got != want {
		n.t.Fatalf("Offer = %v, %v; want %v", got, err, want)
	}
}

// offerFails checks that a handshake finds the store broken and is not echoed.
func (n node) offerFails(secret string) {
	n.t.Helper()
	got, err := n.Offer(n.t.Context(), slotName, secret)
	if !errors.Is(err, ErrStore) || got.Echo() {
		n.t.Fatalf("Offer = %v, %v; want a refusal and ErrStore", got, err)
	}
}

// holds checks the secrets of the slot, newest first, without asking storage.
func (n node) holds(want ...string) *Set {
	n.t.Helper()
	set, err := n.Secrets(n.t.Context(), slotName)
	if err != nil {
		n.t.Fatalf("Secrets: %v", err)
	}
	if got := reveal(set); !equalStrings(got, want) {
		n.t.Fatalf("slot holds %q, want %q", got, want)
	}
	return set
}

// isState checks what an operator sees.
func (n node) isState(want State, armed bool) SlotStatus {
	n.t.Helper()
	status, err := n.Status(n.t.Context())
	if err != nil {
		n.t.Fatalf("Status: %v", err)
	}
	if status[0].State != want || !status[0].ArmedUntil.IsZero() != armed {
		n.t.Fatalf("status %+v, want state %s, armed %v", status[0], want, armed)
	}
	return status[0]
}

func reveal(set *Set) []string {
	var texts []string
	for secret := range set.All() {
		texts = append(texts, secret.Reveal())
	}
	return texts
}

func equalStrings(a, b []string) bool { return fmt.Sprintf("%q", a) == fmt.Sprintf("%q", b) }
