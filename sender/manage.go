package sender

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

// maxConflicts is how often a change is tried that others make at the same time.
const maxConflicts = 100

// errUnchanged ends a change that would change nothing.
var errUnchanged = errors.New("unchanged")

// Subscription returns a subscription, or [ErrNotFound].
func (s *Sender) Subscription(ctx context.Context, id string) (Subscription, error) {
	subscription, err := s.registry.Get(ctx, id)
	if err != nil {
		return Subscription{}, fmt.Errorf("subscription %q: %w", id, err)
	}
	return subscription, nil
}

// Subscriptions returns the subscriptions that the filter lets through, oldest first.
func (s *Sender) Subscriptions(ctx context.Context, filter Filter) ([]Subscription, error) {
	subscriptions, err := s.registry.List(ctx, filter)
	if err != nil {
		return nil, fmt.Errorf("subscriptions: %w", err)
	}
	return subscriptions, nil
}

// Unsubscribe removes a subscription. What it is still owed is not delivered. It
// returns [ErrNotFound] where there is none.
func (s *Sender) Unsubscribe(ctx context.Context, id string) error {
	err := s.registry.Delete(ctx, id)
	s.directory.changed(id, true)
	if err != nil {
		return fmt.Errorf("unsubscribe %q: %w", id, err)
	}
	return nil
}

// Update changes a subscription's URL, types, tenant, secrets, rate and metadata.
// The function gets it as it is stored and changes it; it is called again where
// another changed it meanwhile. New secrets are completed as Subscribe does. Where the
// profile verifies endpoints, or wants each URL once, the URL stays as it is: subscribe
// anew. At a new URL nothing counts of how the endpoint did at the old one.
func (s *Sender) Update(ctx context.Context, id string, fn func(*Subscription) error) (Subscription, error) {
	moved := false
	updated, err := s.change(ctx, id, func(n *Subscription) error {
		before := n.clone()
		if err := fn(n); err != nil {
			return err
		}
		if err := s.checkUpdate(&before, n); err != nil {
			return err
		}
		if moved = n.URL != before.URL; moved {
			n.FailingSince = time.Time{}
		}
		if err := s.completeSecrets(n.Secrets); err != nil {
			return err
		}
		return s.check(n)
	})
	if err != nil {
		return Subscription{}, fmt.Errorf("update: %w", err)
	}
	if moved {
		s.lanes.forget(id)
	}
	return updated, nil
}

// checkUpdate tells whether an update leaves alone what is not for it to change.
func (s *Sender) checkUpdate(before, after *Subscription) error {
	switch {
	case after.ID != before.ID, after.Revision != before.Revision, !after.CreatedAt.Equal(before.CreatedAt):
		return fmt.Errorf("%w: an update cannot change what a subscription is known by", ErrInvalid)
	case after.State != before.State, after.Reason != before.Reason, !after.FailingSince.Equal(before.FailingSince):
		return fmt.Errorf("%w: an update cannot change the state", ErrInvalid)
	case after.URL != before.URL && (s.profile.Verification != nil || s.profile.UniqueURL):
		return fmt.Errorf("%w: this profile does not let a url change", ErrInvalid)
	}
	return nil
}

// Pause keeps the events that an active subscription wants in the outbox.
func (s *Sender) Pause(ctx context.Context, id string) error {
	return s.move(ctx, "pause", id, Paused, Active)
}

// Resume delivers what a paused subscription was kept, which comes within a quarter
// of the time for which it was paused, and within five minutes at most.
func (s *Sender) Resume(ctx context.Context, id string) error {
	return s.move(ctx, "resume", id, Active, Paused)
}

// Disable ends the deliveries of an active or paused subscription, those included
// that it is still owed.
func (s *Sender) Disable(ctx context.Context, id string) error {
	return s.move(ctx, "disable", id, Disabled, Active, Paused)
}

// Enable lets a disabled subscription have events again, from now on.
func (s *Sender) Enable(ctx context.Context, id string) error {
	return s.move(ctx, "enable", id, Active, Disabled)
}

// move brings a subscription from one state to another. It returns [ErrInvalid]
// where it is in neither. How long the endpoint has failed counts from there on.
func (s *Sender) move(ctx context.Context, doing, id string, to State, from ...State) error {
	_, err := s.change(ctx, id, func(n *Subscription) error {
		if n.State == to {
			return errUnchanged
		}
		if !slices.Contains(from, n.State) {
			return fmt.Errorf("%w: it is %s", ErrInvalid, n.State)
		}
		n.State, n.Reason = to, ""
		if to == Disabled {
			n.Reason = Requested
		}
		n.FailingSince = time.Time{}
		return nil
	})
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// change applies fn to the stored subscription.
func (s *Sender) change(ctx context.Context, id string, fn func(*Subscription) error) (Subscription, error) {
	for range maxConflicts {
		subscription, err := s.Subscription(ctx, id)
		if err != nil {
			return Subscription{}, err
		}
		before := subscription.clone()
		if err := fn(&subscription); errors.Is(err, errUnchanged) {
			return before, nil
		} else if err != nil {
			return Subscription{}, fmt.Errorf("subscription %q: %w", id, err)
		}
		subscription.ChangedAt = s.now()
		updated, err := s.registry.Update(ctx, subscription)
		// After an error too, for it may have been stored all the same.
		s.directory.changed(id, !before.hears(&subscription))
		if err == nil {
			return updated, nil
		}
		if !errors.Is(err, ErrConflict) {
			return Subscription{}, fmt.Errorf("subscription %q: %w", id, err)
		}
	}
	return Subscription{}, fmt.Errorf("subscription %q: %w", id, ErrConflict)
}
