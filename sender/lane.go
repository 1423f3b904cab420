package sender

import (
	"net/url"
	"sync"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"golang.org/x/time/rate"
)

const (
	// failingAfter is how many failed attempts in a row make an endpoint one that
	// keeps failing. Fewer happen to healthy ones.
	failingAfter = 3
	// longestWait is how long deliveries wait in a lane. It keeps attempts well
	// within the leases of their deliveries.
	longestWait = 5 * time.Second
)

// lane is the way of deliveries to one endpoint. It lets as many attempts start as
// the endpoint may have at a time, and some deliveries wait. What it has no room for
// is turned away, back to the outbox. So it holds nobody up and takes little memory,
// whatever the endpoint does.
type lane struct {
	subscription string
	limits       *limits
	circuit      circuitbreaker.CircuitBreaker[any]
	signer       attemptSigner

	mu       sync.Mutex // held by whoever calls a method that does not take it itself
	raw      string     // the endpoint's URL,
	parsed   *url.URL   // and what it says
	lastUsed time.Time

	// What it has in hand, and has given back.
	running int // runners, each with one delivery at a time
	waiting queue
	turns   time.Time // the next free turn of deliveries that are turned away

	// When attempts may start (limit.go).
	limiter *rate.Limiter
	closed  hold
	backoff time.Duration // of the last closing for overload

	// How the endpoint does (observe.go).
	proven    bool          // there was a success
	failures  int           // attempts that failed in a row
	took      time.Duration // by attempts, lately
	lingering int           // attempts that take long
	gap       time.Duration // from the end of one to the end of the next while others wait, lately
	ended     time.Time     // when the last one did, if another waited
}

// admission is what a lane does with a delivery.
type admission int

const (
	starts admission = iota
	waits
	turnedAway
)

// admit takes a delivery in. The more places are free the more may wait: so one busy
// endpoint gets half of all, two a third each, and a newcomer always finds some.
func (l *lane) admit(d Delivery, free int, now time.Time) (admission, turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastUsed = now
	if h := l.held(now); h.until.After(now) {
		return turnedAway, l.giveTurnLocked(d, h, now)
	}
	if l.running < l.width() {
		l.running++
		l.turns = now // those that were turned away are expected too late
		return starts, turn{}
	}
	if l.waiting.len() < min(free, l.room()) {
		l.waiting.push(d)
		return waits, turn{}
	}
	return turnedAway, l.giveTurnLocked(d, hold{now, becauseBusy}, now)
}

// next returns the delivery that waits longest, for one that has ended, and those
// for which there is no room any longer. Without a next one its runner ends.
func (l *lane) next(now time.Time) (d Delivery, more bool, away []turn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	away = l.trim(now)
	if l.waiting.len() == 0 || l.running > l.width() {
		l.running--
		return Delivery{}, false, away
	}
	return l.waiting.pop(), true, away
}

// trim turns away the deliveries for which there is no room any longer.
func (l *lane) trim(now time.Time) []turn {
	h, room := hold{now, becauseBusy}, l.room()
	if held := l.held(now); held.until.After(now) {
		h, room = held, 0
	}
	if l.waiting.len() <= room {
		return nil
	}
	var away []turn
	for _, d := range l.waiting.cut(room) {
		away = append(away, l.giveTurnLocked(d, h, now))
	}
	return away
}

// widen returns deliveries that may start beside those that run, as after the first
// success.
func (l *lane) widen() []Delivery {
	l.mu.Lock()
	defer l.mu.Unlock()
	var start []Delivery
	for l.running < l.width() && l.waiting.len() > 0 {
		l.running++
		start = append(start, l.waiting.pop())
	}
	return start
}

// width is how many attempts may be made at a time: one, until there was a success.
func (l *lane) width() int {
	if l.failing() || !l.proven {
		return 1
	}
	return l.limits.concurrency
}

// room is how many deliveries may wait.
func (l *lane) room() int {
	if l.failing() || l.lingering > 0 {
		return 0
	}
	return int(longestWait / max(l.pace(), time.Microsecond))
}

// pace is the time from one delivery to the next.
func (l *lane) pace() time.Duration {
	pace := l.gap
	if pace == 0 {
		pace = l.took / time.Duration(l.width())
	}
	if l.limiter != nil {
		pace = max(pace, time.Duration(float64(time.Second)/float64(l.limiter.Limit())))
	}
	if l.failing() {
		pace = max(pace, failingPace)
	}
	return pace
}

func (l *lane) failing() bool { return l.failures >= failingAfter }

// idle tells whether the lane knows nothing that is worth to be remembered, and was
// not used for that long.
func (l *lane) idle(now time.Time, unused time.Duration) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.running == 0 && now.Sub(l.lastUsed) >= unused && !l.held(now).until.After(now)
}
