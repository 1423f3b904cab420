package outboxtest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/sender"
)

// TestHistory tests that a history keeps what [sender.History] promises, and some
// hundred records.
func TestHistory(t *testing.T, open func(*testing.T) sender.History) { //nolint:tparallel // whether it is parallel is for the caller to say
	for name, test := range map[string]func(*testing.T, sender.History){
		"keeps records as they are":       testRecord,
		"finds what the query asks for":   testQuery,
		"returns 100 unless told":         testLimit,
		"takes records from many at once": testSimultaneousRecords,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func testRecord(t *testing.T, h sender.History) {
	failed := sender.Attempt{
		Event: "evt_1", Subscription: "sub_1", Number: 3,
		At: at(1).Add(123456789), Duration: 1234567 * time.Microsecond,
		Error: "connection refused", Next: at(60),
	}
	answered := sender.Attempt{
		Event: "evt_1", Subscription: "sub_1", Number: 4,
		At: at(60), Duration: time.Millisecond,
		Status: 200, Excerpt: "<ok>\x00\n\"ü\" ✓",
	}
	record(t, h, failed)
	record(t, h, answered)
	want := []sender.Attempt{answered, failed}
	if diff := cmp.Diff(want, query(t, h, sender.AttemptQuery{}), emptyIsNil); diff != "" {
		t.Errorf("the records differ (-want +got):\n%s", diff)
	}
}

func testQuery(t *testing.T, h sender.History) {
	n := 0
	for _, event := range []string{"evt_1", "evt_2", "evt_*"} {
		for _, subscription := range []string{"sub_1", "sub_>"} {
			n++
			record(t, h, sender.Attempt{Event: event, Subscription: subscription, Number: n, At: at(int64(n))})
		}
	}
	for _, c := range []struct {
		query sender.AttemptQuery
		want  []int
	}{
		{sender.AttemptQuery{}, []int{6, 5, 4, 3, 2, 1}},
		{sender.AttemptQuery{Event: "evt_2"}, []int{4, 3}},
		{sender.AttemptQuery{Event: "evt_*"}, []int{6, 5}},
		{sender.AttemptQuery{Subscription: "sub_1"}, []int{5, 3, 1}},
		{sender.AttemptQuery{Subscription: "sub_>"}, []int{6, 4, 2}},
		{sender.AttemptQuery{Event: "evt_1", Subscription: "sub_>"}, []int{2}},
		{sender.AttemptQuery{Event: "evt_3"}, nil},
		{sender.AttemptQuery{Event: "evt_1", Subscription: "sub_3"}, nil},
		{sender.AttemptQuery{Limit: 2}, []int{6, 5}},
		{sender.AttemptQuery{Subscription: "sub_1", Limit: 1}, []int{5}},
	} {
		got := make([]int, 0, len(c.want))
		for _, a := range query(t, h, c.query) {
			got = append(got, a.Number)
		}
		if diff := cmp.Diff(c.want, got, emptyIsNil); diff != "" {
			t.Errorf("query %+v (-want +got):\n%s", c.query, diff)
		}
	}
}

func testLimit(t *testing.T, h sender.History) {
	for n := range 101 {
		record(t, h, sender.Attempt{Event: "evt_1", Subscription: "sub_1", Number: n + 1, At: at(int64(n))})
	}
	got := query(t, h, sender.AttemptQuery{})
	if len(got) != 100 || got[0].Number != 101 {
		t.Errorf("%d records, want the newest 100", len(got))
	}
}

func testSimultaneousRecords(t *testing.T, h sender.History) {
	const writers, each = 4, 10
	results := make(chan error, writers)
	for w := range writers {
		go func() {
			var err error
			for n := 0; n < each && err == nil; n++ {
				err = h.Add(t.Context(), sender.Attempt{Event: fmt.Sprintf("evt_%d", w), Subscription: "sub_1", Number: n + 1, At: at(int64(n))})
			}
			results <- err
		}()
	}
	for range writers {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	for w := range writers {
		if got := query(t, h, sender.AttemptQuery{Event: fmt.Sprintf("evt_%d", w)}); len(got) != each {
			t.Errorf("%d of %d records of event %d", len(got), each, w)
		}
	}
}

func record(t *testing.T, h sender.History, a sender.Attempt) {
	t.Helper()
	if err := h.Add(t.Context(), a); err != nil {
		t.Fatalf("add: %v", err)
	}
}

func query(t *testing.T, h sender.History, q sender.AttemptQuery) []sender.Attempt {
	t.Helper()
	attempts, err := h.Attempts(t.Context(), q)
	if err != nil {
		t.Fatalf("query %+v: %v", q, err)
	}
	return attempts
}
