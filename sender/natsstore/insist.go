package natsstore

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// insistFor is for how long a call is repeated: the servers of a cluster take up to
	// 9 s to elect the next leader of a stream. The lease of a delivery is extended
	// meanwhile, so nobody else gets it.
	insistFor = 15 * time.Second
	// answerWithin is how long an answer is waited for. A leader that has gone, or does
	// not know yet what its predecessor did, gives none.
	answerWithin = 2 * time.Second
)

// errDuplicateUndecided is of a message whose copy is being stored (10158 in
// nats-server's server/errors.json).
const errDuplicateUndecided jetstream.ErrorCode = 10158

// insist makes a call that does no harm when it is made twice, until the server has
// answered it. What the server refuses is not tried again.
func (o *outbox) insist(ctx context.Context, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, insistFor)
	defer cancel()
	for {
		err := within(ctx, o.answer, call)
		if !isUnanswered(err) || sleep(ctx, pause) != nil {
			return err
		}
	}
}

func within(ctx context.Context, d time.Duration, call func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return call(ctx)
}

func isUnanswered(err error) bool {
	return errors.Is(err, context.DeadlineExceeded) ||
		errors.Is(err, nats.ErrNoResponders) || errors.Is(err, jetstream.ErrNoStreamResponse) ||
		code(err) == errDuplicateUndecided
}
