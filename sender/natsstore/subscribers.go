package natsstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go"

	"github.com/hookward/hookward/sender"
)

const (
	// longestInline is how many bytes of ids may stand in an event's own header,
	// of which the server takes 64 KiB.
	longestInline = 32 << 10
	// longestPart is how many bytes of ids a message of their own may hold. Servers
	// take 1 MiB by default.
	longestPart = 256 << 10
)

// parts are where in the stream of events the lists of an event's subscriptions are,
// each in a message of its own, if they are too long for the event's.
type parts []uint64

// addSubscribers puts the ids into the event's header, or parts that are stored now.
// Nobody looks at those if the event does not follow. They are returned on errors too.
func (o *outbox) addSubscribers(ctx context.Context, msg *nats.Msg, event string, subscriptions []string) (parts, error) {
	lists := splitIDs(subscriptions, longestPart)
	if len(lists) == 0 {
		return nil, nil
	}
	if len(lists) == 1 && idsSize(lists[0]) <= longestInline {
		return nil, setHeader(msg, headerSubscriptions, lists[0])
	}
	if err := o.mustBeNew(ctx, event); err != nil {
		return nil, err
	}
	var stored parts
	for _, list := range lists {
		data, err := json.Marshal(list)
		if err != nil {
			return stored, fmt.Errorf("list of subscriptions: %w", err)
		}
		ack, err := o.js.Publish(ctx, o.names.part(token(event)), data)
		if err != nil {
			return stored, fmt.Errorf("list of subscriptions: %w", err)
		}
		stored = append(stored, ack.Sequence)
	}
	return stored, setHeader(msg, headerParts, stored)
}

// mustBeNew saves a duplicate from storing its parts in vain.
func (o *outbox) mustBeNew(ctx context.Context, event string) error {
	switch _, err := o.storedEvent(ctx, event); {
	case errors.Is(err, sender.ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return sender.ErrDuplicate
}

// subscribers is the reverse of addSubscribers. Its error is [jetstream.ErrMsgNotFound]
// where a part is gone.
func (o *outbox) subscribers(ctx context.Context, header nats.Header) ([]string, error) {
	var ids []string
	if err := getHeader(header, headerSubscriptions, &ids); err != nil {
		return nil, err
	}
	stored, err := partsOf(header)
	if err != nil {
		return nil, err
	}
	for _, part := range stored {
		msg, err := o.events.GetMsg(ctx, part)
		if err != nil {
			return nil, fmt.Errorf("list of subscriptions, message %d: %w", part, err)
		}
		var list []string
		if err := json.Unmarshal(msg.Data, &list); err != nil {
			return nil, fmt.Errorf("list of subscriptions, message %d: %w", part, err)
		}
		ids = append(ids, list...)
	}
	return ids, nil
}

func partsOf(header nats.Header) (stored parts, err error) {
	err = getHeader(header, headerParts, &stored)
	return stored, err
}

// remove lets go of parts that nobody needs any longer. Those that are left over go
// when they reach their age.
func (o *outbox) remove(ctx context.Context, stored parts) {
	for _, part := range stored {
		if err := o.deleteMsg(ctx, part); err != nil {
			o.logger.WarnContext(ctx, "natsstore: a list of subscriptions is left over", "error", err)
		}
	}
}

// splitIDs cuts the list into those of at most so many bytes.
func splitIDs(ids []string, limit int) [][]string {
	var lists [][]string
	start, size := 0, 0
	for i, id := range ids {
		if size+idSize(id) > limit && i > start {
			lists = append(lists, ids[start:i])
			start, size = i, 0
		}
		size += idSize(id)
	}
	if start < len(ids) {
		lists = append(lists, ids[start:])
	}
	return lists
}

func idsSize(ids []string) int {
	size := 0
	for _, id := range ids {
		size += idSize(id)
	}
	return size
}

// idSize is what an id takes in a list of JSON at most.
func idSize(id string) int {
	size := len(`"",`)
	for i := range len(id) {
		if isPlain(id[i]) {
			size++
		} else {
			size += len(`\u0000`)
		}
	}
	return size
}
