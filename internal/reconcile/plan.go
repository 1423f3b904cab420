package reconcile

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/hookward/hookward/subscription"
)

// Wanted is what the configuration asks for. It never changes.
type Wanted struct {
	// Events are in the provider's own words, one subscription each.
	Events []string

	// Resource is what to watch, for providers that want to know; else empty.
	Resource string

	// Account names the provider, API and account. What was made at another one
	// cannot be seen from here and is left alone.
	Account string

	// Target returns the URL for deliveries of an event. The slot is empty where
	// Slots is not set.
	Target func(event, slot string) string

	// Slots: each subscription gets a slot of its own, with a secret of its own.
	Slots bool

	// Handshakes: the secret comes in a handshake, not in the provider's answer.
	Handshakes bool

	// Compare: the answer tells the secret of the handshake too, which proves nothing
	// before the two were compared.
	Compare bool

	// Prune: what was made here and is no longer wanted is deleted.
	Prune bool
}

// Found is what there is.
type Found struct {
	Listed []subscription.Subscription
	Made   []*Entry

	// Learned has the slots that subscriptions made, each with the fingerprint
	// of its secret, empty where it has none.
	Learned map[string]string

	Now time.Time
}

// Plan is what is to be done, and what is as it should be. Entries are those of
// [Found], which making a plan does not change.
type Plan struct {
	Adopt  []Pair   // have an id and a way to be proved, and become active
	Create []string // events, in the order wanted
	Delete []Pair   // at the provider, and then in the record
	Retire []*Entry // were replaced, and are deleted after a while
	Lose   []*Entry // are no longer listed
	Forget []*Entry // are over

	Active []Pair       // what is as wanted; one for each event at most
	Drift  []Difference // what is not
}

// Pair is an entry and what the provider says of it.
type Pair struct {
	Entry  *Entry
	Listed subscription.Subscription
}

// Kind says in which way what there is differs from what is wanted.
type Kind string

const (
	// Missing: wanted, and not there.
	Missing Kind = "missing"
	// Unwanted: made here and no longer wanted, but prune is not set or there is
	// nothing in its place yet.
	Unwanted Kind = "unwanted"
	// Foreign: not made here, and its deliveries come to this endpoint.
	Foreign Kind = "foreign"
	// Inactive: the provider says that it sends nothing at present.
	Inactive Kind = "inactive"
	// Changed: the provider has another URL or event for it than it was made with.
	Changed Kind = "changed"
	// Elsewhere: made here at another API or account.
	Elsewhere Kind = "elsewhere"
)

// Kinds lists them all.
func Kinds() []Kind { return []Kind{Missing, Unwanted, Foreign, Inactive, Changed, Elsewhere} }

// Difference is one thing that is not as wanted.
type Difference struct {
	Kind  Kind   `json:"kind"`
	Event string `json:"event,omitempty"`
	ID    string `json:"id,omitempty"`
}

// NewPlan compares what is wanted with what there is. It is a pure function.
func NewPlan(w *Wanted, f *Found) *Plan {
	p := &planner{Wanted: w, Found: f, plan: &Plan{}}
	p.match()
	p.chooseKeepers()
	for _, e := range f.Made {
		p.place(e)
	}
	p.create()
	p.judgeForeign()
	slices.SortStableFunc(p.plan.Drift, func(a, b Difference) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Event, b.Event), cmp.Compare(a.ID, b.ID))
	})
	return p.plan
}

type planner struct {
	*Wanted
	*Found
	plan    *Plan
	listed  map[*Entry]*subscription.Subscription
	foreign []*subscription.Subscription // those of no entry
	keepers map[string]*Entry            // by event, what stays
}

// match finds out which entry each listed subscription belongs to: first by the
// id, then by the URL, in which the lost come last.
func (p *planner) match() {
	p.listed = make(map[*Entry]*subscription.Subscription)
	rest := make([]listed, len(p.Listed))
	for i := range p.Listed {
		rest[i] = listed{&p.Listed[i], digest(p.Listed[i].URL)}
	}
	claim := func(e *Entry, is func(listed) bool) {
		if e.Account != p.Account || p.listed[e] != nil {
			return
		}
		if i := slices.IndexFunc(rest, is); i >= 0 {
			p.listed[e] = rest[i].Subscription
			rest = slices.Delete(rest, i, i+1)
		}
	}
	for _, e := range p.Made {
		if e.ID != "" {
			claim(e, func(l listed) bool { return l.ID == e.ID })
		}
	}
	for _, state := range states {
		for _, e := range p.Made {
			if e.State == state {
				claim(e, e.madeAt)
			}
		}
	}
	for _, l := range rest {
		p.foreign = append(p.foreign, l.Subscription)
	}
}

// chooseKeepers finds the one entry for each event that stays. Of several it is
// one that is active, so that a rotation that was interrupted is taken back.
func (p *planner) chooseKeepers() {
	p.keepers = make(map[string]*Entry)
	for _, e := range p.Made {
		if e.State == Retiring || !p.current(e) || !p.usable(e) && !p.teachable(e) {
			continue
		}
		if other := p.keepers[e.Event]; other == nil || better(e, other) {
			p.keepers[e.Event] = e
		}
	}
}

func better(a, b *Entry) bool {
	if (a.State == Active) != (b.State == Active) {
		return a.State == Active
	}
	return a.CreatedAt.After(b.CreatedAt)
}

// current reports whether an entry is listed, and what a new one would be.
func (p *planner) current(e *Entry) bool {
	return p.listed[e] != nil && slices.Contains(p.Events, e.Event) && e.Resource == p.Resource &&
		(e.Slot != "") == p.Slots && e.URL == digest(p.Target(e.Event, e.Slot))
}

