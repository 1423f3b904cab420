package profile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/sender"
)

// maxDepth is how deep JSON may be nested, in payloads as in what the API takes.
const maxDepth = 32

// dialect is how one provider speaks.
type dialect struct {
	name    string
	account string
	// types are the provider's own names of events, as in the catalogue. None: any.
	types []string
	// profile is how deliveries are made; its Render writes the provider's envelope
	// around the payload, which is the event's body.
	profile sender.Profile
	// options are the provider's habits that the caller may change.
	options []sender.Option
	// goneCancels ends a subscription whose endpoint answers 410.
	goneCancels bool
	// newID makes the id of a subscription.
	newID func() string
	// checkPayload checks what an event of this type holds.
	checkPayload func(eventType string, payload []byte) error

	// routes are the calls of the API. Nil: there is none.
	routes func(a *api, mux *http.ServeMux)
	// credential is where the API looks for it.
	credential credentialPlace
	// refusal is how the API says that it refuses a call.
	refusal func(f *failure) (status int, body any)
}

// dialects make the dialect of each provider for an account, "" for the default.
var dialects = map[string]func(account string) (dialect, error){
	everRealName:  newEverReal,
	rechatName:    newRechat,
	repliersName:  newRepliers,
	restHooksName: newRESTHooks,
	viastoName:    newViasto,
}

// Providers lists the names that [New] knows, in alphabetical order.
func Providers() []string { return slices.Sorted(maps.Keys(dialects)) }

// HasAPI tells whether subscriptions to the provider are made through an API. Else
// they are made by [Server.Subscribe] alone.
func HasAPI(provider string) bool {
	newDialect, found := dialects[provider]
	if !found {
		return false
	}
	d, err := newDialect("")
	return err == nil && d.routes != nil
}

// newDialect returns what the catalogue knows.
func newDialect(name string) (dialect, error) {
	p, err := lookup(name)
	if err != nil {
		return dialect{}, err
	}
	return dialect{
		name:         name,
		types:        p.RawTypes(),
		profile:      sender.Profile{Name: name, Schemes: p.Schemes()},
		newID:        newUUID,
		checkPayload: anyPayload,
	}, nil
}

// endless is for providers that are not known to end a subscription by themselves, and
// whose API could neither show that nor take it back.
func (d *dialect) endless() {
	d.profile.IgnoreGone = true
	d.options = append(d.options, sender.WithDisableAfter(0))
}

func lookup(name string) (*provider.Provider, error) {
	p, err := provider.Lookup(name)
	if err != nil {
		return nil, err
	}
	return p.Resolve(nil)
}

// withoutAccount refuses an account where the provider has none.
func withoutAccount(account string) error {
	if account != "" {
		return fmt.Errorf("%w: the provider has no accounts to choose", sender.ErrInvalid)
	}
	return nil
}

// topic is what a subscription to events of this type asks for: it is the part before
// the slash of Deals/Created and project_changed/created, and else the type itself.
func topic(eventType string) string {
	before, _, _ := strings.Cut(eventType, "/")
	return before
}

// topics lists what can be subscribed to, in alphabetical order. None: anything.
func (d *dialect) topics() []string {
	list := make([]string, len(d.types))
	for i, eventType := range d.types {
		list[i] = topic(eventType)
	}
	slices.Sort(list)
	return slices.Compact(list)
}

// typesOf returns the types of events that a subscription to this event gets.
func (d *dialect) typesOf(event string) ([]string, error) {
	if len(d.types) == 0 {
		return []string{event}, d.checkType(event)
	}
	var types []string
	for _, eventType := range d.types {
		if topic(eventType) == event {
			types = append(types, eventType)
		}
	}
	if len(types) == 0 {
		return nil, unknownEvent(event)
	}
	return types, nil
}

// topicOf returns what the subscription asks for.
func (d *dialect) topicOf(n *sender.Subscription) string {
	switch {
	case len(n.Types) == 0:
		return ""
	case len(d.types) == 0:
		return n.Types[0]
	default:
		return topic(n.Types[0])
	}
}

// checkEvent tells whether the provider could send such an event.
func (d *dialect) checkEvent(eventType string, payload []byte) error {
	if err := d.checkType(eventType); err != nil {
		return err
	}
	if !json.Valid(payload) || depth(payload) > maxDepth {
		return fmt.Errorf("%w: the payload is not JSON of up to %d levels", sender.ErrInvalid, maxDepth)
	}
	return d.checkPayload(eventType, bytes.TrimSpace(payload))
}

func (d *dialect) checkType(eventType string) error {
	if len(d.types) == 0 && isVisible(eventType) && !strings.Contains(eventType, "*") {
		return nil
	}
	if slices.Contains(d.types, eventType) {
		return nil
	}
	return unknownEvent(eventType)
}

func unknownEvent(event string) error {
	return fmt.Errorf("%w: %.64q is no event of this provider", sender.ErrInvalid, event)
}

func anyPayload(string, []byte) error { return nil }

// objectPayload is for envelopes that hold an object.
func objectPayload(_ string, payload []byte) error {
	if payload[0] != '{' {
		return fmt.Errorf("%w: the payload is no object", sender.ErrInvalid)
	}
	return nil
}
