package reconcile

import (
	"slices"
	"time"
)

// Status is what may be shown of an endpoint's subscriptions. No secret, token or
// URL is in it.
type Status struct {
	// Wanted is the number of events that are wanted, Active how many of them
	// have a subscription whose deliveries can be proved.
	Wanted int `json:"wanted"`
	Active int `json:"active"`

	// Drift is how what there is differs from what is wanted, as far as the last
	// run that got the provider's list has brought it.
	Drift []Difference `json:"drift,omitempty"`

	// Subscriptions are those that were made here.
	Subscriptions []Subscription `json:"subscriptions,omitempty"`

	LastRun     time.Time `json:"last_run,omitzero"`
	LastSuccess time.Time `json:"last_success,omitzero"`
	LastError   string    `json:"last_error,omitempty"` // of the last run, if that failed
	NextRun     time.Time `json:"next_run,omitzero"`
}

// Subscription is what may be shown of one subscription.
type Subscription struct {
	Event       string    `json:"event,omitempty"`
	ID          string    `json:"id,omitempty"`
	State       State     `json:"state"`
	Fingerprint string    `json:"fingerprint,omitempty"`
	CreatedAt   time.Time `json:"created_at"`
	EndsAt      time.Time `json:"ends_at,omitzero"`
}

// Status returns what the last run has seen. It asks neither the provider nor
// storage.
func (r *Reconciler) Status() Status {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := r.status
	s.Drift, s.Subscriptions = slices.Clone(s.Drift), slices.Clone(s.Subscriptions)
	return s
}

// note keeps what a run has seen and done.
func (r *Reconciler) note(p *pass) {
	r.mu.Lock()
	defer r.mu.Unlock()
	s := &r.status
	s.LastRun, s.LastError = r.Now(), ""
	if err := p.err(); err != nil {
		s.LastError = err.Error()
	} else {
		s.LastSuccess = s.LastRun
	}
	if p.plan == nil {
		return // the provider did not tell
	}
	s.Active, s.Drift = len(p.plan.Active), p.plan.Drift
	s.Subscriptions = nil
	for _, e := range p.record.Made {
		s.Subscriptions = append(s.Subscriptions, Subscription{
			Event: e.Event, ID: e.ID, State: e.State,
			Fingerprint: e.Fingerprint, CreatedAt: e.CreatedAt, EndsAt: e.EndsAt,
		})
	}
}
