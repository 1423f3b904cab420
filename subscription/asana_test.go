package subscription

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const asanaSecret = "b537207f20cbfa02357cf448134da559e8bd39d61597dcd5631b8012eae53e81"

// asanaAPI answers as Asana documents. It has three subscriptions, on pages of
// one each.
func asanaAPI(w http.ResponseWriter, r *http.Request) {
	filters := []string{
		`[{"resource_type":"task","action":"changed"}]`,
		`[{"resource_type":"task","action":"changed","fields":["due_at"]}]`,
		`[]`,
	}
	switch {
	case r.Header.Get("Authorization") != "Bearer "+credential:
		answerJSON(w, http.StatusUnauthorized, `{"errors":[{"message":"Not Authorized"}]}`)
	case r.URL.Path == "/webhooks" && r.Method == http.MethodPost:
		answerJSON(w, http.StatusCreated, `{"data":{"gid":"43214","resource_type":"webhook","resource":{"gid":"8675309","name":"Bugs"},
			"target":"`+hookURL+`","active":false,"last_success_at":null},"X-Hook-Secret":"`+asanaSecret+`"}`)
	case r.URL.Path == "/webhooks" && r.Method == http.MethodGet:
		page := len(r.URL.Query().Get("offset"))
		next := "null"
		if page < len(filters)-1 {
			next = fmt.Sprintf(`{"offset":%q,"path":"/webhooks","uri":"https://evil.example/webhooks"}`, strings.Repeat("x", page+1))
		}
		answerJSON(w, http.StatusOK, fmt.Sprintf(`{"data":[{"gid":"%d","active":true,"resource":{"gid":"8675309"},
			"target":"https://hooks.example.com/%d","created_at":"2026-03-22T09:55:34.258Z","filters":%s}],"next_page":%s}`,
			page, page, filters[page], next))
	case r.URL.Path == "/webhooks/43214" && (r.Method == http.MethodDelete || r.Method == http.MethodPut):
		answerJSON(w, http.StatusOK, `{"data":{}}`)
	default:
		answerJSON(w, http.StatusNotFound, `{"errors":[{"message":"webhook: Unknown object: 7"}]}`)
	}
}

func TestAsana(t *testing.T) {
	t.Parallel()
	s := serve(t, asanaAPI)
	client := open(t, asanaName, s.config(asanaName))

	created, err := client.Create(t.Context(), Request{URL: hookURL, Event: "task.changed", Resource: "8675309"})
	want := Subscription{ID: "43214", URL: hookURL, Resource: "8675309", Inactive: true, Secret: NewSecret(asanaSecret)}
	if diff := cmp.Diff(want, created); err != nil || diff != "" {
		t.Error(err, diff)
	}
	sameJSON(t, s.last(t).Body,
		`{"data":{"resource":"8675309","target":"`+hookURL+`","filters":[{"resource_type":"task","action":"changed"}]}}`)

	if _, err := client.Create(t.Context(), Request{URL: hookURL, Resource: "8675309"}); err != nil {
		t.Error(err)
	}
	sameJSON(t, s.last(t).Body, `{"data":{"resource":"8675309","target":"`+hookURL+`"}}`)

	updater := client.(Updater)
	if err := updater.Update(t.Context(), "43214", Request{Settings: json.RawMessage(`[{"action":"deleted"}]`)}); err != nil {
		t.Error(err)
	}
	sameJSON(t, s.last(t).Body, `{"data":{"filters":[{"action":"deleted"}]}}`)

	if err := client.Delete(t.Context(), "43214"); err != nil {
		t.Error(err)
	}
	if err := client.Delete(t.Context(), "7"); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "Unknown object") {
		t.Errorf("error %v", err)
	}
}

func TestAsanaPages(t *testing.T) {
	t.Parallel()
	s := serve(t, asanaAPI)
	listed, err := open(t, asanaName, s.config(asanaName)).List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 3, 22, 9, 55, 34, 258e6, time.UTC)
	want := []Subscription{
		{ID: "0", URL: "https://hooks.example.com/0", Event: "task.changed", Settings: json.RawMessage(`[{"resource_type":"task","action":"changed"}]`)},
		{ID: "1", URL: "https://hooks.example.com/1", Settings: json.RawMessage(`[{"resource_type":"task","action":"changed","fields":["due_at"]}]`)},
		{ID: "2", URL: "https://hooks.example.com/2"},
	}
	for i := range want {
		want[i].Resource, want[i].CreatedAt = "8675309", at
	}
	if diff := cmp.Diff(want, listed); diff != "" {
		t.Error(diff)
	}
	query, _ := url.ParseQuery(s.requests()[0].Query)
	if query.Get("workspace") != "1331" || query.Get("limit") != "100" || query.Has("offset") {
		t.Errorf("first query %v", query)
	}
}

