package profile

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"github.com/hookward/hookward/sender"
)

const everRealName = "everreal"

// subdomain is one part of a host name.
var subdomain = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?$`)

// newEverReal speaks as https://api-docs.everreal.co/webhooks. Nothing is verified and
// nothing is signed.
func newEverReal(account string) (dialect, error) {
	account = cmp.Or(account, "example")
	if !subdomain.MatchString(account) {
		return dialect{}, fmt.Errorf("%w: the account is no subdomain", sender.ErrInvalid)
	}
	d, err := newDialect(everRealName)
	if err != nil {
		return dialect{}, err
	}
	d.account = account
	d.checkPayload = objectPayload
	d.profile.Render = func(event *sender.Event, _ *sender.Subscription) ([]byte, error) {
		return encode(everRealDelivery{
			UUID: event.ID, Operation: event.Type, Subdomain: account, Language: "de",
			CreatedAt: everRealTime(event.Time), Data: event.Body,
		})
	}
	d.endless()
	d.credential = bearer
	d.refusal = everRealRefusal
	d.routes = func(a *api, mux *http.ServeMux) {
		const path = "/api/external-integrations/webhooks"
		e := everRealAPI{a}
		mux.HandleFunc("GET "+path, a.call(e.list))
		mux.HandleFunc("POST "+path, a.call(e.register))
		mux.HandleFunc("DELETE "+path+"/{id}", a.call(e.delete))
	}
	return d, nil
}

// everRealDelivery is the envelope of
// https://api-docs.everreal.co/webhooks/candidates-events/listing_candidate_applied.
type everRealDelivery struct {
	UUID      string          `json:"uuid"`
	Operation string          `json:"operation"`
	Subdomain string          `json:"subdomain"`
	Language  string          `json:"language"`
	CreatedAt everRealTime    `json:"createdAt"`
	Data      json.RawMessage `json:"data"`
}

// everRealTime is written as JavaScript does.
type everRealTime time.Time

func (t everRealTime) MarshalJSON() ([]byte, error) {
	return json.Marshal(time.Time(t).UTC().Format("2006-01-02T15:04:05.000Z"))
}

type everRealAPI struct{ *api }

// everRealWebhook is an item of the list.
type everRealWebhook struct {
	ID                string        `json:"id"`
	Type              string        `json:"type"`
	PartnerID         string        `json:"partnerId"`
	CompanyID         string        `json:"companyId"`
	ConnectedByUserID string        `json:"connectedByUserId"`
	URL               string        `json:"url"`
	CreatedAt         everRealTime  `json:"createdAt"`
	UpdatedAt         everRealTime  `json:"updatedAt"`
	DeletedAt         *everRealTime `json:"deletedAt"`
}

func (e everRealAPI) list(w http.ResponseWriter, r *http.Request) error {
	all, err := e.Subscriptions(r.Context())
	if err != nil {
		return err
	}
	list := make([]everRealWebhook, len(all))
	for i := range all {
		list[i] = everRealWebhook{
			ID: idOf(&all[i]), Type: e.dialect.topicOf(&all[i]), URL: all[i].URL,
			PartnerID:         derivedUUID(e.Account(), "partner"),
			CompanyID:         derivedUUID(e.Account(), "company"),
			ConnectedByUserID: derivedUUID(e.Account(), "user"),
			CreatedAt:         everRealTime(all[i].CreatedAt),
			UpdatedAt:         everRealTime(all[i].ChangedAt),
		}
	}
	answer(w, http.StatusOK, list)
	return nil
}

// register answers with the bare id in Location, and without a body.
func (e everRealAPI) register(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Type string `json:"type"`
		URL  string `json:"url"`
	}
	if err := read(r, &body, false); err != nil {
		return err
	}
	created, err := e.create(r, wish{url: body.URL, event: body.Type})
	if err != nil {
		return err
	}
	w.Header().Set("Location", idOf(&created))
	answer(w, http.StatusOK, nil)
	return nil
}

// delete answers without a body: what EverReal answers is not documented.
func (e everRealAPI) delete(w http.ResponseWriter, r *http.Request) error {
	if err := e.Unsubscribe(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	answer(w, http.StatusOK, nil)
	return nil
}

// everRealRefusal has the form of the one refusal that is documented, which is that of
// a wrong token.
func everRealRefusal(f *failure) (status int, body any) {
	status = f.status
	if status == http.StatusUnauthorized {
		status = http.StatusForbidden
	}
	return status, struct {
		Code       string `json:"code"`
		StatusCode int    `json:"statusCode"`
	}{"server_error", status}
}
