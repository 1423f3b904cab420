package dedupe

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

const (
	// MaxSharedBody is the longest body, in bytes, that waiting copies share.
	MaxSharedBody = 16 << 10
	// MaxWaiting is how many copies of one delivery may wait for the first.
	MaxWaiting = 64
)

// ErrTooManyWaiting is returned to a copy that finds MaxWaiting others already
// waiting for the first. The provider is to try again later.
var ErrTooManyWaiting = errors.New("dedupe: too many copies are waiting for the first")

// State says how a delivery stands to its copies. The zero State is none.
type State uint8

// The states of a delivery.
const (
	Fresh    State = iota + 1 // not seen within its window: the caller holds the claim
	InFlight                  // the first copy's outcome is not known yet
	Done                      // the first copy succeeded
	Failed                    // the first copy failed while this one waited

	abandoned // the first copy's client left: never told to a caller
)

// Result is what a copy is told.
type Result struct {
	State  State
	Claim  *Claim  // set when Fresh
	Flight *Flight // set when InFlight
	// Answer is the first copy's answer. It is nil for a copy that did not wait,
	// and where there was no answer that could be shared.
	Answer *Answer
}

// Answer is an answer to the first copy, shared with those that waited. Nobody
// may change it once it is given to Commit or Release.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // at most MaxSharedBody bytes; a longer answer is not shared
}

// Claim is the hold of a delivery's first copy on its key. Its owner ends it
// with exactly one of Commit, Release and Abandon: the first call counts and
// later ones do nothing, so that a deferred Release also covers a panic.
type Claim struct {
	store  *Store
	key    Key
	window time.Duration

	// Guarded by the key's shard until ended is closed, constant from then on.
	state    State
	followed bool // a copy was told that this one is in flight
	waiting  uint8
	ended    chan struct{} // made when the first copy starts waiting
	answer   *Answer
}

// Commit says that the delivery succeeded: later copies are Done until the
// window has passed. Waiting copies get the answer, which is asked for only if
// there are any; nil, and a nil answer, stand for a bare success.
func (c *Claim) Commit(answer func() *Answer) {
	c.store.commit(c, answer)
}

// Release says that the delivery failed: the key is forgotten, so that the
// next copy is Fresh. Waiting copies get the answer, as with Commit.
func (c *Claim) Release(answer func() *Answer) {
	c.end(Failed, answer, 0)
}

// Abandon says that the delivery has no outcome, because its client left.
// Exactly one of the waiting copies becomes the owner; the key is forgotten if
// there is none.
func (c *Claim) Abandon() {
	c.end(abandoned, nil, 0)
}

// end makes the outcome known and reports whether it was the first to do so.
// A key that is Done is remembered until expiry.
func (c *Claim) end(outcome State, answer func() *Answer, expiry instant) bool {
	sh := c.store.shard(c.key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	if c.state != InFlight {
		return false
	}
	c.state = outcome
	delete(sh.flights, c.key)
	if outcome == Done {
		sh.commits.put(item{c.key, expiry})
	}
	c.store.inFlight.Add(-1)
	if c.ended != nil {
		defer close(c.ended)
	}
	// Last, for it is the caller's code, which may panic.
	if answer != nil && c.followed {
		c.answer = shareable(answer())
	}
	return true
}

// shareable returns the answer, or nil where it is too long to be shared.
func shareable(answer *Answer) *Answer {
	if answer == nil || len(answer.Body) > MaxSharedBody {
		return nil
	}
	return answer
}

// wait blocks until the claim has ended. It counts against MaxWaiting.
func (c *Claim) wait(ctx context.Context) error {
	sh := c.store.shard(c.key)
	sh.mu.Lock()
	if c.state != InFlight {
		sh.mu.Unlock()
		return nil
	}
	if c.waiting == MaxWaiting {
		sh.mu.Unlock()
		return ErrTooManyWaiting
	}
	c.waiting++
	if c.ended == nil {
		c.ended = make(chan struct{})
	}
	sh.mu.Unlock()

	select {
	case <-c.ended:
		return nil
	case <-ctx.Done():
	}
	sh.mu.Lock()
	c.waiting--
	sh.mu.Unlock()
	return fmt.Errorf("dedupe: waiting for the first copy: %w", context.Cause(ctx))
}

// Flight is a later copy's view of a delivery whose first copy is in flight.
type Flight struct {
	first  *Claim
	window time.Duration
}

// Wait blocks until the first copy has an outcome, and returns Done or Failed
// with the answer if there is one to share, or Fresh if the first copy's
// client left and this copy is the owner now. It returns ctx's cause when ctx
// ends before that, ErrTooManyWaiting, or an error of [Store.Claim].
func (f *Flight) Wait(ctx context.Context) (Result, error) {
	first := f.first
	for {
		if err := first.wait(ctx); err != nil {
			return Result{}, err
		}
		if first.state != abandoned {
			return Result{State: first.state, Answer: first.answer}, nil
		}
		// A copy whose own client has left as well must not become the owner.
		if ctx.Err() != nil {
			return Result{}, fmt.Errorf("dedupe: waiting for the first copy: %w", context.Cause(ctx))
		}
		// All that waited claim anew; the table lets one through.
		result, err := first.store.Claim(first.key, f.window)
		if err != nil || result.State != InFlight {
			return result, err
		}
		first = result.Flight.first
	}
}