func TestAsanaPagesWithoutEnd(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusOK, `{"data":[],"next_page":{"offset":"again"}}`)
	})
	_, err := open(t, asanaName, s.config(asanaName)).List(t.Context())
	if !errors.Is(err, ErrUnexpected) || len(s.requests()) != asanaPages {
		t.Errorf("error %v after %d pages", err, len(s.requests()))
	}
}

func TestAsanaForbidden(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]error{
		"Duplicated webhook. You already have an existing webhook for the given resource and target.": ErrConflict,
		"Forbidden": ErrUnauthorized,
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			answerJSON(w, http.StatusForbidden, `{"errors":[{"message":"`+message+`","help":"https://asana.com/developers"}]}`)
		})
		_, err := open(t, asanaName, s.config(asanaName)).Create(t.Context(), requestFor(asanaName))
		if !errors.Is(err, want) || !strings.HasSuffix(err.Error(), message) {
			t.Errorf("error %v, want %v", err, want)
		}
	}
}

func TestAsanaSecret(t *testing.T) {
	t.Parallel()
	const data = `"data":{"gid":"1","target":"` + hookURL + `"}`
	for name, test := range map[string]struct {
		body, header, want string
		err                error
	}{
		"in the body":    {body: `{` + data + `,"X-Hook-Secret":"abc"}`, want: "abc"},
		"in the header":  {body: `{` + data + `}`, header: "abc", want: "abc"},
		"nowhere":        {body: `{` + data + `}`},
		"null":           {body: `{` + data + `,"X-Hook-Secret":null}`},
		"not ASCII":      {body: `{` + data + `}`, header: "sch\xfcssel", err: ErrUnexpected},
		"two lines":      {body: `{` + data + `,"X-Hook-Secret":"a\nb"}`, err: ErrUnexpected},
		"without an id":  {body: `{"data":{"target":"` + hookURL + `"},"X-Hook-Secret":"abc"}`, err: ErrUnexpected},
		"without a body": {header: "abc", err: ErrUnexpected},
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Hook-Secret", test.header)
			answerJSON(w, http.StatusCreated, test.body)
		})
		created, err := open(t, asanaName, s.config(asanaName)).Create(t.Context(), requestFor(asanaName))
		if !errors.Is(err, test.err) || created.Secret.Reveal() != test.want {
			t.Errorf("%s: secret %q, error %v", name, created.Secret.Reveal(), err)
		}
	}
}

func TestAsanaRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	client := open(t, asanaName, s.config(asanaName))
	array := json.RawMessage(`[{"action":"added"}]`)
	for name, request := range map[string]Request{
		"no resource":             {URL: hookURL},
		"resource with a slash":   {URL: hookURL, Resource: "1/2"},
		"event and settings":      {URL: hookURL, Resource: "1", Event: "task.added", Settings: array},
		"event without an action": {URL: hookURL, Resource: "1", Event: "task"},
		"unknown action":          {URL: hookURL, Resource: "1", Event: "task.exploded"},
		"settings no array":       {URL: hookURL, Resource: "1", Settings: json.RawMessage(`{}`)},
		"settings no JSON":        {URL: hookURL, Resource: "1", Settings: json.RawMessage(`[`)},
		"settings of spaces":      {URL: hookURL, Resource: "1", Settings: json.RawMessage("  ")},
	} {
		if _, err := client.Create(t.Context(), request); !errors.Is(err, ErrInvalid) {
			t.Errorf("create, %s: %v", name, err)
		}
	}
	for name, change := range map[string]Request{
		"nothing": {}, "url": {URL: hookURL, Settings: array}, "resource": {Resource: "1", Settings: array},
		"event and settings": {Event: "task.added", Settings: array},
	} {
		if err := client.(Updater).Update(t.Context(), "1", change); !errors.Is(err, ErrInvalid) {
			t.Errorf("update, %s: %v", name, err)
		}
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}