// usable reports whether deliveries of the entry can be proved, by the secret
// that the provider told where it did.
func (p *planner) usable(e *Entry) bool {
	if e.Slot == "" {
		return true
	}
	learned := p.Learned[e.Slot]
	return learned != "" && (e.Fingerprint == "" || e.Fingerprint == learned)
}

// teachable reports whether the provider's list tells the secret of an entry.
func (p *planner) teachable(e *Entry) bool {
	return e.Slot != "" && !p.Handshakes && !p.listed[e].Secret.IsZero()
}

// taught reports whether the secret that the provider's list tells of an entry,
// if it does, is the one that its slot has.
func (p *planner) taught(e *Entry) bool {
	return !p.teachable(e) || p.listed[e].Secret.Fingerprint() == p.Learned[e.Slot]
}

// place decides about one entry.
func (p *planner) place(e *Entry) {
	switch {
	case e.Account != p.Account:
		p.placeElsewhere(e)
	case p.listed[e] == nil:
		p.placeUnlisted(e)
	case p.keepers[e.Event] == e:
		p.keep(e)
	case e.State == Retiring:
		if !p.Now.Before(e.EndsAt) && p.replaced(e) {
			p.delete(e)
		}
	case !p.usable(e):
		p.delete(e) // it never worked
	case p.current(e):
		p.placeSurplus(e)
	default:
		p.placeUnwanted(e)
	}
}

func (p *planner) placeElsewhere(e *Entry) {
	switch e.State {
	case Active, Retiring:
		p.drift(Elsewhere, e)
	default:
		p.placeUnlisted(e)
	}
}

func (p *planner) placeUnlisted(e *Entry) {
	switch {
	case e.State != Lost:
		p.plan.Lose = append(p.plan.Lose, e)
	case !p.Now.Before(e.EndsAt):
		p.plan.Forget = append(p.plan.Forget, e)
	}
}

func (p *planner) keep(e *Entry) {
	if e.State != Active || e.ID != p.listed[e].ID || !p.usable(e) || !p.taught(e) {
		p.plan.Adopt = append(p.plan.Adopt, p.pair(e))
		p.drift(Missing, e)
		return
	}
	p.plan.Active = append(p.plan.Active, p.pair(e))
	if p.listed[e].Inactive {
		p.drift(Inactive, e)
	}
	if p.changed(e) {
		p.drift(Changed, e)
	}
}

// changed is no reason to make another: providers may write a URL in their own
// way, and not all of them list the event.
func (p *planner) changed(e *Entry) bool {
	s := p.listed[e]
	return digest(s.URL) != e.URL || s.Event != "" && s.Event != e.Event
}

// placeSurplus decides about an entry beside the one that stays for its event.
func (p *planner) placeSurplus(e *Entry) {
	if e.State == Active {
		p.plan.Retire = append(p.plan.Retire, e)
		return
	}
	p.delete(e)
}

// placeUnwanted decides about an entry that works and is not what a new one
// would be. Without prune it stays, and one that was lost is found again.
func (p *planner) placeUnwanted(e *Entry) {
	switch {
	case p.Prune && p.replaced(e):
		p.delete(e)
		return
	case e.State != Active:
		p.plan.Adopt = append(p.plan.Adopt, p.pair(e))
	}
	p.drift(Unwanted, e)
}

// replaced reports whether an entry can go without a gap: its event is not
// wanted, or another one brings it.
func (p *planner) replaced(e *Entry) bool {
	keeper := p.keepers[e.Event]
	return !slices.Contains(p.Events, e.Event) || keeper != nil && keeper.State == Active && p.usable(keeper)
}

// create finds the events that nothing brings.
func (p *planner) create() {
	for _, event := range p.Events {
		if p.keepers[event] == nil && !p.covered(event) {
			p.plan.Create = append(p.plan.Create, event)
			p.plan.Drift = append(p.plan.Drift, Difference{Kind: Missing, Event: event})
		}
	}
}

// covered reports whether somebody else made the very subscription that is
// wanted. It is left alone, and no second one is made.
func (p *planner) covered(event string) bool {
	return !p.Slots && slices.ContainsFunc(p.foreign, func(s *subscription.Subscription) bool {
		return s.Event == event && s.Resource == p.Resource && s.URL == p.Target(event, "")
	})
}

func (p *planner) judgeForeign() {
	for _, s := range p.foreign {
		if p.leadsHere(s.URL) {
			p.plan.Drift = append(p.plan.Drift, Difference{Kind: Foreign, Event: s.Event, ID: s.ID})
		}
	}
}

// leadsHere reports whether a URL is one of the endpoint's, whatever the slot.
func (p *planner) leadsHere(url string) bool {
	return slices.ContainsFunc(p.Events, func(event string) bool {
		if !p.Slots {
			return url == p.Target(event, "")
		}
		const slot = "\x00"
		before, after, _ := strings.Cut(p.Target(event, slot), slot)
		return len(url) > len(before)+len(after) && strings.HasPrefix(url, before) && strings.HasSuffix(url, after)
	})
}

func (p *planner) pair(e *Entry) Pair { return Pair{Entry: e, Listed: *p.listed[e]} }

func (p *planner) delete(e *Entry) { p.plan.Delete = append(p.plan.Delete, p.pair(e)) }

func (p *planner) drift(kind Kind, e *Entry) {
	p.plan.Drift = append(p.plan.Drift, Difference{Kind: kind, Event: e.Event, ID: e.ID})
}
