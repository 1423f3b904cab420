package caddymodule

import (
	"encoding/base64"
	"slices"
	"strings"

	"go.uber.org/zap/zapcore"

	"github.com/hookward/hookward/caddymodule/redaction"
	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// MarshalLogObject implements [zapcore.ObjectMarshaler], for Caddy's trace writes
// the handlers that a request passes with all their settings.
func (h *Handler) MarshalLogObject(enc zapcore.ObjectEncoder) error {
	enc.AddString("endpoint", h.Name)
	return nil
}

// hideSecrets puts what no log shows of the endpoint on the list, and returns the
// function that takes it off.
func (h *Handler) hideSecrets(cfg *gate.Config) func() {
	release := redaction.Add(h.toRedact(cfg))
	return func() {
		release()
		if h.credential != nil {
			h.credential.forget()
		}
	}
}

// toRedact lists what no log shows of the endpoint with these settings.
func (h *Handler) toRedact(cfg *gate.Config) []redaction.Item {
	headers, queries := h.provider.SignatureHeaders()
	headers = slices.Concat(headers, h.strip.headers, h.provider.AnswerHeaders(), h.hidden.Headers())
	queries = slices.Concat(queries, h.strip.queries)
	if h.signer != nil {
		headers = append(headers, resignHeader)
	}
	var items []redaction.Item
	for _, name := range headers {
		items = append(items, redaction.Header(name))
	}
	for _, name := range queries {
		items = append(items, redaction.Query(name))
	}
	if strings.Contains(h.Path, redaction.TokenSegment) {
		items = append(items, redaction.PathToken(h.Path))
	}
	for _, value := range h.secretValues(cfg) {
		items = append(items, redaction.Value(value))
	}
	return items
}

// resignHeader is what brings our own signature to the upstream.
const resignHeader = "Webhook-Signature"

// secretValues lists the configured secrets, also in the form in which HTTP Basic
// sends them, and the user's constants, of which any may be a secret.
func (h *Handler) secretValues(cfg *gate.Config) []string {
	values := slices.Clone(h.constants)
	if h.resignSecret != "" {
		values = append(values, h.resignSecret)
	}
	if h.credential != nil {
		values = append(values, h.credential.value)
	}
	for _, token := range cfg.Tokens {
		values = append(values, token.Value)
	}
	basic := slices.ContainsFunc(h.provider.Signature, func(s provider.Scheme) bool { return s.Type == signature.Basic })
	for _, key := range cfg.Keys {
		values = append(values, key.Secret)
		if user, password, is := strings.Cut(key.Secret, ":"); is && basic {
			values = append(values, password, base64.StdEncoding.EncodeToString([]byte(user+":"+password)))
		}
	}
	return values
}

// hiddenAttributes tells what of the endpoint's events is not shown.
func (h *Handler) hiddenAttributes() redaction.Attributes {
	var key provider.Templates
	if h.Dedupe != nil {
		key = h.Dedupe.Key
	}
	return redaction.HiddenAttributes(h.provider, h.Source, key, h.Redact)
}
