package outboxtest

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/sender"
)

// TestOutbox tests that an outbox keeps what [sender.Outbox] promises.
func TestOutbox(t *testing.T, open func(*testing.T) sender.Outbox) { //nolint:tparallel // whether it is parallel is for the caller to say
	for name, test := range map[string]func(*testing.T, box){
		"keeps events as they are":             testEvents,
		"owes one delivery a subscription":     testAdd,
		"knows no unknown event":               testUnknown,
		"refuses a duplicate":                  testDuplicate,
		"takes an event for nobody":            testNobody,
		"takes any id":                         testIDs,
		"fans out":                             testFanOut,
		"leases to one":                        testLeased,
		"waits for deliveries":                 testReceiveWaits,
		"receives no more than asked":          testReceiveLimit,
		"ends Receive with its context":        testReceiveContext,
		"forgets what is done":                 testDone,
		"makes a retried delivery due again":   testRetry,
		"keeps retries apart":                  testRetriesApart,
		"retries again and again":              testRetryRepeated,
		"holds nobody up by a distant retry":   testRetryFar,
		"redelivers":                           testRedeliver,
		"redelivers to others":                 testRedeliverOther,
		"keeps redeliveries apart":             testRedeliverApart,
		"closes":                               testClose,
		"accepts one of simultaneous copies":   testRace,
		"gives each delivery to one at a time": testExactlyOnce,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, box{t, open(t)})
		})
	}
}

// TestOutboxLease tests that a delivery whose lease has run out is given out again.
// It takes as long as a lease lasts, so open one whose leases are short.
func TestOutboxLease(t *testing.T, open func(*testing.T) sender.Outbox) {
	o := box{t, open(t)}
	o.add("evt_1", "sub_1")
	first := o.receive(1)[0]
	first.Attempts = 3
	o.retry(first, time.Now())
	lost := o.receive(1)[0]
	again := o.receive(1)[0]
	if again.Event != lost.Event || again.Subscription != lost.Subscription || again.Attempts != 3 {
		t.Fatalf("after its lease the delivery is %+v, want %+v", again, lost)
	}
	// Whoever took too long may still say that the event has arrived.
	o.done(lost)
	o.done(again)
	o.nothingBut("evt_2", "sub_2")

	// Nor does he take the delivery away from the other by putting it off.
	o.add("evt_3", "sub_3")
	lost, again = o.receive(1)[0], o.receive(1)[0]
	o.retry(lost, time.Now().Add(24*time.Hour))
	o.retry(again, time.Now())
	o.done(o.receiveOnly("evt_3 sub_3"))
}

// TestOutboxFull tests an outbox with room for a few hundred events of 1 KiB at most,
// or fewer, that are not settled yet.
func TestOutboxFull(t *testing.T, open func(*testing.T) sender.Outbox) {
	o := box{t, open(t)}
	body := make([]byte, 1<<10)
	var refused *sender.Event
	accepted := 0
	for n := 0; refused == nil; n++ {
		if n == 1000 {
			t.Fatalf("%d events were accepted", n)
		}
		event := newEvent(fmt.Sprintf("evt_%d", n))
		event.Body = body
		switch err := o.Add(t.Context(), event, []string{"sub_1"}); {
		case errors.Is(err, sender.ErrFull):
			refused = event
		case err != nil:
			t.Fatal(err)
		default:
			accepted++
		}
	}
	if _, err := o.Event(t.Context(), refused.ID); !errors.Is(err, sender.ErrNotFound) {
		t.Fatalf("the refused event: %v, want %v", err, sender.ErrNotFound)
	}
	first := o.receive(1)[0]
	o.done(first)
	if err := o.Add(t.Context(), refused, []string{"sub_1"}); err != nil {
		t.Fatalf("add once there is room: %v", err)
	}
	// Nothing that was accepted has made room for it.
	owed := map[string]bool{first.Event: true}
	for _, d := range o.receive(accepted) {
		if _, err := o.Event(t.Context(), d.Event); err != nil || owed[d.Event] {
			t.Errorf("%s: received before: %t, %v", d.Event, owed[d.Event], err)
		}
		owed[d.Event] = true
		o.done(d)
	}
	o.nothingBut("evt_last", "sub_1")
}

func testEvents(t *testing.T, o box) {
	binary := make([]byte, 256)
	for i := range binary {
		binary[i] = byte(i)
	}
	for name, want := range map[string]*sender.Event{
		"plain":      newEvent("evt_plain"),
		"binary":     {ID: "evt_binary", Type: "a.b", Tenant: "acme", Time: at(5), ContentType: "application/octet-stream", Body: binary},
		"empty body": {ID: "evt_empty", Type: "a.b", Time: at(5)},
		"large":      {ID: "evt_large", Type: "a.b", Time: at(5), Body: make([]byte, 512<<10)},
		"unicode":    {ID: "evt_unicode", Type: "a.b", Tenant: "Bürgermeisterstraße 5 ✓", Time: at(5).Add(123456789), Body: []byte("ü")},
	} {
		if err := o.Add(t.Context(), want, nil); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := o.Event(t.Context(), want.ID)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if !bytes.Equal(got.Body, want.Body) {
			t.Errorf("%s: the body differs", name)
		}
		if diff := cmp.Diff(withoutBody(want), withoutBody(got), emptyIsNil); diff != "" {
			t.Errorf("%s: the event differs (-want +got):\n%s", name, diff)
		}
	}
}

