// Package documenttest has a storage for tests.
package documenttest

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"sync"

	"github.com/hookward/hookward/internal/document"
)

// Memory is a storage in memory, which the nodes of a test share.
type Memory struct {
	mu    sync.Mutex
	data  map[string][]byte
	locks map[string]chan struct{}
}

var _ document.Storage = (*Memory)(nil)

// New returns an empty storage.
func New() *Memory {
	return &Memory{data: map[string][]byte{}, locks: map[string]chan struct{}{}}
}

func (m *Memory) lock(name string) chan struct{} {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locks[name] == nil {
		m.locks[name] = make(chan struct{}, 1)
	}
	return m.locks[name]
}

// Lock implements [document.Storage].
func (m *Memory) Lock(ctx context.Context, name string) error {
	select {
	case m.lock(name) <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Unlock implements [document.Storage].
func (m *Memory) Unlock(_ context.Context, name string) error {
	select {
	case <-m.lock(name):
		return nil
	default:
		return fmt.Errorf("%s is not locked", name)
	}
}

// Store implements [document.Storage].
func (m *Memory) Store(ctx context.Context, key string, value []byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	m.Put(key, string(value))
	return nil
}

// Load implements [document.Storage].
func (m *Memory) Load(ctx context.Context, key string) ([]byte, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	value, ok := m.data[key]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return slices.Clone(value), nil
}

// Put writes a value without heed of locks, as an operator's editor does.
func (m *Memory) Put(key, value string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.data[key] = []byte(value)
}

// Get returns a value, "" where there is none.
func (m *Memory) Get(key string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return string(m.data[key])
}

// Remove removes a value.
func (m *Memory) Remove(key string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.data, key)
}

// Keys lists what is stored.
func (m *Memory) Keys() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.data))
}

// Locked tells whether somebody holds a lock.
func (m *Memory) Locked(name string) bool { return len(m.lock(name)) > 0 }
