package sender

import "time"

// Event is something that happened, to be told to every subscription that wants it.
type Event struct {
	// ID names the event for good. It is the same in every attempt, and what
	// receivers drop copies by. No other event has it, whoever its tenant is. It must
	// not hold a dot. Default: a fresh one that starts with "evt_".
	ID string `json:"id"`
	// Type says what happened, such as "listing.created".
	Type string `json:"type"`
	// Tenant is the customer whose subscriptions are told. Default: those
	// that belong to no tenant.
	Tenant string `json:"tenant,omitempty"`
	// Time is when it happened. Default: now.
	Time time.Time `json:"time"`
	// ContentType of the body. Default: application/json.
	ContentType string `json:"content_type,omitempty"`
	// Body is sent as it is, the same bytes in every attempt. It must not be
	// changed once it was handed to Send.
	Body []byte `json:"-"`
}
