package natsstore

import (
	"errors"
	"fmt"
	"testing"

	"github.com/hookward/hookward/sender"
)

func newSubscription(id string) sender.Subscription {
	return sender.Subscription{ID: id, URL: "https://example.com/" + id, State: sender.Active, CreatedAt: newEvent("").Time}
}

func create(t *testing.T, s *Store, subscription sender.Subscription) sender.Subscription {
	t.Helper()
	created, err := s.Create(t.Context(), subscription, false)
	if err != nil {
		t.Fatal(err)
	}
	return created
}

// twoStores share a server and have a connection each.
func twoStores(t *testing.T) (*Store, *Store) {
	t.Helper()
	srv := startServer(t, t.TempDir(), nil)
	return open(t, connect(t, srv)), open(t, connect(t, srv))
}

func TestChangesReachOtherSenders(t *testing.T) {
	t.Parallel()
	here, there := twoStores(t)
	created := create(t, here, newSubscription("sub_1"))
	seen := func(want func(sender.Subscription, error) bool) func() bool {
		return func() bool { return want(there.Get(t.Context(), "sub_1")) }
	}
	eventually(t, "it is created", seen(func(s sender.Subscription, err error) bool {
		return err == nil && s.Revision == created.Revision
	}))
	created.Tenant = "acme"
	updated, err := here.Update(t.Context(), created)
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is updated", seen(func(s sender.Subscription, _ error) bool { return s.Revision == updated.Revision }))
	list, err := there.List(t.Context(), sender.Filter{NoTenant: true})
	if err != nil || len(list) != 0 {
		t.Errorf("the former tenant still has %v, %v", list, err)
	}
	if err := here.Delete(t.Context(), "sub_1"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it is deleted", seen(func(_ sender.Subscription, err error) bool { return errors.Is(err, sender.ErrNotFound) }))
}

// TestGetMissesNothing: a sender drops deliveries to a subscription that is not there or
// gets no events, so another sender must not be told so of one that does by now.
func TestGetMissesNothing(t *testing.T) {
	t.Parallel()
	here, there := twoStores(t)
	for i := range 20 {
		pending := newSubscription(fmt.Sprintf("sub_%d", i))
		pending.State = sender.Pending
		created := create(t, here, pending)
		if s, err := there.Get(t.Context(), created.ID); err != nil || s.State != sender.Pending {
			t.Fatalf("right after it was created it is %q, %v", s.State, err)
		}
		created.State = sender.Active
		if _, err := here.Update(t.Context(), created); err != nil {
			t.Fatal(err)
		}
		if s, err := there.Get(t.Context(), created.ID); err != nil || s.State != sender.Active {
			t.Fatalf("right after it was activated it is %q, %v", s.State, err)
		}
	}
}

// TestConflictIsSeen has an update refused because of another sender's. Get must know
// that one at once, for the caller tries again with what it returns.
func TestConflictIsSeen(t *testing.T) {
	t.Parallel()
	here, there := twoStores(t)
	create(t, here, newSubscription("sub_1"))
	for n := range 100 {
		eventually(t, "an update that meets no other", func() bool {
			subscription, err := there.Get(t.Context(), "sub_1")
			if errors.Is(err, sender.ErrNotFound) {
				return false // not seen yet
			}
			subscription.Rate = n
			_, err = there.Update(t.Context(), subscription)
			if err != nil {
				t.Fatal(err)
			}
			return true
		})
		stale, err := here.Get(t.Context(), "sub_1")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := here.Update(t.Context(), stale); errors.Is(err, sender.ErrConflict) {
			if stale, err = here.Get(t.Context(), "sub_1"); err != nil {
				t.Fatal(err)
			}
			if stale.Rate != n {
				t.Fatalf("after the conflict the rate is %d, want %d", stale.Rate, n)
			}
			if _, err := here.Update(t.Context(), stale); err != nil {
				t.Fatalf("update what Get returned after the conflict: %v", err)
			}
		} else if err != nil {
			t.Fatal(err)
		}
		eventually(t, "the other has seen it", func() bool {
			a, errA := here.Get(t.Context(), "sub_1")
			b, errB := there.Get(t.Context(), "sub_1")
			return errA == nil && errB == nil && a.Revision == b.Revision
		})
	}
}

// TestURLRace has two senders create subscriptions with the same URLs, while others
// are changed all the time.
func TestURLRace(t *testing.T) {
	t.Parallel()
	here, there := twoStores(t)
	busy := create(t, here, newSubscription("sub_busy"))
	const urls = 20
	results := make(chan error)
	for _, s := range []*Store{here, there} {
		for n := range urls {
			go func() {
				subscription := newSubscription(fmt.Sprintf("sub_%d_%p", n, s))
				subscription.URL = fmt.Sprint("https://example.com/", n)
				_, err := s.Create(t.Context(), subscription, true)
				results <- err
			}()
		}
	}
	created, taken := 0, 0
	for range 2 * urls {
		switch err := <-results; {
		case err == nil:
			created++
		case errors.Is(err, sender.ErrURLTaken):
			taken++
		default:
			t.Error(err)
		}
		var err error
		if busy, err = here.Update(t.Context(), busy); err != nil {
			t.Error(err)
		}
	}
	if created != urls || taken != urls {
		t.Errorf("%d were created and %d refused, want %d each", created, taken, urls)
	}
}

// TestURLIsFreeAtOnce deletes on one sender and creates on the other, which may not
// have heard of it.
func TestURLIsFreeAtOnce(t *testing.T) {
	t.Parallel()
	here, there := twoStores(t)
	for n := range 20 {
		subscription := newSubscription(fmt.Sprint("sub_", n))
		subscription.URL = "https://example.com/one"
		if _, err := there.Create(t.Context(), subscription, true); err != nil {
			t.Fatalf("create %s: %v", subscription.ID, err)
		}
		if err := here.Delete(t.Context(), subscription.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// TestTombstoneHasGone has the newest message of the stream be one that is not there
// any longer, so that no watch can tell of it.
func TestTombstoneHasGone(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	s := open(t, js)
	create(t, s, newSubscription("sub_1"))
	if err := s.Delete(t.Context(), "sub_1"); err != nil {
		t.Fatal(err)
	}
	if err := s.registry.stream.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}
	again := open(t, js)
	for _, store := range []*Store{s, again} {
		subscription := newSubscription(fmt.Sprintf("sub_%p", store))
		if _, err := store.Create(t.Context(), subscription, true); err != nil {
			t.Errorf("create: %v", err)
		}
	}
	if _, err := s.Create(t.Context(), newSubscription("sub_1"), false); err != nil {
		t.Errorf("create again: %v", err)
	}
}

// TestWatchIsLost has the server forget who watches.
func TestWatchIsLost(t *testing.T) {
	t.Parallel()
	srv := startServer(t, t.TempDir(), nil)
	here, there := open(t, connect(t, srv)), open(t, connect(t, srv), quiet)
	create(t, here, newSubscription("sub_1"))
	for name := range here.registry.stream.ConsumerNames(t.Context()).Name() {
		if err := here.registry.stream.DeleteConsumer(t.Context(), name); err != nil {
			t.Fatal(err)
		}
	}
	create(t, here, newSubscription("sub_2"))
	eventually(t, "the other sender watches again", func() bool {
		list, err := there.List(t.Context(), sender.Filter{})
		return err == nil && len(list) == 2
	})
}

// TestForeignSubscription has something in the stream that is no subscription.
func TestForeignSubscription(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	create(t, open(t, js), newSubscription("sub_1"))
	if _, err := js.Publish(t.Context(), "sender.subscription.x", []byte("{")); err != nil {
		t.Fatal(err)
	}
	var reported reports
	s := open(t, js, WithLogger(reported.logger()))
	if list, err := s.List(t.Context(), sender.Filter{}); err != nil || len(list) != 1 {
		t.Errorf("list: %v, %v", list, err)
	}
	if reported.Load() == 0 {
		t.Error("nobody is told")
	}
	if _, err := s.Create(t.Context(), newSubscription("sub_2"), true); err != nil {
		t.Errorf("create: %v", err)
	}
}

// TestReload opens a store that has more subscriptions, and more changes of them, than
// are fetched at once.
func TestReload(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	s := open(t, js)
	for n, id := range numbered("sub_", 3*watchBatch) {
		created := create(t, s, newSubscription(id))
		if n%3 == 0 {
			created.Rate = n + 1
			if _, err := s.Update(t.Context(), created); err != nil {
				t.Fatal(err)
			}
		}
		if n%3 == 1 {
			if err := s.Delete(t.Context(), id); err != nil {
				t.Fatal(err)
			}
		}
	}
	want, err := s.List(t.Context(), sender.Filter{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := open(t, js).List(t.Context(), sender.Filter{})
	if err != nil || len(got) != 2*watchBatch || len(want) != len(got) {
		t.Fatalf("%d subscriptions after the reload, %d before: %v", len(got), len(want), err)
	}
	for n := range got {
		if got[n].ID != want[n].ID || got[n].Revision != want[n].Revision || got[n].Rate != want[n].Rate {
			t.Errorf("subscription %d is %+v, was %+v", n, got[n], want[n])
		}
	}
}

func TestUpdateOfNothing(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t))
	if _, err := s.Update(t.Context(), sender.Subscription{}); !errors.Is(err, sender.ErrNotFound) {
		t.Errorf("update: %v, want %v", err, sender.ErrNotFound)
	}
	if _, err := s.Create(t.Context(), sender.Subscription{}, true); !errors.Is(err, sender.ErrInvalid) {
		t.Errorf("create: %v, want %v", err, sender.ErrInvalid)
	}
}
