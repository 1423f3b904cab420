package natsstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// fanOutEvents is how many events are fanned out together: their deliveries share
// batches, each of which costs the server one write to its disk.
const fanOutEvents = 64

// fanOutPause is how long what failed is left alone.
const fanOutPause = 5 * time.Second

// fanOut makes the deliveries of accepted events until the context ends.
func (o *outbox) fanOut(ctx context.Context) {
	for {
		msgs, err := o.accepted.pull(ctx, fanOutEvents)
		if ctx.Err() != nil {
			giveBack(msgs)
			return
		}
		if err != nil {
			o.failed(ctx, err)
			if errors.Is(err, nats.ErrConnectionClosed) {
				return
			}
			_ = sleep(ctx, fanOutPause)
			continue
		}
		// Closing the store does not stop it half-way, unless the server is gone.
		finishing, cancel := outlast(ctx, o.grace)
		left := o.spread(finishing, msgs)
		cancel()
		if ctx.Err() != nil {
			o.unfinished = left
			return
		}
	}
}

// outlast returns a context that ends some time after the other.
func outlast(ctx context.Context, by time.Duration) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		_ = sleep(longer, by)
		cancel()
	})
	return longer, func() {
		stop()
		cancel()
	}
}

// spread makes the deliveries of events, and only then acknowledges these. Where that
// fails it is tried again until it succeeds, for as long as the event is stored. An
// event for many is finished before the next is looked at, so that the deliveries of
// one are in memory at most. It returns how many events are left.
func (o *outbox) spread(ctx context.Context, msgs []jetstream.Msg) (left int) {
	var made []jetstream.Msg
	var deliveries []*nats.Msg
	for i, msg := range msgs {
		more, err := o.deliveriesOf(ctx, msg)
		if err != nil {
			o.failed(ctx, err, msg)
			left++
		} else {
			made, deliveries = append(made, msg), append(deliveries, more...)
		}
		rest := msgs[i+1:]
		if len(deliveries) < batchSize && len(rest) > 0 {
			continue
		}
		if err := o.finish(ctx, made, deliveries, rest); err != nil {
			o.failed(ctx, err, made...)
			giveBack(rest)
			return left + len(made) + len(rest)
		}
		made, deliveries = nil, nil
	}
	return left
}

// finish stores the deliveries that were made of events, while the rest wait.
func (o *outbox) finish(ctx context.Context, made []jetstream.Msg, deliveries []*nats.Msg, rest []jetstream.Msg) error {
	for batch := range slices.Chunk(deliveries, batchSize) {
		if err := o.publish(ctx, batch); err != nil {
			return err
		}
		keep(made)
		keep(rest)
	}
	if err := acknowledge(ctx, made); err != nil {
		return err
	}
	for _, msg := range made {
		if stored, err := partsOf(msg.Headers()); err == nil {
			o.remove(ctx, stored)
		}
	}
	return nil
}

// deliveriesOf makes the messages of an event's deliveries. After a fan-out that did
// not reach its end, those that are owed already are left out; those that were both
// made and settled since are made twice.
func (o *outbox) deliveriesOf(ctx context.Context, msg jetstream.Msg) ([]*nats.Msg, error) {
	event, err := decodeEvent(msg.Headers(), nil)
	if err != nil {
		return nil, err
	}
	subscriptions, err := o.subscribers(ctx, msg.Headers())
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil // parts go once all deliveries are made: it was not heard that they were
	}
	if err != nil {
		return nil, err
	}
	about, err := msg.Metadata()
	if err != nil {
		return nil, fmt.Errorf("metadata: %w", err)
	}
	var owed map[string]uint64
	if about.NumDelivered > 1 {
		if owed, err = o.owedOf(ctx, event.ID); err != nil {
			return nil, err
		}
	}
	deliveries := make([]*nats.Msg, 0, len(subscriptions))
	for _, subscription := range subscriptions {
		d := delivery{Event: event.ID, Subscription: subscription, Copy: original, Accepted: about.Timestamp}
		if owed[d.due(o.names)]+owed[d.later(o.names)] > 0 {
			continue
		}
		made, err := d.encode(d.due(o.names))
		if err != nil {
			return nil, err
		}
		deliveries = append(deliveries, made)
	}
	return deliveries, nil
}

// owedOf returns the subjects of the event's deliveries that are not settled.
func (o *outbox) owedOf(ctx context.Context, event string) (map[string]uint64, error) {
	info, err := o.deliveries.Info(ctx, jetstream.WithSubjectFilter(o.names.owed(token(event))))
	if err != nil {
		return nil, fmt.Errorf("deliveries that are owed: %w", err)
	}
	return info.State.Subjects, nil
}

// keep says that the messages are being worked on.
func keep(msgs []jetstream.Msg) {
	for _, msg := range msgs {
		_ = msg.InProgress() // if it is lost, owedOf knows what is done
	}
}

// acknowledge waits for the server's answer to the last only, which comes after
// those to the others.
func acknowledge(ctx context.Context, msgs []jetstream.Msg) error {
	if len(msgs) == 0 {
		return nil
	}
	last := len(msgs) - 1
	for _, msg := range msgs[:last] {
		if err := msg.Ack(); err != nil {
			return fmt.Errorf("acknowledge: %w", err)
		}
	}
	if err := msgs[last].DoubleAck(ctx); err != nil {
		return fmt.Errorf("acknowledge: %w", err)
	}
	return nil
}

// failed says so, and has the events given out again after a while.
func (o *outbox) failed(ctx context.Context, err error, msgs ...jetstream.Msg) {
	o.logger.ErrorContext(ctx, "natsstore: accepted events wait for their deliveries",
		"events", len(msgs), "error", err)
	for _, msg := range msgs {
		_ = msg.NakWithDelay(fanOutPause) // if it is lost, the lease runs out
	}
}

// giveBack has the messages given to another at once.
func giveBack(msgs []jetstream.Msg) {
	for _, msg := range msgs {
		_ = msg.Nak() // if it is lost, the lease runs out
	}
}
