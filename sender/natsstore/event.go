package natsstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/hookward/hookward/sender"
)

// Headers of an event's message, each of them JSON. The message's body is the
// event's own.
const (
	headerEvent         = "Hookward-Event"         // the event without its body
	headerSubscriptions = "Hookward-Subscriptions" // ids of those that are told
	headerParts         = "Hookward-Parts"         // or else where in the stream such lists are
)

func encodeEvent(subject string, event *sender.Event) (*nats.Msg, error) {
	msg := nats.NewMsg(subject)
	msg.Data = event.Body
	if err := setHeader(msg, headerEvent, event); err != nil {
		return nil, err
	}
	return msg, nil
}

func setHeader(msg *nats.Msg, name string, value any) error {
	text, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("header %s: %w", name, err)
	}
	msg.Header.Set(name, string(text))
	return nil
}

// getHeader reads a header that may be missing.
func getHeader(header nats.Header, name string, value any) error {
	text := header.Get(name)
	if text == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(text), value); err != nil {
		return fmt.Errorf("header %s: %w", name, err)
	}
	return nil
}

func decodeEvent(header nats.Header, body []byte) (*sender.Event, error) {
	event := &sender.Event{}
	if err := getHeader(header, headerEvent, event); err != nil {
		return nil, err
	}
	if len(body) > 0 {
		event.Body = body
	}
	return event, nil
}

// Event implements [sender.Outbox].
func (o *outbox) Event(ctx context.Context, id string) (*sender.Event, error) {
	event, err := o.storedEvent(ctx, id)
	if err != nil {
		return nil, fmt.Errorf("event %q: %w", id, err)
	}
	return event, nil
}

func (o *outbox) storedEvent(ctx context.Context, id string) (*sender.Event, error) {
	if err := checkID("event", id); err != nil {
		return nil, sender.ErrNotFound
	}
	msg, err := o.events.GetLastMsgForSubject(ctx, o.names.event(token(id)))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, sender.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return decodeEvent(msg.Header, msg.Data)
}
