package profile

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/hookward/hookward/sender"
)

const viastoName = "viasto"

// newViasto speaks as https://viasto.eu/webhooks/index.html. Its helpdesk registers
// webhooks, so there is no API; nothing is verified and nothing is signed.
func newViasto(account string) (dialect, error) {
	if err := withoutAccount(account); err != nil {
		return dialect{}, err
	}
	d, err := newDialect(viastoName)
	if err != nil {
		return dialect{}, err
	}
	d.checkPayload = viastoPayload
	d.profile.Header = http.Header{"User-Agent": {"interview suite webhook"}}
	d.profile.Render = renderViasto
	d.endless()
	return d, nil
}

// viastoPayload wants an object of texts, as all that is documented are URLs.
func viastoPayload(eventType string, payload []byte) error {
	var data map[string]string
	if err := json.Unmarshal(payload, &data); err != nil || data == nil {
		return fmt.Errorf("%w: the payload is no object of texts", sender.ErrInvalid)
	}
	if _, given := data["action"]; given {
		return fmt.Errorf("%w: the payload has an action, which is for the type to say, as in %s/created", sender.ErrInvalid, topic(eventType))
	}
	return nil
}

// renderViasto writes the URL of the subscription into the body.
func renderViasto(event *sender.Event, subscription *sender.Subscription) ([]byte, error) {
	name, action, _ := strings.Cut(event.Type, "/")
	data := event.Body
	if action != "" {
		data = withAction(action, data)
	}
	return encode(struct {
		Endpoint string          `json:"endpoint"`
		Time     string          `json:"time"`
		Event    string          `json:"event"`
		Data     json.RawMessage `json:"data"`
	}{subscription.URL, event.Time.UTC().Format(viastoTime), name, data})
}

// viastoTime has microseconds and the offset in digits, as Python's isoformat.
const viastoTime = "2006-01-02T15:04:05.000000-07:00"

// withAction puts the action before the other members of a compact object.
func withAction(action string, object []byte) []byte {
	members := strings.TrimPrefix(string(object), "{")
	if members != "}" {
		members = "," + members
	}
	return []byte(`{"action":"` + action + `"` + members)
}
