// Package signature verifies and makes the proofs that webhooks carry.
//
// A [Scheme] is data: it says which algorithm is used, where the proof is
// found in a request, how it is cut out and decoded, which bytes it covers and
// how old it may be. The same Scheme drives both ends: a [Verifier] for those
// who receive webhooks, a [Signer] for those who send them.
//
// The package uses the standard library alone and does no I/O. What a scheme
// reads of a request comes through the [Request] that the caller supplies.
package signature