func withoutBody(event *sender.Event) sender.Event {
	without := *event
	without.Body = nil
	return without
}

func testAdd(t *testing.T, o box) {
	before := time.Now()
	o.add("evt_1", "sub_1", "sub_2")
	for _, d := range o.receive(2) {
		if d.Event != "evt_1" || d.Attempts != 0 {
			t.Errorf("received %+v", d)
		}
		// Clocks of a store and of this machine may differ a little.
		if d.Accepted.Before(before.Add(-time.Minute)) || d.Accepted.After(time.Now().Add(time.Minute)) {
			t.Errorf("the delivery was accepted at %v, added at %v", d.Accepted, before)
		}
	}
}

func testUnknown(t *testing.T, o box) {
	if _, err := o.Event(t.Context(), "evt_unknown"); !errors.Is(err, sender.ErrNotFound) {
		t.Errorf("event: %v, want %v", err, sender.ErrNotFound)
	}
	if err := o.Redeliver(t.Context(), "evt_unknown", "sub_1"); !errors.Is(err, sender.ErrNotFound) {
		t.Errorf("redeliver: %v, want %v", err, sender.ErrNotFound)
	}
}

func testDuplicate(t *testing.T, o box) {
	o.add("evt_1", "sub_1")
	copied := newEvent("evt_1")
	copied.Body = []byte(`"other"`)
	if err := o.Add(t.Context(), copied, []string{"sub_2"}); !errors.Is(err, sender.ErrDuplicate) {
		t.Fatalf("add: %v, want %v", err, sender.ErrDuplicate)
	}
	o.done(o.receiveOnly("evt_1 sub_1"))
	// It is known as long as it is stored.
	if err := o.Add(t.Context(), copied, []string{"sub_2"}); !errors.Is(err, sender.ErrDuplicate) {
		t.Fatalf("add: %v, want %v", err, sender.ErrDuplicate)
	}
	if event, err := o.Event(t.Context(), "evt_1"); err != nil || string(event.Body) != string(newEvent("evt_1").Body) {
		t.Errorf("the event was changed: %+v, %v", event, err)
	}
	o.nothingBut("evt_2", "sub_1")
}

func testNobody(t *testing.T, o box) {
	o.add("evt_1")
	if _, err := o.Event(t.Context(), "evt_1"); err != nil {
		t.Fatal(err)
	}
	if err := o.Redeliver(t.Context(), "evt_1", "sub_1"); err != nil {
		t.Fatal(err)
	}
	o.done(o.receiveOnly("evt_1 sub_1"))
}

// testIDs uses what ids may hold: visible ASCII without the dot, up to 128 characters.
func testIDs(t *testing.T, o box) {
	ids := []string{"*", ">", "a/b", "a:b", "$JS", `a"b\c`, "{}%$#@!", "-", longID()}
	for _, event := range ids {
		o.add(event, ids...)
	}
	got := make(map[string]bool)
	for _, d := range o.receive(len(ids) * len(ids)) {
		got[d.Event+" "+d.Subscription] = true
		o.done(d)
	}
	for _, event := range ids {
		for _, subscription := range ids {
			if !got[event+" "+subscription] {
				t.Errorf("the delivery of %q to %q is missing", event, subscription)
			}
		}
	}
}

func testFanOut(t *testing.T, o box) {
	subscriptions := make([]string, 2000)
	for i := range subscriptions {
		subscriptions[i] = fmt.Sprintf("sub_%d", i)
	}
	o.add("evt_1", subscriptions...)
	got := make(map[string]bool)
	for _, d := range o.receive(len(subscriptions)) {
		got[d.Subscription] = true
		o.done(d)
	}
	if len(got) != len(subscriptions) {
		t.Errorf("%d of %d subscriptions got the event", len(got), len(subscriptions))
	}
}

func testDone(_ *testing.T, o box) {
	o.add("evt_1", "sub_1", "sub_2")
	for _, d := range o.receive(2) {
		o.done(d)
		o.done(d) // twice is once
	}
	o.nothingBut("evt_2", "sub_1")
}

func testClose(t *testing.T, o box) {
	o.add("evt_1", "sub_1", "sub_2")
	leased := o.receive(2)
	received := o.receiveLater()
	if err := o.Close(); err != nil {
		t.Fatal(err)
	}
	if err := (<-received).err; !errors.Is(err, sender.ErrClosed) {
		t.Errorf("a waiting Receive: %v, want %v", err, sender.ErrClosed)
	}
	if _, err := o.Receive(t.Context(), 1); !errors.Is(err, sender.ErrClosed) {
		t.Errorf("a later Receive: %v, want %v", err, sender.ErrClosed)
	}
	o.done(leased[0])
	o.retry(leased[1], time.Now())
	if err := o.Close(); err != nil {
		t.Errorf("close again: %v", err)
	}
}
