// Package sender sends webhooks, for those who are the provider.
//
// A [Sender] keeps subscriptions, verifies their endpoints, and tells them of events:
// signed, retried, and without one endpoint holding the others up. How it speaks is
// a [Profile]: [StandardWebhooks] where nothing else is said, others are in this
// package and in sender/profile, and any signature.Scheme will do.
//
// # What a sender promises
//
// An event that [Sender.Send] has accepted is delivered at least once to each
// subscription that was active or paused and wanted it then, or its delivery ends as
// the records of [Sender.Attempts] say. All attempts carry the same id and the same
// body; the timestamp, and so the signature, is that of the attempt. There is no
// order among events.
//
// It is kept as safe as its [Outbox] keeps it. A [MemoryOutbox] forgets what it owes
// when the process ends; sender/natsstore keeps it on NATS JetStream.
//
// # What comes of an attempt
//
// A 2xx is success and nothing else is; redirects are not followed. 410 disables the
// subscription. Everything else, and no answer within [WithTimeout], is tried again by
// [WithSchedule], and not before the time that Retry-After asks for, up to a day.
// 429, 502, 504, and 503 with Retry-After slow all deliveries to the endpoint down. An
// endpoint that fails without a break is left alone for a while ([WithCircuit]) and
// disabled in the end ([WithDisableAfter]).
//
// # Endpoints do not hold each other up
//
// Each subscription has a lane of its own. It makes a bounded number of attempts at a
// time and lets some deliveries wait; those that it has no room for go back to the
// outbox, without counting as an attempt. Attempts that take long, and those at
// endpoints that keep failing, are set aside and have a bound of their own. So dead
// endpoints take a bounded amount of memory and none of the time of the others.
//
// # Several senders
//
// Several senders, on several nodes, may share an outbox, a registry and a history. A
// change of a subscription counts at once for the sender that made it, and for the
// others within the time of [WithRefresh], which is 5 s unless set. Concurrency, rate
// and circuit are each sender's own.
//
// # Where it connects to
//
// URLs are given by customers, so a sender takes https alone and connects to public
// addresses alone, judged when it dials; see [WithPlainHTTP] and
// [WithAllowedNetworks]. It uses no proxy.
package sender
