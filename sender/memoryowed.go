package sender

import (
	"container/heap"
	"time"
)

// owedDelivery is a delivery that is not settled. It is in one of three places: in
// later until it is due, in ready from then on, and in leased while a caller has it.
type owedDelivery struct {
	event        *keptEvent
	subscription string
	attempts     int
	accepted     time.Time
	lease        int       // how many times it was leased
	due          time.Time // or when its lease runs out

	place inLine[owedDelivery] // in ready or leased
	index int                  // in later, or -1
}

func newOwedLine() line[owedDelivery] {
	return line[owedDelivery]{placeOf: func(d *owedDelivery) *inLine[owedDelivery] { return &d.place }}
}

// calendar holds the deliveries that are not due yet, the next one on top.
type calendar []*owedDelivery

func (c *calendar) add(d *owedDelivery) { heap.Push(c, d) }

func (c *calendar) remove(d *owedDelivery) { heap.Remove(c, d.index) }

func (c calendar) first() *owedDelivery {
	if len(c) == 0 {
		return nil
	}
	return c[0]
}

func (c calendar) Len() int { return len(c) }

func (c calendar) Less(i, j int) bool { return c[i].due.Before(c[j].due) }

func (c calendar) Swap(i, j int) {
	c[i], c[j] = c[j], c[i]
	c[i].index, c[j].index = i, j
}

// Push implements [heap.Interface].
func (c *calendar) Push(x any) {
	d := x.(*owedDelivery)
	d.index = len(*c)
	*c = append(*c, d)
}

// Pop implements [heap.Interface].
func (c *calendar) Pop() any {
	last := len(*c) - 1
	d := (*c)[last]
	(*c)[last] = nil
	*c = (*c)[:last]
	d.index = -1
	return d
}
