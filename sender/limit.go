package sender

import (
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
	"golang.org/x/time/rate"
)

const (
	// shortWait is how long an attempt waits for its turn by rate. For longer its
	// delivery is turned away.
	shortWait = time.Second

	// The bounds of the time for which an overloaded endpoint is left alone that does
	// not say how long.
	shortestBackoff = time.Second
	longestBackoff  = time.Minute
)

// limits of one endpoint.
type limits struct {
	concurrency     int
	rate            int // attempts a minute, 0: no limit
	circuitFailures int
	circuitDelay    time.Duration
}

func (l *limits) newCircuit(changed func(circuitbreaker.StateChangedEvent)) circuitbreaker.CircuitBreaker[any] {
	return circuitbreaker.NewBuilder[any]().
		WithFailureThreshold(uint(l.circuitFailures)).
		WithSuccessThreshold(1).
		WithDelay(l.circuitDelay).
		WithJitterFactor(0.1).
		OnStateChanged(changed).
		Build()
}

// reserve takes the place of an attempt in the endpoint's rate. It returns how long to
// wait before it or, where that is too long, until when there is to be none.
func (l *lane) reserve(subscription *Subscription, now time.Time) (wait time.Duration, h hold) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.setRate(lowest(l.limits.rate, subscription.Rate))
	if l.limiter == nil {
		return 0, hold{}
	}
	reservation := l.limiter.ReserveN(now, 1)
	wait = reservation.DelayFrom(now)
	if wait <= shortWait {
		return wait, hold{}
	}
	reservation.CancelAt(now)
	h = hold{now.Add(wait - shortWait/2), becauseRate}
	l.close(h)
	return 0, h
}

// setRate sets how many attempts a minute may be made; 0 is no limit.
func (l *lane) setRate(perMinute int) {
	if perMinute == 0 {
		l.limiter = nil
		return
	}
	limit := rate.Limit(float64(perMinute) / time.Minute.Seconds())
	if l.limiter == nil || l.limiter.Limit() != limit {
		l.limiter = rate.NewLimiter(limit, max(1, perMinute/60))
	}
}

// lowest returns the lower of two limits, of which 0 is none.
func lowest(a, b int) int {
	if a == 0 || b == 0 {
		return a + b
	}
	return min(a, b)
}

// permit asks the circuit for an attempt, whose outcome it is to be told. Where there
// is to be none it returns until when.
func (l *lane) permit(now time.Time) (bool, hold) {
	if l.circuit.TryAcquirePermit() {
		return true, hold{}
	}
	// It is open, or another attempt is to show whether the endpoint is back.
	l.mu.Lock()
	defer l.mu.Unlock()
	return false, hold{now.Add(max(l.circuit.RemainingDelay(), l.pace(), failingPace)), becauseCircuit}
}

// held returns until when no attempt is made.
func (l *lane) held(now time.Time) hold {
	if l.failures > 0 {
		if opens := now.Add(l.circuit.RemainingDelay()); opens.After(now) && opens.After(l.closed.until) {
			return hold{opens, becauseCircuit}
		}
	}
	return l.closed
}

// close makes no attempt before the hold has ended.
func (l *lane) close(h hold) {
	if h.until.After(l.closed.until) {
		l.closed = h
	}
}
