package outboxtest

import (
	"slices"
	"testing"
	"time"
)

// soon is long enough to be seen and short enough to wait for.
const soon = 1500 * time.Millisecond

func testRetry(t *testing.T, o box) {
	o.add("evt_1", "sub_1")
	d := o.receiveOnly("evt_1 sub_1")
	d.Attempts = 1
	due := time.Now().Add(soon)
	o.retry(d, due)
	o.nothingBut("evt_2", "sub_1") // it is not due yet

	again := o.receiveOnly("evt_1 sub_1")
	if early := time.Until(due); early > 0 {
		t.Errorf("it came %v too early", early)
	}
	if again.Attempts != 1 {
		t.Errorf("it has %d attempts, want 1", again.Attempts)
	}
	if !again.Accepted.Equal(d.Accepted) {
		t.Errorf("it was accepted at %v, now at %v", d.Accepted, again.Accepted)
	}
	o.done(again)
	o.nothingBut("evt_3", "sub_1")
}

// testRetriesApart retries deliveries that share an event, or a subscription: none
// may take the other's place.
func testRetriesApart(t *testing.T, o box) {
	o.add("evt_1", "sub_1", "sub_2")
	o.add("evt_2", "sub_1", "sub_2")
	deliveries := o.receive(4)
	due := time.Now().Add(soon)
	for i, d := range deliveries {
		d.Attempts = i
		o.retry(d, due)
	}
	again := o.receive(4)
	if got, want := names(again), names(deliveries); !slices.Equal(got, want) {
		t.Errorf("retried %q, received %q", want, got)
	}
	for _, d := range again {
		o.done(d)
	}
	o.nothingBut("evt_3", "sub_1")
}

func testRetryRepeated(t *testing.T, o box) {
	o.add("evt_1", "sub_1")
	for attempts := range 10 {
		d := o.receiveOnly("evt_1 sub_1")
		if d.Attempts != attempts {
			t.Fatalf("it has %d attempts, want %d", d.Attempts, attempts)
		}
		d.Attempts++
		o.retry(d, time.Now().Add(-time.Second)) // what is past is due at once
	}
	d := o.receiveOnly("evt_1 sub_1")
	d.Attempts = 0
	o.retry(d, time.Now()) // an attempt that was not made
	if d = o.receiveOnly("evt_1 sub_1"); d.Attempts != 0 {
		t.Errorf("it has %d attempts, want 0", d.Attempts)
	}
	o.done(d)
	o.nothingBut("evt_2", "sub_1")
}

func testRetryFar(_ *testing.T, o box) {
	o.add("evt_1", "sub_1")
	o.retry(o.receive(1)[0], time.Now().Add(24*time.Hour))
	o.nothingBut("evt_2", "sub_1")
	o.nothingBut("evt_3", "sub_1")
}

func testRedeliver(t *testing.T, o box) {
	o.add("evt_1", "sub_1")
	d := o.receiveOnly("evt_1 sub_1")
	d.Attempts = 1
	o.retry(d, time.Now())
	o.done(o.receiveOnly("evt_1 sub_1"))
	if err := o.Redeliver(t.Context(), "evt_1", "sub_1"); err != nil {
		t.Fatal(err)
	}
	again := o.receiveOnly("evt_1 sub_1")
	if again.Attempts != 0 {
		t.Errorf("the new delivery has %d attempts", again.Attempts)
	}
	o.done(again)
	if err := o.Redeliver(t.Context(), "evt_1", "sub_1"); err != nil {
		t.Fatalf("once more: %v", err)
	}
	o.done(o.receiveOnly("evt_1 sub_1"))
	o.nothingBut("evt_2", "sub_1")
}

func testRedeliverOther(t *testing.T, o box) {
	o.add("evt_1", "sub_1")
	o.done(o.receiveOnly("evt_1 sub_1"))
	if err := o.Redeliver(t.Context(), "evt_1", "sub_new"); err != nil {
		t.Fatal(err)
	}
	o.done(o.receiveOnly("evt_1 sub_new"))
}

// testRedeliverApart makes a second delivery while the first has still to come, and
// retries both.
func testRedeliverApart(t *testing.T, o box) {
	o.add("evt_1", "sub_1")
	first := o.receiveOnly("evt_1 sub_1")
	first.Attempts = 4
	o.retry(first, time.Now().Add(soon))
	if err := o.Redeliver(t.Context(), "evt_1", "sub_1"); err != nil {
		t.Fatal(err)
	}
	second := o.receiveOnly("evt_1 sub_1")
	if second.Attempts != 0 {
		t.Fatalf("the new delivery has %d attempts", second.Attempts)
	}
	second.Attempts = 1
	o.retry(second, time.Now().Add(soon))

	both := o.receive(2)
	attempts := []int{both[0].Attempts, both[1].Attempts}
	slices.Sort(attempts)
	if !slices.Equal(attempts, []int{1, 4}) {
		t.Errorf("the two have %v attempts, want [1 4]", attempts)
	}
	o.done(both[0])
	o.done(both[1])
	o.nothingBut("evt_2", "sub_1")
}
