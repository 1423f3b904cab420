package outboxtest

import (
	"errors"
	"fmt"
	"testing"

	"github.com/hookward/hookward/sender"
)

func testURLTaken(t *testing.T, b book) {
	const url = "https://example.com/taken"
	taken := sender.Subscription{ID: "sub_1", URL: url, State: sender.Pending, CreatedAt: at(0)}
	b.create(taken)
	other := taken
	other.ID, other.Tenant = "sub_2", "other"
	if _, err := b.Create(t.Context(), other, true); !errors.Is(err, sender.ErrURLTaken) {
		t.Fatalf("create: %v, want %v", err, sender.ErrURLTaken)
	}
	if _, err := b.Get(t.Context(), "sub_2"); !errors.Is(err, sender.ErrNotFound) {
		t.Errorf("the refused subscription is there: %v", err)
	}
	b.create(other) // by a profile that does not mind
	b.remove("sub_1")
	other.ID = "sub_3"
	if _, err := b.Create(t.Context(), other, true); !errors.Is(err, sender.ErrURLTaken) {
		t.Errorf("one of two is left: %v, want %v", err, sender.ErrURLTaken)
	}
	b.remove("sub_2")
	if _, err := b.Create(t.Context(), other, true); err != nil {
		t.Errorf("none is left: %v", err)
	}
	other.ID, other.URL = "sub_4", url+"/"
	if _, err := b.Create(t.Context(), other, true); err != nil {
		t.Errorf("another url: %v", err)
	}
}

func testURLChanged(t *testing.T, b book) {
	s := b.create(sender.Subscription{ID: "sub_1", URL: "https://example.com/old", State: sender.Active, CreatedAt: at(0)})
	s.URL = "https://example.com/new"
	b.update(s)
	if _, err := b.Create(t.Context(), sender.Subscription{ID: "sub_2", URL: s.URL}, true); !errors.Is(err, sender.ErrURLTaken) {
		t.Errorf("the new url: %v, want %v", err, sender.ErrURLTaken)
	}
	if _, err := b.Create(t.Context(), sender.Subscription{ID: "sub_3", URL: "https://example.com/old"}, true); err != nil {
		t.Errorf("the old url: %v", err)
	}
}

func testURLRace(t *testing.T, b book) {
	const racers = 8
	results := make(chan error, racers)
	for i := range racers {
		go func() {
			s := sender.Subscription{ID: fmt.Sprintf("sub_%d", i), URL: "https://example.com/one", State: sender.Active, CreatedAt: at(0)}
			_, err := b.Create(t.Context(), s, true)
			results <- err
		}()
	}
	created := 0
	for range racers {
		switch err := <-results; {
		case err == nil:
			created++
		case !errors.Is(err, sender.ErrURLTaken):
			t.Errorf("create: %v", err)
		}
	}
	if created != 1 {
		t.Errorf("%d of %d were created", created, racers)
	}
}

func testList(_ *testing.T, b book) {
	for i, s := range []sender.Subscription{
		{ID: "all", State: sender.Active},
		{ID: "star", Types: []string{"*"}, State: sender.Paused},
		{ID: "listing", Types: []string{"listing.*"}, State: sender.Active, Tenant: "acme"},
		{ID: "exact", Types: []string{"deal.created", "listing.created"}, State: sender.Disabled, Tenant: "acme"},
		{ID: "deep", Types: []string{"listing.photo.*"}, State: sender.Pending, Tenant: "other"},
	} {
		s.URL = "https://example.com/" + s.ID
		s.CreatedAt = at(int64(i))
		b.create(s)
	}
	for _, c := range []struct {
		filter sender.Filter
		want   []string
	}{
		{sender.Filter{}, []string{"all", "star", "listing", "exact", "deep"}},
		{sender.Filter{Tenant: "acme"}, []string{"listing", "exact"}},
		{sender.Filter{Tenant: "nobody"}, nil},
		{sender.Filter{NoTenant: true}, []string{"all", "star"}},
		{sender.Filter{NoTenant: true, Tenant: "acme"}, nil},
		{sender.Filter{Type: "listing.created"}, []string{"all", "star", "listing", "exact"}},
		{sender.Filter{Type: "listing.photo.added"}, []string{"all", "star", "listing", "deep"}},
		{sender.Filter{Type: "listing"}, []string{"all", "star"}},
		{sender.Filter{Type: "listingx.created"}, []string{"all", "star"}},
		{sender.Filter{Type: "deal.created"}, []string{"all", "star", "exact"}},
		{sender.Filter{States: []sender.State{sender.Active, sender.Paused}}, []string{"all", "star", "listing"}},
		{sender.Filter{States: []sender.State{sender.Pending}}, []string{"deep"}},
		{sender.Filter{URL: "https://example.com/exact"}, []string{"exact"}},
		{sender.Filter{URL: "https://example.com/"}, nil},
		{sender.Filter{Tenant: "acme", Type: "listing.created", States: []sender.State{sender.Active}}, []string{"listing"}},
	} {
		b.lists(c.filter, c.want...)
	}
}

// testListOrder creates them in another order, and then changes one.
func testListOrder(_ *testing.T, b book) {
	for _, s := range []struct {
		id      string
		created int64
	}{{"third", 3}, {"first", 1}, {"second", 2}} {
		b.create(sender.Subscription{ID: s.id, URL: "https://example.com/" + s.id, State: sender.Active, CreatedAt: at(s.created)})
	}
	b.lists(sender.Filter{}, "first", "second", "third")
	changed := b.get("first")
	changed.ChangedAt = at(9)
	b.update(changed)
	b.lists(sender.Filter{}, "first", "second", "third")
}
