package reconcile

import (
	"context"
	"sync"
)

// failsOnce is slots of which one method fails the first time.
type failsOnce struct {
	Slots
	on   string
	once *sync.Once
}

func (f failsOnce) init() failsOnce {
	f.once = new(sync.Once)
	return f
}

func (f failsOnce) fails(method string) (err error) {
	if f.on == method {
		f.once.Do(func() { err = errInjected })
	}
	return err
}

func (f failsOnce) Disarm(ctx context.Context, slot string) error {
	if err := f.fails("Disarm"); err != nil {
		return err
	}
	return f.Slots.Disarm(ctx, slot)
}
