package subscription

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const everrealList = `[{"id":"01dd383b-9106-4921-bb53-aasdfa3","type":"LISTING_CREATED","partnerId":"p","companyId":"c",
	"connectedByUserId":"u","url":"https://collect2.com/api/01dd383b/datarecord/",
	"createdAt":"2020-09-30T10:07:28.052Z","updatedAt":"2020-09-30T10:07:28.052Z","deletedAt":null},
	{"id":"gone","type":"UNIT_DELETED","url":"https://collect2.com/gone","deletedAt":"2020-10-01T10:07:28.052Z"}]`

// everrealAPI answers as EverReal documents, with this Location.
func everrealAPI(location string) http.HandlerFunc {
	const path = "/api/external-integrations/webhooks"
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Header.Get("Authorization") != "Bearer "+credential:
			answerJSON(w, http.StatusForbidden, `{"code":"server_error","statusCode":403}`)
		case r.URL.Path == path && r.Method == http.MethodGet:
			answerJSON(w, http.StatusOK, everrealList)
		case r.URL.Path == path && r.Method == http.MethodPost:
			w.Header().Set("Location", location)
			w.WriteHeader(http.StatusOK)
		case strings.HasPrefix(r.URL.Path, path+"/") && r.Method == http.MethodDelete:
			w.WriteHeader(http.StatusOK)
		default:
			w.WriteHeader(http.StatusNotFound)
		}
	}
}

func TestEverReal(t *testing.T) {
	t.Parallel()
	s := serve(t, everrealAPI("d32d5912-0b8e-4f5e-9a46-5b3d1f6d1c11"))
	client := open(t, everrealName, s.config(everrealName))

	created, err := client.Create(t.Context(), Request{URL: hookURL, Event: "LISTING_CREATED"})
	if err != nil {
		t.Fatal(err)
	}
	want := Subscription{ID: "d32d5912-0b8e-4f5e-9a46-5b3d1f6d1c11", URL: hookURL, Event: "LISTING_CREATED"}
	if diff := cmp.Diff(want, created); diff != "" {
		t.Error(diff)
	}
	request := s.last(t)
	sameJSON(t, request.Body, `{"type":"LISTING_CREATED","url":"`+hookURL+`"}`)
	if got := request.Header.Get("Content-Type"); got != "application/json" {
		t.Errorf("content type %q", got)
	}

	listed, err := client.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	wantList := []Subscription{{
		ID: "01dd383b-9106-4921-bb53-aasdfa3", URL: "https://collect2.com/api/01dd383b/datarecord/", Event: "LISTING_CREATED",
		CreatedAt: time.Date(2020, 9, 30, 10, 7, 28, 52e6, time.UTC),
	}}
	if diff := cmp.Diff(wantList, listed); diff != "" {
		t.Errorf("the deleted one is left out, the other is not: %s", diff)
	}

	if err := client.Delete(t.Context(), created.ID); err != nil {
		t.Fatal(err)
	}
	if got := s.last(t); got.Method != http.MethodDelete || got.Path != "/api/external-integrations/webhooks/"+created.ID {
		t.Errorf("%s %s", got.Method, got.Path)
	}
}

func TestEverRealLocation(t *testing.T) {
	t.Parallel()
	for location, want := range map[string]string{
		"d32d5912":    "d32d5912",
		"/webhooks/7": "7",
		"https://acme.everreal.co/api/external-integrations/webhooks/d32d5912":      "d32d5912",
		"https://acme.everreal.co/api/external-integrations/webhooks/d32d5912/?a=b": "d32d5912",
		"":                       "",
		"/":                      "",
		"..":                     "",
		"webhooks/..":            "",
		"webhooks/..%2fadmin":    "",
		"a b":                    "",
		strings.Repeat("a", 201): "",
	} {
		s := serve(t, everrealAPI(location))
		created, err := open(t, everrealName, s.config(everrealName)).Create(t.Context(), requestFor(everrealName))
		if created.ID != want || (want == "") != errors.Is(err, ErrUnexpected) {
			t.Errorf("Location %q: id %q, error %v, want %q", location, created.ID, err, want)
		}
	}
}

func TestEverRealCredentialRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, everrealAPI("1"))
	config := s.config(everrealName)
	config.Credential = StaticCredential("another")
	_, err := open(t, everrealName, config).List(t.Context())
	var failure *Error
	if !errors.As(err, &failure) || !errors.Is(err, ErrUnauthorized) || failure.Status != http.StatusForbidden || failure.Code != "server_error" {
		t.Errorf("error %v", err)
	}
	if got := fmt.Sprint(err); got != "everreal: list: not authorized (403 Forbidden): server_error" {
		t.Errorf("error reads %q", got)
	}
}

func TestEverRealAccount(t *testing.T) {
	t.Parallel()
	for account, host := range map[string]string{
		"acme": "acme.everreal.co", "acme-2": "acme-2.everreal.co",
		"": "", "acme.evil": "", "evil.com/": "", "evil.com#": "", "a@b": "", "-a": "", "a:1": "", strings.Repeat("a", 64): "",
	} {
		client, err := NewEverReal(Config{Account: account, Credential: StaticCredential(credential)})
		if host == "" {
			if !errors.Is(err, ErrInvalid) {
				t.Errorf("account %q: error %v, want ErrInvalid", account, err)
			}
			continue
		}
		if err != nil {
			t.Errorf("account %q: %v", account, err)
		} else if got := client.api.base.Host; got != host {
			t.Errorf("account %q: host %q", account, got)
		}
	}
}
