package outboxtest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hookward/hookward/sender"
)

// patience is how long a test waits for what must happen. It is never waited for
// in a test that passes.
const patience = time.Minute

// box is an outbox under test.
type box struct {
	t *testing.T
	sender.Outbox
}

func (o box) add(event string, subscriptions ...string) {
	o.t.Helper()
	if err := o.Add(o.t.Context(), newEvent(event), subscriptions); err != nil {
		o.t.Fatalf("add %s: %v", event, err)
	}
}

// receive waits for exactly n deliveries.
func (o box) receive(n int) []sender.Delivery {
	o.t.Helper()
	ctx, cancel := context.WithTimeout(o.t.Context(), patience)
	defer cancel()
	var all []sender.Delivery
	for len(all) < n {
		batch, err := o.Receive(ctx, n-len(all))
		if err != nil {
			o.t.Fatalf("receive after %d of %d: %v", len(all), n, err)
		}
		if len(batch) > n-len(all) {
			o.t.Fatalf("received %d deliveries, asked for %d", len(batch), n-len(all))
		}
		all = append(all, batch...)
	}
	return all
}

// receiveOnly waits for the next delivery, which is to be the one of "event subscription".
func (o box) receiveOnly(want string) sender.Delivery {
	o.t.Helper()
	d := o.receive(1)[0]
	if got := d.Event + " " + d.Subscription; got != want {
		o.t.Fatalf("received %q, want %q", got, want)
	}
	return d
}

// nothingBut adds a delivery and waits for it, to show that no other one is due.
func (o box) nothingBut(event, subscription string) {
	o.t.Helper()
	o.add(event, subscription)
	o.done(o.receiveOnly(event + " " + subscription))
}

type received struct {
	deliveries []sender.Delivery
	err        error
}

// receiveLater receives in the background.
func (o box) receiveLater() <-chan received {
	result := make(chan received, 1)
	go func() {
		ctx, cancel := context.WithTimeout(o.t.Context(), patience)
		defer cancel()
		deliveries, err := o.Receive(ctx, 1)
		result <- received{deliveries, err}
	}()
	return result
}

func (o box) done(d sender.Delivery) {
	o.t.Helper()
	if err := o.Done(o.t.Context(), d); err != nil {
		o.t.Fatalf("done with %s for %s: %v", d.Event, d.Subscription, err)
	}
}

func (o box) retry(d sender.Delivery, at time.Time) {
	o.t.Helper()
	if err := o.Retry(o.t.Context(), d, at); err != nil {
		o.t.Fatalf("retry %s for %s: %v", d.Event, d.Subscription, err)
	}
}

// names are "event subscription" of each, sorted.
func names(deliveries []sender.Delivery) []string {
	all := make([]string, len(deliveries))
	for i, d := range deliveries {
		all[i] = d.Event + " " + d.Subscription
	}
	slices.Sort(all)
	return all
}

func newEvent(id string) *sender.Event {
	return &sender.Event{
		ID:          id,
		Type:        "listing.created",
		Tenant:      "acme",
		Time:        at(0),
		ContentType: "application/json",
		Body:        []byte(`{"z":1,"a":[1.0, 2]}`),
	}
}

// at is a time that has no monotonic clock, as one has that was stored.
func at(seconds int64) time.Time {
	return time.Unix(1_700_000_000+seconds, 0).UTC()
}

func longID() string { return strings.Repeat("x", 128) }

// emptyIsNil: a store need not tell the two apart.
var emptyIsNil = cmpopts.EquateEmpty()
