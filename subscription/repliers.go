package subscription

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
)

const repliersName = "repliers"

// Repliers is the subscription API of Repliers, as documented at
// https://docs.repliers.io/reference/create-a-webhook. A subscription takes one
// event, and no two have the same URL. The handshake follows "immediately" on
// Create, and no answer tells its secret.
type Repliers struct {
	api   *api
	takes takes
}

var (
	_ Checker     = (*Repliers)(nil)
	_ Client      = (*Repliers)(nil)
	_ EventLister = (*Repliers)(nil)
	_ Updater     = (*Repliers)(nil)
)

// NewRepliers returns a client. It needs no account.
func NewRepliers(config Config, opts ...Option) (*Repliers, error) {
	if config.Account != "" {
		return nil, misconfigured(repliersName, "the provider has no accounts to choose")
	}
	a, err := newAPI(repliersName, "https://api.repliers.io", config, opts)
	if err != nil {
		return nil, err
	}
	if a.credentialHeader == "" {
		a.header, a.prefix = "Repliers-Api-Key", ""
	}
	events, err := published(repliersName, "")
	if err != nil {
		return nil, err
	}
	return &Repliers{api: a, takes: takes{events: events, settings: '{'}}, nil
}

// Events implements [EventLister].
func (r *Repliers) Events() []string { return slices.Clone(r.takes.events) }

// Check implements [Checker].
func (r *Repliers) Check(request Request) error {
	return r.api.checkRequest(opCreate, request, r.takes)
}

// Create implements [Client].
func (r *Repliers) Create(ctx context.Context, request Request) (Subscription, error) {
	if err := r.Check(request); err != nil {
		return Subscription{}, err
	}
	answer, err := r.api.do(ctx, call{
		operation: opCreate, method: http.MethodPost, path: repliersPath(), secrets: secretsOf(request.URL),
		body: repliersRequest(request),
	})
	if err != nil {
		return Subscription{}, r.orConflict(ctx, err, request)
	}
	var created struct {
		ID identifier `json:"id"`
	}
	if len(bytes.TrimSpace(answer.body)) > 0 {
		if err := r.api.decode(opCreate, answer.body, &created); err != nil {
			return Subscription{}, err
		}
	}
	if created.ID == "" {
		return r.find(ctx, request)
	}
	return Subscription{ID: string(created.ID), URL: request.URL, Event: request.Event, Settings: request.Settings}, nil
}

// find looks for a subscription that was just made: the API reference answers
// with its id, the page of the call with nothing.
func (r *Repliers) find(ctx context.Context, request Request) (Subscription, error) {
	list, err := r.List(ctx)
	if err != nil {
		return Subscription{}, r.api.unexpected(opCreate, fmt.Errorf("the new subscription has no id, and then: %w", err))
	}
	i := indexOfURL(list, request.URL)
	if i < 0 {
		return Subscription{}, r.api.unexpected(opCreate, errors.New("the new subscription has no id and is not in the list"))
	}
	return list[i], nil
}

// orConflict turns a rejection into a conflict where the URL is taken. How the API
// says so is not documented, but it can be asked.
func (r *Repliers) orConflict(ctx context.Context, err error, request Request) error {
	var failure *Error
	if !errors.Is(err, ErrRejected) || !errors.As(err, &failure) {
		return err
	}
	if list, listErr := r.List(ctx); listErr == nil && indexOfURL(list, request.URL) >= 0 {
		failure.Err = ErrConflict
	}
	return err
}

func indexOfURL(list []Subscription, url string) int {
	return slices.IndexFunc(list, func(s Subscription) bool { return s.URL == url })
}

// List implements [Client].
func (r *Repliers) List(ctx context.Context) ([]Subscription, error) {
	answer, err := r.api.do(ctx, call{operation: opList, method: http.MethodGet, path: repliersPath()})
	if err != nil {
		return nil, err
	}
	return decodeItems[repliersWebhook](r.api, answer)
}

// Update changes URL, Event and Settings; what is empty stays as it is. Whether
// a new URL means a new handshake is not documented.
func (r *Repliers) Update(ctx context.Context, id string, change Request) error {
	if err := r.checkUpdate(id, change); err != nil {
		return err
	}
	_, err := r.api.do(ctx, call{
		operation: opUpdate, method: http.MethodPatch, path: repliersPath(id), secrets: secretsOf(change.URL),
		body: repliersRequest(change),
	})
	return err
}

func (r *Repliers) checkUpdate(id string, change Request) error {
	if err := r.api.checkID(opUpdate, id); err != nil {
		return err
	}
	if change.URL == "" && change.Event == "" && len(change.Settings) == 0 {
		return r.api.invalid(opUpdate, "there is nothing to change")
	}
	known := r.takes
	if change.Event == "" {
		known.events = nil
	}
	if change.URL == "" {
		return r.api.checkWish(opUpdate, change, known)
	}
	return r.api.checkRequest(opUpdate, change, known)
}

// Delete implements [Client].
func (r *Repliers) Delete(ctx context.Context, id string) error {
	return r.api.remove(ctx, id, repliersPath(id))
}

func repliersPath(below ...string) []string { return append([]string{"webhooks"}, below...) }

type repliersWebhook struct {
	ID            identifier      `json:"id,omitzero"`
	TargetURL     string          `json:"target_url,omitempty"`
	Event         string          `json:"event,omitempty"`
	Configuration json.RawMessage `json:"configuration,omitempty"`
}

func repliersRequest(r Request) repliersWebhook {
	return repliersWebhook{TargetURL: r.URL, Event: r.Event, Configuration: r.Settings}
}

func (w repliersWebhook) subscription() Subscription {
	return Subscription{ID: string(w.ID), URL: w.TargetURL, Event: w.Event, Settings: w.Configuration}
}
