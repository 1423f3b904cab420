package profile_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
)

// TestGoneIsOneFailure has endpoints answer 410 to providers that are not known to care.
func TestGoneIsOneFailure(t *testing.T) {
	t.Parallel()
	for name, event := range map[string][2]string{
		"everreal": {"UNIT_DELETED", "UNIT_DELETED"},
		"rechat":   {"Deals", "Deals/Updated"},
		"viasto":   {"note_changed", "note_changed"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, err := profile.New(name, profile.WithLoopback())
			if err != nil {
				t.Fatal(err)
			}
			target := listen(t)
			target.status.Store(http.StatusGone)
			if _, err := server.Subscribe(t.Context(), target.url, event[0]); err != nil {
				t.Fatal(err)
			}
			payload, err := profile.Sample(name, event[1], 0)
			if err != nil {
				t.Fatal(err)
			}
			emitted, err := server.Emit(t.Context(), event[1], payload)
			if err != nil {
				t.Fatal(err)
			}
			next(t, target.deliveries)
			if err := server.Close(t.Context()); err != nil { // it waits until the attempt is settled
				t.Fatal(err)
			}
			attempts, err := server.Sender().Attempts(t.Context(), sender.AttemptQuery{Event: emitted.ID})
			if err != nil || len(attempts) == 0 || !slices.ContainsFunc(attempts, func(a sender.Attempt) bool { return !a.Next.IsZero() }) {
				t.Errorf("no other attempt is planned: %+v, %v", attempts, err)
			}
			list, err := server.Subscriptions(t.Context())
			if err != nil || len(list) != 1 || list[0].State != sender.Active {
				t.Errorf("there are %+v, %v", list, err)
			}
		})
	}
}

// TestRepliersGone lets an endpoint end its subscription, which leaves its URL free.
func TestRepliersGone(t *testing.T) {
	t.Parallel()
	repliers, target := simulate(t, "repliers"), listen(t)
	create := `{"target_url":"` + target.url + `","event":"agent.created"}`
	if status, body, _ := repliers.call(t, http.MethodPost, "/webhooks", create); status != http.StatusCreated {
		t.Fatalf("creating answers %d %s", status, body)
	}
	target.status.Store(http.StatusGone)
	repliers.emit(t, "agent.created")
	next(t, target.deliveries)
	for { // it ends when the attempt is settled
		list, err := repliers.Sender().Subscriptions(t.Context(), sender.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		if list[0].State == sender.Disabled {
			break
		}
	}
	if status, body, _ := repliers.call(t, http.MethodPost, "/webhooks", create); status != http.StatusCreated {
		t.Errorf("creating it again answers %d %s", status, body)
	}
	repliers.only(t)
}
