package adminapi

import (
	"time"

	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/internal/reconcile"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// Summary is what the list tells of an endpoint.
type Summary struct {
	Name      string           `json:"name"`
	Provider  string           `json:"provider"`
	Path      string           `json:"path,omitempty"`
	PublicURL string           `json:"public_url,omitempty"`
	Handshake string           `json:"handshake"` // the mode, or "none" where the provider makes none
	Deliver   string           `json:"deliver"`
	Counts    map[string]int64 `json:"counts"` // by what became of a delivery
}

// Endpoint is all that may be shown of an endpoint.
type Endpoint struct {
	Summary
	ReportOnly    bool                   `json:"report_only,omitempty"`
	AllowUnsigned bool                   `json:"allow_unsigned,omitempty"`
	Events        []string               `json:"events,omitempty"`
	Keys          []Key                  `json:"keys,omitempty"`
	Tokens        []Token                `json:"tokens,omitempty"`
	Override      []string               `json:"override,omitempty"` // the keys; a value may be a secret
	Tolerance     signature.Duration     `json:"tolerance,omitempty"`
	MaxBody       provider.Size          `json:"max_body,omitempty"`
	Dedupe        Dedupe                 `json:"dedupe"`
	Source        string                 `json:"source,omitempty"`
	Emit          string                 `json:"emit"`
	Resign        bool                   `json:"resign,omitempty"`
	Redact        []string               `json:"redact,omitempty"`
	Slots         []handshake.SlotStatus `json:"slots,omitempty"`
	Refusals      []Refusal              `json:"refusals,omitempty"` // the newest first
	Subscriptions *reconcile.Status      `json:"subscriptions,omitempty"`
}

// Key is what may be shown of a key.
type Key struct {
	ID          string `json:"id"`
	Fingerprint string `json:"fingerprint"`
}

// Token is what may be shown of a token.
type Token struct {
	Place       string `json:"place"`
	Name        string `json:"name,omitempty"`
	Fingerprint string `json:"fingerprint"`
}

// Dedupe says how copies are recognised. Window and key are left out where they
// follow from the provider.
type Dedupe struct {
	Off    bool               `json:"off,omitempty"`
	Window signature.Duration `json:"window,omitempty"`
	Key    []string           `json:"key,omitempty"`
}

// Refusal is one delivery that was refused.
type Refusal struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
	Status int       `json:"status"`
	Slot   string    `json:"slot,omitempty"`
	Client string    `json:"client,omitempty"`
}
