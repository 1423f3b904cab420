package reconcile

import (
	"context"
	"errors"
	"sync"

	"github.com/hookward/hookward/internal/document/documenttest"
)

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
	*documenttest.Memory
	fuse *fuse
}

func (f fused) Store(ctx context.Context, key string, value []byte) error {
	effect, err := f.fuse.step()
	if effect {
		err = errors.Join(err, f.Memory.Store(ctx, key, value))
	}
	return err
}
