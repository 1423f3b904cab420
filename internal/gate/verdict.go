package gate

import (
	"net/http"

	"github.com/hookward/hookward/internal/dedupe"
	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/signature"
)

// Outcome is what is to be done with a delivery.
type Outcome string

// The outcomes.
const (
	// Accept: hand the event to the upstream, then end the claim.
	Accept Outcome = "accept"
	// Answer: send the answer; nothing goes upstream.
	Answer Outcome = "answer"
	// Wait: the first copy is in flight; what becomes of it is this copy's answer.
	Wait Outcome = "wait"
	// Reject: refuse, for the reason given.
	Reject Outcome = "reject"
	// Unproved: refused, but the endpoint only reports: hand it on, marked.
	Unproved Outcome = "unproved"
)

// Kind says what an Answer answers.
type Kind string

// The kinds of answers.
const (
	Handshake Kind = "handshake"
	Challenge Kind = "challenge"
	Duplicate Kind = "duplicate"
)

// Reason says why a delivery is refused. Those of package signature are reasons
// too; this list holds the others.
type Reason = signature.Reason //nolint:errname // a value to count and to log, and an error besides

// The reasons beside those of a signature.
//
//nolint:errname // values to count and to log, and errors besides
const (
	WrongMethod       Reason = "method"
	WrongPath         Reason = "path"
	UnknownEvent      Reason = "event"
	UnknownSlot       Reason = "slot"
	TokenMissing      Reason = "token_missing"
	TokenMismatch     Reason = "token_mismatch"
	ContentMismatch   Reason = "content_mismatch"
	BodyNotJSON       Reason = "body_not_json"
	BodyTooLarge      Reason = "body_too_large"
	BodyTooSlow       Reason = "body_too_slow"
	BodyIncomplete    Reason = "body_incomplete"
	HandshakeUnarmed  Reason = "handshake_unarmed"
	HandshakeLocked   Reason = "handshake_locked"
	HandshakeRefused  Reason = "handshake_malformed"
	ChallengeRefused  Reason = "challenge_malformed"
	TooManyChallenges Reason = "too_many_challenges"
	StoreUnavailable  Reason = "store_unavailable"
	SecretAwaited     Reason = "secret_awaited"
	TooManyInFlight   Reason = "too_many_in_flight"
	TooManyWaiting    Reason = "too_many_waiting"
	WaitedTooLong     Reason = "waited_too_long"
	FirstFailed       Reason = "first_copy_failed"
	BudgetExceeded    Reason = "over_budget"
	UpstreamUnhandled Reason = "upstream_unhandled"
	Panicked          Reason = "panic"
)

// Reasons lists every reason that a delivery can be refused for.
func Reasons() []Reason {
	return append(signature.Reasons(),
		WrongMethod, WrongPath, UnknownEvent, UnknownSlot, TokenMissing, TokenMismatch,
		ContentMismatch, BodyNotJSON, BodyTooLarge, BodyTooSlow, BodyIncomplete,
		HandshakeUnarmed, HandshakeLocked, HandshakeRefused, ChallengeRefused, TooManyChallenges,
		StoreUnavailable, SecretAwaited, TooManyInFlight, TooManyWaiting, WaitedTooLong, FirstFailed,
		BudgetExceeded, UpstreamUnhandled, Panicked,
	)
}

// Verdict is the judgement of one delivery.
type Verdict struct {
	Outcome Outcome
	// Status is the status to answer or refuse with.
	Status int
	// Reason is why a delivery is refused or unproved.
	Reason Reason
	// Err is the detail behind the reason where there is one. It holds no secret.
	Err error

	// Kind, Header and Body are the answer.
	Kind   Kind
	Header http.Header
	Body   []byte

	// SuccessHeader is what a success answer to an accepted event must carry.
	SuccessHeader http.Header

	// Result is what an answered handshake's secret is to its slot: learned now, known
	// from before, or [Configured]. Fingerprint tells which secret it is.
	Result, Fingerprint string

	// Event is the accepted event, and that of a copy.
	Event *event.Event
	// Claim is ours until it is committed or released; nil where the endpoint
	// does not look for copies.
	Claim *dedupe.Claim
	// Flight leads to the first copy's outcome.
	Flight *dedupe.Flight

	// Slot is the delivery's slot, empty where its path is not valid.
	Slot string
	// ByBody tells that the copy was recognised by its body.
	ByBody bool
}

func (e *Endpoint) reject(reason Reason) Verdict {
	return Verdict{Outcome: Reject, Reason: reason, Status: e.statusFor(reason)}
}

// unavailable is a refusal for a fault of ours: the provider is to try again.
func unavailable(reason Reason, err error) Verdict {
	return Verdict{Outcome: Reject, Reason: reason, Status: http.StatusServiceUnavailable, Err: err}
}

func (e *Endpoint) statusFor(reason Reason) int {
	switch reason {
	case WrongPath, UnknownEvent, UnknownSlot:
		return http.StatusNotFound
	case WrongMethod:
		return http.StatusMethodNotAllowed
	case BodyNotJSON, BodyIncomplete, ChallengeRefused:
		return http.StatusBadRequest
	case BodyTooLarge:
		return http.StatusRequestEntityTooLarge
	case BodyTooSlow:
		return http.StatusRequestTimeout
	case TooManyChallenges, StoreUnavailable, SecretAwaited, TooManyInFlight, TooManyWaiting, WaitedTooLong, FirstFailed, BudgetExceeded, UpstreamUnhandled, Panicked:
		return http.StatusServiceUnavailable
	default:
		return e.provider.FailureStatus()
	}
}

// Refuse is the verdict on a delivery that could not be read, for one of the
// reasons about bodies and budgets.
func (e *Endpoint) Refuse(reason Reason, err error) Verdict {
	v := e.reject(reason)
	v.Err = err
	return v
}
