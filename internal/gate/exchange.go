package gate

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"strings"

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
	if count > 1 || !e.proofs.take(secret) {
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
	v := answer(Handshake, &rule.Answer, secret)
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
// challenges. Those that carry a proof are looked at once it has been checked.
func (e *Endpoint) challenge(r *reading, proved bool) (Verdict, bool) {
	for i := range e.provider.Challenge {
		rule := &e.provider.Challenge[i]
		if rule.Verify != proved || !rule.Match.Matches(r.Method, r) {
			continue
		}
		value := ""
		if !rule.Value.IsZero() {
			text, count := r.Lookup(rule.Value)
			if count != 1 || !echoable(text) {
				return e.reject(ChallengeRefused), true
			}
			value = text
		}
		return answer(Challenge, &rule.Answer, value), true
	}
	return Verdict{}, false
}

// mayBeExchange tells whether a delivery without its body could be a handshake or
// an unproved challenge, which need no signature.
func (e *Endpoint) mayBeExchange(r *reading) bool {
	if e.handshakes() && e.provider.Handshake.Match.MatchesMethod(r.Method) {
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
		if c := &e.provider.Challenge[i]; !c.Verify && c.Match.MatchesMethod(r.Method) {
			return true
		}
	}
	return false
}

// answer fills an exchange's answer in. Texts are sent so that no browser takes
// them for anything else.
func answer(kind Kind, rule *provider.Answer, value string) Verdict {
	v := Verdict{Outcome: Answer, Kind: kind, Status: rule.Status, Header: http.Header{}}
	if v.Status == 0 {
		v.Status = http.StatusOK
	}
	for name, text := range rule.Header {
		v.Header.Set(name, provider.Fill(text, value))
	}
	switch {
	case len(rule.JSON) > 0:
		object := make(map[string]string, len(rule.JSON))
		for name, text := range rule.JSON {
			object[name] = provider.Fill(text, value)
		}
		v.Body, _ = json.Marshal(object) // a map of texts always has a JSON form
		v.Header.Set("Content-Type", "application/json")
	case rule.Text != "":
		v.Body = []byte(provider.Fill(rule.Text, value))
		v.Header.Set("Content-Type", "text/plain; charset=utf-8")
	}
	v.Header.Set("X-Content-Type-Options", "nosniff")
	return v
}

// maxEcho bounds the text that a challenge has repeated.
const maxEcho = 512

// echoable tells whether a caller's text may be repeated: it is short and has
// visible ASCII characters alone.
func echoable(text string) bool {
	return text != "" && len(text) <= maxEcho &&
		strings.IndexFunc(text, func(r rune) bool { return r <= ' ' || r > '~' }) < 0
}
