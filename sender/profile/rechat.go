package profile

import (
	"cmp"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/hookward/hookward/sender"
)

const (
	rechatName = "rechat"

	// rechatBrand is the brand of Rechat's samples.
	rechatBrand = "8b2f9f1e-6a0f-4d7f-9e55-0e2f5c1d7a42"

	// Rechat was seen, in 2022, to try a delivery again every minute, 20 times, and to
	// set no limit on the time that an attempt takes.
	rechatRetries    = 20
	rechatRetryDelay = time.Minute
	rechatTimeout    = time.Minute // the longest that a sender takes
	rechatWorkers    = 50
)

// pathSegment is what an id in a path may look like.
var pathSegment = regexp.MustCompile(`^[A-Za-z0-9_-]{1,200}$`)

// newRechat speaks as https://docs.api.rechat.com/master/webhooks.html, which says of
// deliveries that they are signed and no more. The rest was observed in 2022, see the
// catalogue.
func newRechat(account string) (dialect, error) {
	account = cmp.Or(account, rechatBrand)
	if !pathSegment.MatchString(account) {
		return dialect{}, fmt.Errorf("%w: the account is no id of a brand", sender.ErrInvalid)
	}
	d, err := newDialect(rechatName)
	if err != nil {
		return dialect{}, err
	}
	d.account = account
	d.checkPayload = objectPayload
	d.profile.NewSecret = newRechatKey
	d.profile.Header = http.Header{
		"Accept":     {"application/json"},
		"User-Agent": {""}, // none is sent
	}
	d.profile.Render = renderRechat
	d.options = rechatHabits()
	d.endless()
	d.credential = bearer
	d.refusal = rechatRefusal
	d.routes = func(a *api, mux *http.ServeMux) {
		const path = "/brands/{brand}/webhooks"
		c := rechatAPI{a}
		mux.HandleFunc("GET "+path, a.call(c.ofBrand(c.list)))
		mux.HandleFunc("POST "+path, a.call(c.ofBrand(c.create)))
		mux.HandleFunc("DELETE "+path+"/{id}", a.call(c.ofBrand(c.delete)))
	}
	return d, nil
}

// newRechatKey makes 256 random bits, in hex.
func newRechatKey() (string, error) {
	var key [32]byte
	_, _ = rand.Read(key[:]) // it never fails
	return hex.EncodeToString(key[:]), nil
}

func rechatHabits() []sender.Option {
	return []sender.Option{
		sender.WithSchedule(append([]time.Duration{0}, slices.Repeat([]time.Duration{rechatRetryDelay}, rechatRetries)...)...),
		sender.WithTimeout(rechatTimeout),
		sender.WithConcurrency(rechatWorkers),
	}
}

func renderRechat(event *sender.Event, _ *sender.Subscription) ([]byte, error) {
	name, verb, _ := strings.Cut(event.Type, "/")
	return encode(struct {
		Topic     string          `json:"topic"`
		Event     string          `json:"event"`
		Timestamp int64           `json:"timestamp"`
		Payload   json.RawMessage `json:"payload"`
	}{name, verb, event.Time.UnixMilli(), event.Body})
}

type rechatAPI struct{ *api }

type rechatWebhook struct {
	ID        string      `json:"id"`
	CreatedAt rechatTime  `json:"created_at"`
	UpdatedAt rechatTime  `json:"updated_at"`
	DeletedAt *rechatTime `json:"deleted_at"`
	Brand     string      `json:"brand"`
	Topic     string      `json:"topic"`
	URL       string      `json:"url"`
	Key       string      `json:"key"`
	Tags      []string    `json:"tags"`
	Type      string      `json:"type"`
}

// rechatTime is written in seconds, as PostgreSQL does.
type rechatTime time.Time

func (t rechatTime) MarshalJSON() ([]byte, error) {
	at := time.Time(t)
	return fmt.Appendf(nil, "%d.%06d", at.Unix(), at.Nanosecond()/int(time.Microsecond)), nil
}

func (c rechatAPI) webhook(n *sender.Subscription) rechatWebhook {
	hook := rechatWebhook{
		ID: idOf(n), Brand: c.Account(), Topic: c.dialect.topicOf(n), URL: n.URL, Type: "brand_webhook",
		CreatedAt: rechatTime(n.CreatedAt), UpdatedAt: rechatTime(n.ChangedAt),
	}
	if len(n.Secrets) > 0 {
		hook.Key = n.Secrets[0].Value // the newest
	}
	return hook
}

// ofBrand refuses calls to other brands.
func (c rechatAPI) ofBrand(handle func(http.ResponseWriter, *http.Request) error) func(http.ResponseWriter, *http.Request) error {
	return func(w http.ResponseWriter, r *http.Request) error {
		if r.PathValue("brand") != c.Account() {
			return &failure{status: http.StatusNotFound, message: "there is no such brand"}
		}
		return handle(w, r)
	}
}

func (c rechatAPI) create(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Topic string `json:"topic"`
		URL   string `json:"url"`
	}
	if err := read(r, &body, false); err != nil {
		return err
	}
	created, err := c.api.create(r, wish{url: body.URL, event: body.Topic})
	if err != nil {
		return err
	}
	answer(w, http.StatusOK, rechatAnswer{Code: "OK", Data: c.webhook(&created)})
	return nil
}

// list shows all webhooks, or those of a topic.
func (c rechatAPI) list(w http.ResponseWriter, r *http.Request) error {
	query := r.URL.Query()
	if query.Has("topic") && !slices.Contains(c.dialect.topics(), query.Get("topic")) {
		return unknownEvent(query.Get("topic"))
	}
	all, err := c.Subscriptions(r.Context())
	if err != nil {
		return err
	}
	list := make([]rechatWebhook, 0, len(all))
	for i := range all {
		if !query.Has("topic") || c.dialect.topicOf(&all[i]) == query.Get("topic") {
			list = append(list, c.webhook(&all[i]))
		}
	}
	answer(w, http.StatusOK, rechatAnswer{Code: "OK", Data: list, Info: &rechatInfo{Count: len(list)}})
	return nil
}

func (c rechatAPI) delete(w http.ResponseWriter, r *http.Request) error {
	if err := c.Unsubscribe(r.Context(), r.PathValue("id")); err != nil {
		return err
	}
	answer(w, http.StatusNoContent, nil)
	return nil
}

type rechatAnswer struct {
	Code string      `json:"code"`
	Data any         `json:"data"`
	Info *rechatInfo `json:"info,omitempty"`
}

// rechatInfo says how many there are. The documented list of one has a total of 0.
type rechatInfo struct {
	Count int `json:"count"`
	Total int `json:"total"`
}

// rechatRefusal has the codes that Rechat's API uses elsewhere: for webhooks none is
// documented.
func rechatRefusal(f *failure) (status int, body any) {
	code := "Internal"
	switch f.status {
	case http.StatusUnauthorized:
		code = "Unauthorized"
	case http.StatusForbidden:
		code = "Forbidden"
	case http.StatusNotFound:
		code = "ResourceNotFound"
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		code = "Validation"
	}
	return f.status, struct {
		Code    string `json:"code"`
		Message string `json:"message"`
	}{code, f.message}
}
