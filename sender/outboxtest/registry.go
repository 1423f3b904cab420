package outboxtest

import (
	"errors"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hookward/hookward/sender"
)

// TestRegistry tests that a registry keeps what [sender.Registry] promises.
func TestRegistry(t *testing.T, open func(*testing.T) sender.Registry) { //nolint:tparallel // whether it is parallel is for the caller to say
	for name, test := range map[string]func(*testing.T, book){
		"keeps subscriptions as they are":     testCreate,
		"takes any id":                        testSubscriptionIDs,
		"refuses an id that is taken":         testIDTaken,
		"knows no unknown subscription":       testUnknownSubscription,
		"shares nothing with its callers":     testAlias,
		"updates":                             testUpdate,
		"refuses an update of an older state": testConflict,
		"loses no simultaneous update":        testSimultaneousUpdates,
		"deletes":                             testDelete,
		"refuses a url that is taken":         testURLTaken,
		"follows a url that changes":          testURLChanged,
		"accepts one of simultaneous urls":    testURLRace,
		"lists what the filter chooses":       testList,
		"lists the oldest first":              testListOrder,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, book{t, open(t)})
		})
	}
}

// book is a registry under test.
type book struct {
	t *testing.T
	sender.Registry
}

func (b book) create(s sender.Subscription) sender.Subscription {
	b.t.Helper()
	created, err := b.Create(b.t.Context(), s, false)
	if err != nil {
		b.t.Fatalf("create %s: %v", s.ID, err)
	}
	return created
}

func (b book) get(id string) sender.Subscription {
	b.t.Helper()
	s, err := b.Get(b.t.Context(), id)
	if err != nil {
		b.t.Fatalf("get %s: %v", id, err)
	}
	return s
}

func (b book) update(s sender.Subscription) sender.Subscription {
	b.t.Helper()
	updated, err := b.Update(b.t.Context(), s)
	if err != nil {
		b.t.Fatalf("update %s: %v", s.ID, err)
	}
	return updated
}

func (b book) remove(id string) {
	b.t.Helper()
	if err := b.Delete(b.t.Context(), id); err != nil {
		b.t.Fatalf("delete %s: %v", id, err)
	}
}

// same compares all but the revision.
func (b book) same(want, got sender.Subscription) {
	b.t.Helper()
	if diff := cmp.Diff(want, got, emptyIsNil, cmpopts.IgnoreFields(sender.Subscription{}, "Revision")); diff != "" {
		b.t.Errorf("the subscription differs (-want +got):\n%s", diff)
	}
}

func testCreate(_ *testing.T, b book) {
	whole := newSubscription("sub_1")
	plain := sender.Subscription{ID: "sub_2", URL: "https://example.com/2", State: sender.Pending, CreatedAt: at(1), ChangedAt: at(1)}
	for _, want := range []sender.Subscription{whole, plain} {
		created := b.create(want)
		b.same(want, created)
		got := b.get(want.ID)
		b.same(want, got)
		if got.Revision != created.Revision {
			b.t.Errorf("revision %d when created, %d when read", created.Revision, got.Revision)
		}
	}
}

func testSubscriptionIDs(_ *testing.T, b book) {
	ids := []string{"*", ">", "a/b", "a:b", "$JS", `a"b\c`, "{}%$#@!", "-", longID()}
	for _, id := range ids {
		b.create(newSubscription(id))
	}
	for _, id := range ids {
		b.same(newSubscription(id), b.get(id))
	}
}

func testIDTaken(t *testing.T, b book) {
	b.create(newSubscription("sub_1"))
	other := newSubscription("sub_1")
	other.URL = "https://other.example.com"
	if _, err := b.Create(t.Context(), other, false); !errors.Is(err, sender.ErrConflict) {
		t.Errorf("create: %v, want %v", err, sender.ErrConflict)
	}
	b.same(newSubscription("sub_1"), b.get("sub_1"))
	if _, err := b.Create(t.Context(), other, true); !errors.Is(err, sender.ErrConflict) {
		t.Errorf("create: %v, want %v", err, sender.ErrConflict)
	}
	// The refused ones hold no URL.
	other.ID = "sub_2"
	if _, err := b.Create(t.Context(), other, true); err != nil {
		t.Errorf("create: %v", err)
	}
}

func testUnknownSubscription(t *testing.T, b book) {
	if _, err := b.Get(t.Context(), "sub_unknown"); !errors.Is(err, sender.ErrNotFound) {
		t.Errorf("get: %v, want %v", err, sender.ErrNotFound)
	}
	if err := b.Delete(t.Context(), "sub_unknown"); !errors.Is(err, sender.ErrNotFound) {
		t.Errorf("delete: %v, want %v", err, sender.ErrNotFound)
	}
	if _, err := b.Update(t.Context(), newSubscription("sub_unknown")); !errors.Is(err, sender.ErrNotFound) {
		t.Errorf("update: %v, want %v", err, sender.ErrNotFound)
	}
	if list, err := b.List(t.Context(), sender.Filter{}); err != nil || len(list) != 0 {
		t.Errorf("list: %v, %v", list, err)
	}
}

