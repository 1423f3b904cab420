package docs_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"log/slog"
	"net/netip"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/natsstore"
)

// The examples hold all the Go code that the pages show; TestGo compares the two.

// local options let the examples deliver on this machine.
var local = []sender.Option{
	sender.WithPlainHTTP(),
	sender.WithAllowedNetworks(netip.MustParsePrefix("127.0.0.0/8")),
}

func Example_firstEvent() {
	e := newEndpoint()
	defer e.Close()
	fmt.Println(sendFirstEvent(context.Background(), e, local))
	// Output:
	// a secret of 50 characters
	// {"type":"listing.created","timestamp":"2026-03-22T09:55:34Z","data":{"id":7}}
	// <nil>
}

func sendFirstEvent(ctx context.Context, e *endpoint, options []sender.Option) error {
	url := e.URL
	s, err := sender.New(options...)
	if err != nil {
		return err
	}
	defer s.Close(ctx)

	subscription, err := s.Subscribe(ctx, sender.Subscription{
		Tenant: "customer-17",
		URL:    url,
		Types:  []string{"listing.*"},
	})
	if err != nil {
		return err
	}
	showCustomer(subscription.Secrets[0].Value)

	_, err = s.Send(ctx, sender.Event{
		Tenant: "customer-17",
		Type:   "listing.created",
		Body:   []byte(`{"type":"listing.created","timestamp":"2026-03-22T09:55:34Z","data":{"id":7}}`),
	})
	if err != nil {
		return err
	}
	fmt.Println(<-e.bodies)
	return nil
}

func Example_verification() {
	e := newEndpoint()
	defer e.Close()
	fmt.Println(verifyEndpoint(context.Background(), e.URL))
	// Output:
	// active
	// pending
	// active
	// <nil>
}

func verifyEndpoint(ctx context.Context, url string) error {
	profile := sender.StandardWebhooks()
	profile.Verification = sender.HookSecret()
	immediate, err := sender.New(append(local, sender.WithProfile(profile))...)
	if err != nil {
		return err
	}
	defer immediate.Close(ctx)
	subscription, err := immediate.Subscribe(ctx, sender.Subscription{URL: url})
	if err != nil {
		return err
	}
	fmt.Println(subscription.State)

	profile.Verification = sender.DelayedConfirmation()
	s, err := sender.New(append(local, sender.WithProfile(profile))...)
	if err != nil {
		return err
	}
	defer s.Close(ctx)
	pending, err := s.Subscribe(ctx, sender.Subscription{URL: url})
	if err != nil && !errors.Is(err, sender.ErrUnconfirmed) {
		return err
	}
	fmt.Println(pending.State)
	active, err := s.Activate(ctx, pending.ID, pending.Secrets[0].Value)
	if err != nil {
		return err
	}
	fmt.Println(active.State)
	return nil
}

func Example_rotation() {
	e := newEndpoint()
	defer e.Close()
	fmt.Println(changeSecret(context.Background(), e))
	// Output:
	// a secret of 50 characters
	// <nil>
}

func changeSecret(ctx context.Context, e *endpoint) error {
	s, err := sender.New(local...)
	if err != nil {
		return err
	}
	defer s.Close(ctx)
	subscription, err := s.Subscribe(ctx, sender.Subscription{URL: e.URL})
	if err != nil {
		return err
	}

	fresh, err := s.Rotate(ctx, subscription.ID, 24*time.Hour)
	if err != nil {
		return err
	}
	showCustomer(fresh.Value)
	return nil
}

func Example_attempts() {
	e := newEndpoint()
	defer e.Close()
	fmt.Println(tellAgain(context.Background(), e))
	// Output:
	// {"id":7}
	// {"id":7}
	// <nil>
}

func tellAgain(ctx context.Context, e *endpoint) error {
	s, err := sender.New(local...)
	if err != nil {
		return err
	}
	defer s.Close(ctx)
	subscription, err := s.Subscribe(ctx, sender.Subscription{URL: e.URL})
	if err != nil {
		return err
	}
	event, err := s.Send(ctx, sender.Event{Type: "listing.created", Body: []byte(`{"id":7}`)})
	if err != nil {
		return err
	}
	fmt.Println(<-e.bodies)

	attempts, err := s.Attempts(ctx, sender.AttemptQuery{Subscription: subscription.ID, Limit: 20})
	if err != nil {
		return err
	}
	for _, a := range attempts {
		log.Printf("event %s, attempt %d: status %d after %v: %s %s", a.Event, a.Number, a.Status, a.Duration, a.Error, a.Excerpt)
	}

	err = s.Redeliver(ctx, event.ID, subscription.ID)
	if err != nil {
		return err
	}
	fmt.Println(<-e.bodies)
	return nil
}

func Example_durable() {
	e := newEndpoint()
	defer e.Close()
	url, shutdown := runNATS()
	defer shutdown()
	fmt.Println(sendDurably(context.Background(), url, e))
	// Output:
	// {"id":7}
	// <nil>
}

func sendDurably(ctx context.Context, natsURL string, e *endpoint) error {
	conn, err := nats.Connect(natsURL)
	if err != nil {
		return err
	}
	defer conn.Close()
	js, err := jetstream.New(conn)
	if err != nil {
		return err
	}
	store, err := natsstore.Open(ctx, js, natsstore.WithRetention(14*24*time.Hour))
	if err != nil {
		return err
	}
	defer store.Close()

	options := []sender.Option{
		sender.WithOutbox(store),
		sender.WithRegistry(store),
		sender.WithHistory(store.History()),
	}
	s, err := sender.New(append(options, local...)...)
	if err != nil {
		return err
	}
	defer s.Close(ctx)

	if _, err := s.Subscribe(ctx, sender.Subscription{URL: e.URL}); err != nil {
		return err
	}
	_, err = s.Send(ctx, sender.Event{Type: "listing.created", Body: []byte(`{"id":7}`)})
	if err != nil {
		return err
	}
	fmt.Println(<-e.bodies)
	return nil
}

func Example_observed() {
	logger := slog.New(slog.DiscardHandler)
	options := []sender.Option{
		sender.WithLogger(logger),
		sender.WithTracerProvider(otel.GetTracerProvider()),
		sender.WithMeterProvider(otel.GetMeterProvider()),
		sender.OnDisabled(func(s sender.Subscription) {
			logger.Warn("tell the customer", "tenant", s.Tenant, "subscription", s.ID, "reason", s.Reason)
		}),
	}
	s, err := sender.New(options...)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(s.Close(context.Background()))
	// Output: <nil>
}
