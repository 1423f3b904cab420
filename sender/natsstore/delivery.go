package natsstore

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/hookward/hookward/sender"
)

// original is the Copy of the delivery that an accepted event is owed.
const original = "0"

// Headers of a scheduled message (ADR-51 of NATS). nats.go would cut the time to
// seconds.
const (
	headerSchedule       = "Nats-Schedule"
	headerScheduleTarget = "Nats-Schedule-Target"

	scheduleAt = "@at " // and the time
)

// delivery is the message of a delivery: a reference to the event, not the event.
type delivery struct {
	Event        string    `json:"event"`
	Subscription string    `json:"subscription"`
	Copy         string    `json:"copy"`
	Attempts     int       `json:"attempts"`
	Accepted     time.Time `json:"accepted"`
}

func (d *delivery) due(n names) string {
	return n.due(token(d.Event), token(d.Subscription), d.Copy)
}

func (d *delivery) later(n names) string {
	return n.later(token(d.Event), token(d.Subscription), d.Copy)
}

func (d *delivery) encode(subject string) (*nats.Msg, error) {
	data, err := json.Marshal(d)
	if err != nil {
		return nil, fmt.Errorf("delivery of %q to %q: %w", d.Event, d.Subscription, err)
	}
	msg := nats.NewMsg(subject)
	msg.Data = data
	return msg, nil
}

// Receive implements [sender.Outbox]. While the connection is lost it waits.
func (o *outbox) Receive(ctx context.Context, limit int) ([]sender.Delivery, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(o.running, cancel)()
	for {
		msgs, err := o.due.pull(ctx, limit)
		if o.isClosed() {
			giveBack(msgs)
			return nil, sender.ErrClosed
		}
		if err != nil {
			return nil, err
		}
		if received := o.leaseOut(ctx, msgs); len(received) > 0 {
			return received, nil
		}
	}
}

func (o *outbox) leaseOut(ctx context.Context, msgs []jetstream.Msg) []sender.Delivery {
	received := make([]sender.Delivery, 0, len(msgs))
	for _, msg := range msgs {
		var d delivery
		if err := json.Unmarshal(msg.Data(), &d); err != nil {
			o.logger.ErrorContext(ctx, "natsstore: dropped a message that is no delivery",
				"subject", msg.Subject(), "error", err)
			_ = msg.Term() // if it is lost, the message comes again
			continue
		}
		received = append(received, sender.Delivery{
			Event: d.Event, Subscription: d.Subscription,
			Attempts: d.Attempts, Accepted: d.Accepted,
			Lease: o.leases.give(msg, d),
		})
	}
	return received
}

// Done implements [sender.Outbox]. It counts even if the lease has run out, for the
// event has arrived. Done and Retry wait for a server that is away for some seconds, or
// for as long as the context allows: else the event would be sent again.
func (o *outbox) Done(ctx context.Context, delivery sender.Delivery) error {
	l, err := leaseOf(delivery)
	if err != nil {
		return err
	}
	defer o.leases.end(l)
	return o.settle(ctx, l, delivery)
}

// Retry implements [sender.Outbox]. The delivery is stored anew before it is settled:
// if one of the two fails it is given out again when its lease runs out, and where the
// server has no room, not before its time (postpone). If the lease has run out already,
// another may hold the delivery too, and it is attempted once more.
func (o *outbox) Retry(ctx context.Context, delivered sender.Delivery, at time.Time) error {
	l, err := leaseOf(delivered)
	if err != nil {
		return err
	}
	defer o.leases.end(l)
	next := l.received
	next.Attempts = delivered.Attempts
	if err := o.schedule(ctx, next, at); err != nil {
		if errors.Is(err, sender.ErrFull) {
			o.postpone(l, next.Attempts, at)
		}
		return fmt.Errorf("retry delivery of %q to %q: %w", next.Event, next.Subscription, err)
	}
	return o.settle(ctx, l, delivered)
}

// Redeliver implements [sender.Outbox].
func (o *outbox) Redeliver(ctx context.Context, event, subscription string) error {
	if err := o.redeliver(ctx, event, subscription); err != nil {
		return fmt.Errorf("redeliver %q to %q: %w", event, subscription, err)
	}
	return nil
}

func (o *outbox) redeliver(ctx context.Context, event, subscription string) error {
	if o.isClosed() {
		return sender.ErrClosed
	}
	if err := checkID("subscription", subscription); err != nil {
		return err
	}
	if _, err := o.storedEvent(ctx, event); err != nil {
		return err
	}
	if err := o.room.take(ctx, o.deliveries, 1); err != nil {
		return err
	}
	now := time.Now()
	d := delivery{Event: event, Subscription: subscription, Copy: rand.Text(), Accepted: now}
	return o.schedule(ctx, d, now)
}

// schedule stores a delivery that is due at the given time. If that is now it is
// received sooner without a schedule, which the server looks at four times a second.
func (o *outbox) schedule(ctx context.Context, d delivery, at time.Time) error {
	subject := d.due(o.names)
	waits := at.After(time.Now())
	if waits {
		subject = d.later(o.names)
	}
	msg, err := d.encode(subject)
	if err != nil {
		return err
	}
	known := jetstream.WithMsgID(rand.Text()) // so it is stored once, however often it is sent
	if waits {
		msg.Header.Set(headerSchedule, scheduleAt+at.UTC().Format(time.RFC3339Nano))
		msg.Header.Set(headerScheduleTarget, d.due(o.names))
	}
	err = o.insist(ctx, func(ctx context.Context) error {
		_, err := o.js.PublishMsg(ctx, msg, known)
		return err
	})
	return outboxError(err)
}

// settle waits until the server has forgotten the message.
func (o *outbox) settle(ctx context.Context, l *lease, d sender.Delivery) error {
	err := o.insist(ctx, l.msg.DoubleAck)
	if err != nil && !errors.Is(err, jetstream.ErrMsgAlreadyAckd) {
		return fmt.Errorf("settle delivery of %q to %q: %w", d.Event, d.Subscription, err)
	}
	return nil
}
