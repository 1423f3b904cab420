package natsstore

import (
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// longestUncounted is how far apart attempts get that cannot be counted.
const longestUncounted = 30 * time.Minute

// postpone has a delivery given out again as it is, for the server has no room to store
// it anew. It does not come before its time. An attempt that was made is not counted
// then, and the sender would go on with the same short step of its schedule for as long
// as there is no room. So such deliveries come back later each time.
func (o *outbox) postpone(l *lease, attempts int, at time.Time) {
	o.leases.end(l) // to extend it would bring it back early
	wait := time.Until(at)
	if attempts > l.received.Attempts {
		wait = max(wait, uncountedPause(l.msg, o.leases.length))
	}
	_ = l.msg.NakWithDelay(wait) // if it is lost, the lease runs out
}

// uncountedPause is the length of a lease, and twice as much each time that the message
// was given out.
func uncountedPause(msg jetstream.Msg, lease time.Duration) time.Duration {
	pause := lease
	about, err := msg.Metadata()
	if err != nil {
		return pause
	}
	for given := uint64(1); given < about.NumDelivered && pause < longestUncounted; given++ {
		pause *= 2
	}
	return min(pause, longestUncounted)
}
