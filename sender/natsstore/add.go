package natsstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/hookward/hookward/sender"
)

// undecidedPause is how long the fate of a message that is being stored stays open.
const undecidedPause = 5 * time.Millisecond

// Add implements [sender.Outbox]. The event is accepted when its one message is
// stored: that names the subscriptions, and whoever fans out makes the deliveries,
// after a crash too. Where Add cannot tell whether the message was stored it returns
// an error, and ErrDuplicate when it is repeated although it was.
func (o *outbox) Add(ctx context.Context, event *sender.Event, subscriptions []string) error {
	if err := o.add(ctx, event, subscriptions); err != nil {
		return fmt.Errorf("add event %q: %w", event.ID, err)
	}
	return nil
}

func (o *outbox) add(ctx context.Context, event *sender.Event, subscriptions []string) error {
	if o.isClosed() {
		return sender.ErrClosed
	}
	if err := checkIDs(event.ID, subscriptions); err != nil {
		return err
	}
	if err := o.room.take(ctx, o.deliveries, len(subscriptions)); err != nil {
		return err
	}
	trims := o.room.trims.Load()
	err := o.store(ctx, event, subscriptions)
	if !errors.Is(err, sender.ErrFull) {
		return err
	}
	if trimErr := o.trim(ctx, trims); trimErr != nil {
		return errors.Join(err, trimErr)
	}
	return o.store(ctx, event, subscriptions)
}

func checkIDs(event string, subscriptions []string) error {
	if err := checkID("event", event); err != nil {
		return err
	}
	for _, id := range subscriptions {
		if err := checkID("subscription", id); err != nil {
			return err
		}
	}
	return nil
}

func (o *outbox) store(ctx context.Context, event *sender.Event, subscriptions []string) error {
	msg, err := encodeEvent(o.names.event(token(event.ID)), event)
	if err != nil {
		return err
	}
	stored, err := o.addSubscribers(ctx, msg, event.ID, subscriptions)
	if err == nil {
		err = o.storeFirst(ctx, msg)
	}
	// Only what the server refused is certainly not stored, and needs no parts.
	if code(err) != 0 {
		o.remove(ctx, stored)
	}
	return outboxError(err)
}

// storeFirst stores the message if there is none on its subject. Duplicates are known
// by that for as long as the event is stored, and at no cost but its own.
func (o *outbox) storeFirst(ctx context.Context, msg *nats.Msg) error {
	for {
		_, err := o.js.PublishMsg(ctx, msg, jetstream.WithExpectLastSequencePerSubject(0))
		if !isUndecided(err) {
			return err
		}
		// A copy is being stored at this moment. It may yet fail.
		if err := sleep(ctx, undecidedPause); err != nil {
			return err
		}
	}
}
