package subscription

import (
	"encoding/json"
	"time"
)

// Request is the wish for a subscription.
type Request struct {
	// URL is where deliveries are to be posted: https, or http on a loopback host.
	URL string
	// Event is what is wanted, in the provider's own word: an event (Repliers,
	// REST Hooks), a type (EverReal), a topic (Rechat), or for Asana
	// "<resource type>.<action>" such as "task.changed", where empty means all.
	Event string
	// Resource is the gid of what to watch. For Asana alone, which needs it.
	Resource string
	// Settings are the provider's own further settings, as JSON: the configuration
	// object of Repliers, or Asana's array of filters in place of Event.
	Settings json.RawMessage
}

// Subscription is a subscription as the provider knows it.
type Subscription struct {
	ID  string `json:"id"`
	URL string `json:"url"`
	// Event is as in [Request]. It is empty where an Asana subscription has no
	// filter, or filters that "<resource type>.<action>" cannot express.
	Event string `json:"event,omitempty"`
	// Resource and Settings are as in [Request].
	Resource string          `json:"resource,omitempty"`
	Settings json.RawMessage `json:"settings,omitempty"`
	// Inactive means that the provider says it sends nothing at present.
	Inactive bool `json:"inactive,omitempty"`
	// CreatedAt is zero where the provider does not tell.
	CreatedAt time.Time `json:"created_at,omitzero"`
	// Secret is what deliveries are signed with. Rechat tells it in each answer,
	// Asana when the subscription is created; others never do.
	Secret Secret `json:"secret,omitzero"`
}
