package natsstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const (
	// longestWait is how long a request for messages stays with the server. One
	// that the server forgot is made again after that.
	longestWait = 2 * time.Second
	// pause lies between two tries where the server cannot be asked.
	pause = 250 * time.Millisecond
)

// puller takes messages from a consumer, only as many as are asked for: what is
// fetched in advance would use up its lease unseen.
type puller struct {
	conn     *nats.Conn
	consumer jetstream.Consumer
	logger   *slog.Logger
	// replaceable says that another consumer may take this one's place: there is no use
	// in waiting for this one's server to come back.
	replaceable bool
}

// pull waits until there are messages and returns up to limit of them. It waits
// through the loss of the connection. Its error is the context's, or says that
// there never will be a message.
func (p *puller) pull(ctx context.Context, limit int) ([]jetstream.Msg, error) {
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		msgs, err := p.available(limit)
		if err == nil && len(msgs) == 0 {
			msgs, err = p.next(ctx)
		}
		if len(msgs) > 0 {
			return msgs, nil
		}
		if err == nil {
			continue
		}
		if gone := p.gone(ctx, err); gone != nil {
			return nil, gone
		}
		p.logger.DebugContext(ctx, "natsstore: waiting for the server", "error", err)
		if err := sleep(ctx, pause); err != nil {
			return nil, err
		}
	}
}

// pullSoon is pull for messages that should be there. It returns none if they are not.
func (p *puller) pullSoon(ctx context.Context, limit int) ([]jetstream.Msg, error) {
	soon, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	msgs, err := p.pull(soon, limit)
	if soon.Err() != nil {
		return msgs, ctx.Err()
	}
	return msgs, err
}

// available returns up to limit messages that are there already.
func (p *puller) available(limit int) ([]jetstream.Msg, error) {
	// While it reconnects, the client would keep the request and make it when
	// nobody waits for its answer any longer.
	if !p.conn.IsConnected() {
		return nil, nats.ErrDisconnected
	}
	batch, err := p.consumer.FetchNoWait(limit)
	if err != nil {
		return nil, err
	}
	var msgs []jetstream.Msg
	for msg := range batch.Messages() {
		msgs = append(msgs, msg)
	}
	return msgs, batch.Error()
}

// next waits for a message, or until something is wrong. Nothing that the server sends
// while it ends is lost: it would be leased to nobody.
func (p *puller) next(ctx context.Context) ([]jetstream.Msg, error) {
	waiting, err := p.consumer.Messages(jetstream.PullMaxMessages(1), jetstream.StopAfter(1), jetstream.PullExpiry(longestWait))
	if err != nil {
		return nil, err
	}
	msg, err := waiting.Next(jetstream.NextContext(ctx))
	if err == nil {
		waiting.Stop() // it has asked for one message only
		return []jetstream.Msg{msg}, nil
	}
	p.end(waiting)
	if errors.Is(err, jetstream.ErrNoHeartbeat) || ctx.Err() != nil {
		return nil, nil
	}
	return nil, err
}

// end gives back what comes although nobody waits any longer.
func (p *puller) end(waiting jetstream.MessagesContext) {
	if !p.conn.IsConnected() {
		waiting.Stop()
		return
	}
	waiting.Drain()
	for {
		msg, err := waiting.Next(jetstream.NextMaxWait(longestWait))
		if err != nil {
			return
		}
		giveBack([]jetstream.Msg{msg})
	}
}

// gone returns an error if err means that it is no use to try again.
func (p *puller) gone(ctx context.Context, err error) error {
	if p.conn.IsClosed() {
		return fmt.Errorf("receive: %w", nats.ErrConnectionClosed)
	}
	if !errors.Is(err, nats.ErrNoResponders) && !errors.Is(err, jetstream.ErrConsumerDeleted) {
		return nil
	}
	asking, cancel := context.WithTimeout(ctx, longestWait)
	defer cancel()
	_, err = p.consumer.Info(asking)
	if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) || err != nil && p.replaceable {
		return fmt.Errorf("receive: %w", err)
	}
	return nil
}

// sleep waits for a time, or until the context ends.
func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
