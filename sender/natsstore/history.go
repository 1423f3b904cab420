package natsstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/hookward/hookward/sender"
)

const defaultLimit = 100 // of a query

// history is the part of a store that is a sender.History: a stream of records in
// which the oldest make room.
type history struct {
	js     jetstream.JetStream
	names  names
	logger *slog.Logger
	stream jetstream.Stream
}

func openHistory(ctx context.Context, js jetstream.JetStream, c config) (*history, error) {
	h := &history{js: js, names: c.names, logger: c.logger}
	mode, err := h.persistMode(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", c.names.attempts(), err)
	}
	replicas := c.replicas
	if mode == jetstream.AsyncPersistMode && replicas > 1 {
		replicas = 1
		c.logger.WarnContext(ctx, "natsstore: records of attempts are not replicated: the stream was made for one server",
			"stream", c.names.attempts())
	}
	h.stream, err = js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:        c.names.attempts(),
		Description: "Attempts of a Hookward sender",
		Subjects:    []string{c.names.all("attempt")},
		MaxAge:      c.historyAge,
		MaxBytes:    c.historyBytes,
		Discard:     jetstream.DiscardOld,
		Storage:     c.storage,
		Replicas:    replicas,
		PersistMode: mode,
	})
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", c.names.attempts(), err)
	}
	return h, nil
}

// persistMode has a single server write records to its disk when it likes. They tell
// what happened, and nothing depends on them: better that a power cut takes the last
// ones than that each attempt waits for the disk. A stream keeps its mode for good.
func (h *history) persistMode(ctx context.Context, c config) (jetstream.PersistModeType, error) {
	stream, err := h.js.Stream(ctx, c.names.attempts())
	if err == nil {
		return stream.CachedInfo().Config.PersistMode, nil
	}
	if !errors.Is(err, jetstream.ErrStreamNotFound) {
		return 0, err
	}
	if c.storage == jetstream.FileStorage && c.replicas == 1 {
		return jetstream.AsyncPersistMode, nil
	}
	return jetstream.DefaultPersistMode, nil
}

// Add implements [sender.History].
func (h *history) Add(ctx context.Context, attempt sender.Attempt) error {
	if err := h.add(ctx, attempt); err != nil {
		return fmt.Errorf("record attempt of %q at %q: %w", attempt.Event, attempt.Subscription, err)
	}
	return nil
}

func (h *history) add(ctx context.Context, attempt sender.Attempt) error {
	if err := checkIDs(attempt.Event, []string{attempt.Subscription}); err != nil {
		return err
	}
	data, err := json.Marshal(attempt)
	if err != nil {
		return err
	}
	_, err = h.js.Publish(ctx, h.names.attempt(token(attempt.Event), token(attempt.Subscription)), data)
	return err
}

// Attempts implements [sender.History].
func (h *history) Attempts(ctx context.Context, query sender.AttemptQuery) ([]sender.Attempt, error) {
	attempts, err := h.attempts(ctx, query)
	if err != nil {
		return nil, fmt.Errorf("records of attempts: %w", err)
	}
	return attempts, nil
}

func (h *history) attempts(ctx context.Context, query sender.AttemptQuery) ([]sender.Attempt, error) {
	limit := query.Limit
	if limit <= 0 {
		limit = defaultLimit
	}
	msgs, err := h.newest(ctx, h.names.attempt(orAny(query.Event), orAny(query.Subscription)), limit)
	if err != nil {
		return nil, err
	}
	attempts := make([]sender.Attempt, len(msgs))
	for i, msg := range msgs {
		if err := json.Unmarshal(msg.Data(), &attempts[i]); err != nil {
			return nil, fmt.Errorf("message on %s: %w", msg.Subject(), err)
		}
	}
	return attempts, nil
}

// orAny is the token of an id in a subject that asks for messages.
func orAny(id string) string {
	if id == "" {
		return anyID
	}
	return token(id)
}
