package subscription

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Retry says when a call is tried again. One that only reads or deletes is
// after every failure that may pass. One that creates or changes is only where
// it certainly had no effect: no connection was made, or the provider answered
// 429 or 503 with Retry-After.
type Retry struct {
	// Attempts is how often a call is tried, the first time included.
	Attempts int
	// Delay is how long to wait before the second attempt. It doubles with each
	// one, and up to half of it is left out at random.
	Delay time.Duration
	// MaxDelay is the longest wait. Where Retry-After asks for a longer one, the
	// call is not tried again.
	MaxDelay time.Duration
}

// maxRetryAfter bounds what a provider can ask for.
const maxRetryAfter = 24 * time.Hour

// next returns how long to wait after a number of attempts, the last of which
// ended in err, and whether to try again at all.
func (r Retry) next(attempts int, method string, err *Error) (time.Duration, bool) {
	if attempts >= r.Attempts || !repeatable(method, err) || err.RetryAfter > r.MaxDelay {
		return 0, false
	}
	return max(r.backoff(attempts), err.RetryAfter), true
}

func repeatable(method string, err *Error) bool {
	if err.refused {
		return true
	}
	if method != http.MethodGet && method != http.MethodDelete {
		return false
	}
	return errors.Is(err, ErrUnavailable) || errors.Is(err, ErrRateLimited)
}

func (r Retry) backoff(attempts int) time.Duration {
	delay := r.Delay
	for range attempts - 1 {
		if delay > r.MaxDelay/2 {
			delay = r.MaxDelay
			break
		}
		delay *= 2
	}
	return delay - rand.N(delay/2+1) //nolint:gosec // spreads load, hides nothing
}

// wait returns early, with the context's error, where the context ends first.
func wait(ctx context.Context, delay time.Duration) error {
	timer := time.NewTimer(delay)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// retryAfter reads the header of that name: seconds, or a date.
func retryAfter(header http.Header) (after time.Duration, given bool) {
	value := strings.TrimSpace(header.Get("Retry-After"))
	seconds, err := strconv.ParseUint(value, 10, 31)
	if err == nil || errors.Is(err, strconv.ErrRange) { // out of range, it is the largest
		return min(time.Duration(seconds)*time.Second, maxRetryAfter), true
	}
	if date, err := http.ParseTime(value); err == nil {
		return min(max(time.Until(date), 0), maxRetryAfter), true
	}
	return 0, false
}

// neverArrived reports whether err says that no connection was made.
func neverArrived(err error) bool {
	var operation *net.OpError
	return errors.As(err, &operation) && operation.Op == "dial"
}
