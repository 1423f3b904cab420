package subscription

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"strings"
)

const restHooksName = "rest-hooks"

// RESTHooks is a subscription API after the pattern of https://resthooks.org.
// It is no specification: this client speaks as that site's examples do.
type RESTHooks struct{ api *api }

var (
	_ Checker = (*RESTHooks)(nil)
	_ Client  = (*RESTHooks)(nil)
	_ Updater = (*RESTHooks)(nil)
)

// NewRESTHooks returns a client. It needs the URL of the collection of
// subscriptions as the API. Where that ends in a slash, so do the URLs below.
func NewRESTHooks(config Config, opts ...Option) (*RESTHooks, error) {
	if config.Account != "" {
		return nil, misconfigured(restHooksName, "the provider has no accounts to choose")
	}
	a, err := newAPI(restHooksName, "", config, opts)
	if err != nil {
		return nil, err
	}
	return &RESTHooks{api: a}, nil
}

// Check implements [Checker].
func (h *RESTHooks) Check(request Request) error {
	return h.check(opCreate, request)
}

// Create implements [Client].
func (h *RESTHooks) Create(ctx context.Context, request Request) (Subscription, error) {
	if err := h.Check(request); err != nil {
		return Subscription{}, err
	}
	answer, err := h.api.do(ctx, call{
		operation: opCreate, method: http.MethodPost, secrets: secretsOf(request.URL), body: restHookRequest(request),
	})
	if err != nil {
		return Subscription{}, err
	}
	var created restHook
	if err := h.api.decode(opCreate, answer.body, &created); err != nil {
		return Subscription{}, err
	}
	if created.ID == "" {
		return Subscription{}, h.api.unexpected(opCreate, errors.New("there is no id"))
	}
	return Subscription{
		ID: string(created.ID), URL: request.URL, Event: request.Event, Inactive: created.isInactive(),
	}, nil
}

// List implements [Client].
func (h *RESTHooks) List(ctx context.Context) ([]Subscription, error) {
	answer, err := h.api.do(ctx, call{operation: opList, method: http.MethodGet})
	if err != nil {
		return nil, err
	}
	return decodeItems[restHook](h.api, answer)
}

// Update replaces the subscription: both URL and Event are needed.
func (h *RESTHooks) Update(ctx context.Context, id string, change Request) error {
	if err := h.api.checkID(opUpdate, id); err != nil {
		return err
	}
	if err := h.check(opUpdate, change); err != nil {
		return err
	}
	_, err := h.api.do(ctx, call{
		operation: opUpdate, method: http.MethodPut, path: h.path(id), secrets: secretsOf(change.URL), body: restHookRequest(change),
	})
	return err
}

// Delete implements [Client].
func (h *RESTHooks) Delete(ctx context.Context, id string) error {
	return h.api.remove(ctx, id, h.path(id))
}

func (h *RESTHooks) check(operation string, request Request) error {
	if request.Event == "" {
		return h.api.invalid(operation, "there is no event")
	}
	return h.api.checkRequest(operation, request, takes{})
}

func (h *RESTHooks) path(id string) []string {
	if strings.HasSuffix(h.api.base.Path, "/") {
		id += "/"
	}
	return []string{id}
}

func restHookRequest(r Request) map[string]string {
	return map[string]string{"target_url": r.URL, "event": r.Event}
}

// restHook has both names of the URL: the examples ask with target_url and
// answer with target.
type restHook struct {
	ID        identifier `json:"id"`
	TargetURL string     `json:"target_url"`
	Target    string     `json:"target"`
	Event     string     `json:"event"`
	Status    string     `json:"status"`
}

func (r restHook) isInactive() bool { return r.Status == "inactive" }

func (r restHook) subscription() Subscription {
	return Subscription{
		ID: string(r.ID), URL: cmp.Or(r.TargetURL, r.Target), Event: r.Event, Inactive: r.isInactive(),
	}
}
