package sender

import (
	"net/http"
	"strconv"
	"time"
)

// maxRetryAfter is the longest time that an endpoint can ask for. It is the longest
// step of the standard schedule.
const maxRetryAfter = 24 * time.Hour

// delivered: Standard Webhooks and CloudEvents take a 2xx for success, and nothing
// else.
func (r *result) delivered() bool { return r.status >= 200 && r.status <= 299 }

// isGone: the endpoint wants no more events, for good.
func (s *Sender) isGone(r *result) bool {
	return r.status == http.StatusGone && !s.profile.IgnoreGone
}

// overloaded: the endpoint wants fewer of them. Standard Webhooks names 429, 502 and
// 504; RFC 9110 says what Retry-After means with 503.
func (r *result) overloaded() bool {
	switch r.status {
	case http.StatusTooManyRequests, http.StatusBadGateway, http.StatusGatewayTimeout:
		return true
	case http.StatusServiceUnavailable:
		return r.retryAfter > 0
	default:
		return false
	}
}

// retryAfter reads the header of that name: seconds, or a date (RFC 9110, 10.2.3).
// What is neither counts as not there.
func retryAfter(value string, now time.Time) time.Duration {
	if value == "" {
		return 0
	}
	if date, err := http.ParseTime(value); err == nil {
		return min(max(date.Sub(now), 0), maxRetryAfter)
	}
	seconds, err := strconv.ParseUint(value, 10, 64)
	if err != nil && seconds == 0 {
		return 0
	}
	const most = uint64(maxRetryAfter / time.Second)
	return time.Duration(min(seconds, most)) * time.Second
}
