package profile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/hookward/hookward/sender"
)

// metadataID is the subscription's id in the API, where that is not the sender's own.
const metadataID = "id"

// wish is what somebody wants to subscribe to.
type wish struct {
	url, event string
	metadata   map[string]string
	secrets    []sender.Secret
}

// Subscribe makes a subscription as the API does, for providers who register them
// by hand. The event is what the provider takes subscriptions to: a type of EverReal,
// an event of Repliers, viasto or REST Hooks, a topic of Rechat. Errors are those of
// [sender.Sender.Subscribe]; an event that the provider does not have is
// [sender.ErrInvalid].
func (s *Server) Subscribe(ctx context.Context, url, event string) (sender.Subscription, error) {
	return s.subscribe(ctx, wish{url: url, event: event})
}

func (s *Server) subscribe(ctx context.Context, w wish) (sender.Subscription, error) {
	types, err := s.dialect.typesOf(w.event)
	if err != nil {
		return sender.Subscription{}, err
	}
	return s.sender.Subscribe(ctx, sender.Subscription{
		ID: s.dialect.newID(), URL: w.url, Types: types, Metadata: w.metadata, Secrets: w.secrets,
	})
}

// Unsubscribe removes a subscription as the API does. It returns [sender.ErrNotFound]
// where there is none.
func (s *Server) Unsubscribe(ctx context.Context, id string) error {
	found, err := s.find(ctx, id)
	if err != nil {
		return err
	}
	return s.sender.Unsubscribe(ctx, found.ID)
}

// Subscriptions returns all subscriptions, oldest first, without those whose endpoint
// has not confirmed yet.
func (s *Server) Subscriptions(ctx context.Context) ([]sender.Subscription, error) {
	all, err := s.all(ctx)
	return slices.DeleteFunc(all, func(n sender.Subscription) bool { return n.State == sender.Pending }), err
}

// all returns all subscriptions, and removes those that their endpoints have ended.
func (s *Server) all(ctx context.Context) ([]sender.Subscription, error) {
	all, err := s.sender.Subscriptions(ctx, sender.Filter{})
	if err != nil {
		return nil, err
	}
	list := make([]sender.Subscription, 0, len(all))
	for i := range all {
		if !s.dialect.goneCancels || all[i].Reason != sender.Gone {
			list = append(list, all[i])
			continue
		}
		if err := s.sender.Unsubscribe(ctx, all[i].ID); err != nil && !errors.Is(err, sender.ErrNotFound) {
			return nil, err
		}
	}
	return list, nil
}

// find returns the subscription with this id in the API.
func (s *Server) find(ctx context.Context, id string) (sender.Subscription, error) {
	list, err := s.Subscriptions(ctx)
	if err != nil {
		return sender.Subscription{}, err
	}
	for i := range list {
		if idOf(&list[i]) == id {
			return list[i], nil
		}
	}
	return sender.Subscription{}, fmt.Errorf("subscription: %w", sender.ErrNotFound)
}

// idOf returns the subscription's id in the API.
func idOf(n *sender.Subscription) string { return cmp.Or(n.Metadata[metadataID], n.ID) }

// change makes of a subscription what is wished for.
func (s *Server) change(ctx context.Context, old *sender.Subscription, w wish) error {
	if w.url != old.URL {
		return s.move(ctx, old, w)
	}
	types, err := s.dialect.typesOf(w.event)
	if err != nil {
		return err
	}
	_, err = s.sender.Update(ctx, old.ID, func(n *sender.Subscription) error {
		n.Types = types
		for name, value := range w.metadata {
			n.Metadata = with(n.Metadata, name, value)
		}
		return nil
	})
	return err
}

// move gives a subscription another URL, which has to pass the verification first. To
// the sender it is a new subscription, to the API the same: it keeps id and secret.
func (s *Server) move(ctx context.Context, old *sender.Subscription, w wish) error {
	w.secrets = old.Secrets
	w.metadata = with(w.metadata, metadataID, idOf(old))
	moved, err := s.subscribe(ctx, w)
	if err != nil {
		return err
	}
	err = s.sender.Unsubscribe(ctx, old.ID)
	if errors.Is(err, sender.ErrNotFound) { // it was deleted, or moved elsewhere, meanwhile
		return errors.Join(err, s.sender.Unsubscribe(ctx, moved.ID))
	}
	return err
}

// with returns a copy of the metadata that has the value too.
func with(metadata map[string]string, name, value string) map[string]string {
	changed := maps.Clone(metadata)
	if changed == nil {
		changed = make(map[string]string)
	}
	changed[name] = value
	return changed
}
