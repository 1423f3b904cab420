package profile_test

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"testing"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
	"github.com/hookward/hookward/subscription"
)

func TestRepliers(t *testing.T) {
	t.Parallel()
	repliers, target := simulate(t, "repliers"), listen(t)
	client := repliers.client(t)
	registered := target.url + "/hooks/listing.updated"

	created, err := client.Create(t.Context(), subscription.Request{URL: registered, Event: "listing.updated"})
	if err != nil {
		t.Fatal(err)
	}
	if id, err := strconv.ParseInt(created.ID, 10, 32); err != nil || id < 1 {
		t.Errorf("the id is %q", created.ID)
	}
	// The call was answered after the handshake: it is in the channel already.
	if len(target.handshakes) != 1 {
		t.Fatalf("there were %d handshakes before the answer", len(target.handshakes))
	}
	handshake := next(t, target.handshakes)
	if handshake.method != http.MethodPost || handshake.body != "" || handshake.header.Get(hookSecret) == "" {
		t.Errorf("the handshake is %+v", handshake)
	}

	repliers.emit(t, "listing.created") // nobody wants it
	repliers.emit(t, "listing.updated")
	got := next(t, target.deliveries)
	accepted(t, "repliers", registered, handshake.header.Get(hookSecret), "listing.updated", got)
	if len(got.header.Values(hookSecret)) != 1 || got.header.Get("X-Api-Key") != "" || got.header.Get("Content-Type") != "application/json" {
		t.Errorf("the delivery has the header %v", got.header)
	}
	payload, err := profile.Sample("repliers", "listing.updated", 0)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "the body", got.body, string(payload))

	_, err = client.Create(t.Context(), subscription.Request{URL: registered, Event: "listing.created"})
	if !errors.Is(err, subscription.ErrConflict) {
		t.Errorf("the same url again: %v", err)
	}
	none(t, target.handshakes)

	if err := client.Delete(t.Context(), created.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := client.Create(t.Context(), subscription.Request{URL: registered, Event: "listing.created"}); err != nil {
		t.Errorf("the url is not free again: %v", err)
	}
	if again := next(t, target.handshakes); again.header.Get(hookSecret) == handshake.header.Get(hookSecret) {
		t.Error("two subscriptions have one secret")
	}
}

func TestRepliersRefusesWhoDoesNotEcho(t *testing.T) {
	t.Parallel()
	wrong, short := "wrong", "0"
	tests := map[string]struct {
		arrange func(*endpoint)
		want    int
	}{
		"another secret": {func(e *endpoint) { e.echo.Store(&wrong) }, http.StatusUnauthorized},
		"one character":  {func(e *endpoint) { e.echo.Store(&short) }, http.StatusUnauthorized},
		"204":            {func(e *endpoint) { e.handshakeStatus.Store(http.StatusNoContent) }, http.StatusUnauthorized},
		"201":            {func(e *endpoint) { e.handshakeStatus.Store(http.StatusCreated) }, http.StatusUnauthorized},
		"a redirect":     {func(e *endpoint) { e.handshakeStatus.Store(http.StatusTemporaryRedirect) }, http.StatusUnauthorized},
		"500":            {func(e *endpoint) { e.handshakeStatus.Store(http.StatusInternalServerError) }, http.StatusUnauthorized},
		"nobody there":   {func(e *endpoint) { e.url = "http://127.0.0.1:1" }, http.StatusBadRequest},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			repliers, target := simulate(t, "repliers"), listen(t)
			test.arrange(target)
			status, body, _ := repliers.call(t, http.MethodPost, "/webhooks", `{"target_url":"`+target.url+`","event":"agent.created"}`)
			wantEqual(t, "the status, with "+body, status, test.want)
			if list, err := repliers.Subscriptions(t.Context()); err != nil || len(list) != 0 {
				t.Errorf("what stays are %v, %v", list, err)
			}
			repliers.emit(t, "agent.created")
			none(t, target.deliveries)
		})
	}
}

