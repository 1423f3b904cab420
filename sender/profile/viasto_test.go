package profile_test

import (
	"errors"
	"net/http"
	"testing"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
)

func TestViasto(t *testing.T) {
	t.Parallel()
	viasto, target := simulate(t, "viasto"), listen(t)
	first, second := target.url+"/hooks", target.url+"/hooks?company=2&token=x"
	for _, url := range []string{first, second} {
		if _, err := viasto.Subscribe(t.Context(), url, "project_changed"); err != nil {
			t.Fatal(err)
		}
	}
	viasto.emit(t, "note_changed/created") // nobody wants it
	const data = `"project":"https://interview-suite.com/api/v3/companies/1/projects/17/"}`
	for event, wantData := range map[string]string{
		"project_changed":          `{` + data,
		"project_changed/created":  `{"action":"created",` + data,
		"project_changed/modified": `{"action":"modified",` + data,
	} {
		viasto.emit(t, event)
		seen := make(map[string]bool)
		for range 2 {
			got := next(t, target.deliveries)
			url := first
			if verdict := judge(t, "viasto", first, "", got); verdict.Reason != "" {
				url = second // its body names the other endpoint
			}
			accepted(t, "viasto", url, "", event, got)
			seen[url] = true
			wantEqual(t, "the user agent", got.header["User-Agent"], []string{"interview suite webhook"})
			wantEqual(t, "the content type", got.header.Get("Content-Type"), "application/json")
			wantEqual(t, "the body", got.body, `{"endpoint":"`+url+`","time":"2026-03-05T12:00:00.125250+00:00","event":"project_changed","data":`+wantData+`}`)
		}
		wantEqual(t, "the number of endpoints told", len(seen), 2)
	}
	none(t, target.handshakes)
	none(t, target.deliveries)
}

func TestViastoTakesAllItsEvents(t *testing.T) {
	t.Parallel()
	viasto, target := simulate(t, "viasto"), listen(t)
	for _, event := range []string{"project_changed", "candidate_changed", "answervideo_changed", "rating_changed", "note_changed"} {
		if _, err := viasto.Subscribe(t.Context(), target.url+"/hooks", event); err != nil {
			t.Fatal(err)
		}
	}
	types := profile.EventTypes("viasto")
	wantEqual(t, "the number of types", len(types), 15)
	for _, event := range types {
		viasto.emit(t, event)
		accepted(t, "viasto", target.url+"/hooks", "", event, next(t, target.deliveries))
	}
	none(t, target.deliveries)

	if _, err := viasto.Subscribe(t.Context(), target.url, "project_changed/created"); !errors.Is(err, sender.ErrInvalid) {
		t.Errorf("subscribed to an action alone: %v", err)
	}
}

// TestViastoHasNoAPI makes sure that nothing opens where no credential is asked for.
func TestViastoHasNoAPI(t *testing.T) {
	t.Parallel()
	viasto := simulate(t, "viasto")
	wantEqual(t, "the credential", viasto.Credential(), "")
	for _, path := range []string{"/", "/webhooks", "/api/hooks"} {
		for _, method := range []string{http.MethodGet, http.MethodPost} {
			status, _, _ := viasto.call(t, method, path, `{"target_url":"https://example.com","event":"project_changed"}`)
			wantEqual(t, "the status of "+method+" "+path, status, http.StatusNotFound)
		}
	}
	if list, err := viasto.Subscriptions(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("there are %v, %v", list, err)
	}
}
