package profile

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/hookward/hookward/sender"
)

// metadataConfiguration is the configuration of a webhook, as JSON. Its filters are kept
// and shown, and let everything through.
const metadataConfiguration = "configuration"

type repliersAPI struct{ *api }

// repliersWebhook is a webhook as it is shown, and as it is asked for.
type repliersWebhook struct {
	ID            int64           `json:"id"`
	TargetURL     string          `json:"target_url"`
	Event         string          `json:"event"`
	Configuration json.RawMessage `json:"configuration,omitempty"`
}

func (c repliersAPI) webhook(n *sender.Subscription) repliersWebhook {
	return repliersWebhook{
		ID: number(idOf(n)), TargetURL: n.URL, Event: c.dialect.topicOf(n),
		Configuration: json.RawMessage(n.Metadata[metadataConfiguration]),
	}
}

// repliersRequest is what a webhook is made of, or what of it is to change.
type repliersRequest struct {
	TargetURL     string          `json:"target_url"`
	Event         string          `json:"event"`
	Configuration json.RawMessage `json:"configuration"`
}

func (q *repliersRequest) isEmpty() bool {
	return q.TargetURL == "" && q.Event == "" && len(q.Configuration) == 0
}

// repliersConfiguration is all that a configuration may hold.
type repliersConfiguration struct {
	Raw     *bool `json:"raw"`
	Filters []struct {
		Field  string   `json:"field"`
		Logic  string   `json:"logic"`
		Values []string `json:"values"`
	} `json:"filters"`
}

func (c *repliersConfiguration) isValid() bool {
	for _, filter := range c.Filters {
		if filter.Field == "" || filter.Values == nil || filter.Logic != "" && filter.Logic != "contains" {
			return false
		}
	}
	return true
}

// wish checks what is asked for.
func (c repliersAPI) wish(q *repliersRequest) (wish, error) {
	if q.TargetURL == "" {
		return wish{}, repliersInvalid("target_url")
	}
	if !slices.Contains(c.dialect.topics(), q.Event) {
		return wish{}, repliersInvalid("event")
	}
	w := wish{url: q.TargetURL, event: q.Event}
	if len(q.Configuration) > 0 {
		var checked repliersConfiguration
		if err := decode(q.Configuration, &checked, true); err != nil || q.Configuration[0] != '{' || !checked.isValid() {
			return wish{}, repliersInvalid("configuration")
		}
		var compact bytes.Buffer
		if err := json.Compact(&compact, q.Configuration); err != nil {
			return wish{}, err
		}
		w.metadata = map[string]string{metadataConfiguration: compact.String()}
	}
	return w, nil
}

func repliersInvalid(param string) error {
	return &failure{status: http.StatusBadRequest, param: param, message: "Invalid value"}
}

func (c repliersAPI) list(w http.ResponseWriter, r *http.Request) error {
	all, err := c.Subscriptions(r.Context())
	if err != nil {
		return err
	}
	list := make([]repliersWebhook, len(all))
	for i := range all {
		list[i] = c.webhook(&all[i])
	}
	answer(w, http.StatusOK, list)
	return nil
}

// create answers when the handshake is over.
func (c repliersAPI) create(w http.ResponseWriter, r *http.Request) error {
	var asked repliersRequest
	if err := read(r, &asked, false); err != nil {
		return err
	}
	wanted, err := c.wish(&asked)
	if err != nil {
		return err
	}
	created, err := c.api.create(r, wanted)
	if err != nil {
		return repliersFailure(err)
	}
	answer(w, http.StatusCreated, c.webhook(&created))
	return nil
}

func (c repliersAPI) get(w http.ResponseWriter, r *http.Request) error {
	found, err := c.find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, c.webhook(&found))
	return nil
}

// update changes what is given. A new target_url means a handshake; whether it does with
// Repliers is not documented.
func (c repliersAPI) update(w http.ResponseWriter, r *http.Request) error {
	old, err := c.find(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	var asked repliersRequest
	if err := read(r, &asked, true); err != nil {
		return err
	}
	if asked.isEmpty() {
		return &failure{status: http.StatusBadRequest, message: "there is nothing to change"}
	}
	wanted, err := c.wish(asked.over(c.webhook(&old)))
	if err != nil {
		return err
	}
	if err := c.change(r.Context(), &old, wanted); err != nil {
		return repliersFailure(err)
	}
	answer(w, http.StatusOK, struct{}{})
	return nil
}

// over fills in what is not asked for from the webhook as it is.
func (q *repliersRequest) over(old repliersWebhook) *repliersRequest {
	filled := repliersRequest{
		TargetURL:     cmp.Or(q.TargetURL, old.TargetURL),
		Event:         cmp.Or(q.Event, old.Event),
		Configuration: q.Configuration,
	}
	if len(filled.Configuration) == 0 {
		filled.Configuration = old.Configuration
	}
	return &filled
}

func (c repliersAPI) delete(w http.ResponseWriter, r *http.Request) error {
	if err := c.Unsubscribe(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	answer(w, http.StatusOK, struct{}{})
	return nil
}

// repliersEvent describes an event that can be subscribed to.
type repliersEvent struct {
	Name          string          `json:"name"`
	Description   string          `json:"description"`
	SamplePayload json.RawMessage `json:"samplePayload"`
}

func newRepliersEvent(name string) (repliersEvent, error) {
	payload, err := Sample(repliersName, name, 0)
	return repliersEvent{Name: name, Description: "Fires on " + name + ".", SamplePayload: payload}, err
}

func (c repliersAPI) events(w http.ResponseWriter, _ *http.Request) error {
	names := c.dialect.topics()
	list := make([]repliersEvent, len(names))
	for i, name := range names {
		var err error
		if list[i], err = newRepliersEvent(name); err != nil {
			return err
		}
	}
	answer(w, http.StatusOK, list)
	return nil
}

func (c repliersAPI) event(w http.ResponseWriter, r *http.Request) error {
	name := r.PathValue("name")
	if !slices.Contains(c.dialect.topics(), name) {
		return &failure{status: http.StatusNotFound, param: "name", message: "there is no such event"}
	}
	described, err := newRepliersEvent(name)
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, described)
	return nil
}

// repliersFailure is what is wrong with a target_url. By the description it is 400 where
// the endpoint cannot be reached, 401 where it does not echo the secret, and 409 where
// another webhook has it.
func repliersFailure(err error) error {
	f := failureOf(err)
	if f.param == "" && f.status < http.StatusInternalServerError {
		f.param = "target_url"
	}
	if errors.Is(err, sender.ErrUnverified) && !errors.Is(err, errUnreachable) {
		f.status, f.param = http.StatusUnauthorized, "X-Hook-Secret"
	}
	return f
}

// repliersRefusal has the form of the description's schema Error.
func repliersRefusal(f *failure) (status int, body any) {
	param := f.param
	if f.status == http.StatusUnauthorized && param == "" {
		param = "REPLIERS-API-KEY"
	}
	type one struct {
		Param string `json:"param,omitempty"`
		Msg   string `json:"msg"`
	}
	return f.status, [][]one{{{param, f.message}}}
}
