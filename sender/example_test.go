package sender_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"time"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/signature"
)

// local lets examples send to this machine, and be quiet. Leave it out.
var local = []sender.Option{
	sender.WithPlainHTTP(),
	sender.WithAllowedNetworks(netip.MustParsePrefix("127.0.0.0/8")),
	sender.WithLogger(slog.New(slog.DiscardHandler)),
}

func Example() {
	received := make(chan string)
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		received <- r.Header.Get("Webhook-Id") + " " + string(body)
	}))
	defer endpoint.Close()

	ctx := context.Background()
	s, err := sender.New(local...)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close(ctx)

	_, err = s.Subscribe(ctx, sender.Subscription{URL: endpoint.URL, Types: []string{"listing.*"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = s.Send(ctx, sender.Event{ID: "evt_1", Type: "listing.created", Body: []byte(`{"listing": 42}`)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-received)
	// Output: evt_1 {"listing": 42}
}

func ExampleNew() {
	s, err := sender.New(
		sender.WithProfile(sender.StandardWebhooks()),
		sender.WithSchedule(0, time.Minute, time.Hour, 24*time.Hour),
		sender.WithTimeout(20*time.Second),
		sender.WithConcurrency(4),
		sender.WithDisableAfter(7*24*time.Hour),
		sender.OnDisabled(func(s sender.Subscription) {
			fmt.Println("tell the customer that", s.URL, "is disabled:", s.Reason)
		}),
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	fmt.Println(s.Close(ctx))
	// Output: <nil>
}

func ExampleSender_Subscribe() {
	s, err := sender.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	defer s.Close(ctx)

	subscription, err := s.Subscribe(ctx, sender.Subscription{
		URL:      "https://customer.example.com/hooks",
		Types:    []string{"invoice.paid", "listing.*"},
		Tenant:   "customer",
		Metadata: map[string]string{"plan": "gold"},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	// Hand the secret to the customer, who verifies deliveries with it.
	fmt.Println(subscription.State, len(subscription.Secrets), "secret")

	_, err = s.Subscribe(ctx, sender.Subscription{URL: "https://169.254.169.254/latest/meta-data"})
	fmt.Println(errors.Is(err, sender.ErrForbidden))
	// Output:
	// active 1 secret
	// true
}

func ExampleSender_Send() {
	s, err := sender.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	defer s.Close(ctx)

	// An id of one's own makes it safe to send an event again when in doubt.
	event := sender.Event{ID: "invoice-7-paid", Type: "invoice.paid", Tenant: "customer", Body: []byte(`{"invoice": 7}`)}
	for range 2 {
		_, err := s.Send(ctx, event)
		fmt.Println(err == nil, errors.Is(err, sender.ErrDuplicate))
	}
	// Output:
	// true false
	// false true
}

func ExampleSender_Rotate() {
	s, err := sender.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	defer s.Close(ctx)
	subscription, err := s.Subscribe(ctx, sender.Subscription{URL: "https://customer.example.com/hooks"})
	if err != nil {
		fmt.Println(err)
		return
	}

	// For a day both secrets sign every delivery.
	secret, err := s.Rotate(ctx, subscription.ID, 24*time.Hour)
	if err != nil {
		fmt.Println(err)
		return
	}
	subscription, err = s.Subscription(ctx, subscription.ID)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, known := range subscription.Secrets {
		fmt.Println("new:", known.ID == secret.ID, "expires:", !known.ExpiresAt.IsZero())
	}
	// Output:
	// new: true expires: false
	// new: false expires: true
}

func ExampleSender_Attempts() {
	done := make(chan struct{})
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "out of order", http.StatusInternalServerError)
		close(done)
	}))
	defer endpoint.Close()
	s, err := sender.New(append(local, sender.WithSchedule(0))...)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	if _, err := s.Subscribe(ctx, sender.Subscription{URL: endpoint.URL}); err != nil {
		fmt.Println(err)
		return
	}
	event, err := s.Send(ctx, sender.Event{Type: "invoice.paid"})
	if err != nil {
		fmt.Println(err)
		return
	}
	<-done
	_ = s.Close(ctx) // waits for the attempt

	attempts, err := s.Attempts(ctx, sender.AttemptQuery{Event: event.ID})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, a := range attempts {
		fmt.Printf("attempt %d: %d %q\n", a.Number, a.Status, a.Excerpt)
	}
	// Output: attempt 1: 500 "out of order\n"
}

// A profile says how a sender speaks. This one signs as GitHub does and puts the
// event's type into the body.
func ExampleProfile() {
	received := make(chan string)
	endpoint := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		received <- r.Header.Get("X-Hub-Signature-256")[:7] + " " + string(body)
	}))
	defer endpoint.Close()

	s, err := sender.New(append(local, sender.WithProfile(sender.Profile{
		Name: "own",
		Schemes: []signature.Scheme{{
			Type:   signature.HMAC,
			Header: signature.Strings{"X-Hub-Signature-256"},
			Prefix: "sha256=",
		}},
		NewSecret: func() (string, error) { return "from a vault", nil },
		Header:    http.Header{"User-Agent": {"own-webhooks/1.0"}},
		IDHeader:  "X-Event-Id",
		Render: func(event *sender.Event, _ *sender.Subscription) ([]byte, error) {
			return fmt.Appendf(nil, `{"type": %q, "data": %s}`, event.Type, event.Body), nil
		},
	}))...)
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	defer s.Close(ctx)
	if _, err := s.Subscribe(ctx, sender.Subscription{URL: endpoint.URL}); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := s.Send(ctx, sender.Event{Type: "invoice.paid", Body: []byte(`{"invoice": 7}`)}); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(<-received)
	// Output: sha256= {"type": "invoice.paid", "data": {"invoice": 7}}
}
