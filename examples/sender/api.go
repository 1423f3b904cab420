package main

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/hookward/hookward/sender"
)

const (
	maxSubscriptions = 20 // of one customer
	overlap          = 24 * time.Hour
)

// customers are found by the hash of their API key, so that a search tells nothing
// by its time. A real service has them in its database.
var customers = map[[sha256.Size]byte]string{
	sha256.Sum256([]byte("demo-key-of-ada")): "ada",
	sha256.Sum256([]byte("demo-key-of-bob")): "bob",
}

// api is what customers call.
type api struct{ sender *sender.Sender }

func newAPI(s *sender.Sender) http.Handler {
	a := api{s}
	mux := http.NewServeMux()
	mux.Handle("POST /things", forCustomer(a.makeThing))
	mux.Handle("POST /subscriptions", forCustomer(a.subscribe))
	mux.Handle("GET /subscriptions", forCustomer(a.list))
	mux.Handle("DELETE /subscriptions/{id}", a.forSubscription(a.unsubscribe))
	mux.Handle("GET /subscriptions/{id}/attempts", a.forSubscription(a.attempts))
	mux.Handle("POST /subscriptions/{id}/redeliver/{event}", a.forSubscription(a.redeliver))
	mux.Handle("POST /subscriptions/{id}/rotate", a.forSubscription(a.rotate))
	return mux
}

// makeThing stands for what the service is there for. All of the customer's
// subscriptions that want it are told.
func (a api) makeThing(r *http.Request, customer string) (any, error) {
	thing, err := read[struct {
		Name string `json:"name"`
	}](r)
	if err != nil {
		return nil, err
	}
	body, err := json.Marshal(map[string]any{"type": "thing.created", "timestamp": time.Now().UTC(), "data": thing})
	if err != nil {
		return nil, err
	}
	event, err := a.sender.Send(r.Context(), sender.Event{Type: "thing.created", Tenant: customer, Body: body})
	return map[string]any{"thing": thing, "event": event.ID}, err
}

// subscribe answers with the new subscription, this one time with its secret.
func (a api) subscribe(r *http.Request, customer string) (any, error) {
	wanted, err := read[struct {
		URL    string   `json:"url"`
		Types  []string `json:"types"`
		Secret string   `json:"secret"` // default: a new one
	}](r)
	if err != nil {
		return nil, err
	}
	existing, err := a.sender.Subscriptions(r.Context(), sender.Filter{Tenant: customer})
	if err != nil {
		return nil, err
	}
	if len(existing) >= maxSubscriptions {
		return nil, fmt.Errorf("%w: more than %d subscriptions", sender.ErrInvalid, maxSubscriptions)
	}
	return a.sender.Subscribe(r.Context(), sender.Subscription{
		URL: wanted.URL, Types: wanted.Types, Tenant: customer, Secrets: []sender.Secret{{Value: wanted.Secret}},
	})
}

func (a api) list(r *http.Request, customer string) (any, error) {
	subscriptions, err := a.sender.Subscriptions(r.Context(), sender.Filter{Tenant: customer})
	for i := range subscriptions {
		subscriptions[i].Secrets = nil
	}
	return append([]sender.Subscription{}, subscriptions...), err // in JSON [], not null
}

func (a api) unsubscribe(r *http.Request, id string) (any, error) {
	return nil, a.sender.Unsubscribe(r.Context(), id)
}

func (a api) attempts(r *http.Request, id string) (any, error) {
	attempts, err := a.sender.Attempts(r.Context(), sender.AttemptQuery{Subscription: id})
	return append([]sender.Attempt{}, attempts...), err
}

// redeliver repeats an event. One of another customer is not found.
func (a api) redeliver(r *http.Request, id string) (any, error) {
	return nil, a.sender.Redeliver(r.Context(), r.PathValue("event"), id)
}

// rotate answers with the new secret. The old one signs beside it for a day.
func (a api) rotate(r *http.Request, id string) (any, error) {
	return a.sender.Rotate(r.Context(), id, overlap)
}
