package profile_test

import (
	"errors"
	"net/http"
	"reflect"
	"testing"

	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/subscription"
)

func TestRESTHooks(t *testing.T) {
	t.Parallel()
	hooks, target := simulate(t, "rest-hooks"), listen(t)
	client := hooks.client(t)
	created, err := client.Create(t.Context(), subscription.Request{URL: target.url + "/hooks", Event: "contact.created"})
	if err != nil {
		t.Fatal(err)
	}
	if len(target.handshakes) != 1 {
		t.Fatalf("there were %d handshakes before the answer", len(target.handshakes))
	}
	handshake := next(t, target.handshakes)
	secret := handshake.header.Get(hookSecret)
	if handshake.method != http.MethodPost || handshake.body != "" || secret == "" || handshake.header.Get("X-Hook-Signature") != "" {
		t.Errorf("the handshake is %+v", handshake)
	}
	list, err := client.List(t.Context())
	if err != nil || len(list) != 1 || !reflect.DeepEqual(list[0], created) {
		t.Errorf("listed %+v, %v, created %+v", list, err, created)
	}

	hooks.emit(t, "contact.deleted") // nobody wants it
	hooks.emit(t, "contact.created")
	got := next(t, target.deliveries)
	accepted(t, "rest-hooks", "", secret, "contact.created", got)
	wantEqual(t, "the body", got.body, `{"payload":{"id":4711,"name":"Grace Example","email":"grace@example.com"},`+
		`"hook":{"id":`+created.ID+`,"target":"`+target.url+`/hooks","event":"contact.created"}}`)
	wantEqual(t, "the secret in the delivery", got.header.Get(hookSecret), "")
	got.body += " "
	if verdict := judge(t, "rest-hooks", "", secret, got); verdict.Outcome != gate.Reject {
		t.Errorf("of another body the gateway says %s", verdict.Outcome)
	}

	if err := client.Delete(t.Context(), created.ID); err != nil {
		t.Fatal(err)
	}
	if err := client.Delete(t.Context(), created.ID); !errors.Is(err, subscription.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	hooks.emit(t, "contact.created")
	none(t, target.deliveries)
}

// TestRESTHooksGone lets an endpoint end its subscription by 410.
func TestRESTHooksGone(t *testing.T) {
	t.Parallel()
	hooks, target := simulate(t, "rest-hooks"), listen(t)
	client := hooks.client(t)
	created, err := client.Create(t.Context(), subscription.Request{URL: target.url, Event: "contact.created"})
	if err != nil {
		t.Fatal(err)
	}
	target.status.Store(http.StatusGone)
	hooks.emit(t, "contact.created")
	next(t, target.deliveries)
	for { // it ends when the attempt is settled
		list, err := client.List(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(list) == 0 {
			break
		}
	}
	if err := client.Delete(t.Context(), created.ID); !errors.Is(err, subscription.ErrNotFound) {
		t.Errorf("what is gone was deleted: %v", err)
	}
	if list, err := hooks.Sender().Subscriptions(t.Context(), sender.Filter{}); err != nil || len(list) != 0 {
		t.Errorf("what stays are %+v, %v", list, err)
	}
	target.status.Store(http.StatusOK)
	if _, err := client.Create(t.Context(), subscription.Request{URL: target.url, Event: "contact.created"}); err != nil {
		t.Errorf("it does not come back: %v", err)
	}
}

func TestRESTHooksMoves(t *testing.T) {
	t.Parallel()
	hooks, first, second := simulate(t, "rest-hooks"), listen(t), listen(t)
	client := hooks.client(t)
	created, err := client.Create(t.Context(), subscription.Request{URL: first.url + "/hooks", Event: "contact.created"})
	if err != nil {
		t.Fatal(err)
	}
	secret := next(t, first.handshakes).header.Get(hookSecret)
	update := func(url, event string) {
		t.Helper()
		err := client.(subscription.Updater).Update(t.Context(), created.ID, subscription.Request{URL: url, Event: event})
		if err != nil {
			t.Fatal(err)
		}
	}
	update(first.url+"/hooks", "contact.updated")
	none(t, first.handshakes) // it is the same endpoint
	hooks.emit(t, "contact.created")
	hooks.emit(t, "contact.updated")
	accepted(t, "rest-hooks", "", secret, "contact.updated", next(t, first.deliveries))

	update(second.url+"/hooks", "contact.deleted")
	next(t, second.handshakes)
	hooks.emit(t, "contact.updated")
	hooks.emit(t, "contact.deleted")
	accepted(t, "rest-hooks", "", secret, "contact.deleted", next(t, second.deliveries))
	none(t, first.deliveries)

	status, body, _ := hooks.call(t, http.MethodGet, "/api/hooks/"+created.ID, "")
	if want := `{"id":` + created.ID + `,"target":"` + second.url + `/hooks","event":"contact.deleted","status":"active"}`; status != 200 || body != want {
		t.Errorf("it is %d %s, want %s", status, body, want)
	}
}

func TestRESTHooksOnTheWire(t *testing.T) {
	t.Parallel()
	hooks, target, refuses := simulate(t, "rest-hooks"), listen(t), listen(t)
	wrong := "wrong"
	refuses.echo.Store(&wrong)

	status, body, _ := hooks.call(t, "POST", "/api/hooks", `{"target_url":"`+target.url+`","event":"order/paid"}`)
	id := hooks.only(t).ID
	hook := `{"id":` + id + `,"target":"` + target.url + `","event":"order/paid","status":"active"}`
	if status != http.StatusCreated || body != hook {
		t.Errorf("creating answers %d %s, want %s", status, body, hook)
	}
	tests := []struct {
		method, path, body string
		wantStatus         int
		want               string
	}{
		{"GET", "/api/hooks", "", 200, "[" + hook + "]"},
		{"GET", "/api/hooks/" + id, "", 200, hook},
		{"GET", "/api/hooks/none", "", 404, `{"error":"there is no such subscription"}`},
		{"PUT", "/api/hooks/none", "{}", 404, `{"error":"there is no such subscription"}`},
		{"PUT", "/api/hooks/" + id, "[]", 400, `{"error":"a field is unknown or of the wrong type"}`},
		{"PUT", "/api/hooks/" + id, `{"target_url":"` + target.url + `"}`, 400, `{"error":"invalid: \"\" is no event of this provider"}`},
		{"POST", "/api/hooks", `{"target_url":"` + target.url + `","event":"contact.*"}`, 400, `{"error":"invalid: \"contact.*\" is no event of this provider"}`},
		{"POST", "/api/hooks", `{"target_url":"` + refuses.url + `","event":"contact.created"}`, 400, `{"error":"subscribe: endpoint is not verified: its answer's X-Hook-Secret is not the one it got"}`},
		{"DELETE", "/api/hooks/none", "", 404, `{"error":"there is no such subscription"}`},
		{"POST", "/api", "", 404, `{"error":"there is no such call"}`},
		{"DELETE", "/api/hooks/" + id, "", 204, ""},
		{"GET", "/api/hooks", "", 200, "[]"},
	}
	for _, test := range tests {
		status, body, _ := hooks.call(t, test.method, test.path, test.body)
		if status != test.wantStatus || body != test.want {
			t.Errorf("%s %s %s is answered with %d %s, want %d %s", test.method, test.path, test.body, status, body, test.wantStatus, test.want)
		}
	}
	if status, body, _ := hooks.call(t, "GET", "/api/hooks", "", "Authorization", "Bearer wrong"); status != 401 || body != `{"error":"the credential is missing or wrong"}` {
		t.Errorf("a wrong token is answered with %d %s", status, body)
	}
}
