package caddymodule

import (
	"slices"
	"strings"

	"go.uber.org/zap"

	"github.com/hookward/hookward/caddymodule/redaction"
	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/signature"
)

// Validate tells of settings that work, but not well.
func (h *Handler) Validate() error {
	h.warnAboutHeaders()
	h.warnAboutTimestamps()
	if share := int64(h.app.MaxInflight) / clientShare; int64(h.MaxBody) > share {
		h.logger.Warn("a body that is larger than an eighth of max_inflight is refused, for one client may hold no more: "+
			"raise max_inflight or lower max_body",
			zap.String("endpoint", h.Name), zap.Int64("max_body", int64(h.MaxBody)), zap.Int64("an_eighth", share))
	}
	return nil
}

// warnAboutHeaders names headers that Caddy deletes before any handler sees them.
func (h *Handler) warnAboutHeaders() {
	for _, name := range h.headersRead() {
		if strings.ContainsAny(name, "_.") {
			h.logger.Warn("Caddy deletes request headers with an underscore or dot: set the server option "+
				"expected_underscore_headers or expected_dot_headers",
				zap.String("endpoint", h.Name), zap.String("header", name))
		}
	}
}

// headersRead lists the headers that the endpoint looks at.
func (h *Handler) headersRead() []string {
	headers := h.provider.Headers()
	for _, token := range h.Tokens {
		if token.Place == gate.TokenInHeader {
			headers = append(headers, token.Name)
		}
	}
	if h.Dedupe == nil {
		return headers
	}
	for i := range h.Dedupe.Key {
		for _, f := range h.Dedupe.Key[i].Fields() {
			if f.Source == signature.Header {
				headers = append(headers, f.Name)
			}
		}
	}
	return headers
}

// warnAboutTimestamps tells of times that do not keep an old delivery from being sent
// again: whoever has it can write a new one.
func (h *Handler) warnAboutTimestamps() {
	for i := range h.provider.Signature {
		scheme := &h.provider.Signature[i]
		if scheme.UnsignedTimestamp() && scheme.Timestamp.Tolerance != signature.Off {
			h.logger.Warn("the provider does not sign its timestamp: the tolerance stops accidents, and nobody who sends an old delivery again",
				zap.String("endpoint", h.Name), zap.String("scheme", string(scheme.Type)))
		}
	}
}

// warnAboutLogs tells of a log that will show what proves deliveries to be genuine.
func (h *Handler) warnAboutLogs() {
	if h.sendsSecret() && redaction.ExposesRequests(h.ctx) {
		h.logger.Warn("requests to this endpoint carry a secret, and a log may show it: give the log `format hookward`",
			zap.String("endpoint", h.Name))
	}
}

// sendsSecret tells whether requests carry a secret itself, rather than a proof made
// with it, where Caddy does not keep it out of its logs anyway.
func (h *Handler) sendsSecret() bool {
	return len(h.strip.queries) > 0 ||
		slices.ContainsFunc(h.strip.headers, func(name string) bool { return name != "Authorization" }) ||
		slices.ContainsFunc(h.Tokens, func(t Token) bool { return t.Place == gate.TokenInPath })
}
