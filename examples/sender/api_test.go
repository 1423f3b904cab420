package main

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/hookward/hookward/sender"
)

const (
	ada = "Bearer demo-key-of-ada"
	bob = "Bearer demo-key-of-bob"
)

// request makes a call of the API and returns its answer.
func request(t *testing.T, api http.Handler, authorization, method, path, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", authorization)
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

func newTestSender(t *testing.T) *sender.Sender {
	t.Helper()
	s, err := sender.New(sender.WithTransport(func(http.RoundTripper) http.RoundTripper { return taking{} }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(context.Background()) })
	return s
}

// taking answers every delivery with success.
type taking struct{}

func (taking) RoundTrip(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusNoContent, Body: http.NoBody}, nil
}

func TestAnswers(t *testing.T) {
	t.Parallel()
	api := newAPI(newTestSender(t))
	for _, c := range []struct {
		name, authorization, method, path, body string
		status                                  int
	}{
		{"no key", "", "GET", "/subscriptions", "", http.StatusUnauthorized},
		{"another key", "Bearer demo-key-of-eve", "GET", "/subscriptions", "", http.StatusUnauthorized},
		{"none yet", ada, "GET", "/subscriptions", "", http.StatusOK},
		{"no JSON", ada, "POST", "/subscriptions", "x", http.StatusBadRequest},
		{"too long", ada, "POST", "/things", `{"name":"` + strings.Repeat("x", maxRequest) + `"}`, http.StatusBadRequest},
		{"no URL", ada, "POST", "/subscriptions", `{}`, http.StatusBadRequest},
		{"plain HTTP", ada, "POST", "/subscriptions", `{"url":"http://example.com/"}`, http.StatusBadRequest},
		{"loopback", ada, "POST", "/subscriptions", `{"url":"https://127.0.0.1/"}`, http.StatusBadRequest},
		{"no type", ada, "POST", "/subscriptions", `{"url":"https://example.com/","types":["a*b"]}`, http.StatusBadRequest},
		{"a weak secret", ada, "POST", "/subscriptions", `{"url":"https://example.com/","secret":"x"}`, http.StatusBadRequest},
		{"no subscription", ada, "DELETE", "/subscriptions/sub_1", "", http.StatusNotFound},
		{"nobody to tell", ada, "POST", "/things", `{"name":"lamp"}`, http.StatusOK},
	} {
		if status, answer := request(t, api, c.authorization, c.method, c.path, c.body); status != c.status {
			t.Errorf("%s: %d, want %d: %s", c.name, status, c.status, answer)
		}
	}
	if _, answer := request(t, api, ada, "GET", "/subscriptions", ""); answer != "[]\n" {
		t.Errorf("without subscriptions the list is %s", answer)
	}
}

// TestTenants lets Bob try what is Ada's.
func TestTenants(t *testing.T) {
	t.Parallel()
	s := newTestSender(t)
	api := newAPI(s)
	var owned [2]string
	for i, customer := range []string{"ada", "bob"} {
		created, err := s.Subscribe(t.Context(), sender.Subscription{URL: "https://example.com/", Tenant: customer})
		if err != nil {
			t.Fatal(err)
		}
		owned[i] = "/subscriptions/" + created.ID
	}
	event, err := s.Send(t.Context(), sender.Event{Type: "thing.created", Tenant: "ada", Body: []byte(`{}`)})
	if err != nil {
		t.Fatal(err)
	}

	for _, call := range []string{"DELETE " + owned[0], "GET " + owned[0] + "/attempts", "POST " + owned[0] + "/rotate", "POST " + owned[0] + "/redeliver/" + event.ID} {
		method, path, _ := strings.Cut(call, " ")
		if status, answer := request(t, api, bob, method, path, ""); status != http.StatusNotFound {
			t.Errorf("%s by another customer: %d: %s", call, status, answer)
		}
	}
	if status, _ := request(t, api, bob, "POST", owned[1]+"/redeliver/"+event.ID, ""); status != http.StatusNotFound {
		t.Errorf("another customer's event is redelivered: %d", status)
	}
	if _, answer := request(t, api, bob, "GET", "/subscriptions", ""); strings.Contains(answer, "ada") || strings.Contains(answer, "whsec_") {
		t.Errorf("the list shows what it must not: %s", answer)
	}
}

func TestSubscriptionsAreBounded(t *testing.T) {
	t.Parallel()
	api := newAPI(newTestSender(t))
	for i := range maxSubscriptions {
		body := fmt.Sprintf(`{"url":"https://example.com/%d"}`, i)
		if status, answer := request(t, api, ada, "POST", "/subscriptions", body); status != http.StatusOK {
			t.Fatalf("subscription %d: %d: %s", i, status, answer)
		}
	}
	if status, _ := request(t, api, ada, "POST", "/subscriptions", `{"url":"https://example.com/more"}`); status != http.StatusBadRequest {
		t.Errorf("one too many: %d", status)
	}
	if status, _ := request(t, api, bob, "POST", "/subscriptions", `{"url":"https://example.com/"}`); status != http.StatusOK {
		t.Errorf("another customer's: %d", status)
	}
}
