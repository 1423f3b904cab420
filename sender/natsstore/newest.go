package natsstore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

const (
	// readBatch is how many records are fetched at once.
	readBatch = 256
	// readForgotten is when the server lets go of a tail that was not closed.
	readForgotten = 10 * time.Second
)

// newest returns the newest messages on a subject, the newest first. They are read from
// any of the servers, which may be a moment behind the stream's leader: it says which
// one is the last.
func (h *history) newest(ctx context.Context, subject string, limit int) ([]jetstream.Msg, error) {
	last, err := h.stream.GetLastMsgForSubject(ctx, subject)
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("last record: %w", err)
	}
	start, err := h.place(ctx, subject, limit)
	if err != nil {
		return nil, err
	}
	tail, err := h.tail(ctx, subject, start)
	if err != nil {
		return nil, err
	}
	defer tail.close(ctx)
	msgs, err := tail.read(ctx, last.Sequence)
	if err != nil {
		return nil, err
	}
	msgs = msgs[max(0, len(msgs)-limit):]
	slices.Reverse(msgs)
	return msgs, nil
}

// place finds where to begin: JetStream reads forwards only, and there may be many
// more messages than are wanted. It looks for a place that has enough of them behind
// it but not more than twice as many, or has all.
func (h *history) place(ctx context.Context, subject string, limit int) (uint64, error) {
	info, err := h.stream.Info(ctx)
	if err != nil {
		return 0, err
	}
	low, high := info.State.FirstSeq, info.State.LastSeq+1
	for middle := low; high-low > uint64(limit); middle = low + (high-low)/2 { //nolint:gosec // a limit is positive
		n, err := h.count(ctx, subject, middle)
		switch {
		case err != nil:
			return 0, err
		case n < limit && middle == low:
			return low, nil
		case n < limit:
			high = middle
		case n/2 <= limit:
			return middle, nil
		default:
			low = middle
		}
	}
	return low, nil
}

func (h *history) count(ctx context.Context, subject string, start uint64) (int, error) {
	tail, err := h.tail(ctx, subject, start)
	if err != nil {
		return 0, err
	}
	tail.close(ctx)
	return tail.msgs, nil
}

// tail is what a stream has on a subject from a place on.
type tail struct {
	puller

	stream jetstream.Stream
	msgs   int // when it was opened
}

func (h *history) tail(ctx context.Context, subject string, start uint64) (*tail, error) {
	consumer, err := h.stream.CreateConsumer(ctx, jetstream.ConsumerConfig{
		FilterSubject:     subject,
		DeliverPolicy:     jetstream.DeliverByStartSequencePolicy,
		OptStartSeq:       max(start, 1),
		AckPolicy:         jetstream.AckNonePolicy,
		InactiveThreshold: readForgotten,
		MemoryStorage:     true,
		Replicas:          1,
	})
	if err != nil {
		return nil, fmt.Errorf("consumer: %w", err)
	}
	return &tail{
		puller: puller{h.js.Conn(), consumer, h.logger, true},
		stream: h.stream,
		msgs:   int(consumer.CachedInfo().NumPending), //nolint:gosec // no server stores 2^63 messages
	}, nil
}

// read returns the messages up to the one with the given number, and maybe some that
// came after it.
func (t *tail) read(ctx context.Context, last uint64) ([]jetstream.Msg, error) {
	all := make([]jetstream.Msg, 0, t.msgs)
	for {
		msgs, err := t.pullSoon(ctx, readBatch)
		if err != nil {
			return nil, err
		}
		if len(msgs) == 0 {
			return all, nil // some were removed meanwhile
		}
		all = append(all, msgs...)
		about, err := msgs[len(msgs)-1].Metadata()
		if err != nil {
			return nil, fmt.Errorf("metadata: %w", err)
		}
		if about.Sequence.Stream >= last {
			return all, nil
		}
	}
}

func (t *tail) close(ctx context.Context) {
	_ = t.stream.DeleteConsumer(ctx, t.consumer.CachedInfo().Name) // or it is forgotten
}
