package sender_test

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/hookward/hookward/sender"
)

var errAway = errors.New("the store is away")

// away says that a store does not answer.
type away struct{ atomic.Bool }

// unless makes the call, or fails while the store is away.
func unless[T any](a *away, call func() (T, error)) (T, error) {
	if a.Load() {
		var none T
		return none, errAway
	}
	return call()
}

func (a *away) check(call func() error) error {
	_, err := unless(a, func() (struct{}, error) { return struct{}{}, call() })
	return err
}

// awayOutbox and awayRegistry can be away.
type awayOutbox struct {
	sender.Outbox
	*away
}

func (o awayOutbox) Add(ctx context.Context, event *sender.Event, subscriptions []string) error {
	return o.check(func() error { return o.Outbox.Add(ctx, event, subscriptions) })
}

func (o awayOutbox) Event(ctx context.Context, id string) (*sender.Event, error) {
	return unless(o.away, func() (*sender.Event, error) { return o.Outbox.Event(ctx, id) })
}

func (o awayOutbox) Receive(ctx context.Context, limit int) ([]sender.Delivery, error) {
	return withoutContent(unless(o.away, func() ([]sender.Delivery, error) { return o.Outbox.Receive(ctx, limit) }))
}

// withoutContent makes the sender read events by itself.
func withoutContent(deliveries []sender.Delivery, err error) ([]sender.Delivery, error) {
	for i := range deliveries {
		deliveries[i].Content = nil
	}
	return deliveries, err
}

func (o awayOutbox) Done(ctx context.Context, d sender.Delivery) error {
	return o.check(func() error { return o.Outbox.Done(ctx, d) })
}

func (o awayOutbox) Retry(ctx context.Context, d sender.Delivery, at time.Time) error {
	return o.check(func() error { return o.Outbox.Retry(ctx, d, at) })
}

type awayRegistry struct {
	sender.Registry
	*away
}

func (r awayRegistry) Get(ctx context.Context, id string) (sender.Subscription, error) {
	return unless(r.away, func() (sender.Subscription, error) { return r.Registry.Get(ctx, id) })
}

func (r awayRegistry) List(ctx context.Context, filter sender.Filter) ([]sender.Subscription, error) {
	return unless(r.away, func() ([]sender.Subscription, error) { return r.Registry.List(ctx, filter) })
}
