package command

import (
	"cmp"
	"fmt"
	"io"

	"github.com/hookward/hookward/internal/reconcile"
)

// printOwnSubscriptions shows the subscriptions that an endpoint keeps itself.
func printOwnSubscriptions(w io.Writer, s *reconcile.Status) {
	printSubscriptionFacts(w, s)
	printSubscriptionTables(w, s)
}

func printSubscriptionFacts(w io.Writer, s *reconcile.Status) {
	tableRow(w, "subscriptions", fmt.Sprintf("%d of %d active", s.Active, s.Wanted))
	factRow(w, "last look", timeText(s.LastRun))
	if s.LastError != "" {
		factRow(w, "last success", timeText(s.LastSuccess))
		factRow(w, "last error", s.LastError)
	}
	factRow(w, "next look", timeText(s.NextRun))
}

func printSubscriptionTables(w io.Writer, s *reconcile.Status) {
	if len(s.Subscriptions) > 0 {
		tableRow(w, "\nEVENT", "ID", "STATE", "SECRET", "CREATED", "ENDS")
		for _, made := range s.Subscriptions {
			tableRow(w, eventText(made.Event), made.ID, made.State, made.Fingerprint, timeText(made.CreatedAt), timeText(made.EndsAt))
		}
	}
	if len(s.Drift) > 0 {
		tableRow(w, "\nDRIFT", "EVENT", "ID")
		for _, d := range s.Drift {
			tableRow(w, d.Kind, eventText(d.Event), d.ID)
		}
	}
}

// eventText names the event of a subscription. One without is to all that happens.
func eventText(event string) string { return cmp.Or(event, "everything") }
