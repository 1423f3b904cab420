package peers

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"time"

	"github.com/hookward/hookward/sender"
)

// customer has an endpoint that a sender of its own tells of events. After an error it
// does nothing any longer.
type customer struct {
	ctx          context.Context
	clock        atomic.Int64 // how far the sender's is ahead
	sender       *sender.Sender
	endpoint     *httptest.Server
	arrived      chan Delivery
	subscription sender.Subscription
	err          error
}

func newCustomer(ctx context.Context) *customer {
	c := &customer{ctx: ctx, arrived: make(chan Delivery, 1)}
	c.endpoint = httptest.NewServer(http.HandlerFunc(c.take))
	c.sender, c.err = sender.New(
		sender.WithProfile(sender.StandardWebhooks()),
		sender.WithPlainHTTP(),
		sender.WithAllowedNetworks(netip.MustParsePrefix("127.0.0.0/8")),
		sender.WithClock(func() time.Time { return time.Now().Add(time.Duration(c.clock.Load())) }),
		sender.WithLogger(slog.New(slog.DiscardHandler)),
	)
	c.do(func() (err error) {
		c.subscription, err = c.sender.Subscribe(ctx, sender.Subscription{URL: c.endpoint.URL})
		return err
	})
	return c
}

// take is the endpoint.
func (c *customer) take(_ http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the sender sees that the connection broke
	}
	headers := make(map[string]string)
	for name, values := range r.Header {
		headers[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	c.arrived <- Delivery{Headers: headers, Body: string(body)}
}

// next makes something happen and returns what the endpoint gets.
func (c *customer) next() (got Delivery) {
	c.do(func() error {
		if _, err := c.sender.Send(c.ctx, sender.Event{Type: "thing.created", Body: []byte(body)}); err != nil {
			return err
		}
		select {
		case got = <-c.arrived:
			return nil
		case <-c.ctx.Done():
			return c.ctx.Err()
		}
	})
	return got
}

// secret is the one that the subscription began with.
func (c *customer) secret() (value string) {
	c.do(func() error {
		value = c.subscription.Secrets[0].Value
		return nil
	})
	return value
}

// rotate returns the new secret.
func (c *customer) rotate(overlap time.Duration) (value string) {
	c.do(func() error {
		fresh, err := c.sender.Rotate(c.ctx, c.subscription.ID, overlap)
		value = fresh.Value
		return err
	})
	return value
}

func (c *customer) addSecret(value string) {
	c.do(func() error {
		_, err := c.sender.Update(c.ctx, c.subscription.ID, func(s *sender.Subscription) error {
			s.Secrets = append([]sender.Secret{{ID: "added", Value: value}}, s.Secrets...)
			return nil
		})
		return err
	})
}

// moveClock sets how far the sender's clock is ahead.
func (c *customer) moveClock(ahead time.Duration) { c.clock.Store(int64(ahead)) }

func (c *customer) do(what func() error) {
	if c.err == nil {
		c.err = what()
	}
}

func (c *customer) leave() error {
	defer c.endpoint.Close()
	if c.sender == nil {
		return nil
	}
	return c.sender.Close(c.ctx)
}
