package subscription

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const (
	rechatKey      = "16b43e2f5379346d4e605f4389c8366bece1756a22fbef3a7906549d8eaf097e"
	rechatID       = "d9dc8237-9515-4832-ad51-c77978fc1c13"
	rechatWebhook1 = `{"id":"` + rechatID + `","created_at":1774173334.258162,"updated_at":1774173334.258162,"deleted_at":null,
		"brand":"` + brand + `","topic":"Showings","url":"` + hookURL + `","key":"` + rechatKey + `","tags":null,"type":"brand_webhook"}`
)

func rechatAPI(w http.ResponseWriter, r *http.Request) {
	const path = "/brands/" + brand + "/webhooks"
	switch {
	case r.Header.Get("Authorization") != "Bearer "+credential:
		answerJSON(w, http.StatusUnauthorized, `{"code":"Unauthorized","message":"Invalid credentials"}`)
	case r.URL.Path == path && r.Method == http.MethodPost:
		answerJSON(w, http.StatusOK, `{"code":"OK","data":`+rechatWebhook1+`}`)
	case r.URL.Path == path && r.Method == http.MethodGet:
		answerJSON(w, http.StatusOK, `{"code":"OK","data":[`+rechatWebhook1+`],"info":{"count":1,"total":0}}`)
	case r.URL.Path == path+"/"+rechatID && r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusNoContent)
	default:
		answerJSON(w, http.StatusNotFound, `{"code":"ResourceNotFound","message":"Webhook not found"}`)
	}
}

func TestRechat(t *testing.T) {
	t.Parallel()
	s := serve(t, rechatAPI)
	client := open(t, rechatName, s.config(rechatName))
	want := Subscription{
		ID: rechatID, URL: hookURL, Event: "Showings", Secret: NewSecret(rechatKey),
		CreatedAt: time.Date(2026, 3, 22, 9, 55, 34, 258162000, time.UTC),
	}

	created, err := client.Create(t.Context(), Request{URL: hookURL, Event: "Showings"})
	if diff := cmp.Diff(want, created); err != nil || diff != "" {
		t.Error(err, diff)
	}
	sameJSON(t, s.last(t).Body, `{"topic":"Showings","url":"`+hookURL+`"}`)
	if created.Secret.Reveal() != rechatKey {
		t.Error("the key is not the secret")
	}

	listed, err := client.List(t.Context())
	if diff := cmp.Diff([]Subscription{want}, listed); err != nil || diff != "" {
		t.Error(err, diff)
	}

	if err := client.Delete(t.Context(), rechatID); err != nil {
		t.Error(err)
	}
	var failure *Error
	err = client.Delete(t.Context(), "another")
	if !errors.Is(err, ErrNotFound) || !errors.As(err, &failure) || failure.Code != "ResourceNotFound" || failure.Message != "Webhook not found" {
		t.Errorf("error %v", err)
	}
}

func TestCreatedAt(t *testing.T) {
	t.Parallel()
	for written, want := range map[string]time.Time{
		`1774173334`:                      time.Date(2026, 3, 22, 9, 55, 34, 0, time.UTC),
		`1774173334.258162`:               time.Date(2026, 3, 22, 9, 55, 34, 258162000, time.UTC),
		`"2026-03-22T09:55:34.258Z"`:      time.Date(2026, 3, 22, 9, 55, 34, 258000000, time.UTC),
		`"2026-03-22T10:55:34.258+01:00"`: time.Date(2026, 3, 22, 9, 55, 34, 258000000, time.UTC),
		`null`:                            {},
		`0`:                               {},
		`-1`:                              {},
		`253402300800`:                    {}, // the first second that JSON cannot express
		`1e300`:                           {},
		`1e999`:                           {},
		`"yesterday"`:                     {},
		`{}`:                              {},
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			answerJSON(w, http.StatusOK, `{"data":[{"id":"1","url":"`+hookURL+`","created_at":`+written+`}]}`)
		})
		list, err := open(t, rechatName, s.config(rechatName)).List(t.Context())
		if err != nil || !list[0].CreatedAt.Equal(want) {
			t.Errorf("%s: %v, error %v, want %v", written, list, err, want)
		}
		if _, err := json.Marshal(list); err != nil {
			t.Errorf("%s: %v", written, err)
		}
	}
}

func TestRechatKeyNotUsable(t *testing.T) {
	t.Parallel()
	for name, key := range map[string]string{
		"a number": `12`, "an object": `{}`, "with a line end": `"abc\ndef"`, "not ASCII": `"schlüssel"`, "too long": `"` + string(make513()) + `"`,
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
			answerJSON(w, http.StatusOK, `{"code":"OK","data":{"id":"1","topic":"Deals","url":"`+hookURL+`","key":`+key+`}}`)
		})
		if _, err := open(t, rechatName, s.config(rechatName)).Create(t.Context(), requestFor(rechatName)); !errors.Is(err, ErrUnexpected) {
			t.Errorf("%s: error %v", name, err)
		}
	}
}

func make513() []byte {
	key := make([]byte, 513)
	for i := range key {
		key[i] = 'a'
	}
	return key
}