// TestRepliersOnTheWire holds calls and answers against the published description.
func TestRepliersOnTheWire(t *testing.T) {
	t.Parallel()
	repliers, target := simulate(t, "repliers"), listen(t)
	const configuration = `{"filters":[{"field":"address.city","values":["Toronto"]}]}`

	status, body, _ := repliers.call(t, http.MethodPost, "/webhooks",
		`{"target_url":"`+target.url+`/1","event":"listing.created","configuration": {"filters": [{"field": "address.city", "values": ["Toronto"]}]}}`)
	id := repliers.only(t).ID
	webhook := `{"id":` + id + `,"target_url":"` + target.url + `/1","event":"listing.created","configuration":` + configuration + `}`
	if status != http.StatusCreated || body != webhook {
		t.Errorf("creating answers %d %s, want %s", status, body, webhook)
	}

	taken := `{"target_url":"` + target.url + `/1","event":"listing.deleted"}`
	tests := []struct {
		method, path, body string
		wantStatus         int
		want               string
	}{
		{"GET", "/webhooks", "", 200, "[" + webhook + "]"},
		{"GET", "/webhooks/" + id, "", 200, webhook},
		{"GET", "/webhooks/1", "", 404, `[[{"msg":"there is no such subscription"}]]`},
		{"GET", "/webhooks/none", "", 404, `[[{"msg":"there is no such subscription"}]]`},
		{"GET", "/webhooks/" + id + "/more", "", 404, `[[{"msg":"there is no such call"}]]`},
		{"GET", "/webhooks/events/listing.exploded", "", 404, `[[{"param":"name","msg":"there is no such event"}]]`},
		{"POST", "/webhooks", taken, 409, `[[{"param":"target_url","msg":"another subscription has this url"}]]`},
		{"POST", "/webhooks", `{"target_url":"https://example.com","event":"listing.exploded"}`, 400, `[[{"param":"event","msg":"Invalid value"}]]`},
		{"POST", "/webhooks", `{"event":"listing.created"}`, 400, `[[{"param":"target_url","msg":"Invalid value"}]]`},
		{"POST", "/webhooks", `{"target_url":"https://example.com","event":"listing.created","configuration":{"colour":"blue"}}`, 400, `[[{"param":"configuration","msg":"Invalid value"}]]`},
		{"POST", "/webhooks", `{"target_url":"https://example.com","event":"listing.created","configuration":{"filters":[{"field":"x"}]}}`, 400, `[[{"param":"configuration","msg":"Invalid value"}]]`},
		{"POST", "/webhooks", `{"target_url":"https://example.com","event":"listing.created","configuration":{"filters":[{"field":"x","values":[],"logic":"regexp"}]}}`, 400, `[[{"param":"configuration","msg":"Invalid value"}]]`},
		{"POST", "/webhooks", `{"target_url":"https://example.com","event":"listing.created","configuration":null}`, 400, `[[{"param":"configuration","msg":"Invalid value"}]]`},
		{"PATCH", "/webhooks/" + id, `{}`, 400, `[[{"msg":"there is nothing to change"}]]`},
		{"PATCH", "/webhooks/" + id, `{"event":"listing.updated","colour":"blue"}`, 400, `[[{"msg":"a field is unknown or of the wrong type"}]]`},
		{"PATCH", "/webhooks/" + id, `{"event":"listing.exploded"}`, 400, `[[{"param":"event","msg":"Invalid value"}]]`},
		{"PATCH", "/webhooks/1", `{"event":"listing.updated"}`, 404, `[[{"msg":"there is no such subscription"}]]`},
		{"DELETE", "/webhooks/1", "", 404, `[[{"msg":"there is no such subscription"}]]`},
		{"PATCH", "/webhooks/" + id, `{"event":"listing.updated"}`, 200, `{}`},
		{"PUT", "/webhooks/" + id, `{"configuration":{"raw":true}}`, 200, `{}`},
		{"GET", "/webhooks/" + id, "", 200, `{"id":` + id + `,"target_url":"` + target.url + `/1","event":"listing.updated","configuration":{"raw":true}}`},
		{"DELETE", "/webhooks/" + id, "", 200, `{}`},
		{"GET", "/webhooks", "", 200, `[]`},
	}
	for _, test := range tests {
		status, body, _ := repliers.call(t, test.method, test.path, test.body)
		if status != test.wantStatus || body != test.want {
			t.Errorf("%s %s %s is answered with %d %s, want %d %s", test.method, test.path, test.body, status, body, test.wantStatus, test.want)
		}
	}
	if status, body, _ := repliers.call(t, "GET", "/webhooks", "", "REPLIERS-API-KEY", "wrong"); status != 401 || body != `[[{"param":"REPLIERS-API-KEY","msg":"the credential is missing or wrong"}]]` {
		t.Errorf("a wrong key is answered with %d %s", status, body)
	}
}

