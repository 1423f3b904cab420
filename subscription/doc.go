// Package subscription signs endpoints up with providers: it has a client for
// each provider's own subscription API, by which deliveries are ordered, listed
// and cancelled.
//
// [Open] returns the [Client] of a provider by its name in the catalogue; NewX
// functions return the same clients as their own types. Where an API can do
// more, its client has more methods: see [Updater] and [EventLister].
//
// All clients keep to the same rules. They speak https, and http only to a
// loopback host. They follow no redirect, for the credential would go along.
// The credential is read anew for each attempt, so a rotated one is used at
// once, and it is in no error. Answers are bounded in size and time. A call is
// tried again only where that cannot make a second subscription.
//
// Every error of a client's methods is an [*Error], and wraps one of this
// package's sentinels.
package subscription
