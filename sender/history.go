package sender

import (
	"context"
	"time"
)

// History keeps the records of attempts. Implementations are safe for concurrent
// use and bounded: they may forget the oldest.
type History interface {
	// Add stores the record of an attempt.
	Add(ctx context.Context, attempt Attempt) error
	// Attempts returns the records that the query asks for, newest first.
	Attempts(ctx context.Context, query AttemptQuery) ([]Attempt, error)
}

// Attempt is the record of one try at handing an event to an endpoint.
type Attempt struct {
	Event        string `json:"event"`
	Subscription string `json:"subscription"`
	// Number counts the attempts of a delivery, from 1.
	Number   int           `json:"number"`
	At       time.Time     `json:"at"`
	Duration time.Duration `json:"duration"`
	// Status is the endpoint's HTTP status, 0 where it gave none.
	Status int `json:"status,omitempty"`
	// Error says why there was no status.
	Error string `json:"error,omitempty"`
	// Excerpt is the start of the endpoint's answer, up to 1 KiB.
	Excerpt string `json:"excerpt,omitempty"`
	// Next is when the delivery is tried again. Zero: it is not.
	Next time.Time `json:"next,omitzero"`
}

// AttemptQuery chooses records of attempts. A zero field chooses all.
type AttemptQuery struct {
	Event        string
	Subscription string
	// Limit is the most records to return. Default: 100.
	Limit int
}

// Matches tells whether the query asks for the record.
func (q *AttemptQuery) Matches(a *Attempt) bool {
	return (q.Event == "" || q.Event == a.Event) &&
		(q.Subscription == "" || q.Subscription == a.Subscription)
}
