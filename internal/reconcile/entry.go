package reconcile

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/hookward/hookward/subscription"
)

// State is where a subscription that was made here is on its way.
type State string

const (
	// Pending subscriptions are about to be made, or were made without an answer
	// that said so.
	Pending State = "pending"

	// Active subscriptions were made, and their deliveries can be proved.
	Active State = "active"

	// Retiring subscriptions were replaced by another, and are deleted at EndsAt.
	Retiring State = "retiring"

	// Lost subscriptions are not in the provider's list. One that turns up late,
	// because the provider went on after we had given up, is recognised until EndsAt.
	Lost State = "lost"
)

// states are those that a record may hold.
var states = []State{Pending, Active, Retiring, Lost}

// Entry is what is written down of one subscription that was made here.
type Entry struct {
	Event    string `json:"event,omitempty"`
	Resource string `json:"resource,omitempty"`

	// Account is where it was made, see [Wanted].
	Account string `json:"account"`

	// Slot is the slot that was made for it; empty where it needs none.
	Slot string `json:"slot,omitempty"`

	// URL is the SHA-256, in hex, of the URL it was made with, which may hold a token.
	URL string `json:"url"`

	// ID is the provider's; empty as long as no answer told it.
	ID string `json:"id,omitempty"`

	// Fingerprint is that of the secret that proves its deliveries, where there is one.
	Fingerprint string `json:"fingerprint,omitempty"`

	State     State     `json:"state"`
	CreatedAt time.Time `json:"created_at"`

	// EndsAt is when a retiring subscription is deleted, and a lost one forgotten.
	EndsAt time.Time `json:"ends_at,omitzero"`
}

// listed is a subscription in the provider's list, with the digest of its URL.
type listed struct {
	*subscription.Subscription
	digest string
}

// lateness is by how much the time at which the provider says that it made a
// subscription may differ from that at which it was asked.
const lateness = time.Hour

// madeAt reports whether a listed subscription is this one by its URL. A slot is in
// no other URL. Without one others can make a subscription with the same URL and
// event, and that must not be taken for ours: so it is only where the answer was lost
// that would have told the id, and where the provider says nothing else.
func (e *Entry) madeAt(l listed) bool {
	switch {
	case e.URL != l.digest:
		return false
	case e.Slot != "":
		return true
	case e.ID != "" || e.Event != l.Event || e.Resource != l.Resource:
		return false
	}
	return l.CreatedAt.IsZero() || l.CreatedAt.Sub(e.CreatedAt).Abs() <= lateness
}

// digest stands for a URL where the URL itself may not be written.
func digest(url string) string {
	sum := sha256.Sum256([]byte(url))
	return hex.EncodeToString(sum[:])
}
