package reconcile

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"github.com/hookward/hookward/internal/document/documenttest"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/subscription"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is what outlives a process. It is used where the time is synthetic.
type world struct {
	t        rapid.TB
	ctx      context.Context
	storage  *documenttest.Memory
	provider *provider
	door     *handshake.Slots // of the node that gets the handshakes
	nodes    int
}

func newWorld(ctx context.Context, t rapid.TB, d dialect) *world {
	w := &world{t: t, ctx: ctx, storage: documenttest.New(), provider: newProvider(d)}
	w.door = w.slots(nil)
	w.provider.shake = func(url, secret string) bool {
		slot := strings.TrimPrefix(url, base)
		if _, err := w.door.Event(ctx, slot); err != nil {
			return false
		}
		outcome, err := w.door.Offer(ctx, slot, secret)
		return err == nil && outcome.Echo()
	}
	return w
}

func (w *world) slots(f *fuse) *handshake.Slots {
	w.t.Helper()
	slots, err := handshake.New(handshake.Options{
		Endpoint: "test", Made: true, Storage: fused{w.storage, f},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return slots
}

// wanting is what a configuration of the world's provider asks for.
func (w *world) wanting(events ...string) Wanted {
	return Wanted{
		Events: events, Account: "here", Slots: w.provider.slots, Handshakes: w.provider.handshake,
		Compare: w.provider.handshake && w.provider.tells,
		Target:  func(_, slot string) string { return base + slot },
	}
}

// node is a process.
type node struct {
	*Reconciler
	t      rapid.TB
	ctx    context.Context
	failed []string
}

// start runs a process that does nothing by itself.
func (w *world) start(wanted Wanted) *node { return w.startWith(wanted, nil) }

func (w *world) startWith(wanted Wanted, f *fuse) *node {
	w.t.Helper()
	w.nodes++
	n := &node{t: w.t, ctx: w.ctx}
	o := Options{
		Endpoint: "test", Wanted: wanted, Client: crashing{w.provider, f}, Storage: fused{w.storage, f},
		Failed: func(event string, err error) { n.failed = append(n.failed, event+": "+err.Error()) },
		Token:  w.token(w.nodes),
	}
	if wanted.Slots {
		o.Slots = w.slots(f).Maker()
	}
	r, err := New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	r.done = make(chan struct{}) // started, without a timer
	close(r.done)
	close(r.started)
	n.Reconciler = r
	return n
}

// token makes tokens that tell their node.
func (w *world) token(node int) func() string {
	n := 0
	return func() string {
		n++
		return fmt.Sprintf("TOKEN-%d-%d", node, n)
	}
}

func (n *node) run() {
	n.t.Helper()
	if err := n.Run(n.ctx); err != nil {
		n.t.Fatalf("Run: %v", err)
	}
}

func (n *node) runFails() error {
	n.t.Helper()
	err := n.Run(n.ctx)
	if err == nil {
		n.t.Fatal("Run: no error")
	}
	return err
}

// isSettled checks that there is one subscription for each event, that its
// deliveries can be proved, and that nothing else was left behind.
func (w *world) isSettled(events ...string) {
	w.t.Helper()
	w.hasOne(events...)
	learned, err := w.maker().Learned(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.provider.slots && len(learned) != len(events) {
		w.t.Errorf("there are %d slots for %d events: %v", len(learned), len(events), learned)
	}
}

// hasOne checks that there is one subscription for each event, and that its
// deliveries can be proved.
func (w *world) hasOne(events ...string) {
	w.t.Helper()
	var got []string
	for _, s := range w.provider.has() {
		if !w.isOurs(s) {
			continue
		}
		got = append(got, s.Event)
		w.proves(s)
	}
	slices.Sort(got)
	if diff := cmp.Diff(slices.Sorted(slices.Values(events)), got); diff != "" {
		w.t.Errorf("subscriptions (-want +got):\n%s", diff)
	}
}

// isOurs tells what was made here: foreign ones have no secret, or another URL.
func (w *world) isOurs(s subscription.Subscription) bool {
	return !s.Secret.IsZero() || !w.provider.slots && s.URL == base
}

// proves checks that deliveries of a subscription are proved by its secret, and by
// that alone.
func (w *world) proves(s subscription.Subscription) {
	w.t.Helper()
	if !w.provider.slots {
		return
	}
	slot := slotOf(w.t, s.URL)
	holds, err := w.maker().Holds(w.ctx, slot, s.Secret.Reveal())
	if err != nil || !holds {
		w.t.Errorf("the slot of %s holds its secret: %t, %v", s.Event, holds, err)
	}
	node := w.slots(nil)
	if event, err := node.Event(w.ctx, slot); err != nil || event != s.Event {
		w.t.Errorf("the slot of %s is for %q, %v", s.Event, event, err)
	}
	if set, err := node.Secrets(w.ctx, slot); err != nil || set.Len() != 1 {
		w.t.Errorf("the slot of %s proves nothing: %v", s.Event, err)
	}
}

func (w *world) maker() *handshake.Maker { return w.slots(nil).Maker() }

// noneArmed checks that no slot would learn anything.
func (w *world) noneArmed() {
	w.t.Helper()
	status, err := w.slots(nil).Status(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, s := range status {
		if !s.ArmedUntil.IsZero() {
			w.t.Errorf("slot %s is armed until %v", s.Slot, s.ArmedUntil)
		}
	}
}

// stranger tries to get a secret into a slot, and returns what became of it.
func (w *world) stranger(slot string) handshake.Outcome {
	if _, err := w.door.Event(w.ctx, slot); err != nil {
		return handshake.Disabled
	}
	outcome, err := w.door.Offer(w.ctx, slot, "the-strangers")
	if err != nil {
		w.t.Fatal(err)
	}
	return outcome
}
