package subscription

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"github.com/hookward/hookward/provider"
)

// takes says what a provider's API can be asked for.
type takes struct {
	events   []string // the closed list; nil where there is none
	resource bool
	settings byte // the first byte of the JSON; 0 where there are none
}

// published returns the events that the catalogue lists for a provider, each
// cut off before the separator where there is one, in alphabetical order.
func published(name, separator string) ([]string, error) {
	p, err := provider.Lookup(name)
	if err != nil {
		return nil, err
	}
	events := make([]string, 0, len(p.Event.Types))
	for event := range p.Event.Types {
		if separator != "" {
			event, _, _ = strings.Cut(event, separator)
		}
		events = append(events, event)
	}
	slices.Sort(events)
	return slices.Compact(events), nil
}

// checkRequest refuses what the provider would refuse, and what it would
// silently leave out.
func (a *api) checkRequest(operation string, r Request, t takes) error {
	if _, err := parseURL(r.URL, a.plainHTTP); err != nil {
		return a.invalid(operation, "the url of the request: "+err.Error())
	}
	return a.checkWish(operation, r, t)
}

// checkWish checks all but the URL.
func (a *api) checkWish(operation string, r Request, t takes) error {
	if t.events != nil && !slices.Contains(t.events, r.Event) {
		known := strings.Join(t.events, ", ")
		if r.Event == "" {
			return a.invalid(operation, "an event is needed, one of "+known)
		}
		return a.invalid(operation, strconv.Quote(r.Event)+" is none of the provider's events: "+known)
	}
	if r.Resource != "" && !t.resource {
		return a.invalid(operation, "the provider has no resources to choose")
	}
	if len(r.Settings) == 0 {
		return nil
	}
	if t.settings == 0 {
		return a.invalid(operation, "the provider has no settings")
	}
	if !bytes.HasPrefix(bytes.TrimSpace(r.Settings), []byte{t.settings}) || !json.Valid(r.Settings) {
		return a.invalid(operation, "the settings are not the JSON that the provider takes")
	}
	return nil
}

// checkID refuses ids that could be read as something else in a path.
func (a *api) checkID(operation, id string) error {
	if !segment.MatchString(id) {
		return a.invalid(operation, strconv.Quote(id)+" is no id")
	}
	return nil
}
