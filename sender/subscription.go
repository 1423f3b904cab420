package sender

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/hookward/hookward/signature"
)

// Subscription is an endpoint's wish to be told of events.
type Subscription struct {
	// ID names the subscription. Subscribe gives one where it is empty.
	ID string `json:"id"`
	// URL is where deliveries are posted.
	URL string `json:"url"`
	// Types are the event types that are wanted: exact ones, "listing.*" for all
	// that start with "listing.", or "*" for all. Default: all.
	Types []string `json:"types,omitempty"`
	// Tenant is the customer that the subscription belongs to.
	Tenant string `json:"tenant,omitempty"`
	// Secrets sign deliveries; all that have not expired do. Subscribe makes
	// one where there is none and the profile needs one.
	Secrets []Secret `json:"secrets,omitempty"`
	// State says whether events are delivered.
	State State `json:"state"`
	// Reason says why the subscription is disabled.
	Reason Reason `json:"reason,omitempty"`
	// Rate is the most deliveries a minute that the endpoint allows. 0: the
	// sender's own limit.
	Rate int `json:"rate,omitempty"`
	// Metadata is the caller's own.
	Metadata map[string]string `json:"metadata,omitempty"`
	// CreatedAt and ChangedAt are set by the sender.
	CreatedAt time.Time `json:"created_at"`
	ChangedAt time.Time `json:"changed_at"`
	// FailingSince is when the first of an unbroken row of failed attempts was
	// made. It is zero after a success.
	FailingSince time.Time `json:"failing_since,omitzero"`
	// Revision is the registry's: it changes with each change.
	Revision uint64 `json:"-"`
}

// State is where a subscription stands.
type State string

const (
	// Pending subscriptions have not passed their endpoint verification. They
	// get no events.
	Pending State = "pending"
	// Active subscriptions get the events they want.
	Active State = "active"
	// Paused subscriptions keep the events they want until they are resumed.
	Paused State = "paused"
	// Disabled subscriptions get no events until they are enabled again.
	Disabled State = "disabled"
)

// Reason says why a subscription was disabled.
type Reason string

const (
	// Gone means that the endpoint answered 410.
	Gone Reason = "gone"
	// Failing means that the endpoint failed for longer than the sender allows.
	Failing Reason = "failing"
	// Requested means that the caller asked for it.
	Requested Reason = "requested"
)

// Secret is one of a subscription's secrets.
type Secret struct {
	// ID names the secret in reports; it is not secret.
	ID string `json:"id"`
	// Value is the secret's text, as it is handed out.
	Value string `json:"value"`
	// CreatedAt is when it was made.
	CreatedAt time.Time `json:"created_at"`
	// ExpiresAt is when it stops signing. Zero: never.
	ExpiresAt time.Time `json:"expires_at,omitzero"`
}

// String returns the id and a fingerprint, so that printing a secret by accident gives
// nothing away.
func (s Secret) String() string { return s.ID + "(" + signature.Fingerprint(s.Value) + ")" }

// Format does the same for every verb, of which some would print the fields.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(s.String())) }

// LogValue is what logs get of a secret: the same.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// LogValue is what logs get of a subscription: neither its secrets nor its URL, which
// may hold a token.
func (s Subscription) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", s.ID), slog.String("tenant", s.Tenant),
		slog.String("state", string(s.State)), slog.String("reason", string(s.Reason)))
}
