package caddymodule

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/caddyserver/caddy/v2"

	"github.com/hookward/hookward/caddymodule/redaction"
	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/internal/reconcile"
	"github.com/hookward/hookward/subscription"
)

// Subscribe has an endpoint sign itself up with its provider: whatever is wanted
// and not there is created through the provider's own API. That begins once the
// configuration is in force, and is repeated. Several nodes that share a storage
// act one at a time, and each subscription is made once.
//
// Where deliveries are proved by a secret, the endpoint's path must hold `{slot}`:
// each subscription gets a slot with a secret of its own, which comes from the
// provider and stands in no configuration.
type Subscribe struct {
	// API is the base URL of the provider's subscription API. Default: the
	// provider's own. For `rest-hooks`, which has none, it is the URL of the
	// collection of subscriptions.
	API string `json:"api,omitempty"`

	// Account is the part of the provider that the subscriptions belong to: the
	// subdomain for EverReal, where API is not set; the id of the brand for Rechat;
	// the gid of the workspace for Asana.
	Account string `json:"account,omitempty"`

	// Credential is what the API asks for: a bearer token, or for Repliers the API
	// key. `{env.NAME}` and `{file./path}` are replaced anew for each call; a missing
	// or empty one is an error, when the configuration is loaded too.
	Credential string `json:"credential"`

	// Events are what to subscribe to, in the provider's own words: one subscription
	// each. Default: the endpoint's `events`, else all that the provider has.
	Events []string `json:"events,omitempty"`

	// Resource is the gid of what Asana is to watch.
	Resource string `json:"resource,omitempty"`

	// Prune deletes subscriptions that were made here and are no longer wanted. What
	// others made is never touched.
	Prune bool `json:"prune,omitempty"`

	// Every is the time between two looks at the provider's list. Default: 10m.
	Every caddy.Duration `json:"every,omitempty"`
}

// minEvery keeps an endpoint from being a burden to its provider.
const minEvery = 10 * time.Second

// newSubscriptions returns what keeps the subscriptions of the endpoint. It opens
// and starts nothing.
func (h *Handler) newSubscriptions(g *gate.Endpoint, slots *handshake.Slots) (*reconcile.Reconciler, error) {
	s := h.Subscribe
	if every := time.Duration(s.Every); every != 0 && every < minEvery {
		return nil, fmt.Errorf("every: want at least %s", minEvery)
	}
	var err error
	if h.credential, err = newCredential(s.Credential); err != nil {
		return nil, fmt.Errorf("credential: %w", err)
	}
	client, err := subscription.Open(h.provider.Name, subscription.Config{
		API: s.API, Account: s.Account, Credential: h.credential.get,
	})
	if err != nil {
		return nil, err
	}
	target, err := g.Target()
	if err != nil {
		return nil, err
	}
	wanted := reconcile.Wanted{
		Events: h.wantedEvents(client), Resource: s.Resource,
		Account: strings.Join([]string{h.provider.Name, s.API, s.Account}, " "),
		Target:  target.URL, Prune: s.Prune,
		Slots: g.MadeSlots, Handshakes: h.provider.Handshake != nil,
	}
	_, wanted.Compare = client.(subscription.Repeater)
	if err := checkWanted(&wanted, client, target); err != nil {
		return nil, err
	}
	options := reconcile.Options{
		Endpoint: h.Name, Wanted: wanted, Client: client, Storage: h.ctx.Storage(),
		Interval: time.Duration(s.Every), Logger: h.ctx.Slogger(), InForce: h.app.inForce, Failed: h.subscriptionFailed,
	}
	if slots != nil && g.MadeSlots {
		options.Slots = slots.Maker()
	}
	return reconcile.New(options)
}

// wantedEvents lists what to subscribe to. For Asana, which knows no list, nothing
// means all that happens to the resource.
func (h *Handler) wantedEvents(client subscription.Client) []string {
	lister, closed := client.(subscription.EventLister)
	switch {
	case len(h.Subscribe.Events) > 0:
		return h.Subscribe.Events
	case len(h.Events) > 0:
		return h.Events
	case closed:
		return lister.Events()
	case h.Subscribe.Resource != "":
		return []string{""}
	}
	return nil
}

// checkWanted refuses what the provider or the endpoint itself would refuse.
func checkWanted(w *reconcile.Wanted, client subscription.Client, target *gate.Target) error {
	if len(w.Events) == 0 {
		return errors.New("the provider has no list of events: add `events <names...>`")
	}
	if sorted := slices.Sorted(slices.Values(w.Events)); len(slices.Compact(sorted)) < len(w.Events) {
		return errors.New("an event is there twice")
	}
	for _, event := range w.Events {
		if !target.Takes(event) {
			return fmt.Errorf("event %q is not among those of the endpoint's path", event)
		}
		request := subscription.Request{URL: target.URL(event, "slot"), Event: event, Resource: w.Resource}
		if checker, can := client.(subscription.Checker); can {
			if err := checker.Check(request); err != nil {
				return err
			}
		}
	}
	return nil
}

// subscriptionFailed counts and tells of a failure to keep the subscriptions.
func (h *Handler) subscriptionFailed(event string, err error) {
	collectors.reconcileFailures.WithLabelValues(h.Name, h.provider.Name).Inc()
	h.emit(eventSubscriptionFailed, map[string]any{
		"endpoint": h.Name, "provider": h.provider.Name, "event": event, "error": redaction.Clean(err.Error()),
	})
}

// subscribesWithSlots tells whether each subscription gets a slot of its own.
func (h *Handler) subscribesWithSlots() bool {
	return h.Subscribe != nil && len(h.provider.Signature) > 0
}
