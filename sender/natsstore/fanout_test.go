package natsstore

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/hookward/hookward/sender"
)

// accepted stores an event as Add does, with nobody there to fan it out.
func accepted(t *testing.T, js jetstream.JetStream, event *sender.Event, subscriptions ...string) *outbox {
	t.Helper()
	s, err := Open(t.Context(), js)
	if err != nil {
		t.Fatal(err)
	}
	closeStore(t, s)
	if err := s.outbox.store(t.Context(), event, subscriptions); err != nil {
		t.Fatal(err)
	}
	return s.outbox
}

// TestCrashBeforeFanOut is of a sender that died when it had accepted an event.
func TestCrashBeforeFanOut(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	accepted(t, js, newEvent("evt_1"), "sub_1", "sub_2")

	s := open(t, js)
	if err := s.Add(t.Context(), newEvent("evt_1"), []string{"sub_3"}); !errors.Is(err, sender.ErrDuplicate) {
		t.Errorf("add: %v, want %v", err, sender.ErrDuplicate)
	}
	done(t, s, receive(t, s, 2)...)
	nothingBut(t, s, "evt_2")
}

// TestCrashDuringFanOut is of one that died after some of the deliveries, of which one
// waits for its next attempt meanwhile.
func TestCrashDuringFanOut(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	o := accepted(t, js, newEvent("evt_1"), "sub_1", "sub_2", "sub_3")
	msgs, err := o.accepted.pull(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	made, err := o.deliveriesOf(t.Context(), msgs[0])
	if err != nil || len(made) != 3 {
		t.Fatalf("%d deliveries: %v", len(made), err)
	}
	if err := o.publish(t.Context(), made[:2]); err != nil {
		t.Fatal(err)
	}
	first, err := o.due.pull(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	waiting := o.leaseOut(t.Context(), first)[0]
	if err := o.Retry(t.Context(), waiting, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	giveBack(msgs) // as the end of the lease does

	s := open(t, js)
	var got []string
	for _, d := range receive(t, s, 3) {
		got = append(got, d.Subscription)
		done(t, s, d)
	}
	slices.Sort(got)
	if want := []string{"sub_1", "sub_2", "sub_3"}; !slices.Equal(got, want) {
		t.Errorf("received deliveries for %q, want %q", got, want)
	}
	nothingBut(t, s, "evt_2")
}

// TestLongList has an event go to more subscriptions than one message can name.
func TestLongList(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	s := open(t, js)
	subscriptions := numbered(strings.Repeat(`"`, 100), 2000)
	add(t, s, "evt_1", subscriptions...)
	got := make(map[string]bool)
	for _, d := range receive(t, s, len(subscriptions)) {
		got[d.Subscription] = true
		done(t, s, d)
	}
	for _, id := range subscriptions {
		if !got[id] {
			t.Fatalf("subscription %q was forgotten", id)
		}
	}
	if err := s.Add(t.Context(), newEvent("evt_1"), subscriptions); !errors.Is(err, sender.ErrDuplicate) {
		t.Errorf("add again: %v, want %v", err, sender.ErrDuplicate)
	}
	nothingBut(t, s, "evt_2")
	eventually(t, "only the two events are left", func() bool { return stored(t, s.events) == 2 })
}

// TestFanOutThatWasNotHeard loses the acknowledgement of a fan-out that has reached its
// end. The event must not be tried for ever, nor keep others from making room.
func TestFanOutThatWasNotHeard(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	o := accepted(t, js, newEvent("evt_1"), numbered(strings.Repeat("x", 100), 1000)...)
	msgs, err := o.accepted.pull(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	stored, err := partsOf(msgs[0].Headers())
	if err != nil || len(stored) == 0 {
		t.Fatalf("the parts %v, %v", stored, err)
	}
	o.remove(t.Context(), stored)
	giveBack(msgs)

	var reported reports
	s := open(t, js, WithLogger(reported.logger()))
	eventually(t, "the event is fanned out", func() bool {
		last, err := s.fannedOut(t.Context())
		return err == nil && last > 0
	})
	if reported.Load() > 0 {
		t.Error("it is reported as a failure")
	}
}

// stored is how many messages a stream holds.
func stored(t *testing.T, stream jetstream.Stream) uint64 {
	t.Helper()
	info, err := stream.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info.State.Msgs
}

func TestSplitIDs(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		ids   []string
		limit int
		want  []int // how many are in each list
	}{
		"none":           {nil, 10, nil},
		"all in one":     {[]string{"a", "b"}, 8, []int{2}},
		"cut":            {[]string{"a", "b", "c"}, 8, []int{2, 1}},
		"one is too big": {[]string{"a", strings.Repeat("x", 20), "c"}, 8, []int{1, 1, 1}},
		"escapes count":  {[]string{"<", "<"}, 10, []int{1, 1}},
	} {
		var got []int
		for _, list := range splitIDs(c.ids, c.limit) {
			got = append(got, len(list))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: lists of %v, want %v", name, got, c.want)
		}
	}
}
