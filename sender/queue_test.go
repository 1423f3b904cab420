package sender

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// TestQueue compares a queue with a plain slice.
func TestQueue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var q queue
		var want []Delivery
		added := 0
		for range rapid.IntRange(0, 2000).Draw(t, "steps") {
			switch step := rapid.IntRange(0, 9).Draw(t, "step"); {
			case step < 5:
				added++
				d := Delivery{Event: fmt.Sprint(added)}
				q.push(d)
				want = append(want, d)
			case step < 9 && len(want) > 0:
				if got := q.pop(); got != want[0] {
					t.Fatalf("popped %v, want %v", got, want[0])
				}
				want = want[1:]
			case step == 9 && len(want) > 0:
				n := rapid.IntRange(0, len(want)-1).Draw(t, "keep")
				if got := q.cut(n); !slices.Equal(got, want[n:]) {
					t.Fatalf("cut %v, want %v", got, want[n:])
				}
				want = want[:n]
			}
			if q.len() != len(want) {
				t.Fatalf("%d deliveries, want %d", q.len(), len(want))
			}
		}
	})
}

// TestQueueKeepsLittle: what is popped is not held, and a long queue that is empty
// again takes no room.
func TestQueueKeepsLittle(t *testing.T) {
	t.Parallel()
	var q queue
	for range 10 * maxSpare {
		q.push(Delivery{})
	}
	for q.len() > 0 {
		q.pop()
	}
	if cap(q.all) > maxSpare {
		t.Errorf("an empty queue holds %d places", cap(q.all))
	}
	// One that is never empty does not grow either.
	q.push(Delivery{})
	for range 100_000 {
		q.push(Delivery{})
		q.pop()
	}
	if cap(q.all) > maxSpare {
		t.Errorf("a queue of one holds %d places", cap(q.all))
	}
}
