package reconcile

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/hookward/hookward/subscription"
)

// planWorld is the input of a plan, with three events wanted and a secret for each
// slot.
type planWorld struct {
	Wanted
	Found
}

func newPlanWorld() *planWorld {
	return &planWorld{
		Wanted{
			Events: []string{"a"}, Account: "here", Slots: true,
			Target: func(_, slot string) string { return base + slot },
		},
		Found{Learned: map[string]string{}, Now: time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)},
	}
}

// made adds an entry with a slot and a secret.
func (w *planWorld) made(event string, state State, ends time.Time) *Entry {
	n := len(w.Made)
	e := &Entry{
		Event: event, Account: "here", Slot: fmt.Sprintf("slot-%d", n), State: state, ID: fmt.Sprintf("id-%d", n),
		CreatedAt: w.Now.Add(time.Duration(n-100) * time.Minute), EndsAt: ends,
	}
	e.URL = digest(w.Target(event, e.Slot))
	w.Made = append(w.Made, e)
	w.Learned[e.Slot] = "fingerprint"
	return e
}

// listed adds what the provider says of an entry.
func (w *planWorld) listed(e *Entry) *subscription.Subscription {
	w.Listed = append(w.Listed, subscription.Subscription{ID: e.ID, URL: w.Target(e.Event, e.Slot), Event: e.Event})
	return &w.Listed[len(w.Listed)-1]
}

// gist is a plan in short.
type gist struct {
	Adopt, Create, Delete, Retire, Lose, Forget, Active string
	Drift                                               []Difference
}

func (p *Plan) gist() gist {
	pairs := func(list []Pair) (ids string) {
		for _, pair := range list {
			ids += pair.Listed.ID + " "
		}
		return ids
	}
	entries := func(list []*Entry) (ids string) {
		for _, e := range list {
			ids += e.ID + " "
		}
		return ids
	}
	create := ""
	for _, event := range p.Create {
		create += event + " "
	}
	return gist{
		pairs(p.Adopt), create, pairs(p.Delete), entries(p.Retire), entries(p.Lose), entries(p.Forget), pairs(p.Active), p.Drift,
	}
}