func testAlias(t *testing.T, b book) {
	spoil := func(s sender.Subscription) {
		s.Types[0] = "spoilt"
		s.Secrets[0].Value = "spoilt"
		s.Metadata["plan"] = "spoilt"
	}
	given := newSubscription("sub_1")
	created := b.create(given)
	spoil(given)
	spoil(created)
	spoil(b.get("sub_1"))
	b.same(newSubscription("sub_1"), b.get("sub_1"))

	changed := b.get("sub_1")
	updated := b.update(changed)
	spoil(changed)
	spoil(updated)
	list, err := b.List(t.Context(), sender.Filter{})
	if err != nil || len(list) != 1 {
		t.Fatalf("list: %v, %v", list, err)
	}
	spoil(list[0])
	b.same(newSubscription("sub_1"), b.get("sub_1"))
}

func testUpdate(t *testing.T, b book) {
	s := b.create(newSubscription("sub_1"))
	s.URL = "https://example.com/new"
	s.Types = []string{"*"}
	s.Tenant = "other"
	s.Secrets = nil
	s.State, s.Reason = sender.Disabled, sender.Failing
	s.Rate = 7
	s.Metadata = nil
	s.ChangedAt, s.FailingSince = at(60), at(30)
	updated := b.update(s)
	b.same(s, updated)
	b.same(s, b.get("sub_1"))
	if updated.Revision == s.Revision {
		t.Error("the revision did not change")
	}
	updated.FailingSince = updated.FailingSince.AddDate(0, 0, 1)
	b.same(updated, b.update(updated)) // by what Update returned
}

func testConflict(t *testing.T, b book) {
	stale := b.create(newSubscription("sub_1"))
	fresh := stale
	fresh.Rate = 1
	b.update(fresh)
	stale.Rate = 2
	if _, err := b.Update(t.Context(), stale); !errors.Is(err, sender.ErrConflict) {
		t.Errorf("update: %v, want %v", err, sender.ErrConflict)
	}
	if got := b.get("sub_1").Rate; got != 1 {
		t.Errorf("the refused update was stored: rate %d", got)
	}

	b.remove("sub_1")
	if _, err := b.Update(t.Context(), fresh); !errors.Is(err, sender.ErrNotFound) {
		t.Errorf("update after delete: %v, want %v", err, sender.ErrNotFound)
	}
	// A subscription that came in its place is another one.
	b.create(newSubscription("sub_1"))
	if _, err := b.Update(t.Context(), stale); !errors.Is(err, sender.ErrConflict) {
		t.Errorf("update of another: %v, want %v", err, sender.ErrConflict)
	}
}

func testSimultaneousUpdates(t *testing.T, b book) {
	const writers, each = 4, 10
	s := newSubscription("sub_1")
	s.Rate = 0
	b.create(s)
	results := make(chan error, writers)
	for range writers {
		go func() { results <- b.increment("sub_1", each) }()
	}
	for range writers {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	if got := b.get("sub_1").Rate; got != writers*each {
		t.Errorf("%d of %d updates were kept", got, writers*each)
	}
}

func (b book) increment(id string, n int) error {
	for n > 0 {
		s, err := b.Get(b.t.Context(), id)
		if err != nil {
			return err
		}
		s.Rate++
		_, err = b.Update(b.t.Context(), s)
		if err == nil {
			n--
		} else if !errors.Is(err, sender.ErrConflict) {
			return err
		}
	}
	return nil
}

func testDelete(t *testing.T, b book) {
	b.create(newSubscription("sub_1"))
	b.create(newSubscription("sub_2"))
	b.remove("sub_1")
	if _, err := b.Get(t.Context(), "sub_1"); !errors.Is(err, sender.ErrNotFound) {
		t.Errorf("get: %v, want %v", err, sender.ErrNotFound)
	}
	if err := b.Delete(t.Context(), "sub_1"); !errors.Is(err, sender.ErrNotFound) {
		t.Errorf("delete again: %v, want %v", err, sender.ErrNotFound)
	}
	b.lists(sender.Filter{}, "sub_2")
	b.create(newSubscription("sub_1"))
	b.same(newSubscription("sub_1"), b.get("sub_1"))
}

// lists tells whether the filter lets exactly these through, in this order.
func (b book) lists(filter sender.Filter, want ...string) {
	b.t.Helper()
	list, err := b.List(b.t.Context(), filter)
	if err != nil {
		b.t.Fatalf("list %+v: %v", filter, err)
	}
	got := make([]string, 0, len(list))
	for _, s := range list {
		got = append(got, s.ID)
	}
	if !slices.Equal(got, want) {
		b.t.Errorf("list %+v: %q, want %q", filter, got, want)
	}
}

// newSubscription has every field set.
func newSubscription(id string) sender.Subscription {
	return sender.Subscription{
		ID:     id,
		URL:    "https://example.com/hooks?for=" + "one",
		Types:  []string{"listing.*", "deal.created"},
		Tenant: "acme",
		Secrets: []sender.Secret{
			{ID: "new", Value: "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3", CreatedAt: at(2)},
			{ID: "old", Value: "whsec_b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xk", CreatedAt: at(1), ExpiresAt: at(3600)},
		},
		State:        sender.Active,
		Rate:         60,
		Metadata:     map[string]string{"plan": "gold", "note": "ü ✓"},
		CreatedAt:    at(0).Add(123456789),
		ChangedAt:    at(2),
		FailingSince: at(3),
	}
}
