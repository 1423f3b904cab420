package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
	"github.com/hookward/hookward/signature"
)

// patience is how long the steps of one provider may take.
const patience = 30 * time.Second

// show makes each step happen, tells it, and returns an error if it did not.
func (s *stage) show(ctx context.Context, a *actor) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	subscription, err := s.subscribe(ctx, a)
	if err != nil {
		return fmt.Errorf("subscribing: %w", err)
	}
	event, err := s.deliver(ctx, a, 0)
	if err != nil {
		return fmt.Errorf("delivering: %w", err)
	}
	if err := s.repeat(ctx, a, event.ID, subscription.ID); err != nil {
		return fmt.Errorf("repeating: %w", err)
	}
	if err := s.forge(ctx, a, subscription.URL); err != nil {
		return fmt.Errorf("forging: %w", err)
	}
	return nil
}

// subscribe waits until the gateway has signed itself up, and returns what the
// provider knows of that.
func (s *stage) subscribe(ctx context.Context, a *actor) (made sender.Subscription, err error) {
	if a.api == nil {
		return s.register(ctx, a)
	}
	status, err := s.gateway.reconcile(ctx, a.name)
	if err != nil {
		return made, err
	}
	all, err := a.Subscriptions(ctx)
	if err != nil {
		return made, err
	}
	if status.Active != 1 || len(status.Subscriptions) != 1 || len(all) != 1 {
		return made, fmt.Errorf("the gateway has %d subscriptions of which %d are active, and the provider has %d",
			len(status.Subscriptions), status.Active, len(all))
	}
	s.tell("gateway", "has subscribed to %s, by the API of %s", a.event, a.name)
	return all[0], s.compareSecrets(a, all[0].Secrets, status.Subscriptions[0].Fingerprint)
}

// register has the provider's helpdesk make the subscription.
func (s *stage) register(ctx context.Context, a *actor) (sender.Subscription, error) {
	made, err := a.Subscribe(ctx, "http://"+s.gateway.address+"/"+a.name+"/"+a.token, a.event)
	if err != nil {
		return made, err
	}
	s.tell(a.name, "its helpdesk subscribes the gateway to %s", a.event)
	return made, s.compareSecrets(a, nil, "")
}

// compareSecrets tells how the gateway has come by the provider's secret.
func (s *stage) compareSecrets(a *actor, secrets []sender.Secret, fingerprint string) error {
	switch {
	case a.learned == "":
		s.tell("gateway", "has no secret to learn: a token is part of its URL")
	case len(secrets) != 1 || signature.Fingerprint(secrets[0].Value) != fingerprint:
		return errors.New("the gateway and the provider have not the same secret")
	default:
		s.tell("gateway", "has learned the secret %s: fingerprint %s", a.learned, fingerprint)
	}
	return nil
}

// deliver makes the event with this number happen, and checks that it arrives.
func (s *stage) deliver(ctx context.Context, a *actor, number int) (sender.Event, error) {
	payload, err := profile.Sample(a.name, a.happens, number)
	if err != nil {
		return sender.Event{}, err
	}
	before, _ := s.application.seen()
	s.tell(a.name, "sends %s", a.happens)
	event, err := a.Emit(ctx, a.happens, payload)
	if err != nil {
		return event, err
	}
	sent, err := a.wire.next(ctx)
	if err != nil {
		return event, err
	}
	after, arrived := s.application.seen()
	switch {
	case after != before+1 || arrived == nil:
		return event, fmt.Errorf("%d requests reached the application, want one event", after-before)
	case arrived.Type() != a.arrives:
		return event, fmt.Errorf("the event's type is %s, want %s", arrived.Type(), a.arrives)
	case !bytes.Equal(arrived.Data(), sent.body):
		return event, errors.New("the event's data are not the delivery's body")
	}
	s.tell("gateway", "answers %s", statusText(sent.status))
	return event, nil
}

// repeat has the provider make the same delivery again, as one does that has missed
// the answer.
func (s *stage) repeat(ctx context.Context, a *actor, event, subscription string) error {
	before, _ := s.application.seen()
	s.tell(a.name, "sends it once more")
	if err := a.Sender().Redeliver(ctx, event, subscription); err != nil {
		return err
	}
	sent, err := a.wire.next(ctx)
	if err != nil {
		return err
	}
	if after, _ := s.application.seen(); after != before || !sent.duplicate {
		return errors.New("the copy reached the application")
	}
	s.tell("gateway", "answers %s, and drops the copy", statusText(sent.status))
	return nil
}

// forge has a stranger send what the provider has not.
func (s *stage) forge(ctx context.Context, a *actor, url string) error {
	before, _ := s.application.seen()
	s.tell("stranger", "sends a delivery of his own making")
	status, reason, err := sendForged(ctx, a, url)
	if err != nil {
		return err
	}
	if after, _ := s.application.seen(); after != before || status != http.StatusUnauthorized {
		return fmt.Errorf("the forged delivery is answered %s, and %d requests reached the application", statusText(status), after-before)
	}
	s.tell("gateway", "answers %s, and drops the forgery: %s", statusText(status), reason)
	return nil
}

// goOn makes an event happen at each provider every second, until the context ends.
func (s *stage) goOn(ctx context.Context, shown []role) error {
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for number := 1; ; number++ {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		for _, r := range shown {
			if _, err := s.deliver(ctx, s.actors[r.name], number); err != nil && ctx.Err() == nil {
				return fmt.Errorf("%s: delivering: %w", r.name, err)
			}
		}
	}
}