func TestPlan(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		set  func(*planWorld)
		want gist
	}{
		"nothing there": {func(*planWorld) {}, gist{Create: "a ", Drift: []Difference{{Missing, "a", ""}}}},
		"as wanted":     {func(w *planWorld) { w.listed(w.made("a", Active, time.Time{})) }, gist{Active: "id-0 "}},
		"made without an answer": {func(w *planWorld) {
			e := w.made("a", Pending, time.Time{})
			w.listed(e)
			e.ID = ""
		}, gist{Adopt: "id-0 ", Drift: []Difference{{Missing, "a", ""}}}},
		"made without an answer and a handshake": {func(w *planWorld) {
			e := w.made("a", Pending, time.Time{})
			w.Handshakes, w.Learned[e.Slot] = true, ""
			w.listed(e).Secret = subscription.NewSecret("x")
		}, gist{Create: "a ", Delete: "id-0 ", Drift: []Difference{{Missing, "a", ""}}}},
		"the list tells the secret": {func(w *planWorld) {
			e := w.made("a", Pending, time.Time{})
			w.Learned[e.Slot] = ""
			w.listed(e).Secret = subscription.NewSecret("x")
		}, gist{Adopt: "id-0 ", Drift: []Difference{{Missing, "a", "id-0"}}}},
		"the list tells another secret": {func(w *planWorld) {
			w.listed(w.made("a", Active, time.Time{})).Secret = subscription.NewSecret("x")
		}, gist{Adopt: "id-0 ", Drift: []Difference{{Missing, "a", "id-0"}}}},
		"another secret than was told": {func(w *planWorld) {
			w.Handshakes = true
			e := w.made("a", Pending, time.Time{})
			e.Fingerprint = "told"
			w.listed(e)
		}, gist{Create: "a ", Delete: "id-0 ", Drift: []Difference{{Missing, "a", ""}}}},
		"not listed": {func(w *planWorld) {
			w.made("a", Active, time.Time{})
		}, gist{Create: "a ", Lose: "id-0 ", Drift: []Difference{{Missing, "a", ""}}}},
		"never made": {func(w *planWorld) {
			w.made("a", Pending, time.Time{}).ID = ""
		}, gist{Create: "a ", Lose: " ", Drift: []Difference{{Missing, "a", ""}}}},
		"lost": {func(w *planWorld) { w.made("a", Lost, w.Now.Add(1)) }, gist{Create: "a ", Drift: []Difference{{Missing, "a", ""}}}},
		"lost for long": {func(w *planWorld) {
			w.made("a", Lost, w.Now)
		}, gist{Create: "a ", Forget: "id-0 ", Drift: []Difference{{Missing, "a", ""}}}},
		"lost and found": {func(w *planWorld) {
			w.listed(w.made("a", Lost, w.Now.Add(1)))
		}, gist{Adopt: "id-0 ", Drift: []Difference{{Missing, "a", "id-0"}}}},
		"lost and found too late": {func(w *planWorld) {
			w.listed(w.made("a", Lost, w.Now.Add(1)))
			w.listed(w.made("a", Active, time.Time{}))
		}, gist{Delete: "id-0 ", Active: "id-1 "}},
		"lost and found, and not wanted": {func(w *planWorld) {
			w.listed(w.made("b", Lost, w.Now.Add(1)))
			w.listed(w.made("a", Active, time.Time{}))
		}, gist{Adopt: "id-0 ", Active: "id-1 ", Drift: []Difference{{Unwanted, "b", "id-0"}}}},
		"a rotation was interrupted": {func(w *planWorld) {
			w.listed(w.made("a", Active, time.Time{}))
			w.listed(w.made("a", Pending, time.Time{}))
		}, gist{Delete: "id-1 ", Active: "id-0 "}},
		"two are active": {func(w *planWorld) {
			w.listed(w.made("a", Active, time.Time{}))
			w.listed(w.made("a", Active, time.Time{}))
		}, gist{Retire: "id-0 ", Active: "id-1 "}},
		"retiring": {func(w *planWorld) {
			w.listed(w.made("a", Retiring, w.Now.Add(1)))
			w.listed(w.made("a", Active, time.Time{}))
		}, gist{Active: "id-1 "}},
		"retired": {func(w *planWorld) {
			w.listed(w.made("a", Retiring, w.Now))
			w.listed(w.made("a", Active, time.Time{}))
		}, gist{Delete: "id-0 ", Active: "id-1 "}},
		"retired, and its event is not wanted": {func(w *planWorld) {
			w.listed(w.made("b", Retiring, w.Now))
			w.listed(w.made("a", Active, time.Time{}))
		}, gist{Delete: "id-0 ", Active: "id-1 "}},
		"retiring and not listed": {func(w *planWorld) {
			w.made("a", Retiring, w.Now.Add(1))
			w.listed(w.made("a", Active, time.Time{}))
		}, gist{Lose: "id-0 ", Active: "id-1 "}},
		"unwanted": {func(w *planWorld) {
			w.listed(w.made("b", Active, time.Time{}))
			w.listed(w.made("a", Active, time.Time{}))
		}, gist{Active: "id-1 ", Drift: []Difference{{Unwanted, "b", "id-0"}}}},
		"pruned": {func(w *planWorld) {
			w.Prune = true
			w.listed(w.made("b", Active, time.Time{}))
			w.listed(w.made("a", Active, time.Time{}))
		}, gist{Delete: "id-0 ", Active: "id-1 "}},
		"another URL, and nothing in its place yet": {func(w *planWorld) {
			w.Prune = true
			w.listed(w.made("a", Active, time.Time{}))
			w.Target = func(_, slot string) string { return base + "new/" + slot }
		}, gist{Create: "a ", Drift: []Difference{{Missing, "a", ""}, {Unwanted, "a", "id-0"}}}},
		"another URL": {func(w *planWorld) {
			w.Prune = true
			w.listed(w.made("a", Active, time.Time{}))
			w.Target = func(_, slot string) string { return base + "new/" + slot }
			w.listed(w.made("a", Active, time.Time{}))
		}, gist{Delete: "id-0 ", Active: "id-1 "}},
		"another account": {func(w *planWorld) {
			w.Prune = true
			e := w.made("a", Active, time.Time{})
			e.Account = "there"
			w.listed(e)
		}, gist{Create: "a ", Drift: []Difference{{Elsewhere, "a", "id-0"}, {Foreign, "a", "id-0"}, {Missing, "a", ""}}}},
		"half made at another account": {func(w *planWorld) {
			w.made("a", Pending, time.Time{}).Account = "there"
			w.listed(w.made("a", Active, time.Time{}))
		}, gist{Lose: "id-0 ", Active: "id-1 "}},
		"no secret is needed any longer": {func(w *planWorld) {
			w.Prune = true
			w.listed(w.made("a", Active, time.Time{}))
			w.Slots, w.Target = false, func(string, string) string { return base }
		}, gist{Create: "a ", Drift: []Difference{{Missing, "a", ""}, {Unwanted, "a", "id-0"}}}},
		"one URL for all events": {func(w *planWorld) {
			w.Slots, w.Target = false, func(string, string) string { return base }
			w.Events = []string{"a", "b"}
			for _, event := range w.Events {
				e := w.made(event, Pending, time.Time{})
				e.Slot, e.URL = "", digest(base)
				w.listed(e)
				e.ID = ""
			}
			w.Listed[0], w.Listed[1] = w.Listed[1], w.Listed[0]
		}, gist{Adopt: "id-0 id-1 ", Drift: []Difference{{Missing, "a", ""}, {Missing, "b", ""}}}},
		"somebody else's, with the URL of one that is gone": {func(w *planWorld) {
			w.Slots, w.Prune, w.Target = false, true, func(string, string) string { return base }
			for _, event := range []string{"a", "b"} {
				e := w.made(event, Active, time.Time{})
				e.Slot, e.URL = "", digest(base)
				w.listed(e).ID = "theirs-" + event
			}
		}, gist{Lose: "id-0 id-1 ", Drift: []Difference{{Foreign, "a", "theirs-a"}, {Foreign, "b", "theirs-b"}}}},
		"somebody else's, with the URL of one that was never made": {func(w *planWorld) {
			w.Slots, w.Target = false, func(string, string) string { return base }
			for i, state := range []State{Lost, Active} {
				e := w.made("a", state, time.Time{})
				e.Slot, e.URL = "", digest(base)
				w.listed(e)
				if state == Lost {
					e.ID, e.EndsAt = "", w.Now.Add(time.Hour)
					w.Listed[i].CreatedAt = e.CreatedAt.Add(lateness + time.Second)
				}
			}
		}, gist{Active: "id-1 ", Drift: []Difference{{Foreign, "a", "id-0"}}}},
		"the same, made late": {func(w *planWorld) {
			w.Slots, w.Target = false, func(string, string) string { return base }
			for i, state := range []State{Lost, Active} {
				e := w.made("a", state, time.Time{})
				e.Slot, e.URL = "", digest(base)
				w.listed(e)
				if state == Lost {
					e.ID, e.EndsAt = "", w.Now.Add(time.Hour)
					w.Listed[i].CreatedAt = e.CreatedAt.Add(lateness)
				}
			}
		}, gist{Delete: "id-0 ", Active: "id-1 "}},
		"another id for the same URL": {func(w *planWorld) {
			w.listed(w.made("a", Active, time.Time{})).ID = "new"
		}, gist{Adopt: "new ", Drift: []Difference{{Missing, "a", "id-0"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newPlanWorld()
			c.set(w)
			if diff := cmp.Diff(c.want, NewPlan(&w.Wanted, &w.Found).gist()); diff != "" {
				t.Errorf("plan (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPlanProperties holds whatever there is.
func TestPlanProperties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := drawPlanWorld(t)
		before := snapshot(w.Made)
		p := NewPlan(&w.Wanted, &w.Found)
		if diff := cmp.Diff(before, snapshot(w.Made)); diff != "" {
			t.Errorf("planning changes an entry:\n%s", diff)
		}

		touched := map[string]int{} // listed subscriptions
		decided := map[*Entry]int{}
		for _, pair := range slices.Concat(p.Adopt, p.Delete, p.Active) {
			touched[pair.Listed.ID]++
			decided[pair.Entry]++
			if pair.Entry.Account != w.Account {
				t.Errorf("an entry of another account is touched")
			}
			if pair.Entry.ID != pair.Listed.ID && pair.Entry.URL != digest(pair.Listed.URL) {
				t.Errorf("%s is touched, and nothing says that it was made here", pair.Listed.ID)
			}
		}
		for _, e := range slices.Concat(p.Retire, p.Lose, p.Forget) {
			decided[e]++
		}
		for id, n := range touched {
			if n > 1 {
				t.Errorf("%s is touched %d times", id, n)
			}
		}
		for _, n := range decided {
			if n > 1 {
				t.Errorf("an entry is decided about %d times", n)
			}
		}
		for _, pair := range p.Delete {
			if e := pair.Entry; e.State == Active && !w.Prune && w.Learned[e.Slot] != "" && (e.Fingerprint == "" || e.Fingerprint == w.Learned[e.Slot]) {
				t.Errorf("%s works and is deleted without prune", e.ID)
			}
		}
		checkWanted(t, w, p)
	})
}

// checkWanted checks that each event is brought by one subscription, or will be.
func checkWanted(t *rapid.T, w *planWorld, p *Plan) {
	for _, event := range w.Events {
		kept, adopted := 0, 0
		for _, pair := range p.Active {
			if pair.Entry.Event == event {
				kept++
			}
		}
		for _, pair := range p.Adopt {
			if e := pair.Entry; e.Event == event && e.URL == digest(w.Target(event, e.Slot)) {
				adopted++
			}
		}
		created := slices.Index(p.Create, event) >= 0
		if kept+adopted > 1 || created == (kept+adopted > 0) {
			t.Errorf("%s is kept %d times, adopted %d times and created: %t", event, kept, adopted, created)
		}
	}
}

func snapshot(made []*Entry) []Entry {
	var all []Entry
	for _, e := range made {
		all = append(all, *e)
	}
	return all
}

func drawPlanWorld(t *rapid.T) *planWorld {
	w := newPlanWorld()
	events := []string{"a", "b", "c"}
	w.Events = events[:rapid.IntRange(1, 3).Draw(t, "wanted")]
	w.Prune, w.Handshakes = rapid.Bool().Draw(t, "prune"), rapid.Bool().Draw(t, "handshakes")
	for range rapid.IntRange(0, 8).Draw(t, "entries") {
		state := rapid.SampledFrom(states).Draw(t, "state")
		var ends time.Time
		if state == Retiring || state == Lost {
			ends = w.Now.Add(time.Duration(rapid.IntRange(-1, 1).Draw(t, "ends")))
		}
		e := w.made(rapid.SampledFrom(events).Draw(t, "event"), state, ends)
		e.Account = rapid.SampledFrom([]string{"here", "here", "there"}).Draw(t, "account")
		w.Learned[e.Slot] = rapid.SampledFrom([]string{"", "fingerprint"}).Draw(t, "learned")
		e.Fingerprint = rapid.SampledFrom([]string{"", "fingerprint", "another"}).Draw(t, "fingerprint")
		if rapid.Bool().Draw(t, "moved") {
			e.URL = digest(base + "old/" + e.Slot)
		}
		if rapid.Bool().Draw(t, "listed") {
			s := w.listed(e)
			s.Secret = subscription.NewSecret(rapid.SampledFrom([]string{"", "x"}).Draw(t, "secret"))
			if rapid.Bool().Draw(t, "other id") {
				s.ID += "-new"
			}
		}
		if state == Pending && rapid.Bool().Draw(t, "no id") {
			e.ID = ""
		}
	}
	for i := range rapid.IntRange(0, 3).Draw(t, "foreign") {
		w.Listed = append(w.Listed, subscription.Subscription{ID: fmt.Sprint("foreign-", i), URL: base + "foreign", Event: "a"})
	}
	w.Listed = rapid.Permutation(w.Listed).Draw(t, "order")
	return w
}
