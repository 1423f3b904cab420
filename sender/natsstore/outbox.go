package natsstore

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// outbox is the part of a store that is a sender.Outbox.
type outbox struct {
	js     jetstream.JetStream
	names  names
	logger *slog.Logger

	events     jetstream.Stream
	deliveries jetstream.Stream
	accepted   puller // events whose deliveries are still to be made
	due        puller // deliveries

	room   room
	leases *leases

	overdueAfter time.Duration
	overdueEvery time.Duration

	running    context.Context // ends when the store is closed
	grace      time.Duration
	answer     time.Duration
	unfinished int // events whose deliveries could not be made when the store was closed
}

func openOutbox(ctx, running context.Context, js jetstream.JetStream, c config) (*outbox, error) {
	o := &outbox{
		js:           js,
		names:        c.names,
		logger:       c.logger,
		room:         room{maxDeliveries: int64(c.maxDeliveries)},
		leases:       newLeases(c.lease, c.longestHold),
		overdueAfter: c.overdueAfter,
		overdueEvery: c.overdueEvery,
		running:      running,
		grace:        c.grace,
		answer:       c.answer,
	}
	if err := o.openEvents(ctx, c); err != nil {
		return nil, err
	}
	if err := o.openDeliveries(ctx, c); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *outbox) openEvents(ctx context.Context, c config) error {
	stream, err := o.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:        o.names.events(),
		Description: "Events of a Hookward sender",
		Subjects:    []string{o.names.all("event"), o.names.all("part")},
		MaxAge:      c.retention,
		MaxBytes:    c.maxBytes,
		Discard:     jetstream.DiscardNew,
		Storage:     c.storage,
		Replicas:    c.replicas,
		// Of several servers one may answer that has not stored the event yet, and
		// its deliveries would be given up. Only the leader answers other requests.
		AllowDirect: c.replicas == 1,
	})
	if err != nil {
		return fmt.Errorf("stream %s: %w", o.names.events(), err)
	}
	consumer, err := stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable:       "fan-out",
		FilterSubject: o.names.event(anyID),
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       c.fanOutLease,
		MaxAckPending: 64 * fanOutEvents,
		HeadersOnly:   true,
	})
	if err != nil {
		return fmt.Errorf("consumer of %s: %w", o.names.events(), err)
	}
	o.events = stream
	o.accepted = puller{conn: o.js.Conn(), consumer: consumer, logger: o.logger}
	return nil
}

// openDeliveries sets no limit to the stream: one that is full would refuse
// retries too. WithMaxDeliveries keeps new events out instead.
func (o *outbox) openDeliveries(ctx context.Context, c config) error {
	stream, err := o.js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:               o.names.deliveries(),
		Description:        "Deliveries that a Hookward sender owes",
		Subjects:           []string{o.names.all("due"), o.names.all("later")},
		Retention:          jetstream.WorkQueuePolicy,
		Storage:            c.storage,
		Replicas:           c.replicas,
		AllowMsgSchedules:  true,
		AllowAtomicPublish: true,
	})
	if err != nil {
		return fmt.Errorf("stream %s: %w", o.names.deliveries(), err)
	}
	consumer, err := stream.CreateOrUpdateConsumer(ctx, jetstream.ConsumerConfig{
		Durable:       "sender",
		FilterSubject: o.names.all("due"),
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       c.lease,
		MaxAckPending: -1, // senders bound what they have in flight
	})
	if err != nil {
		return fmt.Errorf("consumer of %s: %w", o.names.deliveries(), err)
	}
	o.deliveries = stream
	o.due = puller{conn: o.js.Conn(), consumer: consumer, logger: o.logger}
	return nil
}

func (o *outbox) isClosed() bool {
	return o.running.Err() != nil
}
