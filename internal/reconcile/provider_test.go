package reconcile

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"

	"pgregory.net/rapid"

	"github.com/hookward/hookward/subscription"
)

// dialect is how a provider makes subscriptions.
type dialect struct {
	handshake bool // while it makes one
	tells     bool // the secret, in the answer
	lists     bool // the secret
	slots     bool // each has a secret
}

// The dialects of the providers that there is a client for.
var (
	repliers = dialect{handshake: true, slots: true} // and REST Hooks
	asana    = dialect{handshake: true, tells: true, slots: true}
	rechat   = dialect{tells: true, lists: true, slots: true}
	everreal = dialect{}

	dialects = map[string]dialect{"repliers": repliers, "asana": asana, "rechat": rechat, "everreal": everreal}
)

// provider plays a provider's subscription API.
type provider struct {
	dialect
	shake func(url, secret string) bool // how it makes a handshake

	mu     sync.Mutex
	subs   []subscription.Subscription
	made   int
	asked  map[string]int // by operation
	faults map[string]func() error
	late   []subscription.Subscription // missing from the next list
}

func newProvider(d dialect) *provider {
	return &provider{dialect: d, asked: map[string]int{}, faults: map[string]func() error{}}
}

// fault has an operation fail, or work again with nil.
func (p *provider) fault(operation string, fault func() error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.faults[operation] = fault
}

func (p *provider) ask(operation string) error {
	p.mu.Lock()
	p.asked[operation]++
	fault := p.faults[operation]
	p.mu.Unlock()
	if fault == nil {
		return nil
	}
	return fault()
}

func (p *provider) count(operation string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.asked[operation]
}

// has returns what there is, without secrets.
func (p *provider) has() []subscription.Subscription {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.subs)
}

func refusal(kind error) error {
	return &subscription.Error{Provider: "test", Operation: "create", Err: kind}
}

func failing(kind error) func() error { return func() error { return refusal(kind) } }

// Create implements [subscription.Client].
func (p *provider) Create(ctx context.Context, r subscription.Request) (subscription.Subscription, error) {
	if err := p.ask("create"); err != nil {
		return subscription.Subscription{}, err
	}
	if err := ctx.Err(); err != nil {
		return subscription.Subscription{}, errors.Join(refusal(subscription.ErrUnavailable), err)
	}
	p.mu.Lock()
	p.made++
	s := subscription.Subscription{ID: fmt.Sprint(p.made), URL: r.URL, Event: r.Event, Resource: r.Resource}
	if p.slots {
		s.Secret = subscription.NewSecret("secret-of-" + s.ID)
	}
	p.mu.Unlock()
	if p.handshake && !p.shake(r.URL, s.Secret.Reveal()) {
		return subscription.Subscription{}, refusal(subscription.ErrRejected)
	}
	p.mu.Lock()
	p.subs = append(p.subs, s)
	p.mu.Unlock()
	if err := p.ask("created"); err != nil {
		return subscription.Subscription{}, err // the answer is lost
	}
	if !p.tells {
		s.Secret = subscription.Secret{}
	}
	return s, nil
}

// List implements [subscription.Client].
func (p *provider) List(context.Context) ([]subscription.Subscription, error) {
	if err := p.ask("list"); err != nil {
		return nil, err
	}
	list := p.has()
	if !p.lists {
		for i := range list {
			list[i].Secret = subscription.Secret{}
		}
	}
	p.reveal()
	return list, nil
}

// reveal lists what was concealed.
func (p *provider) reveal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.subs, p.late = append(p.subs, p.late...), nil
}

// Delete implements [subscription.Client].
func (p *provider) Delete(_ context.Context, id string) error {
	if err := p.ask("delete"); err != nil {
		return err
	}
	p.mu.Lock()
	before := len(p.subs)
	p.subs = slices.DeleteFunc(p.subs, func(s subscription.Subscription) bool { return s.ID == id })
	gone := len(p.subs) == before
	p.mu.Unlock()
	if gone {
		return refusal(subscription.ErrNotFound)
	}
	return p.ask("deleted")
}

// add makes a subscription that is none of ours.
func (p *provider) add(url, event string) subscription.Subscription {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made++
	s := subscription.Subscription{ID: fmt.Sprint(p.made), URL: url, Event: event}
	p.subs = append(p.subs, s)
	return s
}

// remove ends a subscription by the provider's own doing.
func (p *provider) remove(id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.subs = slices.DeleteFunc(p.subs, func(s subscription.Subscription) bool { return s.ID == id })
}

// conceal has the newest subscription missing from the next list.
func (p *provider) conceal() {
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.subs) - 1
	p.late = append(p.late, p.subs[last])
	p.subs = p.subs[:last]
}

// crashing is the provider as a process sees it that may crash.
type crashing struct {
	*provider
	fuse *fuse
}

func (c crashing) Create(ctx context.Context, r subscription.Request) (s subscription.Subscription, err error) {
	effect, fault := c.fuse.step()
	if effect {
		s, err = c.provider.Create(ctx, r)
	}
	if fault != nil {
		return subscription.Subscription{}, fault
	}
	return s, err
}

func (c crashing) Delete(ctx context.Context, id string) (err error) {
	effect, fault := c.fuse.step()
	if effect {
		err = c.provider.Delete(ctx, id)
	}
	return errors.Join(fault, err)
}

const base = "https://hooks.example.com/in/"

// slotOf returns the slot that a URL leads to.
func slotOf(t rapid.TB, url string) string {
	t.Helper()
	slot, found := strings.CutPrefix(url, base)
	if !found {
		t.Fatalf("%s does not lead to the endpoint", url)
	}
	return slot
}
