package caddymodule

import (
	"net/http"
	"time"

	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/hookward/hookward/internal/gate"
)

// The Caddy events that are emitted.
const (
	eventRejected         = "hookward.rejected"
	eventHandshake        = "hookward.handshake"
	eventHandshakeRefused = "hookward.handshake_refused"

	eventSubscriptionFailed = "hookward.subscription_failed"
)

// recordRefusal counts, logs and tells of a delivery that was not proved. A flood
// of them must not flood the log.
func (h *Handler) recordRefusal(rec *recorder, r *http.Request, v *gate.Verdict) {
	ep := h.endpoint
	client := clientAddress(r)
	ep.stats.refused(v.Outcome, v.Reason, refusal{
		At: time.Now(), Reason: string(v.Reason), Status: v.Status, Slot: v.Slot, Client: client,
	})
	rec.counted = true
	fields := []zap.Field{
		zap.String("endpoint", h.Name), zap.String("provider", h.provider.Name),
		zap.String("outcome", string(v.Outcome)), zap.String("reason", string(v.Reason)),
		zap.Int("status", v.Status), zap.String("slot", v.Slot), zap.String("client", client), zap.Error(v.Err),
	}
	h.logRefusal(fields)
	data := map[string]any{
		"endpoint": h.Name, "provider": h.provider.Name, "reason": string(v.Reason), "slot": v.Slot, "client": client,
	}
	h.emit(eventRejected, data)
	if isHandshakeReason(v.Reason) {
		h.emit(eventHandshakeRefused, data)
	}
}

func isHandshakeReason(reason gate.Reason) bool {
	return reason == gate.HandshakeUnarmed || reason == gate.HandshakeLocked || reason == gate.HandshakeRefused
}

func (h *Handler) logRefusal(fields []zap.Field) {
	const message = "delivery refused"
	if h.refusals.Allow() {
		h.logger.Warn(message, append(fields, zap.Int64("not_logged_before", h.endpoint.stats.unmute()))...)
		return
	}
	h.endpoint.stats.mute()
	h.logger.Debug(message, fields...)
}

// recordAnswer counts and logs a handshake, a challenge or a copy.
func (h *Handler) recordAnswer(rec *recorder, r *http.Request, v *gate.Verdict) {
	outcome := string(v.Kind)
	if v.Kind == gate.Duplicate {
		h.endpoint.stats.duplicate(v.ByBody)
	} else {
		h.endpoint.stats.count(result{outcome: outcome})
	}
	rec.counted = true
	if v.Kind == gate.Handshake {
		h.logger.Info("handshake answered", zap.String("endpoint", h.Name), zap.String("slot", v.Slot),
			zap.String("result", v.Result), zap.String("fingerprint", v.Fingerprint), zap.String("client", clientAddress(r)))
		h.emit(eventHandshake, map[string]any{
			"endpoint": h.Name, "provider": h.provider.Name, "slot": v.Slot,
			"result": v.Result, "fingerprint": v.Fingerprint, "client": clientAddress(r),
		})
	}
	h.logDelivery(outcome, v)
}

// outcomeFailed is what became of an event that the upstream did not take.
const outcomeFailed = "failed"

// recordForwarded counts and logs an event that went upstream.
func (h *Handler) recordForwarded(v *gate.Verdict, rec *recorder, succeeded bool, took time.Duration) {
	became := result{outcome: outcomeFailed, reason: rec.failReason}
	if succeeded {
		became = result{outcome: string(gate.Accept)}
	}
	h.endpoint.stats.forwarded(became, v.Event.KeyID, took)
	rec.counted = true
	if h.logger.Core().Enabled(zapcore.DebugLevel) { // spares the fields where nobody wants them
		reason := zap.Skip()
		if became.reason != "" {
			reason = zap.String("reason", string(became.reason))
		}
		h.logDelivery(became.outcome, v, reason, zap.Int("upstream_status", rec.status), zap.Duration("duration", took))
	}
}

// logDelivery writes the one line of a delivery that was not refused.
func (h *Handler) logDelivery(outcome string, v *gate.Verdict, more ...zap.Field) {
	line := h.logger.Check(zapcore.DebugLevel, "delivery")
	if line == nil {
		return
	}
	fields := append(more,
		zap.String("endpoint", h.Name), zap.String("provider", h.provider.Name),
		zap.String("slot", v.Slot), zap.String("outcome", outcome),
	)
	if v.Event != nil {
		e := h.hidden.Show(v.Event)
		fields = append(fields, zap.String("id", e.ID), zap.String("type", e.Type), zap.String("key_id", e.KeyID))
	}
	line.Write(fields...)
}

// emit tells Caddy's events app, where anybody listens. The data holds no secret
// and nothing of the payload.
func (h *Handler) emit(name string, data map[string]any) {
	if h.app.events.ShouldEmit(name) {
		h.app.events.Emit(h.ctx, name, data)
	}
}
