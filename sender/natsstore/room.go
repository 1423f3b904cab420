package natsstore

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/hookward/hookward/sender"
)

const (
	// recount is how old the count of owed deliveries may be.
	recount = time.Second
	// trimEvents is how many events one trim looks at, so that the Add that waits
	// for it does not wait long.
	trimEvents = 256
)

// room knows whether more deliveries may be owed, and which events may go.
type room struct {
	maxDeliveries int64

	owed atomic.Int64 // when they were counted, and what was added since

	counting  sync.Mutex
	countedAt time.Time

	trimming sync.Mutex
	next     uint64 // where in the stream of events the next trim goes on
	trims    atomic.Int64
}

// take returns ErrFull where too many deliveries are owed already. A single event may
// go to more subscriptions than there is room for.
func (r *room) take(ctx context.Context, stream jetstream.Stream, deliveries int) error {
	if r.mustCount() {
		info, err := stream.Info(ctx)
		if err != nil {
			return fmt.Errorf("count deliveries: %w", err)
		}
		r.owed.Store(int64(info.State.Msgs)) //nolint:gosec // no server stores 2^63 messages
	}
	if owed := r.owed.Load(); owed >= r.maxDeliveries {
		return fmt.Errorf("%w: %d deliveries are owed", sender.ErrFull, owed)
	}
	r.owed.Add(int64(deliveries))
	return nil
}

// mustCount tells one of those who ask, every now and then. The others do not wait.
func (r *room) mustCount() bool {
	r.counting.Lock()
	defer r.counting.Unlock()
	if time.Since(r.countedAt) <= recount {
		return false
	}
	r.countedAt = time.Now()
	return true
}

// trim removes the oldest events of which nothing is owed any longer, of the next
// trimEvents that it has not looked at yet. One trim is for all who found the store
// full after so many.
func (o *outbox) trim(ctx context.Context, after int64) error {
	o.room.trimming.Lock()
	defer o.room.trimming.Unlock()
	if o.room.trims.Load() != after {
		return nil
	}
	defer o.room.trims.Add(1)
	fannedOut, err := o.fannedOut(ctx)
	if err != nil {
		return err
	}
	for range trimEvents {
		msg, err := o.events.GetMsg(ctx, o.room.next, jetstream.WithGetMsgSubject(o.names.event(anyID)))
		if errors.Is(err, jetstream.ErrMsgNotFound) || err == nil && msg.Sequence > fannedOut {
			o.room.next = 0 // what was owed then may not be now
			return nil
		}
		if err != nil {
			return fmt.Errorf("next event: %w", err)
		}
		if err := o.removeSettled(ctx, msg); err != nil {
			return err
		}
		o.room.next = msg.Sequence + 1
	}
	return nil
}

// fannedOut is up to where in the stream of events all deliveries have been made.
func (o *outbox) fannedOut(ctx context.Context) (uint64, error) {
	info, err := o.accepted.consumer.Info(ctx)
	if err != nil {
		return 0, fmt.Errorf("state of the fan-out: %w", err)
	}
	return info.AckFloor.Stream, nil
}

func (o *outbox) removeSettled(ctx context.Context, msg *jetstream.RawStreamMsg) error {
	_, err := o.deliveries.GetMsg(ctx, 1, jetstream.WithGetMsgSubject(o.names.owed(lastToken(msg.Subject))))
	if err == nil {
		return nil
	}
	if !errors.Is(err, jetstream.ErrMsgNotFound) {
		return fmt.Errorf("deliveries of an event: %w", err)
	}
	if err := o.deleteMsg(ctx, msg.Sequence); err != nil {
		return fmt.Errorf("remove an event: %w", err)
	}
	return nil
}

// deleteMsg removes a message from the stream of events, unless another has. The error
// of the client does not tell whether the message is there.
func (o *outbox) deleteMsg(ctx context.Context, number uint64) error {
	err := o.events.DeleteMsg(ctx, number)
	if !errors.Is(err, jetstream.ErrMsgDeleteUnsuccessful) {
		return err
	}
	if _, getErr := o.events.GetMsg(ctx, number); errors.Is(getErr, jetstream.ErrMsgNotFound) {
		return nil
	}
	return err
}
