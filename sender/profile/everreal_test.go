package profile_test

import (
	"errors"
	"net/http"
	"regexp"
	"testing"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
	"github.com/hookward/hookward/subscription"
)

var uuidText = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}`)

func TestEverReal(t *testing.T) {
	t.Parallel()
	everReal, target := simulate(t, "everreal"), listen(t)
	client := everReal.client(t)

	created, err := client.Create(t.Context(), subscription.Request{URL: target.url + "/hooks", Event: "LISTING_CREATED"})
	if err != nil {
		t.Fatal(err)
	}
	list, err := client.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].ID != created.ID || list[0].Event != "LISTING_CREATED" || list[0].URL != target.url+"/hooks" {
		t.Errorf("listed %+v, created %+v", list, created)
	}
	none(t, target.handshakes) // it makes none

	everReal.emit(t, "LISTING_UPDATED") // nobody wants it
	event := everReal.emit(t, "LISTING_CREATED")
	got := next(t, target.deliveries)
	accepted(t, "everreal", target.url+"/hooks", "", "LISTING_CREATED", got)
	payload, err := profile.Sample("everreal", "LISTING_CREATED", 0)
	if err != nil {
		t.Fatal(err)
	}
	wantEqual(t, "the body", got.body, `{"uuid":"`+event.ID+`","operation":"LISTING_CREATED","subdomain":"example","language":"de",`+
		`"createdAt":"2026-03-05T12:00:00.125Z","data":`+string(payload)+`}`)

	if err := client.Delete(t.Context(), created.ID); err != nil {
		t.Fatal(err)
	}
	if err := client.Delete(t.Context(), created.ID); !errors.Is(err, subscription.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	if list, err := client.List(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("after delete there are %v, %v", list, err)
	}
	none(t, target.deliveries)
}

// TestEverRealOnTheWire holds calls and answers against the page.
func TestEverRealOnTheWire(t *testing.T) {
	t.Parallel()
	everReal := simulate(t, "everreal")
	const path = "/api/external-integrations/webhooks"

	status, body, header := everReal.call(t, http.MethodPost, path, `{"type":"UNIT_DELETED","url":"https://example.com/1"}`)
	id := header.Get("Location")
	if status != http.StatusOK || body != "" || uuidText.FindString(id) != id || id == "" {
		t.Errorf("registering answers %d %q at %q", status, body, id)
	}
	status, body, _ = everReal.call(t, http.MethodGet, path, "")
	wantEqual(t, "the list's status", status, http.StatusOK)
	const other = "<id>"
	body = uuidText.ReplaceAllString(body, other)
	wantEqual(t, "the list", body, `[{"id":"`+other+`","type":"UNIT_DELETED","partnerId":"`+other+`","companyId":"`+other+`",`+
		`"connectedByUserId":"`+other+`","url":"https://example.com/1","createdAt":"2026-03-05T12:00:00.125Z",`+
		`"updatedAt":"2026-03-05T12:00:00.125Z","deletedAt":null}]`)

	for _, wrong := range []string{
		`{"type":"UNIT_EXPLODED","url":"https://example.com/2"}`,
		`{"type":"unit_deleted","url":"https://example.com/2"}`,
		`{"url":"https://example.com/2"}`,
		`{"type":"UNIT_DELETED"}`,
		`{"type":"UNIT_DELETED","url":"ftp://example.com/2"}`,
		`{"type":["UNIT_DELETED"],"url":"https://example.com/2"}`,
		``, `null`, `[]`, `{`,
	} {
		status, body, _ := everReal.call(t, http.MethodPost, path, wrong)
		wantEqual(t, "the status for "+wrong, status, http.StatusBadRequest)
		wantEqual(t, "the answer to "+wrong, body, `{"code":"server_error","statusCode":400}`)
	}
	status, body, _ = everReal.call(t, http.MethodGet, path, "", "Authorization", "Bearer wrong")
	if status != http.StatusForbidden || body != `{"code":"server_error","statusCode":403}` {
		t.Errorf("a wrong token is answered with %d %s", status, body)
	}
	if status, body, _ := everReal.call(t, http.MethodDelete, path+"/"+id, ""); status != http.StatusOK || body != "" {
		t.Errorf("deleting answers %d %q", status, body)
	}
	if status, body, _ := everReal.call(t, http.MethodGet, path, ""); status != http.StatusOK || body != "[]" {
		t.Errorf("an empty list is %d %q", status, body)
	}
}

func TestEverRealTakesAllItsTypes(t *testing.T) {
	t.Parallel()
	everReal, target := simulate(t, "everreal", profile.WithAccount("acme")), listen(t)
	client := everReal.client(t)
	types := profile.EventTypes("everreal")
	if len(types) != 28 {
		t.Errorf("there are %d types", len(types))
	}
	for _, eventType := range types {
		if _, err := client.Create(t.Context(), subscription.Request{URL: target.url + "/hooks", Event: eventType}); err != nil {
			t.Fatal(err)
		}
		everReal.emit(t, eventType)
		accepted(t, "everreal", target.url+"/hooks", "", eventType, next(t, target.deliveries))
	}
	if _, err := everReal.Emit(t.Context(), "UNIT_EXPLODED", []byte(`{}`)); !errors.Is(err, sender.ErrInvalid) {
		t.Errorf("an unknown type: %v", err)
	}
}
