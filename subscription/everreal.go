package subscription

import (
	"context"
	"errors"
	"net/http"
	"path"
	"slices"
	"strings"
)

const everrealName = "everreal"

// EverReal is the subscription API of EverReal, as documented at
// https://api-docs.everreal.co/webhooks. A subscription takes one event type
// and nothing is signed: the URL should hold a token.
type EverReal struct {
	api   *api
	takes takes
}

var (
	_ Checker     = (*EverReal)(nil)
	_ Client      = (*EverReal)(nil)
	_ EventLister = (*EverReal)(nil)
)

// NewEverReal returns a client. It needs a subdomain as the account, or an API.
func NewEverReal(config Config, opts ...Option) (*EverReal, error) {
	if config.API == "" && !hostLabel.MatchString(config.Account) {
		return nil, misconfigured(everrealName, "the account must be a subdomain")
	}
	a, err := newAPI(everrealName, "https://"+config.Account+".everreal.co", config, opts)
	if err != nil {
		return nil, err
	}
	events, err := published(everrealName, "")
	if err != nil {
		return nil, err
	}
	return &EverReal{api: a, takes: takes{events: events}}, nil
}

// Events implements [EventLister].
func (e *EverReal) Events() []string { return slices.Clone(e.takes.events) }

// Check implements [Checker].
func (e *EverReal) Check(request Request) error {
	return e.api.checkRequest(opCreate, request, e.takes)
}

// Create implements [Client].
func (e *EverReal) Create(ctx context.Context, request Request) (Subscription, error) {
	if err := e.Check(request); err != nil {
		return Subscription{}, err
	}
	answer, err := e.api.do(ctx, call{
		operation: opCreate, method: http.MethodPost, path: everrealPath(), secrets: secretsOf(request.URL),
		body: map[string]string{"type": request.Event, "url": request.URL},
	})
	if err != nil {
		return Subscription{}, err
	}
	id, found := idOfLocation(answer.header.Get("Location"))
	if !found {
		return Subscription{}, e.api.unexpected(opCreate, errors.New("there is no id in the Location header"))
	}
	return Subscription{ID: id, URL: request.URL, Event: request.Event}, nil
}

// List implements [Client].
func (e *EverReal) List(ctx context.Context) ([]Subscription, error) {
	answer, err := e.api.do(ctx, call{operation: opList, method: http.MethodGet, path: everrealPath()})
	if err != nil {
		return nil, err
	}
	if linksOn(answer.header) {
		return nil, e.api.unexpected(opList, errMore)
	}
	var webhooks []everrealWebhook
	if err := e.api.decode(opList, answer.body, &webhooks); err != nil {
		return nil, err
	}
	webhooks = slices.DeleteFunc(webhooks, func(w everrealWebhook) bool { return w.DeletedAt != nil })
	return convertAll(e.api, webhooks)
}

// Delete implements [Client].
func (e *EverReal) Delete(ctx context.Context, id string) error {
	return e.api.remove(ctx, id, everrealPath(id))
}

func everrealPath(below ...string) []string {
	return append([]string{"api", "external-integrations", "webhooks"}, below...)
}

// idOfLocation takes the bare id that EverReal documents, or a URL that ends in it.
func idOfLocation(location string) (id string, found bool) {
	location, _, _ = strings.Cut(location, "?")
	id = path.Base(location)
	return id, segment.MatchString(id)
}

type everrealWebhook struct {
	ID        identifier `json:"id"`
	Type      string     `json:"type"`
	URL       string     `json:"url"`
	CreatedAt moment     `json:"createdAt"`
	DeletedAt any        `json:"deletedAt"`
}

func (w everrealWebhook) subscription() Subscription {
	return Subscription{ID: string(w.ID), URL: w.URL, Event: w.Type, CreatedAt: w.CreatedAt.Time}
}
