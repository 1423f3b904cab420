package subscription

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// repliersAPI keeps webhooks as Repliers documents. What is not documented
// differs: whether Create answers with the webhook, and the form of the list.
type repliersAPI struct {
	silent bool                // answer 201 {} as the page of the call shows
	list   func([]byte) string // wraps the array of a list

	mu       sync.Mutex
	webhooks []map[string]any
}

func (a *repliersAPI) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	id, _ := strconv.Atoi(strings.TrimPrefix(r.URL.Path, "/webhooks/"))
	switch {
	case r.Header.Get("Repliers-Api-Key") != credential:
		answerJSON(w, http.StatusUnauthorized, `[[{"param":"REPLIERS-API-KEY","msg":"Invalid value"}]]`)
	case r.URL.Path == "/webhooks" && r.Method == http.MethodPost:
		a.create(w, readJSON(r))
	case r.URL.Path == "/webhooks" && r.Method == http.MethodGet:
		array, _ := json.Marshal(a.webhooks)
		answerJSON(w, http.StatusOK, a.list(array))
	case id > len(a.webhooks) || id < 1:
		answerJSON(w, http.StatusNotFound, `{}`)
	case r.Method == http.MethodPatch:
		maps.Copy(a.webhooks[id-1], readJSON(r))
		answerJSON(w, http.StatusOK, `{}`)
	case r.Method == http.MethodDelete:
		a.webhooks = append(a.webhooks[:id-1], a.webhooks[id:]...)
		answerJSON(w, http.StatusOK, `{}`)
	}
}

func (a *repliersAPI) create(w http.ResponseWriter, webhook map[string]any) {
	for _, other := range a.webhooks {
		if other["target_url"] == webhook["target_url"] {
			answerJSON(w, http.StatusBadRequest, `[[{"param":"target_url","msg":"must be unique"}]]`)
			return
		}
	}
	webhook["id"] = len(a.webhooks) + 1
	a.webhooks = append(a.webhooks, webhook)
	if a.silent {
		answerJSON(w, http.StatusCreated, `{}`)
		return
	}
	body, _ := json.Marshal(webhook)
	answerJSON(w, http.StatusOK, string(body))
}

func bareArray(array []byte) string { return string(array) }

func TestRepliers(t *testing.T) {
	t.Parallel()
	for name, api := range map[string]*repliersAPI{
		"answers with the webhook":         {list: bareArray},
		"answers with nothing":             {list: bareArray, silent: true},
		"list in an object":                {silent: true, list: func(a []byte) string { return `{"webhooks":` + string(a) + `}` }},
		"list in an object with its pages": {silent: true, list: func(a []byte) string { return `{"page":1,"numPages":1,"count":1,"results":` + string(a) + `}` }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, api.ServeHTTP)
			client := open(t, repliersName, s.config(repliersName))

			settings := json.RawMessage(`{"filters":[{"field":"address.city","values":["Toronto"]}]}`)
			want := Subscription{ID: "1", URL: hookURL, Event: "listing.created", Settings: settings}
			created, err := client.Create(t.Context(), Request{URL: hookURL, Event: "listing.created", Settings: settings})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, created); diff != "" {
				t.Error(diff)
			}
			post := s.requests()[0]
			sameJSON(t, post.Body, `{"target_url":"`+hookURL+`","event":"listing.created","configuration":`+string(settings)+`}`)
			if post.Header.Get("Authorization") != "" {
				t.Error("the key is in the Authorization header too")
			}

			listed, err := client.List(t.Context())
			if diff := cmp.Diff([]Subscription{want}, listed); err != nil || diff != "" {
				t.Error(err, diff)
			}

			err = client.(Updater).Update(t.Context(), "1", Request{Event: "listing.updated"})
			if err != nil {
				t.Fatal(err)
			}
			sameJSON(t, s.last(t).Body, `{"event":"listing.updated"}`)

			if err := client.Delete(t.Context(), "1"); err != nil {
				t.Fatal(err)
			}
			if err := client.Delete(t.Context(), "1"); !errors.Is(err, ErrNotFound) {
				t.Errorf("deleted twice: %v", err)
			}
		})
	}
}

func TestRepliersURLTaken(t *testing.T) {
	t.Parallel()
	s := serve(t, (&repliersAPI{list: bareArray}).ServeHTTP)
	client := open(t, repliersName, s.config(repliersName))
	if _, err := client.Create(t.Context(), requestFor(repliersName)); err != nil {
		t.Fatal(err)
	}
	_, err := client.Create(t.Context(), requestFor(repliersName))
	if !errors.Is(err, ErrConflict) || errors.Is(err, ErrRejected) {
		t.Errorf("error %v, want a conflict", err)
	}
	if got := fmt.Sprint(err); got != "repliers: create: url is taken (400 Bad Request): target_url: must be unique" {
		t.Errorf("error reads %q", got)
	}
}

// A rejection is a conflict only where the URL is seen to be taken.
func TestRepliersOtherRejections(t *testing.T) {
	t.Parallel()
	for name, list := range map[string]string{
		"no such url": `[{"id":1,"target_url":"https://hooks.example.com/other","event":"listing.created"}]`,
		"no list":     `"sorry"`,
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				answerJSON(w, http.StatusOK, list)
				return
			}
			answerJSON(w, http.StatusBadRequest, `[[{"param":"event","msg":"Invalid value"}]]`)
		})
		_, err := open(t, repliersName, s.config(repliersName)).Create(t.Context(), requestFor(repliersName))
		if !errors.Is(err, ErrRejected) || errors.Is(err, ErrConflict) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func TestRepliersNewOneCannotBeFound(t *testing.T) {
	t.Parallel()
	for name, list := range map[string]http.HandlerFunc{
		"not in the list": func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, http.StatusOK, `[]`) },
		"no list":         func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
	} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodGet {
				list(w, r)
				return
			}
			w.WriteHeader(http.StatusCreated) // and no body at all
		})
		_, err := open(t, repliersName, s.config(repliersName)).Create(t.Context(), requestFor(repliersName))
		if !errors.Is(err, ErrUnexpected) || errors.Is(err, ErrUnauthorized) {
			t.Errorf("%s: error %v, want one that says the subscription may be there", name, err)
		}
	}
}

func TestRepliersUpdateRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	client := open(t, repliersName, s.config(repliersName)).(Updater)
	for name, change := range map[string]Request{
		"nothing":       {},
		"unknown event": {Event: "listing.exploded"},
		"plain http":    {URL: "http://hooks.example.com/a"},
		"resource":      {Event: "listing.created", Resource: "1"},
		"settings":      {Settings: json.RawMessage(`[]`)},
	} {
		if err := client.Update(t.Context(), "1", change); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}
