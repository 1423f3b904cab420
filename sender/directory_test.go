package sender

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// countingRegistry counts what it is asked, and may be slow to list.
type countingRegistry struct {
	*MemoryRegistry
	gets, lists atomic.Int64
	slow        time.Duration
}

func (r *countingRegistry) Get(ctx context.Context, id string) (Subscription, error) {
	r.gets.Add(1)
	return r.MemoryRegistry.Get(ctx, id)
}

func (r *countingRegistry) List(ctx context.Context, filter Filter) ([]Subscription, error) {
	r.lists.Add(1)
	list, err := r.MemoryRegistry.List(ctx, filter)
	time.Sleep(r.slow)
	return list, err
}

func newTestDirectory(t *testing.T, slow time.Duration) (*directory, *countingRegistry) {
	t.Helper()
	registry := &countingRegistry{MemoryRegistry: NewMemoryRegistry(), slow: slow}
	return newDirectory(registry, 5*time.Second, slog.New(slog.DiscardHandler)), registry
}

func create(t *testing.T, d *directory, id string) {
	t.Helper()
	created, err := d.registry.Create(t.Context(), Subscription{ID: id, URL: "https://" + id, State: Active}, false)
	if err != nil {
		t.Fatal(err)
	}
	d.changed(created.ID, true)
}

func interested(t *testing.T, d *directory) int {
	t.Helper()
	ids, err := d.interested(t.Context(), interest{"", "a"})
	if err != nil {
		t.Error(err)
	}
	return len(ids)
}

// TestDirectoryAsksSeldom: however many events, the registry is asked once in a while.
func TestDirectoryAsksSeldom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, registry := newTestDirectory(t, 100*time.Millisecond)
		create(t, d, "sub_1")
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				for range 100 {
					interested(t, d)
					if _, err := d.get(t.Context(), "sub_1", time.Now()); err != nil {
						t.Error(err)
					}
					time.Sleep(100 * time.Millisecond)
				}
			})
		}
		all.Wait() // ten seconds
		if n := registry.lists.Load(); n > 4 {
			t.Errorf("it was asked for %d lists", n)
		}
		if n := registry.gets.Load(); n > 300 {
			t.Errorf("it was asked for %d subscriptions", n)
		}
	})
}

// TestDirectorySeesOwnChanges: also those that happen while the registry is asked.
func TestDirectorySeesOwnChanges(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, _ := newTestDirectory(t, time.Second)
		create(t, d, "sub_1")
		go interested(t, d)
		time.Sleep(500 * time.Millisecond) // it has been read, and is not known yet
		create(t, d, "sub_2")
		time.Sleep(600 * time.Millisecond) // and now it is here, and outdated
		if n := interested(t, d); n != 2 {
			t.Errorf("%d subscriptions, want 2", n)
		}
		if n := interested(t, d); n != 2 {
			t.Errorf("%d subscriptions, want 2", n)
		}
	})
}

func TestDirectoryForgetsTheDeleted(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, registry := newTestDirectory(t, 0)
		create(t, d, "sub_1")
		stale, err := d.get(t.Context(), "sub_1", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		read := time.Now()
		time.Sleep(time.Second)
		if err := registry.Delete(t.Context(), "sub_1"); err != nil {
			t.Fatal(err)
		}
		d.changed("sub_1", true)
		d.remember("sub_1", stale, read) // one who read it before comes late
		for range 3 {
			if _, err := d.get(t.Context(), "sub_1", time.Now()); !errors.Is(err, ErrNotFound) {
				t.Errorf("%v, want %v", err, ErrNotFound)
			}
			time.Sleep(4 * time.Second)
			d.sweep()
		}
		if len(d.known) > 0 {
			t.Errorf("%d are known", len(d.known))
		}
	})
}

// TestDirectoryIsBounded: by ids, not by entries, and what nobody wants counts too.
func TestDirectoryIsBounded(t *testing.T) {
	t.Parallel()
	d, _ := newTestDirectory(t, 0)
	for i := range 50 {
		d.keep(interest{"", fmt.Sprint(i)}, audience{make([]string, maxAudience/10), time.Now()})
		if d.ids > maxAudience+maxAudience/10 {
			t.Fatalf("%d ids are remembered", d.ids)
		}
	}
	d.outdated()
	for i := range 1000 {
		d.keep(interest{"", fmt.Sprint(i)}, audience{nil, time.Now()})
	}
	if d.ids != 1000 {
		t.Errorf("1000 audiences of nobody count as %d", d.ids)
	}
	for i := range 2 * maxKnown {
		d.remember(fmt.Sprint(i), &Subscription{}, time.Now())
	}
	if len(d.known) > maxKnown {
		t.Errorf("%d subscriptions are known", len(d.known))
	}
}

// TestDirectoryGivesUp: who asks need not wait for a registry that does not answer.
func TestDirectoryGivesUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, _ := newTestDirectory(t, time.Minute)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := d.interested(ctx, interest{"", "a"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want %v", err, context.DeadlineExceeded)
		}
		time.Sleep(time.Minute)
	})
}

// TestDirectoryForgetsAudiences that would be asked for anew anyway.
func TestDirectoryForgetsAudiences(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		d, _ := newTestDirectory(t, 0)
		create(t, d, "sub_1")
		for i := range 100 {
			if _, err := d.interested(t.Context(), interest{"", fmt.Sprint(i)}); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(4 * time.Second)
		interested(t, d)
		time.Sleep(2 * time.Second)
		d.sweep()
		if len(d.audiences) != 1 || d.ids != 2 {
			t.Errorf("%d audiences are kept, which count as %d", len(d.audiences), d.ids)
		}
	})
}
