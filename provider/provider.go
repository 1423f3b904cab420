// Package provider says what a provider of webhooks is, as data: how its
// deliveries are proved, which handshakes and challenges it makes, where its
// events keep their facts, and what it expects as an answer.
//
// The catalogue of known providers is embedded, one YAML file each; see [Lookup].
// The same keys make up a provider that is defined in a configuration.
package provider

import "github.com/hookward/hookward/signature"

// How sure the facts of a provider's file are.
const (
	// Confirmed facts are published by the provider, or agree with vectors that are.
	Confirmed = "confirmed"
	// Unconfirmed facts, or some of them, rest on observation by others.
	Unconfirmed = "unconfirmed"
)

// AnswerUpstream is the value of Provider.Answer for providers that need the
// upstream's own answer.
const AnswerUpstream = "upstream"

// Provider is one system that sends webhooks.
type Provider struct {
	// Name is the provider's name in configurations: lower-case letters, digits and hyphens.
	Name string `json:"name,omitempty"`
	// Title is the name for people.
	Title string `json:"title,omitempty"`
	// Docs lists where the facts come from.
	Docs signature.Strings `json:"docs,omitempty"`
	// Notes says what users should know.
	Notes signature.Strings `json:"notes,omitempty"`
	// Confidence is confirmed or unconfirmed.
	Confidence string `json:"confidence,omitempty"`
	// Unconfirmed lists the keys whose values are not confirmed by the provider,
	// each of which can be overridden.
	Unconfirmed signature.Strings `json:"unconfirmed,omitempty"`

	// Method lists the methods of deliveries. Default: POST.
	Method signature.Strings `json:"method,omitempty"`
	// Const holds constants that texts refer to as "{const:name}". An empty one
	// must be set by the user.
	Const map[string]string `json:"const,omitempty"`
	// SecretForm is nfkd where the provider brings the letters of a secret into that
	// form of Unicode first.
	SecretForm string `json:"secret_form,omitempty"`
	// Signature lists the schemes, any of which may prove a delivery. A provider
	// without any signs nothing.
	Signature []Scheme `json:"signature,omitempty"`
	// Require lists conditions that each proved delivery must meet.
	Require []Condition `json:"require,omitempty"`
	// Handshake is the exchange that sets a subscription up and teaches its secret.
	Handshake *Handshake `json:"handshake,omitempty"`
	// Challenge lists the exchanges that only prove that we own the URL.
	Challenge []Challenge `json:"challenge,omitempty"`
	// Payload is the field that holds the JSON or XML where the body is a form.
	Payload signature.Field `json:"payload,omitzero"`
	// PayloadEncoding is base64 where the payload is encoded in it.
	PayloadEncoding signature.Encoding `json:"payload_encoding,omitempty"`
	// Event says where the facts of an event are found.
	Event Event `json:"event,omitzero"`
	// Dedupe is for how long a delivery is remembered, or off where equal deliveries
	// are no copies. Default: 24h by an id, or by a body that says its time; else 10m.
	Dedupe signature.Duration `json:"dedupe,omitzero"`
	// Limits is what the provider documents about its deliveries.
	Limits Limits `json:"limits,omitzero"`
	// Strip lists what never goes upstream nor into a log, beyond the fields that
	// hold a shared secret by the schemes and the handshake.
	Strip Strip `json:"strip,omitzero"`
	// Answer is "upstream" where the upstream's answer is part of the product, so
	// that deliveries cannot be queued.
	Answer string `json:"answer,omitempty"`
	// Vectors are requests with known outcomes.
	Vectors []Vector `json:"vectors,omitempty"`
}

// Scheme is a signature scheme that may be limited to some requests.
type Scheme struct {
	signature.Scheme
	// When lists conditions under which the scheme is used. Default: always.
	When []Condition `json:"when,omitempty"`
}

// Strip lists fields that are bearer secrets.
type Strip struct {
	Header signature.Strings `json:"header,omitempty"`
	Query  signature.Strings `json:"query,omitempty"`
}

// Event says where the facts of an event are found. Each list is tried in order;
// the first template whose parts are all there is taken.
type Event struct {
	// ID is the delivery's id, the same for each copy. Default: a hash of the body, and
	// of the type where that stands outside of it.
	ID Templates `json:"id,omitempty"`
	// Type is the provider's own name of the event's type.
	Type Templates `json:"type,omitempty"`
	// Time is when it happened.
	Time Templates `json:"time,omitempty"`
	// TimeUnit is how Time is written: rfc3339 (the default), s or ms. RFC 3339 is read
	// whatever the unit.
	TimeUnit signature.Unit `json:"time_unit,omitempty"`
	// Subject is what it happened to.
	Subject Templates `json:"subject,omitempty"`
	// Source is the provider's instance, a URI.
	Source Templates `json:"source,omitempty"`
	// Prefix is the reverse DNS name before canonical types, such as io.repliers.
	Prefix string `json:"prefix,omitempty"`
	// Types maps the provider's own names to canonical types.
	Types map[string]string `json:"types,omitempty"`
}