func TestRepliersEvents(t *testing.T) {
	t.Parallel()
	repliers := simulate(t, "repliers")
	status, body, _ := repliers.call(t, http.MethodGet, "/webhooks/events", "")
	wantEqual(t, "the status", status, http.StatusOK)
	want := "["
	for i, name := range profile.EventTypes("repliers") {
		payload, err := profile.Sample("repliers", name, 0)
		if err != nil {
			t.Fatal(err)
		}
		one := fmt.Sprintf(`{"name":%q,"description":"Fires on %s.","samplePayload":%s}`, name, name, payload)
		if i > 0 {
			want += ","
		}
		want += one
		status, body, _ := repliers.call(t, http.MethodGet, "/webhooks/events/"+name, "")
		if status != http.StatusOK || body != one {
			t.Errorf("%s is %d %s", name, status, body)
		}
	}
	wantEqual(t, "the list", body, want+"]")
	wantEqual(t, "the number of events", len(profile.EventTypes("repliers")), 19)
}

func TestRepliersTakesAllItsEvents(t *testing.T) {
	t.Parallel()
	repliers, target := simulate(t, "repliers"), listen(t)
	client := repliers.client(t)
	for _, event := range profile.EventTypes("repliers") {
		registered := target.url + "/hooks/" + event
		if _, err := client.Create(t.Context(), subscription.Request{URL: registered, Event: event}); err != nil {
			t.Fatal(err)
		}
		secret := next(t, target.handshakes).header.Get(hookSecret)
		repliers.emit(t, event)
		accepted(t, "repliers", registered, secret, event, next(t, target.deliveries))
	}
}

// TestRepliersMoves gives a webhook another target_url: it is the same webhook for who
// uses the API, and the new endpoint has to want it.
func TestRepliersMoves(t *testing.T) {
	t.Parallel()
	repliers, first, second := simulate(t, "repliers"), listen(t), listen(t)
	client := repliers.client(t)
	created, err := client.Create(t.Context(), subscription.Request{URL: first.url + "/hooks/agent.created", Event: "agent.created"})
	if err != nil {
		t.Fatal(err)
	}
	secret := next(t, first.handshakes).header.Get(hookSecret)
	update := func(url string) error {
		return client.(subscription.Updater).Update(t.Context(), created.ID, subscription.Request{URL: url})
	}

	wrong := "wrong"
	second.echo.Store(&wrong)
	if err := update(second.url + "/hooks/agent.created"); !errors.Is(err, subscription.ErrUnauthorized) {
		t.Errorf("moved to who does not echo: %v", err)
	}
	next(t, second.handshakes)
	repliers.emit(t, "agent.created")
	next(t, first.deliveries) // nothing has changed

	second.echo.Store(nil)
	for _, to := range []*endpoint{second, first} { // and back
		if err := update(to.url + "/hooks/agent.created"); err != nil {
			t.Fatal(err)
		}
		if again := next(t, to.handshakes); again.header.Get(hookSecret) != secret {
			t.Error("the secret has changed")
		}
		list, err := client.List(t.Context())
		if err != nil || len(list) != 1 || list[0].ID != created.ID || list[0].URL != to.url+"/hooks/agent.created" {
			t.Fatalf("listed %+v, %v", list, err)
		}
		repliers.emit(t, "agent.created")
		accepted(t, "repliers", list[0].URL, secret, "agent.created", next(t, to.deliveries))
	}
	none(t, first.deliveries)
	none(t, second.deliveries)
	if err := client.Delete(t.Context(), created.ID); err != nil {
		t.Error(err)
	}
	if list, err := repliers.Sender().Subscriptions(t.Context(), sender.Filter{}); err != nil || len(list) != 0 {
		t.Errorf("what stays are %+v, %v", list, err)
	}
}
