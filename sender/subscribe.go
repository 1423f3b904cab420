package sender

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hookward/hookward/signature"
)

// Subscribe creates a subscription and verifies its endpoint, if the profile wants
// that. It is [Pending] meanwhile, and [Active] once the endpoint has passed.
//
// An endpoint that does not pass leaves nothing behind: the error wraps
// [ErrUnverified] and the reason. With [ErrUnconfirmed] the subscription is returned
// too, and stays pending until [Sender.Activate] is called. Other errors are
// [ErrInvalid], [ErrForbidden], [ErrURLTaken], and [ErrConflict] where the id is
// taken.
func (s *Sender) Subscribe(ctx context.Context, subscription Subscription) (Subscription, error) {
	if s.isClosing() {
		return Subscription{}, fmt.Errorf("subscribe: %w", ErrClosed)
	}
	wanted := subscription.clone()
	if err := s.prepare(&wanted); err != nil {
		return Subscription{}, fmt.Errorf("subscribe: %w", err)
	}
	created, err := s.registry.Create(ctx, wanted, s.profile.UniqueURL)
	if err != nil {
		return Subscription{}, fmt.Errorf("subscribe: %w", err)
	}
	s.directory.changed(created.ID, created.State == Active)
	if s.profile.Verification == nil {
		return created, nil
	}
	return s.verify(ctx, created)
}

// prepare sets what a new subscription leaves out, and checks it.
func (s *Sender) prepare(n *Subscription) error {
	now := s.now()
	n.State, n.Reason = Active, ""
	if s.profile.Verification != nil {
		n.State = Pending
	}
	if n.ID == "" {
		n.ID = newID("sub_")
	}
	n.CreatedAt, n.ChangedAt, n.FailingSince = now, now, time.Time{}
	if len(n.Secrets) == 0 && s.profile.NewSecret != nil {
		n.Secrets = []Secret{{}}
	}
	if err := s.completeSecrets(n.Secrets); err != nil {
		return err
	}
	return s.check(n)
}

// verify asks the endpoint of a pending subscription.
func (s *Sender) verify(ctx context.Context, pending Subscription) (Subscription, error) {
	grant, err := s.ask(ctx, pending)
	if errors.Is(err, ErrUnconfirmed) {
		// The confirmation may have been faster than the answer.
		if latest, getErr := s.registry.Get(ctx, pending.ID); getErr == nil && latest.State == Active {
			return latest, nil
		}
		return pending, fmt.Errorf("subscribe: %w", err)
	}
	if err == nil {
		var active Subscription
		if active, err = s.activate(ctx, pending.ID, grant); err == nil {
			return active, nil
		}
	}
	err = errors.Join(err, s.abandon(ctx, pending.ID))
	if errors.Is(err, ErrUnverified) {
		return Subscription{}, fmt.Errorf("subscribe: %w", err)
	}
	return Subscription{}, fmt.Errorf("subscribe: %w: %w", ErrUnverified, err)
}

func (s *Sender) ask(ctx context.Context, pending Subscription) (grant Grant, err error) {
	defer s.recovered("verification", &err)
	return s.profile.Verification.Verify(ctx, s.client, pending.clone())
}

// abandon removes a subscription that did not come about, even if the caller has
// left meanwhile.
func (s *Sender) abandon(ctx context.Context, id string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	err := s.registry.Delete(ctx, id)
	s.directory.changed(id, true)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return fmt.Errorf("remove subscription %q: %w", id, err)
	}
	return nil
}

// activate ends that a subscription is pending.
func (s *Sender) activate(ctx context.Context, id string, grant Grant) (Subscription, error) {
	return s.change(ctx, id, func(p *Subscription) error {
		if p.State != Pending {
			return errUnchanged
		}
		p.State = Active
		p.Rate = lowest(p.Rate, grant.Rate)
		return nil
	})
}

// Activate confirms a pending subscription, for a profile whose endpoints confirm
// later: the caller shows one of the subscription's secrets, which the endpoint got
// when it was verified. A wrong one is [ErrUnverified]. A subscription that is not
// pending is returned as it is.
func (s *Sender) Activate(ctx context.Context, id, secret string) (Subscription, error) {
	pending, err := s.Subscription(ctx, id)
	if err != nil {
		return Subscription{}, fmt.Errorf("activate: %w", err)
	}
	if !holds(liveSecrets(pending.Secrets, s.now()), secret) {
		return Subscription{}, fmt.Errorf("activate subscription %q: %w: it is another secret", id, ErrUnverified)
	}
	active, err := s.activate(ctx, id, Grant{})
	if err != nil {
		return Subscription{}, fmt.Errorf("activate: %w", err)
	}
	return active, nil
}

// holds compares with all secrets, so that it takes as long for each.
func holds(secrets []Secret, secret string) bool {
	found := false
	for _, one := range secrets {
		if signature.Equal(one.Value, secret) {
			found = true
		}
	}
	return found && secret != ""
}
