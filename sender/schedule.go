package sender

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"
)

// StandardSchedule is the one that Standard Webhooks 1.0.0 gives as its sample: ten
// attempts over some 76 hours.
func StandardSchedule() []time.Duration {
	return []time.Duration{
		0,
		5 * time.Second,
		5 * time.Minute,
		30 * time.Minute,
		2 * time.Hour,
		5 * time.Hour,
		10 * time.Hour,
		14 * time.Hour,
		20 * time.Hour,
		24 * time.Hour,
	}
}

// schedule holds the time before each attempt.
type schedule []time.Duration

func newSchedule(delays []time.Duration) (schedule, error) {
	if len(delays) == 0 || delays[0] != 0 {
		return nil, fmt.Errorf("%w: a schedule starts with 0, for the first attempt is made at once", ErrInvalid)
	}
	if slices.Min(delays) < 0 {
		return nil, fmt.Errorf("%w: a schedule with negative time", ErrInvalid)
	}
	return slices.Clone(delays), nil
}

// after returns how long to wait after so many attempts, or false if there is no
// further one.
func (s schedule) after(attempts int) (time.Duration, bool) {
	if attempts >= len(s) {
		return 0, false
	}
	return jitter(s[attempts]), true
}

// jitter adds up to a tenth, so that what failed together is not tried together.
func jitter(d time.Duration) time.Duration {
	return d + rand.N(d/10+1) //nolint:gosec // it spreads load, and nothing depends on it that an attacker could want to know
}
