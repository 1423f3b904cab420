// Package natsstore keeps what a [sender.Sender] must not lose in NATS JetStream:
// its events and deliveries, its subscriptions, and the records of its attempts.
// Any number of senders share one store by opening it with the same name; each
// delivery is given to one of them.
//
// It needs nats-server 2.12 or later, which schedules messages and publishes
// batches atomically. An event is as safe as its stream: in a cluster choose three
// replicas, and on a single server that must not lose an event to a power cut set
// sync_interval to always.
//
// # What is stored
//
// For the default name, "sender", there are four streams:
//
//   - sender_events holds each event once, on sender.event.<id>, with the
//     subscriptions that are told. [Store.Add] is the storing of that one message,
//     so there is no event that is only half accepted.
//   - sender_deliveries holds a small message for each delivery that is owed: on
//     sender.due.> once it is due, and until then as a scheduled message on
//     sender.later.>, where it occupies no consumer.
//   - sender_subscriptions holds the subscriptions with their secrets, in the clear:
//     encrypt the server's storage, and let no one else read the stream.
//   - sender_attempts holds the records of attempts.
//
// A delivery is given out at least once. It is given out twice where its lease ran
// out, and where the server or a sender died at the wrong moment.
package natsstore

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/hookward/hookward/sender"
)

// closeGrace is far more than a server needs that answers at all.
const closeGrace = 5 * time.Second

// Store is a [sender.Outbox] and a [sender.Registry], and has a [sender.History].
type Store struct {
	*outbox
	*registry
	history *history

	stop       context.CancelFunc
	goroutines sync.WaitGroup
}

var (
	_ sender.Outbox   = (*Store)(nil)
	_ sender.Registry = (*Store)(nil)
	_ sender.History  = (*history)(nil)
)

// Open opens a store, and makes its streams where they do not exist yet. Streams
// that do are given the options' settings, so senders that share a store use the
// same options. The connection stays the caller's, who closes it after the store.
//
// The error is [ErrServer] where the server is too old and [sender.ErrInvalid] where
// an option is not valid.
func Open(ctx context.Context, js jetstream.JetStream, options ...Option) (*Store, error) {
	config, err := newConfig(options)
	if err != nil {
		return nil, fmt.Errorf("natsstore: %w", err)
	}
	if err := checkServer(ctx, js); err != nil {
		return nil, fmt.Errorf("natsstore: %w", err)
	}
	running, stop := context.WithCancel(context.Background())
	s := &Store{stop: stop}
	if err := s.open(ctx, running, js, config); err != nil {
		stop()
		return nil, fmt.Errorf("natsstore: %w", err)
	}
	s.goroutines.Go(func() { s.fanOut(running) })
	s.goroutines.Go(func() { s.keepUp(running) })
	s.goroutines.Go(func() { s.leases.extend(running) })
	s.goroutines.Go(func() { s.renewOverdue(running) })
	return s, nil
}

func (s *Store) open(ctx, running context.Context, js jetstream.JetStream, c config) (err error) {
	if s.outbox, err = openOutbox(ctx, running, js, c); err != nil {
		return err
	}
	if s.registry, err = openRegistry(ctx, running, js, c); err != nil {
		return err
	}
	s.history, err = openHistory(ctx, js, c)
	return err
}

// History is where the store keeps the records of attempts.
func (s *Store) History() sender.History {
	return s.history
}

// Close ends Receive and all that the store does by itself, within seconds. Leased
// deliveries may still be settled. Its error says how many accepted events it has left
// without their deliveries, as where the server does not answer. These are made by
// another store that is open, or once one is opened again.
func (s *Store) Close() error {
	s.stop()
	s.goroutines.Wait()
	if s.unfinished > 0 {
		return fmt.Errorf("natsstore: close: %d accepted events wait for their deliveries", s.unfinished)
	}
	return nil
}
