package sender

import "slices"

// maxSpare is how many places an empty queue keeps for the next deliveries.
const maxSpare = 256

// queue holds the deliveries that wait in a lane, oldest first.
type queue struct {
	all  []Delivery
	head int // of the oldest
}

func (q *queue) len() int { return len(q.all) - q.head }

func (q *queue) push(d Delivery) {
	if len(q.all) == cap(q.all) && q.head > len(q.all)/2 {
		q.all = slices.Delete(q.all, 0, q.head)
		q.head = 0
	}
	q.all = append(q.all, d)
}

func (q *queue) pop() Delivery {
	d := q.all[q.head]
	q.all[q.head] = Delivery{}
	q.head++
	if q.head == len(q.all) {
		q.reset()
	}
	return d
}

// cut removes and returns all but the oldest n.
func (q *queue) cut(n int) []Delivery {
	cut := slices.Clone(q.all[q.head+n:])
	q.all = slices.Delete(q.all, q.head+n, len(q.all))
	if n == 0 {
		q.reset()
	}
	return cut
}

func (q *queue) reset() {
	q.all, q.head = q.all[:0], 0
	if cap(q.all) > maxSpare {
		q.all = nil
	}
}
