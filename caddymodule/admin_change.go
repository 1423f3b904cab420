package caddymodule

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"go.uber.org/zap"

	"github.com/hookward/hookward/caddymodule/redaction"
	"github.com/hookward/hookward/internal/adminapi"
	"github.com/hookward/hookward/internal/dedupe"
	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/signature"
)

// arm answers POST /hookward/endpoints/{name}/arm.
func (a *adminAPI) arm(w http.ResponseWriter, r *http.Request, ep *endpoint) error {
	req := adminapi.ArmRequest{For: signature.Duration(adminapi.DefaultArm)}
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	slot, err := ep.armable(req.Slot)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), openTimeout)
	defer cancel()
	until, err := ep.slots.Arm(ctx, slot, time.Duration(req.For))
	if err != nil {
		return slotError(err)
	}
	a.log(r, ep, "slot armed", zap.String("slot", slot), zap.Time("until", until))
	return writeJSON(w, adminapi.ArmAnswer{Slot: slot, ArmedUntil: until})
}

// disarm answers DELETE /hookward/endpoints/{name}/arm.
func (a *adminAPI) disarm(w http.ResponseWriter, r *http.Request, ep *endpoint) error {
	slot, err := ep.armable(r.URL.Query().Get("slot"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), openTimeout)
	defer cancel()
	if err := ep.slots.Disarm(ctx, slot); err != nil {
		return slotError(err)
	}
	a.log(r, ep, "slot disarmed", zap.String("slot", slot))
	return writeJSON(w, adminapi.DisarmAnswer{Slot: slot})
}

// armable returns the slot that is named, or the only one there is.
func (ep *endpoint) armable(named string) (string, error) {
	if ep.slots == nil {
		return "", adminError(http.StatusConflict, fmt.Errorf(
			"endpoint %q has nothing to arm: its provider makes no handshakes, or they are off", ep.name))
	}
	names := ep.gate.HandshakeSlots()
	switch {
	case named != "":
		return named, nil
	case len(names) == 0:
		return "", adminError(http.StatusConflict, fmt.Errorf("endpoint %q: %w", ep.name, handshake.ErrMade))
	case len(names) > 1:
		return "", adminError(http.StatusBadRequest, fmt.Errorf(
			"endpoint %q: say which of its %d slots, `caddy hookward endpoints %s` shows them", ep.name, len(names), ep.name))
	}
	return names[0], nil
}

// removeSecret answers DELETE /hookward/endpoints/{name}/slots/{slot}/secrets/{fingerprint}.
func (a *adminAPI) removeSecret(w http.ResponseWriter, r *http.Request, ep *endpoint) error {
	slot, fingerprint := r.PathValue("slot"), r.PathValue("fingerprint")
	if ep.slots == nil {
		return adminError(http.StatusNotFound, fmt.Errorf("endpoint %q has no slots", ep.name))
	}
	ctx, cancel := context.WithTimeout(r.Context(), openTimeout)
	defer cancel()
	if err := ep.slots.Remove(ctx, slot, fingerprint); err != nil {
		return slotError(err)
	}
	a.log(r, ep, "learned secret removed", zap.String("slot", slot), zap.String("fingerprint", fingerprint))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// slotError gives an error of the slots its status.
func slotError(err error) error {
	status := http.StatusInternalServerError
	switch {
	case errors.Is(err, handshake.ErrUnknownSlot), errors.Is(err, handshake.ErrUnknownSecret):
		status = http.StatusNotFound
	case errors.Is(err, handshake.ErrDuration):
		status = http.StatusBadRequest
	case errors.Is(err, handshake.ErrOff), errors.Is(err, handshake.ErrFull), errors.Is(err, handshake.ErrMade):
		status = http.StatusConflict
	case errors.Is(err, handshake.ErrStore):
		status = http.StatusServiceUnavailable
	}
	return adminError(status, err)
}

// forget answers POST /hookward/endpoints/{name}/forget.
func (a *adminAPI) forget(w http.ResponseWriter, r *http.Request, ep *endpoint) error {
	var req adminapi.ForgetRequest
	if err := readJSON(w, r, &req); err != nil {
		return err
	}
	if req.Key == "" {
		return adminError(http.StatusBadRequest, errors.New("key is missing: the delivery's id, or its body's SHA-256 in hex"))
	}
	slots, err := ep.deliverySlots(r.Context(), req.Slot)
	if err != nil {
		return err
	}
	var answer adminapi.ForgetAnswer
	for _, slot := range slots {
		answer.Forgotten = append(answer.Forgotten, ep.forget(slot, req.Key)...)
	}
	if len(answer.Forgotten) == 0 {
		return adminError(http.StatusNotFound, fmt.Errorf(
			"endpoint %q remembers no such delivery, or it is still in flight", ep.name))
	}
	key := req.Key
	if ep.handler.hidden.Key {
		key = redaction.Hidden
	}
	a.log(r, ep, "delivery forgotten", zap.String("key", key), zap.Any("forgotten", answer.Forgotten))
	return writeJSON(w, answer)
}

// deliverySlots lists the slots that a delivery may have arrived at: the one that
// is named, else all there are.
func (ep *endpoint) deliverySlots(ctx context.Context, named string) ([]string, error) {
	if ep.gate.MadeSlots {
		return ep.madeScopes(ctx, named)
	}
	known := ep.gate.AllSlots()
	switch {
	case named == "":
		return known, nil
	case !slices.Contains(known, named):
		return nil, adminError(http.StatusNotFound, fmt.Errorf("endpoint %q has no slot %.128q", ep.name, named))
	}
	return []string{named}, nil
}

// madeScopes does that where slots are made at run time. There the deliveries of an
// event belong together, and the event names its slots too.
func (ep *endpoint) madeScopes(ctx context.Context, named string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	all, err := ep.slots.Status(ctx)
	if err != nil {
		return nil, slotError(err)
	}
	var scopes []string
	for _, s := range all {
		if named != "" && named != s.Slot && (s.MadeAt.IsZero() || named != s.Event) {
			continue
		}
		scope := s.Slot
		if !s.MadeAt.IsZero() {
			scope = gate.MadeScope(s.Event)
		}
		if !slices.Contains(scopes, scope) {
			scopes = append(scopes, scope)
		}
	}
	if len(scopes) == 0 {
		return nil, adminError(http.StatusNotFound, fmt.Errorf("endpoint %q has no slot %.128q", ep.name, named))
	}
	return scopes, nil
}

// onlySlot is the slot of an endpoint whose path captures none.
const onlySlot = "default"

// forget tries the key as an id and as the hash of a body.
func (ep *endpoint) forget(slot, key string) []adminapi.Forgotten {
	var done []adminapi.Forgotten
	for _, kind := range []dedupe.Kind{dedupe.ByID, dedupe.ByBody} {
		if ep.shared.dedupe.Forget(dedupe.KeyOf(ep.name, slot, kind, []byte(key))) {
			done = append(done, adminapi.Forgotten{Slot: slot, By: by(kind == dedupe.ByBody)})
		}
	}
	return done
}

// log writes down who changed what.
func (a *adminAPI) log(r *http.Request, ep *endpoint, message string, fields ...zap.Field) {
	a.logger().Info(message, append(fields, zap.String("endpoint", ep.name), zap.String("client", r.RemoteAddr))...)
}
