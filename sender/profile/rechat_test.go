package profile_test

import (
	"errors"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
	"github.com/hookward/hookward/subscription"
)

func TestRechat(t *testing.T) {
	t.Parallel()
	rechat, target := simulate(t, "rechat"), listen(t)
	client := rechat.client(t)

	created, err := client.Create(t.Context(), subscription.Request{URL: target.url + "/hooks", Event: "Deals"})
	if err != nil {
		t.Fatal(err)
	}
	key := created.Secret.Reveal()
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(key) {
		t.Errorf("the key has the form %q", regexp.MustCompile(`[0-9a-f]`).ReplaceAllString(key, "0"))
	}
	list, err := client.List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 1 || list[0].ID != created.ID || list[0].Event != "Deals" || !list[0].Secret.Equal(created.Secret) ||
		!list[0].CreatedAt.Equal(noon.Truncate(time.Microsecond)) {
		t.Errorf("listed %+v, created %+v", list, created)
	}

	rechat.emit(t, "Contacts/create") // nobody wants it
	for _, event := range []string{"Deals/Created", "Deals/Updated", "Deals/Deleted"} {
		rechat.emit(t, event)
		got := next(t, target.deliveries)
		accepted(t, "rechat", "", key, event, got)
		payload, err := profile.Sample("rechat", event, 0)
		if err != nil {
			t.Fatal(err)
		}
		wantEqual(t, "the body", got.body, `{"topic":"Deals","event":"`+strings.TrimPrefix(event, "Deals/")+`","timestamp":1772712000125,"payload":`+string(payload)+`}`)
		if agent, sent := got.header["User-Agent"]; sent {
			t.Errorf("the user agent is %q", agent)
		}
		wantEqual(t, "Accept", got.header.Get("Accept"), "application/json")
		other := strings.Repeat("ab", 32)
		if verdict := judge(t, "rechat", "", other, got); verdict.Outcome != gate.Reject {
			t.Errorf("with another key the gateway says %s", verdict.Outcome)
		}
	}

	// A key is replaced by a second webhook for the same URL.
	second, err := client.Create(t.Context(), subscription.Request{URL: target.url + "/hooks", Event: "Deals"})
	if err != nil {
		t.Fatal(err)
	}
	if second.Secret.Equal(created.Secret) {
		t.Error("two webhooks have one key")
	}
	if err := client.Delete(t.Context(), created.ID); err != nil {
		t.Fatal(err)
	}
	rechat.emit(t, "Deals/Updated")
	accepted(t, "rechat", "", second.Secret.Reveal(), "Deals/Updated", next(t, target.deliveries))
	if err := client.Delete(t.Context(), created.ID); !errors.Is(err, subscription.ErrNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
	none(t, target.deliveries)
}

// TestRechatOnTheWire holds calls and answers against the page.
func TestRechatOnTheWire(t *testing.T) {
	t.Parallel()
	rechat := simulate(t, "rechat", profile.WithAccount("8929cf8b-6bcc-484a-a7a6-242eaf70cb7a"))
	const (
		path  = "/brands/8929cf8b-6bcc-484a-a7a6-242eaf70cb7a/webhooks"
		asked = `{"topic":"Showings","url":"https://example.com:3000"}`
	)
	status, body, _ := rechat.call(t, http.MethodPost, path, asked)
	made := rechat.only(t)
	webhook := `{"id":"` + made.ID + `","created_at":1772712000.125250,"updated_at":1772712000.125250,"deleted_at":null,` +
		`"brand":"8929cf8b-6bcc-484a-a7a6-242eaf70cb7a","topic":"Showings","url":"https://example.com:3000",` +
		`"key":"` + made.Secrets[0].Value + `","tags":null,"type":"brand_webhook"}`
	if want := `{"code":"OK","data":` + webhook + `}`; status != http.StatusOK || body != want {
		t.Errorf("creating answers %d %s, want %s", status, body, want)
	}
	all := `{"code":"OK","data":[` + webhook + `],"info":{"count":1,"total":0}}`
	const none = `{"code":"OK","data":[],"info":{"count":0,"total":0}}`
	tests := []struct {
		method, path, body string
		wantStatus         int
		want               string
	}{
		{"GET", path, "", 200, all},
		{"GET", path + "?topic=Showings", "", 200, all},
		{"GET", path + "?topic=Deals", "", 200, none},
		{"GET", path + "?topic=deals", "", 400, `{"code":"Validation","message":"invalid: \"deals\" is no event of this provider"}`},
		{"POST", path, `{"topic":"deals","url":"https://example.com"}`, 400, `{"code":"Validation","message":"invalid: \"deals\" is no event of this provider"}`},
		{"POST", path, `{"topic":"Deals/Created","url":"https://example.com"}`, 400, `{"code":"Validation","message":"invalid: \"Deals/Created\" is no event of this provider"}`},
		{"POST", path, `{"topic":"Deals"}`, 400, `{"code":"Validation","message":"subscribe: invalid: the url is not https"}`},
		{"GET", "/brands/8b2f9f1e-6a0f-4d7f-9e55-0e2f5c1d7a42/webhooks", "", 404, `{"code":"ResourceNotFound","message":"there is no such brand"}`},
		{"POST", "/brands/8b2f9f1e-6a0f-4d7f-9e55-0e2f5c1d7a42/webhooks", asked, 404, `{"code":"ResourceNotFound","message":"there is no such brand"}`},
		{"DELETE", "/brands/8b2f9f1e-6a0f-4d7f-9e55-0e2f5c1d7a42/webhooks/" + made.ID, "", 404, `{"code":"ResourceNotFound","message":"there is no such brand"}`},
		{"DELETE", path + "/none", "", 404, `{"code":"ResourceNotFound","message":"there is no such subscription"}`},
		{"PATCH", path + "/" + made.ID, asked, 404, `{"code":"ResourceNotFound","message":"there is no such call"}`},
		{"DELETE", path + "/" + made.ID, "", 204, ""},
		{"GET", path, "", 200, none},
	}
	for _, test := range tests {
		status, body, _ := rechat.call(t, test.method, test.path, test.body)
		if status != test.wantStatus || body != test.want {
			t.Errorf("%s %s %s is answered with %d %s, want %d %s", test.method, test.path, test.body, status, body, test.wantStatus, test.want)
		}
	}
	if status, body, _ := rechat.call(t, "GET", path, "", "Authorization", "Bearer wrong"); status != 401 || body != `{"code":"Unauthorized","message":"the credential is missing or wrong"}` {
		t.Errorf("a wrong token is answered with %d %s", status, body)
	}
}

func TestRechatTakesAllItsEvents(t *testing.T) {
	t.Parallel()
	rechat, target := simulate(t, "rechat"), listen(t)
	client := rechat.client(t)
	topics := client.(subscription.EventLister).Events()
	wantEqual(t, "the topics", topics, []string{"Contacts", "Deals", "Showings"})
	keys := make(map[string]string)
	for _, topic := range topics {
		created, err := client.Create(t.Context(), subscription.Request{URL: target.url + "/hooks", Event: topic})
		if err != nil {
			t.Fatal(err)
		}
		keys[topic] = created.Secret.Reveal()
	}
	for _, event := range profile.EventTypes("rechat") {
		rechat.emit(t, event)
		topic, _, _ := strings.Cut(event, "/")
		accepted(t, "rechat", "", keys[topic], event, next(t, target.deliveries))
	}
	none(t, target.deliveries)
}

// TestRechatTriesAgain looks at the record of the first attempt: the second is planned a
// minute later, and up to a tenth.
func TestRechatTriesAgain(t *testing.T) {
	t.Parallel()
	rechat, err := profile.New("rechat", profile.WithLoopback())
	if err != nil {
		t.Fatal(err)
	}
	target := listen(t)
	target.status.Store(http.StatusInternalServerError)
	if _, err := rechat.Subscribe(t.Context(), target.url, "Deals"); err != nil {
		t.Fatal(err)
	}
	event, err := rechat.Emit(t.Context(), "Deals/Updated", []byte(`{"deal":{}}`))
	if err != nil {
		t.Fatal(err)
	}
	next(t, target.deliveries)
	// The record is written after the answer; closing waits for it.
	if err := rechat.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	attempts, err := rechat.Sender().Attempts(t.Context(), sender.AttemptQuery{Event: event.ID})
	if err != nil || len(attempts) != 1 {
		t.Fatalf("there are the attempts %v, %v", attempts, err)
	}
	wait := attempts[0].Next.Sub(attempts[0].At.Add(attempts[0].Duration))
	if wait < time.Minute || wait > 66*time.Second {
		t.Errorf("it waits for %v", wait)
	}
}
