package subscription

import (
	"context"
	"net/http"
	"slices"
)

const rechatName = "rechat"

// Rechat is the subscription API of a brand on Rechat, as documented at
// https://docs.api.rechat.com/master/webhooks.html. A subscription takes one
// topic and has a key of its own, which is its Secret. There may be several for
// one URL and topic, which is how a key is replaced.
type Rechat struct {
	api   *api
	brand string
	takes takes
}

var (
	_ Checker     = (*Rechat)(nil)
	_ Client      = (*Rechat)(nil)
	_ EventLister = (*Rechat)(nil)
)

// NewRechat returns a client. It needs a brand's id as the account.
func NewRechat(config Config, opts ...Option) (*Rechat, error) {
	if !segment.MatchString(config.Account) {
		return nil, misconfigured(rechatName, "the account must be the id of a brand")
	}
	a, err := newAPI(rechatName, "https://api.rechat.com", config, opts)
	if err != nil {
		return nil, err
	}
	topics, err := published(rechatName, "/") // the catalogue has <topic>/<event>
	if err != nil {
		return nil, err
	}
	return &Rechat{api: a, brand: config.Account, takes: takes{events: topics}}, nil
}

// Events implements [EventLister] with Rechat's topics.
func (r *Rechat) Events() []string { return slices.Clone(r.takes.events) }

// Check implements [Checker].
func (r *Rechat) Check(request Request) error {
	return r.api.checkRequest(opCreate, request, r.takes)
}

// Create implements [Client].
func (r *Rechat) Create(ctx context.Context, request Request) (Subscription, error) {
	if err := r.Check(request); err != nil {
		return Subscription{}, err
	}
	answer, err := r.api.do(ctx, call{
		operation: opCreate, method: http.MethodPost, path: r.path(), secrets: secretsOf(request.URL),
		body: map[string]string{"topic": request.Event, "url": request.URL},
	})
	if err != nil {
		return Subscription{}, err
	}
	var created struct {
		Data rechatWebhook `json:"data"`
	}
	if err := r.api.decode(opCreate, answer.body, &created); err != nil {
		return Subscription{}, err
	}
	return r.api.convert(opCreate, created.Data)
}

// List implements [Client].
func (r *Rechat) List(ctx context.Context) ([]Subscription, error) {
	answer, err := r.api.do(ctx, call{operation: opList, method: http.MethodGet, path: r.path()})
	if err != nil {
		return nil, err
	}
	var listed struct {
		Data []rechatWebhook `json:"data"`
		Info struct {
			Total float64 `json:"total"` // 0 where nobody counted
		} `json:"info"`
	}
	if err := r.api.decode(opList, answer.body, &listed); err != nil {
		return nil, err
	}
	if listed.Info.Total > float64(len(listed.Data)) {
		return nil, r.api.unexpected(opList, errMore)
	}
	return convertAll(r.api, listed.Data)
}

// Delete implements [Client].
func (r *Rechat) Delete(ctx context.Context, id string) error {
	return r.api.remove(ctx, id, r.path(id))
}

func (r *Rechat) path(below ...string) []string {
	return append([]string{"brands", r.brand, "webhooks"}, below...)
}

type rechatWebhook struct {
	ID        identifier `json:"id"`
	CreatedAt moment     `json:"created_at"` // seconds with a fraction
	Topic     string     `json:"topic"`
	URL       string     `json:"url"`
	Key       secretText `json:"key"`
}

func (w rechatWebhook) subscription() Subscription {
	return Subscription{
		ID: string(w.ID), URL: w.URL, Event: w.Topic,
		CreatedAt: w.CreatedAt.Time, Secret: NewSecret(string(w.Key)),
	}
}
