package subscription

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const (
	asanaName = "asana"

	// asanaPages of asanaPageSize are the most subscriptions that an application
	// can have: https://developers.asana.com/docs/webhooks-guide.
	asanaPages    = 100
	asanaPageSize = "100"

	// asanaFields are what a list leaves out unless asked.
	asanaFields = "active,created_at,filters,filters.action,filters.fields,filters.resource_subtype,resource,target"
)

// Asana is the subscription API of a workspace on Asana, as documented at
// https://developers.asana.com/reference/webhooks. A subscription watches one
// resource. Asana makes the handshake while Create is under way, and the answer
// repeats its secret.
type Asana struct {
	api       *api
	workspace string
	takes     takes
}

var (
	_ Checker  = (*Asana)(nil)
	_ Client   = (*Asana)(nil)
	_ Repeater = (*Asana)(nil)
	_ Updater  = (*Asana)(nil)
)

// NewAsana returns a client. It needs a workspace's gid as the account.
func NewAsana(config Config, opts ...Option) (*Asana, error) {
	if !segment.MatchString(config.Account) {
		return nil, misconfigured(asanaName, "the account must be the gid of a workspace")
	}
	a, err := newAPI(asanaName, "https://app.asana.com/api/1.0", config, opts)
	if err != nil {
		return nil, err
	}
	return &Asana{api: a, workspace: config.Account, takes: takes{resource: true, settings: '['}}, nil
}

// RepeatsSecret implements [Repeater].
func (*Asana) RepeatsSecret() {}

// Check implements [Checker].
func (a *Asana) Check(request Request) error {
	if err := a.api.checkRequest(opCreate, request, a.takes); err != nil {
		return err
	}
	if !segment.MatchString(request.Resource) {
		return a.api.invalid(opCreate, "the resource is no gid")
	}
	_, err := a.filters(opCreate, request)
	return err
}

// Create implements [Client]. The request needs a Resource, and has an Event or
// Settings or neither.
func (a *Asana) Create(ctx context.Context, request Request) (Subscription, error) {
	if err := a.Check(request); err != nil {
		return Subscription{}, err
	}
	filters, err := a.filters(opCreate, request)
	if err != nil {
		return Subscription{}, err
	}
	answer, err := a.api.do(ctx, call{
		operation: opCreate, method: http.MethodPost, path: asanaPath(), secrets: secretsOf(request.URL),
		body: asanaData(asanaRequest{Resource: request.Resource, Target: request.URL, Filters: filters}),
	})
	if err != nil {
		return Subscription{}, asanaConflict(err)
	}
	return a.created(answer)
}

// created reads the answer to a create call. The secret is in the body; some
// describe it as a header.
func (a *Asana) created(answer *answer) (Subscription, error) {
	var created struct {
		Data   asanaWebhook `json:"data"`
		Secret secretText   `json:"X-Hook-Secret"`
	}
	if err := a.api.decode(opCreate, answer.body, &created); err != nil {
		return Subscription{}, err
	}
	s, err := a.api.convert(opCreate, created.Data)
	if err != nil {
		return Subscription{}, err
	}
	secret := cmp.Or(string(created.Secret), answer.header.Get("X-Hook-Secret"))
	if secret != "" && !isSecret(secret) {
		return Subscription{}, a.api.unexpected(opCreate, errSecretNotUsable)
	}
	s.Secret = NewSecret(secret)
	return s, nil
}

// asanaConflict tells the conflict from the other reasons for a 403: Asana says
// "Duplicated webhook" where the resource and the URL have a subscription.
func asanaConflict(err error) error {
	var failure *Error
	if errors.As(err, &failure) && failure.Status == http.StatusForbidden &&
		strings.HasPrefix(strings.ToLower(failure.Message), "duplicated webhook") {
		failure.Err = ErrConflict
	}
	return err
}

// List implements [Client] for the workspace.
func (a *Asana) List(ctx context.Context) ([]Subscription, error) {
	all := []asanaWebhook{}
	query := url.Values{"workspace": {a.workspace}, "limit": {asanaPageSize}, "opt_fields": {asanaFields}}
	for range asanaPages {
		answer, err := a.api.do(ctx, call{operation: opList, method: http.MethodGet, path: asanaPath(), query: query})
		if err != nil {
			return nil, err
		}
		var page struct {
			Data []asanaWebhook `json:"data"`
			Next struct {
				Offset string `json:"offset"`
			} `json:"next_page"`
		}
		if err := a.api.decode(opList, answer.body, &page); err != nil {
			return nil, err
		}
		if page.Data == nil {
			return nil, a.api.unexpected(opList, errNoList)
		}
		all = append(all, page.Data...)
		if page.Next.Offset == "" {
			return convertAll(a.api, all)
		}
		query.Set("offset", page.Next.Offset)
	}
	return nil, a.api.unexpected(opList, fmt.Errorf("there are more than %d pages", asanaPages))
}

// Update replaces the filters by Event or Settings, one of which is needed.
// URL and Resource cannot be changed and must be empty.
func (a *Asana) Update(ctx context.Context, id string, change Request) error {
	if err := a.api.checkID(opUpdate, id); err != nil {
		return err
	}
	if change.URL != "" {
		return a.api.invalid(opUpdate, "the url cannot be changed")
	}
	if err := a.api.checkWish(opUpdate, change, takes{settings: a.takes.settings}); err != nil {
		return err
	}
	filters, err := a.filters(opUpdate, change)
	if err != nil {
		return err
	}
	if filters == nil {
		return a.api.invalid(opUpdate, "there is nothing to change")
	}
	_, err = a.api.do(ctx, call{
		operation: opUpdate, method: http.MethodPut, path: asanaPath(id), body: asanaData(asanaRequest{Filters: filters}),
	})
	return err
}

// Delete implements [Client].
func (a *Asana) Delete(ctx context.Context, id string) error {
	return a.api.remove(ctx, id, asanaPath(id))
}

func asanaPath(below ...string) []string { return append([]string{"webhooks"}, below...) }

// asanaRequest is what a create or update call sends.
type asanaRequest struct {
	Resource string          `json:"resource,omitempty"`
	Target   string          `json:"target,omitempty"`
	Filters  json.RawMessage `json:"filters,omitempty"`
}

func asanaData(r asanaRequest) map[string]asanaRequest { return map[string]asanaRequest{"data": r} }
