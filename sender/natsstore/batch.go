package natsstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"sync"

	"github.com/nats-io/nats.go"
)

const (
	// batchSize is half of what a server takes in one batch by default.
	batchSize = 500
	// batchWorth is from how many messages on a batch is faster on a server that
	// syncs its disk: it costs that 5 ms and 0.01 ms a message, and a message by
	// itself 0.2 ms.
	batchWorth = 32
)

// Headers of a batch, of which all messages are stored or none (ADR-50 of NATS).
const (
	headerBatchID       = "Nats-Batch-Id"
	headerBatchSequence = "Nats-Batch-Sequence"
	headerBatchCommit   = "Nats-Batch-Commit"
)

// publish stores up to batchSize messages.
func (o *outbox) publish(ctx context.Context, msgs []*nats.Msg) error {
	store := o.publishEach
	if len(msgs) >= batchWorth {
		store = o.publishBatch
	}
	if err := store(ctx, msgs); err != nil {
		return fmt.Errorf("store %d deliveries: %w", len(msgs), err)
	}
	return nil
}

// publishEach stores the messages at the same time. Where it fails, some may be stored.
func (o *outbox) publishEach(ctx context.Context, msgs []*nats.Msg) error {
	errs := make([]error, len(msgs))
	var publishing sync.WaitGroup
	for i, msg := range msgs {
		publishing.Go(func() { _, errs[i] = o.js.PublishMsg(ctx, msg) })
	}
	publishing.Wait()
	return errors.Join(errs...)
}

// publishBatch stores the messages, which have no headers yet, as one. The server
// answers the last of them.
func (o *outbox) publishBatch(ctx context.Context, msgs []*nats.Msg) error {
	id := rand.Text()
	for i, msg := range msgs {
		msg.Header.Set(headerBatchID, id)
		msg.Header.Set(headerBatchSequence, strconv.Itoa(i+1))
	}
	last := msgs[len(msgs)-1]
	last.Header.Set(headerBatchCommit, "1")
	for _, msg := range msgs[:len(msgs)-1] {
		if err := o.js.Conn().PublishMsg(msg); err != nil {
			return err
		}
	}
	_, err := o.js.PublishMsg(ctx, last)
	return err
}
