package subscription

import (
	"errors"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// restHooksAPI answers as the diagrams of resthooks.org do, below this path.
func restHooksAPI(path, item string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+credential:
			w.WriteHeader(http.StatusUnauthorized)
		case r.URL.Path == path && r.Method == http.MethodPost:
			answerJSON(w, http.StatusCreated, `{"id":1,"target":"`+hookURL+`","event":"contact.create","status":"inactive"}`)
		case r.URL.Path == path && r.Method == http.MethodGet:
			answerJSON(w, http.StatusOK, `[{"id":1,"target":"`+hookURL+`","event":"contact.create"},
				{"id":"b","target_url":"https://hooks.example.com/b","event":"lead.delete","status":"inactive"}]`)
		case r.URL.Path == item && r.Method == http.MethodPut:
			answerJSON(w, http.StatusOK, `{"id":1}`)
		case r.URL.Path == item && r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusNoContent)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}
}

func TestRESTHooks(t *testing.T) {
	t.Parallel()
	for path, item := range map[string]string{
		"/api/hooks":            "/api/hooks/1",
		"/api/v1/subscription/": "/api/v1/subscription/1/",
	} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			s := serve(t, restHooksAPI(path, item))
			client := open(t, restHooksName, Config{API: s.URL + path, Credential: StaticCredential(credential)})

			request := Request{URL: hookURL, Event: "contact.create"}
			created, err := client.Create(t.Context(), request)
			want := Subscription{ID: "1", URL: hookURL, Event: "contact.create", Inactive: true}
			if diff := cmp.Diff(want, created); err != nil || diff != "" {
				t.Error(err, diff)
			}
			sameJSON(t, s.last(t).Body, `{"target_url":"`+hookURL+`","event":"contact.create"}`)

			listed, err := client.List(t.Context())
			wantList := []Subscription{
				{ID: "1", URL: hookURL, Event: "contact.create"},
				{ID: "b", URL: "https://hooks.example.com/b", Event: "lead.delete", Inactive: true},
			}
			if diff := cmp.Diff(wantList, listed); err != nil || diff != "" {
				t.Error(err, diff)
			}

			if err := client.(Updater).Update(t.Context(), "1", request); err != nil {
				t.Error(err)
			}
			if err := client.Delete(t.Context(), "1"); err != nil {
				t.Error(err)
			}
			if err := client.Delete(t.Context(), "2"); !errors.Is(err, ErrNotFound) {
				t.Errorf("error %v", err)
			}
		})
	}
}

func TestRESTHooksRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusCreated, `{"event":"contact.create"}`)
	})
	client := open(t, restHooksName, s.config(restHooksName))
	if _, err := client.Create(t.Context(), Request{URL: hookURL}); !errors.Is(err, ErrInvalid) {
		t.Errorf("no event: %v", err)
	}
	if err := client.(Updater).Update(t.Context(), "1", Request{Event: "contact.create"}); !errors.Is(err, ErrInvalid) {
		t.Errorf("no url: %v", err)
	}
	if len(s.requests()) != 0 {
		t.Error("something was sent")
	}
	if _, err := client.Create(t.Context(), requestFor(restHooksName)); !errors.Is(err, ErrUnexpected) {
		t.Errorf("no id: %v", err)
	}
	if _, err := NewRESTHooks(Config{Credential: StaticCredential(credential)}); !errors.Is(err, ErrInvalid) {
		t.Errorf("no api: %v", err)
	}
}

func TestCredentialHeader(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, http.StatusOK, `[]`) })
	for _, provider := range []string{restHooksName, repliersName} {
		if _, err := open(t, provider, s.config(provider), WithCredentialHeader("X-Other-Key")).List(t.Context()); err != nil {
			t.Fatal(err)
		}
		header := s.last(t).Header
		if header.Get("X-Other-Key") != credential || header.Get("Authorization") != "" || header.Get("Repliers-Api-Key") != "" {
			t.Errorf("%s: headers %v", provider, header)
		}
	}
}
