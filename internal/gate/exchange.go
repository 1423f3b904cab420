package gate

import (
	"context"
	"errors"

	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// handshake answers a delivery that has the shape of the provider's handshake.
func (e *Endpoint) handshake(ctx context.Context, r *reading) (Verdict, bool) {
	rule := e.provider.Handshake
	if rule == nil || e.ReportOnly || !rule.Match.Matches(r.Method, r) {
		return Verdict{}, false
	}
	secret, count := r.Lookup(rule.Secret)
	if count == 0 {
		return Verdict{}, false
	}
	if !e.handshakes() {
		return e.reject(HandshakeUnarmed), true // it is no delivery either
	}
	if count > 1 || e.proofs.take(signature.Key{Secret: secret}) != nil {
		return e.reject(HandshakeRefused), true
	}
	result := Configured
	if !e.configured(secret) {
		outcome, v, refused := e.offer(ctx, r.slot, secret)
		if refused {
			return v, true
		}
		result = outcome.String()
	}
	v := answer(Handshake, &rule.Answer, secret, "")
	v.Result, v.Fingerprint = result, signature.Fingerprint(secret)
	return v, true
}

// Configured is the result of a handshake whose secret the configuration gives.
const Configured = "configured"

// configured tells whether the secret is a key of the configuration already.
func (e *Endpoint) configured(secret string) bool {
	for i := range e.Keys {
		if signature.Equal(e.Keys[i].Secret, secret) {
			return true
		}
	}
	return false
}

var errNoSlots = errors.New("there is no store for learned secrets")

func (e *Endpoint) offer(ctx context.Context, slot, secret string) (outcome handshake.Outcome, v Verdict, refused bool) {
	if e.stores.Slots == nil {
		return 0, unavailable(StoreUnavailable, errNoSlots), true
	}
	outcome, err := e.stores.Slots.Offer(ctx, slot, secret)
	if err != nil {
		return 0, unavailable(StoreUnavailable, err), true
	}
	if outcome.Echo() {
		return outcome, Verdict{}, false
	}
	switch outcome {
	case handshake.Locked, handshake.Full:
		return outcome, e.reject(HandshakeLocked), true
	case handshake.Malformed:
		return outcome, e.reject(HandshakeRefused), true
	default:
		return outcome, e.reject(HandshakeUnarmed), true
	}
}

// challenge answers a delivery that has the shape of one of the provider's
// challenges. Those that carry a proof are looked at once it has been checked, and
// are then given by what.
func (e *Endpoint) challenge(ctx context.Context, r *reading, by *proved) (Verdict, bool) {
	for i := range e.provider.Challenge {
		rule := &e.provider.Challenge[i]
		if rule.Verify == (by != nil) && !e.leaves(rule) && rule.Match.Matches(r.Method, r) {
			return e.answerChallenge(ctx, r, rule, by), true
		}
	}
	return Verdict{}, false
}

// leaves tells whether the challenge is left to the upstream: who only reports lets
// no arming count.
func (e *Endpoint) leaves(rule *provider.Challenge) bool { return rule.Armed && e.ReportOnly }

func (e *Endpoint) answerChallenge(ctx context.Context, r *reading, rule *provider.Challenge, by *proved) Verdict {
	value := ""
	if !rule.Value.IsZero() {
		text, count := r.Lookup(rule.Value)
		if count != 1 || !mayRepeat(rule, text) {
			return e.reject(ChallengeRefused)
		}
		value = text
	}
	if rule.Armed {
		if v, refused := e.unarmed(ctx, r.slot); refused {
			return v
		}
	}
	if !rule.HoldsMAC() {
		return answer(Challenge, &rule.Answer, value, "")
	}
	mac, err := e.macs.sign(value, by, r.Received)
	if err != nil {
		return unavailable(TooManyChallenges, err)
	}
	return answer(Challenge, &rule.Answer, value, mac)
}

// unarmed refuses a challenge to a slot that is not armed.
func (e *Endpoint) unarmed(ctx context.Context, slot string) (Verdict, bool) {
	if e.stores.Slots == nil {
		return e.reject(HandshakeUnarmed), true
	}
	armed, err := e.stores.Slots.Armed(ctx, slot)
	switch {
	case err != nil:
		return unavailable(StoreUnavailable, err), true
	case !armed:
		return e.reject(HandshakeUnarmed), true
	}
	return Verdict{}, false
}

// mayBeExchange tells whether a delivery without its body could be a handshake or
// an unproved challenge, which need no signature. Where no delivery comes by the
// method, there is no proof to look for either.
func (e *Endpoint) mayBeExchange(r *reading) bool {
	if !e.deliversBy(r.Method) {
		return true
	}
	if e.handshakes() && e.provider.Handshake.Match.MayMatch(r.Method, r) {
		switch f := e.provider.Handshake.Secret; f.Source {
		case signature.Header, signature.Query:
			if _, count := r.Lookup(f); count > 0 {
				return true
			}
		default:
			return true
		}
	}
	for i := range e.provider.Challenge {
		if c := &e.provider.Challenge[i]; !c.Verify && !e.leaves(c) && c.Match.MayMatch(r.Method, r) {
			return true
		}
	}
	return false
}
