package natsstore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/hookward/hookward/sender"
)

// headerCreated is the revision at which a subscription was created, which the
// messages of its updates carry on.
const headerCreated = "Hookward-Created"

// tombstoneAge is how long the stream remembers that a subscription was deleted, for
// senders that have lost their connection meanwhile.
const tombstoneAge = 7 * 24 * time.Hour

var errIDTaken = fmt.Errorf("%w: the id is taken", sender.ErrConflict)

// registry is the part of a store that is a sender.Registry: a stream that keeps the
// newest message of each subscription, and a mirror of it in memory. A message
// without a body says that the subscription was deleted. The number of a message in
// the stream is the subscription's revision.
type registry struct {
	js      jetstream.JetStream
	names   names
	logger  *slog.Logger
	running context.Context
	stream  jetstream.Stream
	mirror  *mirror
	watch   watch
}

func openRegistry(ctx, running context.Context, js jetstream.JetStream, c config) (*registry, error) {
	r := &registry{js: js, names: c.names, logger: c.logger, running: running, mirror: newMirror()}
	var err error
	r.stream, err = js.CreateOrUpdateStream(ctx, jetstream.StreamConfig{
		Name:              c.names.subscriptions(),
		Description:       "Subscriptions of a Hookward sender",
		Subjects:          []string{c.names.all("subscription")},
		MaxMsgsPerSubject: 1,
		AllowMsgTTL:       true,
		Storage:           c.storage,
		Replicas:          c.replicas,
	})
	if err != nil {
		return nil, fmt.Errorf("stream %s: %w", c.names.subscriptions(), err)
	}
	if err := r.load(ctx); err != nil {
		return nil, fmt.Errorf("load subscriptions: %w", err)
	}
	return r, nil
}

// Create implements [sender.Registry].
func (r *registry) Create(ctx context.Context, subscription sender.Subscription, unique bool) (sender.Subscription, error) {
	create := r.create
	if unique {
		create = r.createUnique
	}
	created, err := create(ctx, subscription)
	if err != nil {
		return sender.Subscription{}, fmt.Errorf("create subscription %q: %w", subscription.ID, err)
	}
	return created, nil
}

// create stores a subscription if there is none on its subject, or only the tombstone
// of one.
func (r *registry) create(ctx context.Context, subscription sender.Subscription) (sender.Subscription, error) {
	revision := uint64(0)
	for {
		created, err := r.store(ctx, subscription, 0, jetstream.WithExpectLastSequencePerSubject(revision))
		if !isConflict(err) {
			return created, err
		}
		before, err := r.stored(ctx, subscription.ID)
		switch {
		case errors.Is(err, sender.ErrNotFound):
			revision = 0 // it is being stored at this moment, or its tombstone has gone
		case err != nil:
			return sender.Subscription{}, err
		case !before.deleted:
			return sender.Subscription{}, errIDTaken
		default:
			revision = before.Revision
		}
		if err := sleep(ctx, undecidedPause); err != nil {
			return sender.Subscription{}, err
		}
	}
}

// createUnique stores a subscription if no other one has its URL. It looks at the
// mirror, and has the server refuse the subscription if anything at all was stored
// since. So there is no second record of a URL that a crash could leave behind.
func (r *registry) createUnique(ctx context.Context, subscription sender.Subscription) (sender.Subscription, error) {
	for {
		if err := r.catchUp(ctx); err != nil {
			return sender.Subscription{}, err
		}
		seen, err := r.mirror.mayCreate(subscription)
		if err != nil {
			return sender.Subscription{}, err
		}
		created, err := r.store(ctx, subscription, 0, jetstream.WithExpectLastSequence(seen))
		if !isConflict(err) {
			return created, err
		}
	}
}

// Get implements [sender.Registry]. It returns what this store has written at once,
// and what others have written as soon as the server has told it: while the
// connection is lost, the subscription may be out of date. That it is not there, or gets
// no events, is never out of date: a sender drops deliveries by it.
func (r *registry) Get(ctx context.Context, id string) (sender.Subscription, error) {
	known, ok := r.mirror.get(id)
	if ok && (known.State == sender.Active || known.State == sender.Paused) {
		return known, nil
	}
	stored, err := r.live(ctx, id)
	if err != nil {
		return sender.Subscription{}, fmt.Errorf("subscription %q: %w", id, err)
	}
	return stored.clone(), nil
}

