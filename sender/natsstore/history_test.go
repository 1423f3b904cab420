package natsstore

import (
	"fmt"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/hookward/hookward/sender"
)

// fill records n attempts of evt_0 and on at sub_often, and after every 1000 one of
// evt_rare at sub_rare.
func fill(t *testing.T, s *Store, n int) {
	t.Helper()
	for i := range n {
		attempt := sender.Attempt{Event: fmt.Sprint("evt_", i%700), Subscription: "sub_often", Number: i}
		if i%1000 == 999 {
			attempt.Event, attempt.Subscription = "evt_rare", "sub_rare"
		}
		if err := s.History().Add(t.Context(), attempt); err != nil {
			t.Fatal(err)
		}
	}
}

// TestNewestOfMany looks for records near and far from the end of a long history.
func TestNewestOfMany(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t))
	const all = 20_000
	fill(t, s, all)
	for name, c := range map[string]struct {
		query  sender.AttemptQuery
		want   int // how many
		newest int // their numbers
		step   int
	}{
		"any":               {sender.AttemptQuery{}, 100, 19_999, 1},
		"any three":         {sender.AttemptQuery{Limit: 3}, 3, 19_999, 1},
		"rare":              {sender.AttemptQuery{Subscription: "sub_rare"}, 20, 19_999, 1000},
		"the rarest":        {sender.AttemptQuery{Subscription: "sub_rare", Limit: 1}, 1, 19_999, 1000},
		"some of the rare":  {sender.AttemptQuery{Event: "evt_rare", Limit: 5}, 5, 19_999, 1000},
		"an event":          {sender.AttemptQuery{Event: "evt_7", Limit: 10}, 10, 19_607, 700},
		"event and at":      {sender.AttemptQuery{Event: "evt_7", Subscription: "sub_often", Limit: 2}, 2, 19_607, 700},
		"less than none":    {sender.AttemptQuery{Limit: -1}, 100, 19_999, 1},
		"more than are":     {sender.AttemptQuery{Limit: 2 * all}, all, 19_999, 1},
		"none of elsewhere": {sender.AttemptQuery{Event: "evt_7", Subscription: "sub_rare"}, 0, 0, 0},
	} {
		got, err := s.History().Attempts(t.Context(), c.query)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(got) != c.want {
			t.Errorf("%s: %d records, want %d", name, len(got), c.want)
		}
		for i, a := range got {
			if want := c.newest - i*c.step; a.Number != want {
				t.Errorf("%s: record %d has number %d, want %d", name, i, a.Number, want)
				break
			}
		}
	}
	eventually(t, "no reader is left on the server", func() bool {
		info, err := s.history.stream.Info(t.Context())
		return err == nil && info.State.Consumers == 0
	})
}

// TestHistoryForgets bounds a history by what it takes.
func TestHistoryForgets(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t), WithHistory(time.Hour, 64<<10))
	fill(t, s, 2000)
	got, err := s.History().Attempts(t.Context(), sender.AttemptQuery{Limit: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	if len(got) == 0 || len(got) > 1000 || got[0].Number != 1999 {
		t.Errorf("%d of 2000 records are left", len(got))
	}
}

// TestHistoryOfOneServer has a store that is replicated later on.
func TestPersistModeStays(t *testing.T) {
	t.Parallel()
	js := newJetStream(t)
	config := jetstream.StreamConfig{Name: "sender_attempts", Subjects: []string{"sender.attempt.>"}}
	if _, err := js.CreateStream(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s := open(t, js)
		if mode := s.history.stream.CachedInfo().Config.PersistMode; mode != jetstream.DefaultPersistMode {
			t.Errorf("the mode is %v", mode)
		}
		closeStore(t, s)
	}
	fresh := open(t, js, WithName("fresh"))
	if mode := fresh.history.stream.CachedInfo().Config.PersistMode; mode != jetstream.AsyncPersistMode {
		t.Errorf("the mode is %v", mode)
	}
	fill(t, fresh, 10)
	closeStore(t, fresh)
	if got, err := open(t, js, WithName("fresh")).History().Attempts(t.Context(), sender.AttemptQuery{}); err != nil || len(got) != 10 {
		t.Errorf("%d of 10 records: %v", len(got), err)
	}
}
