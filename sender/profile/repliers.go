package profile

import (
	"fmt"
	"net/http"

	"github.com/hookward/hookward/sender"
)

const repliersName = "repliers"

// newRepliers speaks as https://docs.repliers.io/reference/create-a-webhook and its
// OpenAPI description, https://github.com/Repliers-io/api-docs, say. The page has a
// create call answered with 201 and an empty object, the description with 200 and the
// webhook: here it is 201 and the webhook. Each delivery brings the secret of the
// handshake; the payload of an event is the whole body. What the configuration of a
// webhook asks for, its filters and raw data, is checked, kept and shown, and changes no
// delivery. The page refers to REST Hooks, where an endpoint ends its subscription by 410.
func newRepliers(account string) (dialect, error) {
	if err := withoutAccount(account); err != nil {
		return dialect{}, err
	}
	d, err := newDialect(repliersName)
	if err != nil {
		return dialect{}, err
	}
	d.checkPayload = repliersPayload
	d.profile = sender.SharedSecret("X-Hook-Secret")
	d.profile.Name = repliersName
	d.profile.Verification = handshake{status: http.StatusOK}
	d.profile.UniqueURL = true
	d.options = []sender.Option{sender.WithDisableAfter(0)} // the API could not show it
	d.goneCancels = true
	d.newID = newNumber
	d.credential = credentialPlace{header: "Repliers-Api-Key"}
	d.refusal = repliersRefusal
	d.routes = func(a *api, mux *http.ServeMux) {
		c := repliersAPI{a}
		mux.HandleFunc("GET /webhooks", a.call(c.list))
		mux.HandleFunc("POST /webhooks", a.call(c.create))
		mux.HandleFunc("GET /webhooks/{id}", a.call(c.get))
		mux.HandleFunc("PATCH /webhooks/{id}", a.call(c.update))
		mux.HandleFunc("PUT /webhooks/{id}", a.call(c.update)) // "identical", says the description
		mux.HandleFunc("DELETE /webhooks/{id}", a.call(c.delete))
		mux.HandleFunc("GET /webhooks/events", a.call(c.events))
		mux.HandleFunc("GET /webhooks/events/{name}", a.call(c.event))
	}
	return d, nil
}

// repliersPayload wants an array, as of an agent, or an object, as of a listing.
func repliersPayload(_ string, payload []byte) error {
	if payload[0] != '[' && payload[0] != '{' {
		return fmt.Errorf("%w: the payload is neither an array nor an object", sender.ErrInvalid)
	}
	return nil
}
