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

const (
	// watchBatch is how many changed subscriptions are fetched at once.
	watchBatch = 256
	// watchForgotten is when the server lets go of a watch that nobody asks for
	// changes any longer.
	watchForgotten = time.Minute
)

var errGap = errors.New("a message was lost on its way")

// watch is a place in the stream of subscriptions that moves on.
type watch struct {
	puller

	next uint64 // number of the message that the server sends next
}

// load fills the mirror.
func (r *registry) load(ctx context.Context) error {
	info, err := r.stream.Info(ctx)
	if err != nil {
		return err
	}
	if err := r.startWatch(ctx); err != nil {
		return err
	}
	for pending := r.watch.consumer.CachedInfo().NumPending; pending > 0; {
		msgs, err := r.watch.pullSoon(ctx, watchBatch)
		if err != nil {
			return err
		}
		if err := r.follow(ctx, msgs); err != nil {
			return err
		}
		pending -= min(pending, uint64(len(msgs)))
		if len(msgs) > 0 {
			continue
		}
		end, err := r.isAtEnd(ctx)
		if err != nil {
			return err
		}
		if end {
			break // some were removed meanwhile
		}
	}
	r.mirror.advance(info.State.LastSeq)
	return nil
}

// keepUp brings what other senders change into the mirror until the context ends.
func (r *registry) keepUp(ctx context.Context) {
	for {
		msgs, err := r.watch.pull(ctx, watchBatch)
		if err == nil {
			err = r.follow(ctx, msgs)
		}
		if err != nil && !r.watchAgain(ctx, err) {
			return
		}
	}
}

// watchAgain begins a new watch after an error, as where the server of the old one is
// away. It reports whether it could before the context ended.
func (r *registry) watchAgain(ctx context.Context, err error) bool {
	if ctx.Err() == nil {
		r.logger.WarnContext(ctx, "natsstore: subscriptions may be out of date", "error", err)
	}
	for err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		if sleep(ctx, pause) != nil {
			return false
		}
		err = r.startWatch(ctx)
	}
	return err == nil
}

// startWatch watches from where the mirror ends. The server keeps no state of it that
// would survive, and none is needed.
func (r *registry) startWatch(ctx context.Context) error {
	seen, _ := r.mirror.position()
	consumer, err := r.stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       seen + 1,
		AckPolicy:         jetstream.AckNonePolicy,
		InactiveThreshold: watchForgotten,
		MemoryStorage:     true,
		Replicas:          1,
	})
	if err != nil {
		return fmt.Errorf("watch: %w", err)
	}
	r.watch = watch{puller{r.js.Conn(), consumer, r.logger, true}, 1}
	return nil
}

func (r *registry) follow(ctx context.Context, msgs []jetstream.Msg) error {
	for _, msg := range msgs {
		about, err := msg.Metadata()
		if err != nil {
			return fmt.Errorf("metadata: %w", err)
		}
		if about.Sequence.Consumer != r.watch.next {
			return errGap
		}
		r.watch.next++
		record, err := decodeRecord(msg.Subject(), msg.Headers(), msg.Data(), about.Sequence.Stream)
		if err != nil {
			r.logger.ErrorContext(ctx, "natsstore: passed over a message that is no subscription", "error", err)
			r.mirror.advance(about.Sequence.Stream)
			continue
		}
		r.mirror.follow(record)
	}
	return nil
}

// catchUp waits until the mirror holds all that the stream holds now.
func (r *registry) catchUp(ctx context.Context) error {
	info, err := r.stream.Info(ctx)
	if err != nil {
		return err
	}
	for {
		seen, changed := r.mirror.position()
		if seen >= info.State.LastSeq {
			return nil
		}
		end, err := r.isAtEnd(ctx)
		if err != nil {
			return err
		}
		if end {
			r.mirror.advance(info.State.LastSeq)
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		case <-r.running.Done():
			return sender.ErrClosed
		}
	}
}

// isAtEnd tells whether nothing follows in the stream on what the mirror has seen. The
// last message may have been a tombstone that has gone.
func (r *registry) isAtEnd(ctx context.Context) (bool, error) {
	seen, _ := r.mirror.position()
	_, err := r.stream.GetMsg(ctx, seen+1, jetstream.WithGetMsgSubject(r.names.subscription(anyID)))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return true, nil
	}
	return false, err
}