// List implements [sender.Registry]. It is as fresh as Get.
func (r *registry) List(_ context.Context, filter sender.Filter) ([]sender.Subscription, error) {
	return r.mirror.list(filter), nil
}

// Update implements [sender.Registry]. After ErrConflict, Get returns what came first.
func (r *registry) Update(ctx context.Context, subscription sender.Subscription) (sender.Subscription, error) {
	updated, err := r.update(ctx, subscription)
	if err != nil {
		return sender.Subscription{}, fmt.Errorf("update subscription %q: %w", subscription.ID, err)
	}
	return updated, nil
}

func (r *registry) update(ctx context.Context, subscription sender.Subscription) (sender.Subscription, error) {
	before, err := r.live(ctx, subscription.ID)
	if err != nil {
		return sender.Subscription{}, err
	}
	if before.Revision != subscription.Revision {
		return sender.Subscription{}, sender.ErrConflict
	}
	updated, err := r.store(ctx, subscription, before.created, jetstream.WithExpectLastSequencePerSubject(before.Revision))
	if !isConflict(err) {
		return updated, err
	}
	if _, err := r.live(ctx, subscription.ID); err != nil {
		return sender.Subscription{}, err
	}
	return sender.Subscription{}, sender.ErrConflict
}

// Delete implements [sender.Registry].
func (r *registry) Delete(ctx context.Context, id string) error {
	if err := r.remove(ctx, id); err != nil {
		return fmt.Errorf("delete subscription %q: %w", id, err)
	}
	return nil
}

func (r *registry) remove(ctx context.Context, id string) error {
	for {
		before, err := r.live(ctx, id)
		if err != nil {
			return err
		}
		tombstone := nats.NewMsg(r.names.subscription(before.token))
		ack, err := r.js.PublishMsg(ctx, tombstone,
			jetstream.WithExpectLastSequencePerSubject(before.Revision), jetstream.WithMsgTTL(tombstoneAge))
		if isConflict(err) {
			continue
		}
		if err != nil {
			return err
		}
		r.mirror.put(&record{token: before.token, deleted: true, Subscription: sender.Subscription{Revision: ack.Sequence}})
		return nil
	}
}

// store stores a subscription that was created at the given revision, or is now.
func (r *registry) store(ctx context.Context, subscription sender.Subscription, created uint64, condition jetstream.PublishOpt) (sender.Subscription, error) {
	if err := checkID("subscription", subscription.ID); err != nil {
		return sender.Subscription{}, err
	}
	data, err := json.Marshal(subscription)
	if err != nil {
		return sender.Subscription{}, err
	}
	msg := nats.NewMsg(r.names.subscription(token(subscription.ID)))
	msg.Data = data
	if created > 0 {
		msg.Header.Set(headerCreated, strconv.FormatUint(created, 10))
	}
	ack, err := r.js.PublishMsg(ctx, msg, condition)
	if err != nil {
		return sender.Subscription{}, err
	}
	stored, err := decodeRecord(msg.Subject, msg.Header, msg.Data, ack.Sequence)
	if err != nil {
		return sender.Subscription{}, err
	}
	r.mirror.put(stored)
	return stored.clone(), nil
}

// live asks the server for a subscription that was not deleted.
func (r *registry) live(ctx context.Context, id string) (*record, error) {
	stored, err := r.stored(ctx, id)
	if err == nil && stored.deleted {
		return nil, sender.ErrNotFound
	}
	return stored, err
}

// stored asks the server for a subscription, or for its tombstone, and has the mirror
// keep what it says.
func (r *registry) stored(ctx context.Context, id string) (*record, error) {
	if err := checkID("subscription", id); err != nil {
		return nil, sender.ErrNotFound
	}
	msg, err := r.stream.GetLastMsgForSubject(ctx, r.names.subscription(token(id)))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return nil, sender.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	stored, err := decodeRecord(msg.Subject, msg.Header, msg.Data, msg.Sequence)
	if err != nil {
		return nil, err
	}
	r.mirror.put(stored)
	return stored, nil
}
