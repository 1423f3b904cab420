// Package reconcile keeps the subscriptions of an endpoint as its configuration
// wants them: it lists what the provider has, creates what is missing, and
// deletes what it made and is no longer wanted. What it did not make it never
// touches.
//
// What it makes is written to storage that nodes share, before the provider is
// asked for it. So after a crash, or an answer that was lost, the next run
// recognises the subscription by its URL and adopts or deletes it, and does not
// make another. A lock in the same storage lets one node act at a time.
//
// Where deliveries are proved by a secret of their subscription, each
// subscription gets a slot of its own, named by a fresh token that is the last
// part of its URL. The secret comes in the provider's answer, or in a handshake
// while the provider is asked. Then that slot alone is armed, and for that call
// alone: whoever knows everything but the token cannot get a secret of his own in.
//
// The package knows neither Caddy nor HTTP.
package reconcile
