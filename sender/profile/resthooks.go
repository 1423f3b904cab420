package profile

import (
	"encoding/json"
	"net/http"

	"github.com/hookward/hookward/sender"
)

const restHooksName = "rest-hooks"

// newRESTHooks speaks as the examples of https://resthooks.org do: it is a set of
// patterns and no specification. Types of events are anybody's own. Endpoints are
// verified by X-Hook-Secret, deliveries are signed by X-Hook-Signature, and an endpoint
// ends its subscription by 410.
func newRESTHooks(account string) (dialect, error) {
	if err := withoutAccount(account); err != nil {
		return dialect{}, err
	}
	d, err := newDialect(restHooksName)
	if err != nil {
		return dialect{}, err
	}
	d.profile = sender.HookSignature()
	d.profile.Name = restHooksName
	d.profile.Verification = handshake{}
	d.profile.Render = renderRESTHook
	d.goneCancels = true
	d.newID = newNumber
	d.credential = bearer
	d.refusal = restHooksRefusal
	d.routes = func(a *api, mux *http.ServeMux) {
		const path = "/api/hooks"
		h := restHooksAPI{a}
		mux.HandleFunc("GET "+path, a.call(h.list))
		mux.HandleFunc("POST "+path, a.call(h.create))
		mux.HandleFunc("GET "+path+"/{id}", a.call(h.get))
		mux.HandleFunc("PUT "+path+"/{id}", a.call(h.replace))
		mux.HandleFunc("DELETE "+path+"/{id}", a.call(h.delete))
	}
	return d, nil
}

// renderRESTHook writes the body of https://resthooks.org/docs/security/'s last picture.
func renderRESTHook(event *sender.Event, subscription *sender.Subscription) ([]byte, error) {
	type hook struct {
		ID     int64  `json:"id"`
		Target string `json:"target"`
		Event  string `json:"event"`
	}
	return encode(struct {
		Payload json.RawMessage `json:"payload"`
		Hook    hook            `json:"hook"`
	}{event.Body, hook{number(idOf(subscription)), subscription.URL, event.Type}})
}

type restHooksAPI struct{ *api }

// restHook is a subscription. The examples ask with target_url and answer with target.
type restHook struct {
	ID     int64  `json:"id"`
	Target string `json:"target"`
	Event  string `json:"event"`
	Status string `json:"status"`
}

func (h restHooksAPI) hook(n *sender.Subscription) restHook {
	status := "inactive"
	if n.State == sender.Active {
		status = "active"
	}
	return restHook{number(idOf(n)), n.URL, h.dialect.topicOf(n), status}
}

func (h restHooksAPI) list(w http.ResponseWriter, r *http.Request) error {
	all, err := h.Subscriptions(r.Context())
	if err != nil {
		return err
	}
	list := make([]restHook, len(all))
	for i := range all {
		list[i] = h.hook(&all[i])
	}
	answer(w, http.StatusOK, list)
	return nil
}

func (h restHooksAPI) create(w http.ResponseWriter, r *http.Request) error {
	wanted, err := h.wish(r)
	if err != nil {
		return err
	}
	created, err := h.api.create(r, wanted)
	if err != nil {
		return err
	}
	answer(w, http.StatusCreated, h.hook(&created))
	return nil
}

func (h restHooksAPI) wish(r *http.Request) (wish, error) {
	var body struct {
		TargetURL string `json:"target_url"`
		Event     string `json:"event"`
	}
	err := read(r, &body, false)
	return wish{url: body.TargetURL, event: body.Event}, err
}

func (h restHooksAPI) get(w http.ResponseWriter, r *http.Request) error {
	found, err := h.find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, h.hook(&found))
	return nil
}

// replace sets both target and event. A new target is verified first.
func (h restHooksAPI) replace(w http.ResponseWriter, r *http.Request) error {
	old, err := h.find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	wanted, err := h.wish(r)
	if err != nil {
		return err
	}
	if err := h.change(r.Context(), &old, wanted); err != nil {
		return err
	}
	return h.get(w, r)
}

func (h restHooksAPI) delete(w http.ResponseWriter, r *http.Request) error {
	if err := h.Unsubscribe(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	answer(w, http.StatusNoContent, nil)
	return nil
}

func restHooksRefusal(f *failure) (status int, body any) {
	return f.status, map[string]string{"error": f.message}
}
