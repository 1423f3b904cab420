package sender

import "time"

// succeeded and failed tell the lane what came of an attempt.
func (l *lane) succeeded(took time.Duration, now time.Time) {
	l.circuit.RecordSuccess()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.proven = true
	l.failures = 0
	l.backoff = 0
	l.observe(took, now)
}

func (l *lane) failed(took time.Duration, now time.Time) {
	l.circuit.RecordFailure()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failures++
	l.observe(took, now)
}

// observe smooths how long attempts take, and how soon they follow each other.
func (l *lane) observe(took time.Duration, now time.Time) {
	l.took += (took - l.took) / 4
	if !l.ended.IsZero() {
		l.gap = smoothGap(l.gap, max(now.Sub(l.ended), 0)) // now was read before the lock
	}
	l.ended = time.Time{}
	if l.waiting.len() > 0 {
		l.ended = now
	}
}

// smoothGap cuts off what is far above the others: a pause of this machine says
// nothing about the endpoint.
func smoothGap(gap, latest time.Duration) time.Duration {
	if gap == 0 {
		return latest
	}
	return gap + (min(latest, 4*gap)-gap)/16
}

// lingers tells the lane of an attempt that takes long, and returns the deliveries
// for which there is no room any longer: none is to wait for one that may not end.
func (l *lane) lingers(now time.Time) []turn {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lingering++
	l.took = max(l.took, slowAfter)
	l.gap = max(l.gap, slowAfter/time.Duration(l.width()))
	return l.trim(now)
}

// lingered tells the lane that such an attempt has ended.
func (l *lane) lingered() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lingering--
}

// slowDown leaves an overloaded endpoint alone: for as long as it asked, or else
// longer each time.
func (l *lane) slowDown(asked time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if asked == 0 {
		l.backoff = min(max(2*l.backoff, shortestBackoff), longestBackoff)
		asked = jitter(l.backoff)
	}
	l.close(hold{time.Now().Add(asked), becauseOverloaded})
}

// leaveAlone makes no attempt for a while.
func (l *lane) leaveAlone(d time.Duration, why reason) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.close(hold{time.Now().Add(d), why})
}

// failedLast tells whether the last attempt failed.
func (l *lane) failedLast() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failures > 0
}

// suspect tells whether attempts are set aside from the start.
func (l *lane) suspect() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failing() || l.took >= slowAfter
}
