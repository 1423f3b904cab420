package caddymodule

import (
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hookward/hookward/internal/gate"
)

// maxRefusals is how many refusals are remembered for each endpoint.
const maxRefusals = 20

// maxKeys bounds the keys that are counted apart for each endpoint; secrets that
// handshakes teach come and go.
const maxKeys = 256

// statistics counts what became of an endpoint's deliveries, for the admin API and
// the metrics. It goes on over reloads.
type statistics struct {
	counted
	judge, upstream prometheus.Observer
	users           int // configurations; guarded by shared.mu

	mu       sync.Mutex
	ended    bool // no configuration has the endpoint any longer
	outcomes map[result]*tally
	keys     map[string]prometheus.Counter
	refusals []refusal
	muted    int64 // refusals since the last one that was logged at warn level
}

// result is what became of a delivery, as it is counted.
type result struct {
	outcome string
	reason  gate.Reason
}

// tally is a count with its metric, found once and not for each delivery.
type tally struct {
	n      int64
	metric prometheus.Counter
}

// refusal is one delivery that was refused.
type refusal struct {
	At     time.Time `json:"at"`
	Reason string    `json:"reason"`
	Status int       `json:"status"`
	Slot   string    `json:"slot,omitempty"`
	Client string    `json:"client,omitempty"`
}

func newStatistics(of counted) *statistics {
	return &statistics{
		counted:  of,
		judge:    collectors.judge.WithLabelValues(of.endpoint),
		upstream: collectors.upstream.WithLabelValues(of.endpoint),
		outcomes: make(map[result]*tally),
		keys:     make(map[string]prometheus.Counter),
	}
}

// count adds a delivery by what became of it.
func (s *statistics) count(r result) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(r)
}

func (s *statistics) add(r result) {
	if s.ended {
		return // a delivery that was still in flight; a metric for it would stay for ever
	}
	t, found := s.outcomes[r]
	if !found {
		t = &tally{metric: collectors.deliveries.WithLabelValues(s.endpoint, s.provider, r.outcome, string(r.reason))}
		s.outcomes[r] = t
	}
	t.n++
	t.metric.Inc()
}

// forwarded adds a delivery that went upstream, and the use of its key.
func (s *statistics) forwarded(r result, keyID string, took time.Duration) {
	s.upstream.Observe(took.Seconds())
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(r)
	key, found := s.keys[keyID]
	if !found {
		if s.ended || len(s.keys) == maxKeys {
			return
		}
		key = collectors.keys.WithLabelValues(s.endpoint, keyID)
		s.keys[keyID] = key
	}
	key.Inc()
}

// duplicate adds a copy that was not forwarded.
func (s *statistics) duplicate(byBody bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(result{outcome: string(gate.Duplicate)})
	if !s.ended {
		collectors.duplicates.WithLabelValues(s.endpoint, by(byBody)).Inc()
	}
}

// end takes the metrics away: all that the endpoint has, or where another provider goes
// by its name now, those with this provider's.
func (s *statistics) end(all bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ended = true
	both := prometheus.Labels{"endpoint": s.endpoint, "provider": s.provider}
	collectors.deliveries.DeletePartialMatch(both)
	collectors.reconcileFailures.DeletePartialMatch(both)
	if !all {
		return
	}
	of := prometheus.Labels{"endpoint": s.endpoint}
	for _, vector := range []interface{ DeletePartialMatch(prometheus.Labels) int }{
		collectors.judge, collectors.upstream, collectors.keys, collectors.duplicates,
	} {
		vector.DeletePartialMatch(of)
	}
}

// refused adds a delivery that was not proved.
func (s *statistics) refused(outcome gate.Outcome, reason gate.Reason, r refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add(result{string(outcome), reason})
	if len(s.refusals) == maxRefusals {
		s.refusals = slices.Delete(s.refusals, 0, 1)
	}
	s.refusals = append(s.refusals, r)
}

// snapshot returns the counts by outcome, and the refusals, the newest first.
func (s *statistics) snapshot() (counts map[string]int64, refusals []refusal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	counts = make(map[string]int64, len(s.outcomes))
	for r, t := range s.outcomes {
		counts[r.outcome] += t.n
	}
	refusals = slices.Clone(s.refusals)
	slices.Reverse(refusals)
	return counts, refusals
}

// mute counts a refusal that is not logged at warn level.
func (s *statistics) mute() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.muted++
}

// unmute returns how many there were since the last call.
func (s *statistics) unmute() int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.muted
	s.muted = 0
	return n
}
