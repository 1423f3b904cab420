package reconcile

import (
	"context"
	"errors"
	"io/fs"
	"slices"
	"sync"
)

// memory is a storage that nodes share.
type memory struct {
	mu    sync.Mutex
	files map[string][]byte
	locks map[string]chan struct{}
}

func newMemory() *memory {
	return &memory{files: map[string][]byte{}, locks: map[string]chan struct{}{}}
}

func (m *memory) lock(name string) chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locks[name] == nil {
		m.locks[name] = make(chan struct{}, 1)
	}
	return m.locks[name]
}

func (m *memory) Lock(ctx context.Context, name string) error {
	select {
	case m.lock(name) <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (m *memory) Unlock(_ context.Context, name string) error {
	<-m.lock(name)
	return nil
}

func (m *memory) Store(ctx context.Context, key string, value []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.files[key] = slices.Clone(value)
	return ctx.Err()
}

func (m *memory) Load(ctx context.Context, key string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	value, found := m.files[key]
	if !found {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(value), ctx.Err()
}

func (m *memory) remove(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.files, key)
}

var errInjected = errors.New("injected")

// fuse blows at the nth step that a process takes, before the step has an effect or
// after it. From then on the process does nothing more: it has crashed.
type fuse struct {
	mu    sync.Mutex
	left  int
	after bool
	blown bool
}

// step reports whether the step has its effect, and how it ends. A nil fuse never
// blows.
func (f *fuse) step() (effect bool, err error) {
	if f == nil {
		return true, nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.blown {
		return false, errInjected
	}
	if f.left--; f.left > 0 {
		return true, nil
	}
	f.blown = true
	return f.after, errInjected
}

func (f *fuse) hasBlown() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.blown
}

// fused is storage as a process sees it that may crash. The lock of one that has
// is free again.
type fused struct {
	*memory
	fuse *fuse
}

func (f fused) Store(ctx context.Context, key string, value []byte) error {
	effect, err := f.fuse.step()
	if effect {
		err = errors.Join(err, f.memory.Store(ctx, key, value))
	}
	return err
}
