package sender_test

import (
	"context"
	"net/http"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/sender"
)

// accepting is an outbox of a sender that leaves deliveries to others.
type accepting struct{ sender.Outbox }

func (accepting) Receive(ctx context.Context, _ int) ([]sender.Delivery, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

// twoSenders share all they have. The first makes no attempts.
func twoSenders(t *testing.T, ends *endpoints) (first, second *sender.Sender) {
	t.Helper()
	outbox, registry, history := sender.NewMemoryOutbox(sender.MemoryLimits{}), sender.NewMemoryRegistry(), sender.NewMemoryHistory(0)
	open := func(outbox sender.Outbox) *sender.Sender {
		return newSender(t, ends.option(), sender.WithOutbox(outbox), sender.WithRegistry(registry), sender.WithHistory(history))
	}
	return open(accepting{outbox}), open(outbox)
}

// TestNothingIsDroppedByWhatIsOutOfDate: a sender that has not heard yet that another has
// enabled a subscription, or given it to another tenant, loses no event by it.
func TestNothingIsDroppedByWhatIsOutOfDate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		away, back func(context.Context, *sender.Sender, string) error
	}{
		"enabled": {
			func(ctx context.Context, s *sender.Sender, id string) error { return s.Disable(ctx, id) },
			func(ctx context.Context, s *sender.Sender, id string) error { return s.Enable(ctx, id) },
		},
		"moved": {toTenant("other"), toTenant("")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ends := answering(status(http.StatusInternalServerError), status(http.StatusOK))
				first, _ := twoSenders(t, ends)
				id := subscribe(t, first, sender.Subscription{}).ID
				send(t, first)
				synctest.Wait()
				if err := c.away(t.Context(), first, id); err != nil {
					t.Fatal(err)
				}
				time.Sleep(6 * time.Second) // by now the second knows, and has dropped what was owed
				if n := len(attempts(t, first, sender.AttemptQuery{})); n != 2 {
					t.Fatalf("%d records, want an attempt and what was dropped", n)
				}
				if err := c.back(t.Context(), first, id); err != nil {
					t.Fatal(err)
				}
				event := send(t, first)
				time.Sleep(time.Minute)
				got := ends.got("")
				if last := got[len(got)-1].Header.Get("Webhook-Id"); last != event.ID {
					t.Errorf("the event is lost: %+v", attempts(t, first, sender.AttemptQuery{Event: event.ID}))
				}
			})
		})
	}
}

func toTenant(tenant string) func(context.Context, *sender.Sender, string) error {
	return func(ctx context.Context, s *sender.Sender, id string) error {
		_, err := s.Update(ctx, id, func(n *sender.Subscription) error { n.Tenant = tenant; return nil })
		return err
	}
}

// TestOtherTenantsEvent: what a subscription is still owed does not go with it to another
// tenant, nor to one that takes its id.
func TestOtherTenantsEvent(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(context.Context, *sender.Sender, string) error{
		"moved": toTenant("b"),
		"taken": func(ctx context.Context, s *sender.Sender, id string) error {
			if err := s.Unsubscribe(ctx, id); err != nil {
				return err
			}
			_, err := s.Subscribe(ctx, sender.Subscription{ID: id, Tenant: "b", URL: "https://example.com/b"})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ends := answering(status(http.StatusInternalServerError), status(http.StatusOK))
				s := newSender(t, ends.option())
				id := subscribe(t, s, sender.Subscription{Tenant: "a"}).ID
				if _, err := s.Send(t.Context(), sender.Event{Type: "paid", Tenant: "a", Body: []byte("a's")}); err != nil {
					t.Fatal(err)
				}
				synctest.Wait()
				if err := change(t.Context(), s, id); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Hour)
				if n := len(ends.got("")); n != 1 {
					t.Errorf("%d attempts, want the first alone", n)
				}
				if r := attempts(t, s, sender.AttemptQuery{Subscription: id})[0]; r.Status != 0 || r.Error == "" || !r.Next.IsZero() {
					t.Errorf("the last record: %+v", r)
				}
			})
		})
	}
}

// TestMovedEndpoint: how the endpoint did at its old URL says nothing of the new one.
func TestMovedEndpoint(t *testing.T) {
	t.Parallel()
	gone := func(w http.ResponseWriter, r request) error {
		time.Sleep(3 * time.Second)
		return status(http.StatusGone)(w, r)
	}
	for name, old := range map[string]answer{
		"gone when it has moved": gone,
		"asks for a day":         status(http.StatusTooManyRequests, "Retry-After", "86400"),
		"fails":                  refuse,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ends := byHost(map[string]answer{"old": old})
				s := newSender(t, ends.option())
				id := subscribe(t, s, sender.Subscription{URL: "https://old"}).ID
				for range 5 {
					send(t, s)
				}
				time.Sleep(time.Second)
				if _, err := s.Update(t.Context(), id, func(n *sender.Subscription) error { n.URL = "https://new"; return nil }); err != nil {
					t.Fatal(err)
				}
				event := send(t, s)
				time.Sleep(time.Second)
				if !slices.ContainsFunc(ends.got("new"), func(r request) bool { return r.Header.Get("Webhook-Id") == event.ID }) {
					t.Errorf("the new endpoint got %d events, and not this one", len(ends.got("new")))
				}
				time.Sleep(time.Minute)
				if now := get(t, s, id); now.State != sender.Active || !now.FailingSince.IsZero() {
					t.Errorf("it is %s because of %q, failing since %v", now.State, now.Reason, now.FailingSince)
				}
			})
		})
	}
}

// TestReturnedSubscriptionIsACopy: who blanks the secrets of what is returned, to show it,
// changes no signature.
func TestReturnedSubscriptionIsACopy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusOK))
		s := newSender(t, ends.option())
		created := subscribe(t, s, sender.Subscription{})
		secret := created.Secrets[0]
		created.Secrets[0].Value = "***"
		send(t, s)
		synctest.Wait()
		updated, err := s.Update(t.Context(), created.ID, func(n *sender.Subscription) error { n.Rate = 600; return nil })
		if err != nil {
			t.Fatal(err)
		}
		updated.Secrets[0].Value = "***"
		send(t, s)
		synctest.Wait()
		got := ends.got("")
		if len(got) != 2 || !accepts(t, got[0], secret) || !accepts(t, got[1], secret) {
			t.Errorf("%d deliveries, not all of them signed by the secret", len(got))
		}
	})
}
