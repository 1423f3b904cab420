package subscription

import (
	"encoding/json"
	"regexp"
	"strings"
)

// asanaEvent is "<resource type>.<action>", with the actions of
// https://developers.asana.com/reference/createwebhook.
var asanaEvent = regexp.MustCompile(`^([a-z][a-z_]*)\.(added|changed|deleted|removed|undeleted)$`)

// filters returns Asana's filters for a request, or nil where it has none.
func (a *Asana) filters(operation string, r Request) (json.RawMessage, error) {
	if r.Event == "" {
		return r.Settings, nil
	}
	if len(r.Settings) > 0 {
		return nil, a.api.invalid(operation, "the event goes into the settings where there are any")
	}
	parts := asanaEvent.FindStringSubmatch(r.Event)
	if parts == nil {
		return nil, a.api.invalid(operation, "the event is not <resource type>.<action>")
	}
	return json.Marshal([]asanaFilter{{ResourceType: parts[1], Action: parts[2]}})
}

type asanaFilter struct {
	ResourceType    string   `json:"resource_type"`
	ResourceSubtype string   `json:"resource_subtype,omitempty"`
	Action          string   `json:"action"`
	Fields          []string `json:"fields,omitempty"`
}

// event is the inverse of filters: "" where an Event cannot say as much.
func (f asanaFilter) event() string {
	if f.ResourceType == "" || f.Action == "" || f.ResourceSubtype != "" || len(f.Fields) > 0 {
		return ""
	}
	return strings.Join([]string{f.ResourceType, f.Action}, ".")
}

type asanaWebhook struct {
	GID      identifier `json:"gid"`
	Active   *bool      `json:"active"`
	Resource struct {
		GID identifier `json:"gid"`
	} `json:"resource"`
	Target    string          `json:"target"`
	Filters   json.RawMessage `json:"filters"`
	CreatedAt moment          `json:"created_at"`
}

func (w asanaWebhook) subscription() Subscription {
	s := Subscription{
		ID: string(w.GID), URL: w.Target, Resource: string(w.Resource.GID),
		Inactive: w.Active != nil && !*w.Active, CreatedAt: w.CreatedAt.Time,
	}
	var filters []asanaFilter
	if json.Unmarshal(w.Filters, &filters) != nil || len(filters) == 0 {
		return s
	}
	s.Settings = w.Filters
	if len(filters) == 1 {
		s.Event = filters[0].event()
	}
	return s
}
