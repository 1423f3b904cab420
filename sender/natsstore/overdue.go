package natsstore

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// overdueAfter leaves the server time to make due what became so while it was away.
	overdueAfter = time.Minute
	// overdueEvery and overdueMessages are how often how many of the deliveries that wait
	// are looked at: few, so that it costs next to nothing.
	overdueEvery    = 10 * time.Second
	overdueMessages = 256
)

// renewOverdue looks for deliveries that the server should have made due, until the
// context ends. A server that has no room when a scheduled message comes up does not
// look at it again until it restarts or the stream gets another leader.
func (o *outbox) renewOverdue(ctx context.Context) {
	next := uint64(0)
	for sleep(ctx, o.overdueEvery) == nil {
		var err error
		next, err = o.renewFrom(ctx, next)
		if err != nil && ctx.Err() == nil {
			o.logger.WarnContext(ctx, "natsstore: deliveries may be overdue", "error", err)
		}
	}
}

// renewFrom renews those of the next deliveries that are overdue. It returns where in the
// stream to go on.
func (o *outbox) renewFrom(ctx context.Context, next uint64) (uint64, error) {
	for range overdueMessages {
		msg, err := o.deliveries.GetMsg(ctx, next, jetstream.WithGetMsgSubject(o.names.all("later")))
		if errors.Is(err, jetstream.ErrMsgNotFound) {
			return 0, nil
		}
		if err != nil {
			return next, err
		}
		if isOverdue(msg.Header, time.Now().Add(-o.overdueAfter)) {
			if err := o.renew(ctx, msg); err != nil {
				return next, err
			}
		}
		next = msg.Sequence + 1
	}
	return next, nil
}

func isOverdue(header nats.Header, since time.Time) bool {
	at, err := time.Parse(time.RFC3339Nano, strings.TrimPrefix(header.Get(headerSchedule), scheduleAt))
	return err == nil && at.Before(since)
}

// renew schedules a delivery as it is, unless it is not there any longer: then it has
// become due.
func (o *outbox) renew(ctx context.Context, waiting *jetstream.RawStreamMsg) error {
	msg := nats.NewMsg(waiting.Subject)
	msg.Data = waiting.Data
	msg.Header.Set(headerSchedule, waiting.Header.Get(headerSchedule))
	msg.Header.Set(headerScheduleTarget, waiting.Header.Get(headerScheduleTarget))
	_, err := o.js.PublishMsg(ctx, msg, jetstream.WithExpectLastSequencePerSubject(waiting.Sequence))
	if isConflict(err) {
		return nil
	}
	return err
}
