package signature

import "slices"

// Reason says why a proof was refused. It is one of the constants below, so it
// can be counted, logged and compared; it never holds anything of the request.
type Reason string //nolint:errname // a value to count and to log, and an error besides

// The reasons, in the order in which a verification comes across them. Where
// several schemes, headers or signatures were tried, the one that came furthest
// is reported.
//
//nolint:errname // as above
const (
	// HeaderMissing: the header or parameter that holds the proof, or one that
	// is part of the signed content, is absent or empty.
	HeaderMissing Reason = "header_missing"
	// HeaderRepeated: a header or parameter that must be single came several times.
	HeaderRepeated Reason = "header_repeated"
	// HeaderTooLong: the header or parameter is longer than 4 KiB.
	HeaderTooLong Reason = "header_too_long"
	// HeaderMalformed: the header does not have the form that the scheme describes.
	HeaderMalformed Reason = "header_malformed"
	// Undecodable: the signature is not valid hex or base64.
	Undecodable Reason = "undecodable"
	// WrongLength: the decoded signature has not the algorithm's length.
	WrongLength Reason = "wrong_length"
	// TimestampMissing: the scheme signs a timestamp and there is none.
	TimestampMissing Reason = "timestamp_missing"
	// TimestampMalformed: the timestamp is not in the scheme's unit.
	TimestampMalformed Reason = "timestamp_malformed"
	// TimestampTooOld: the timestamp lies further back than the tolerance.
	TimestampTooOld Reason = "timestamp_too_old"
	// TimestampTooNew: the timestamp lies further ahead than the tolerance.
	TimestampTooNew Reason = "timestamp_too_new"
	// NoKey: there is no key to verify with.
	NoKey Reason = "no_key"
	// Mismatch: everything is well formed and no key gives this signature.
	Mismatch Reason = "mismatch"
)

// Error returns the reason itself, so that a Reason is an error that can be
// compared with == and found with errors.Is.
func (r Reason) Error() string { return string(r) }

// reasons orders them by how far a verification came before it failed.
var reasons = [...]Reason{
	HeaderMissing, HeaderRepeated, HeaderTooLong, HeaderMalformed,
	Undecodable, WrongLength,
	TimestampMissing, TimestampMalformed, TimestampTooOld, TimestampTooNew,
	NoKey, Mismatch,
}

// Reasons lists every reason in the order of their severity.
func Reasons() []Reason { return slices.Clone(reasons[:]) }

// furthest returns the reason of the attempt that came further. The empty
// reason is an attempt that was not made.
func furthest(a, b Reason) Reason {
	if slices.Index(reasons[:], b) > slices.Index(reasons[:], a) {
		return b
	}
	return a
}
