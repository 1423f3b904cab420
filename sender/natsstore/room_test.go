package natsstore

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/sender"
)

func TestTooManyDeliveries(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t), WithMaxDeliveries(10))
	add(t, s, "evt_1", numbered("sub_", 20)...) // there was room for some
	if err := s.Add(t.Context(), newEvent("evt_2"), []string{"sub_1"}); !errors.Is(err, sender.ErrFull) {
		t.Errorf("add: %v, want %v", err, sender.ErrFull)
	}
	if err := s.Redeliver(t.Context(), "evt_1", "sub_1"); !errors.Is(err, sender.ErrFull) {
		t.Errorf("redeliver: %v, want %v", err, sender.ErrFull)
	}
	deliveries := receive(t, s, 20)
	d := deliveries[0]
	if err := s.Retry(t.Context(), d, time.Now()); err != nil {
		t.Errorf("retry: %v, although what is owed already must stay so", err)
	}
	done(t, s, deliveries[1:]...)
	done(t, s, receive(t, s, 1)...)
	eventually(t, "there is room again", func() bool {
		err := s.Add(t.Context(), newEvent("evt_2"), []string{"sub_1"})
		if err != nil && !errors.Is(err, sender.ErrFull) {
			t.Fatal(err)
		}
		return err == nil
	})
}

// TestOldEventsMakeRoom fills a store whose events are all settled but two, which
// must stay whatever comes.
func TestOldEventsMakeRoom(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t), WithMaxBytes(64<<10))
	add(t, s, "evt_leased", "sub_1")
	leased := receive(t, s, 1)[0]
	add(t, s, "evt_later", "sub_1")
	later := receive(t, s, 1)[0]
	if err := s.Retry(t.Context(), later, time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	for _, id := range numbered("evt_", 500) { // three times what there is room for
		add(t, s, id, "sub_1")
		done(t, s, receive(t, s, 1)...)
	}
	for _, id := range []string{leased.Event, later.Event, "evt_499"} {
		if _, err := s.Event(t.Context(), id); err != nil {
			t.Errorf("%s: %v", id, err)
		}
	}
	if _, err := s.Event(t.Context(), "evt_0"); !errors.Is(err, sender.ErrNotFound) {
		t.Errorf("evt_0: %v, want %v", err, sender.ErrNotFound)
	}
}

// TestEventsThatAreOwedStay fills a store with what nobody has delivered yet.
func TestEventsThatAreOwedStay(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t), WithMaxBytes(32<<10))
	accepted := 0
	var err error
	for err == nil {
		id := fmt.Sprintf("evt_%d", accepted)
		if err = s.Add(t.Context(), newEvent(id), []string{"sub_1"}); err == nil {
			accepted++
		}
	}
	if !errors.Is(err, sender.ErrFull) {
		t.Fatalf("add: %v, want %v", err, sender.ErrFull)
	}
	for _, d := range receive(t, s, accepted) {
		if _, err := s.Event(t.Context(), d.Event); err != nil {
			t.Errorf("%s: %v", d.Event, err)
		}
		done(t, s, d)
	}
}

// TestRefusedListsGo has no room for an event although there is for its list.
func TestRefusedListsGo(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t), WithMaxBytes(96<<10))
	event := newEvent("evt_1")
	event.Body = make([]byte, 64<<10)
	ids := numbered(strings.Repeat("x", 100), 400)
	if err := s.Add(t.Context(), event, ids); !errors.Is(err, sender.ErrFull) {
		t.Fatalf("add: %v, want %v", err, sender.ErrFull)
	}
	if n := stored(t, s.events); n != 0 {
		t.Errorf("%d messages are left", n)
	}
	add(t, s, "evt_1", "sub_1")
}

// TestRemovedByAnother has two senders make room at the same time.
func TestRemovedByAnother(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t))
	add(t, s, "evt_1")
	msg, err := s.events.GetLastMsgForSubject(t.Context(), s.outbox.names.event("evt_1"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.removeSettled(t.Context(), msg); err != nil {
			t.Error(err)
		}
	}
}

func TestEventTooLarge(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	s := open(t, js)
	body := newEvent("evt_1")
	body.Body = make([]byte, js.Conn().MaxPayload())
	header := newEvent("evt_2")
	header.Type = strings.Repeat("x", 64<<10)
	for _, event := range []*sender.Event{body, header} {
		if err := s.Add(t.Context(), event, nil); !errors.Is(err, sender.ErrInvalid) {
			t.Errorf("add %s: %v, want %v", event.ID, err, sender.ErrInvalid)
		}
	}
	nothingBut(t, s, "evt_3")
}
