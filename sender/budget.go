package sender

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"
)

const (
	// slowAfter is how long an attempt may take before it is set aside.
	slowAfter = time.Second
	// placesPerAttempt is how many deliveries are in hand for each attempt that may be
	// made at a time, and how many attempts may be set aside. A delivery that waits
	// takes some 250 bytes, and an attempt some 10 KiB.
	placesPerAttempt = 16
)

// budget bounds the deliveries that a sender has in hand, and the attempts that it
// makes at a time. Attempts at slow and failing endpoints are set aside, where they
// have a bound of their own: however many of these there are, the others find room.
type budget struct {
	places int                 // of deliveries in hand, and for attempts that are set aside
	slots  *semaphore.Weighted // of attempts that are not set aside; first come, first served
	freed  chan struct{}       // wakes reserve, which one goroutine calls

	mu       sync.Mutex
	free     int // places
	reserved int // places for what may be received
	aside    int
}

func newBudget(attempts int) *budget {
	places := attempts * placesPerAttempt
	return &budget{
		places: places,
		slots:  semaphore.NewWeighted(int64(attempts)),
		freed:  make(chan struct{}, 1),
		free:   places,
	}
}

// reserve waits for room and takes up to so many places, to be followed by received.
func (b *budget) reserve(ctx context.Context, most int) (int, error) {
	for {
		if n := b.take(most); n > 0 {
			return n, nil
		}
		select {
		case <-b.freed:
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

func (b *budget) take(most int) int {
	b.mu.Lock()
	defer b.mu.Unlock()
	n := min(most, b.free)
	b.free -= n
	b.reserved = n
	return n
}

// received gives back the places of which deliveries have come for so many only.
func (b *budget) received(deliveries int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.free += b.reserved - deliveries
	b.reserved = 0
}

// release gives places back.
func (b *budget) release(n int) {
	b.mu.Lock()
	b.free += n
	b.mu.Unlock()
	select {
	case b.freed <- struct{}{}:
	default:
	}
}

// room returns how many places are free.
func (b *budget) room() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.free
}

// counts returns the deliveries in hand, and the attempts that were set aside.
func (b *budget) counts() (inHand, aside int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.places - b.free - b.reserved, b.aside
}

// place is what an attempt takes of the budget: a place in hand and a slot, until it
// is set aside.
type place struct {
	budget *budget
	aside  bool
}

// stepAside frees place and slot for another, and reports whether there was room
// for that.
func (p *place) stepAside() bool {
	b := p.budget
	b.mu.Lock()
	if p.aside || b.aside >= b.places {
		defer b.mu.Unlock()
		return p.aside
	}
	p.aside = true
	b.aside++
	b.mu.Unlock()
	b.slots.Release(1)
	b.release(1)
	return true
}

// leave gives back what the attempt took.
func (p *place) leave() {
	b := p.budget
	b.mu.Lock()
	if p.aside {
		b.aside--
		b.mu.Unlock()
		return
	}
	b.mu.Unlock()
	b.slots.Release(1)
	b.release(1)
}
