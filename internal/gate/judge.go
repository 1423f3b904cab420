package gate

import (
	"context"
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/hookward/hookward/internal/dedupe"
	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// Precheck makes the checks that need no body: method, path, token, and the shape
// and age of the proof. It tells whether the delivery is refused already.
func (e *Endpoint) Precheck(ctx context.Context, d *Delivery) (Verdict, bool) {
	r := &reading{Delivery: d, publicURL: e.PublicURL}
	v, refused := e.precheck(ctx, r)
	v.Slot = r.slot
	return v, refused
}

func (e *Endpoint) precheck(ctx context.Context, r *reading) (Verdict, bool) {
	if v, refused := e.admit(ctx, r); refused {
		return v, v.Outcome == Reject
	}
	if e.ReportOnly || e.mayBeExchange(r) {
		return Verdict{}, false
	}
	if err := e.proofs.precheck(r); err != nil {
		return e.reasonOf(err), true
	}
	return Verdict{}, false
}

// Judge decides what is to be done with a delivery. It does not talk to the
// upstream and does not wait.
func (e *Endpoint) Judge(ctx context.Context, d *Delivery) Verdict {
	r := &reading{Delivery: d, publicURL: e.PublicURL, payload: e.provider.Payload, encoding: e.provider.PayloadEncoding}
	v := e.judge(ctx, r)
	v.Slot = r.slot
	return v
}

func (e *Endpoint) judge(ctx context.Context, r *reading) Verdict {
	if v, refused := e.admit(ctx, r); refused {
		return v
	}
	if v, is := e.handshake(ctx, r); is {
		return v
	}
	if v, is := e.challenge(ctx, r, nil); is {
		return v
	}
	if !e.deliversBy(r.Method) {
		return e.reject(WrongMethod)
	}
	proof, err := e.prove(ctx, r)
	if err != nil {
		return e.unproved(e.reasonOf(err))
	}
	if v, is := e.challenge(ctx, r, &proof); is {
		return v
	}
	if e.provider.MayBeAnswered(r) || !e.meetsRequirements(r) {
		return e.unproved(e.reject(ContentMismatch))
	}
	if e.lacksJSON(r) {
		return e.reject(BodyNotJSON)
	}
	return e.accept(r, proof)
}

// admit checks where the delivery arrived and the token it brought.
func (e *Endpoint) admit(ctx context.Context, r *reading) (Verdict, bool) {
	var reason Reason
	if r.route, reason = e.route.match(r.Path); reason != "" {
		return e.reject(reason), true
	}
	r.slot = e.route.slot(r.route)
	r.scope = r.slot
	if e.route.isMade(r.route) {
		if v, refused := e.admitMade(ctx, r); refused {
			return v, true
		}
	}
	if !slices.Contains(e.methods, r.Method) {
		return e.reject(WrongMethod), true
	}
	if len(e.Tokens) == 0 {
		return Verdict{}, false
	}
	if r.token, reason = checkTokens(e.Tokens, r); reason != "" {
		v := e.unproved(e.reject(reason))
		return v, true
	}
	return Verdict{}, false
}

// unproved lets a delivery through that is refused, where the endpoint only
// reports. A fault of ours is no statement about the delivery and stays a refusal.
func (e *Endpoint) unproved(v Verdict) Verdict {
	if e.ReportOnly && v.Status != http.StatusServiceUnavailable {
		v.Outcome = Unproved
	}
	return v
}

// meetsRequirements tells whether the content is what the provider's file requires.
func (e *Endpoint) meetsRequirements(r *reading) bool {
	if e.reliesOnMembers {
		if doc, valid := r.JSON(); valid && !event.UniqueNames(doc) {
			return false
		}
	}
	if slices.ContainsFunc(e.singleParts, r.hasTwin) {
		return false
	}
	return provider.HoldAll(e.provider.Require, r) || provider.HoldAll(e.provider.Require, r.withToken())
}

// lacksJSON tells whether the event cannot be read because all of its id's or
// type's places are in JSON and the body is none.
func (e *Endpoint) lacksJSON(r *reading) bool {
	if !e.needsJSON {
		return false
	}
	_, valid := r.JSON()
	return !valid
}

// accept reads the event and takes the claim on it.
func (e *Endpoint) accept(r *reading, proof proved) Verdict {
	kind, value := e.dedupeKey(r)
	v := Verdict{Outcome: Accept, ByBody: kind == dedupe.ByBody, SuccessHeader: e.successHeader(r)}
	v.Event = event.New(&e.provider.Event, r, event.Facts{
		Provider: e.provider.Name, Endpoint: e.Name, Source: e.Source,
		Scheme: proof.scheme, Covers: proof.covers, KeyID: proof.keyID,
		DedupeKey: value, Received: r.Received,
	})
	if e.stores.Dedupe == nil || e.Config.Dedupe.Off {
		return v
	}
	window := e.window.id
	if v.ByBody && !e.bodyTellsTime(r) {
		window = e.window.body
	}
	result, err := e.stores.Dedupe.Claim(dedupe.KeyOf(e.Name, r.scope, kind, []byte(value)), window)
	switch {
	case errors.Is(err, dedupe.ErrTooManyInFlight):
		return unavailable(TooManyInFlight, err)
	case err != nil:
		return unavailable(StoreUnavailable, err)
	}
	return e.withClaim(v, result)
}

// bodyTellsTime tells whether the event's time was found in the body.
func (e *Endpoint) bodyTellsTime(r *reading) bool {
	times := e.provider.Event.Time
	for i := range times {
		if _, found := times[i].Expand(r); found {
			return times[i : i+1].ReadsBody()
		}
	}
	return false
}

// Resume is the verdict for a copy that has waited, from what became of the first.
func (e *Endpoint) Resume(v Verdict, result dedupe.Result) Verdict {
	slot := v.Slot
	v = e.withClaim(v, result)
	v.Slot = slot
	return v
}

func (e *Endpoint) withClaim(v Verdict, result dedupe.Result) Verdict {
	v.Claim, v.Flight = result.Claim, result.Flight
	switch result.State {
	case dedupe.Fresh:
		v.Outcome = Accept
	case dedupe.InFlight:
		v.Outcome = Wait
	case dedupe.Failed:
		if result.Answer == nil {
			return unavailable(FirstFailed, nil)
		}
		return e.duplicate(v, result.Answer)
	default:
		return e.duplicate(v, result.Answer)
	}
	return v
}

// duplicate answers a copy: with the first copy's answer where it is shared, else
// with the provider's success status.
func (e *Endpoint) duplicate(v Verdict, shared *dedupe.Answer) Verdict {
	v.Outcome, v.Kind = Answer, Duplicate
	if shared != nil {
		v.Status, v.Header, v.Body = shared.Status, shared.Header.Clone(), shared.Body
	} else {
		v.Status = e.provider.SuccessStatus()
		v.Body = []byte(e.provider.Limits.SuccessBody)
	}
	if v.Header == nil {
		v.Header = http.Header{}
	}
	if v.Status >= 200 && v.Status <= 299 {
		maps.Copy(v.Header, v.SuccessHeader)
	}
	v.Header.Set("Hookward-Duplicate", "true")
	return v
}

// dedupeKey returns the text by which copies are recognised: the id where there
// is one, else the body's SHA-256; none where copies are not looked for.
func (e *Endpoint) dedupeKey(r *reading) (dedupe.Kind, string) {
	if e.Config.Dedupe.Off {
		return 0, ""
	}
	if id, ok := e.Config.Dedupe.Key.Expand(r); ok && id != "" {
		return dedupe.ByID, id
	}
	sum, _ := r.Lookup(signature.Field{Source: signature.BodySHA256})
	if raw, ok := e.provider.Event.Type.Expand(r); ok && e.typeBesideBody {
		return dedupe.ByBody, sum + " " + raw
	}
	return dedupe.ByBody, sum
}
