package profile_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
	"github.com/hookward/hookward/subscription"
)

// TestOneURLOnce lets many ask for the same URL at once.
func TestOneURLOnce(t *testing.T) {
	t.Parallel()
	repliers, target := simulate(t, "repliers"), listen(t)
	client := repliers.client(t)
	var created, refused atomic.Int64
	var callers sync.WaitGroup
	for range 20 {
		callers.Go(func() {
			_, err := client.Create(t.Context(), subscription.Request{URL: target.url, Event: "agent.created"})
			switch {
			case err == nil:
				created.Add(1)
			case errors.Is(err, subscription.ErrConflict):
				refused.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	callers.Wait()
	if created.Load() != 1 || refused.Load() != 19 {
		t.Errorf("%d were created, %d refused", created.Load(), refused.Load())
	}
	repliers.only(t)
}

// TestDeletedWhileItMoves deletes a webhook while its new endpoint is thinking.
func TestDeletedWhileItMoves(t *testing.T) {
	t.Parallel()
	repliers, target := simulate(t, "repliers"), listen(t)
	client := repliers.client(t)
	created, err := client.Create(t.Context(), subscription.Request{URL: target.url, Event: "agent.created"})
	if err != nil {
		t.Fatal(err)
	}
	asked, goOn := make(chan struct{}), make(chan struct{})
	elsewhere := handle(t, func(w http.ResponseWriter, r *http.Request) {
		close(asked)
		<-goOn
		w.Header().Set(hookSecret, r.Header.Get(hookSecret))
	})
	result := make(chan error, 1)
	go func() {
		result <- client.(subscription.Updater).Update(t.Context(), created.ID, subscription.Request{URL: elsewhere})
	}()
	<-asked
	if err := client.Delete(t.Context(), created.ID); err != nil {
		t.Error(err)
	}
	close(goOn)
	if err := <-result; !errors.Is(err, subscription.ErrNotFound) {
		t.Errorf("the update ended in %v", err)
	}
	if list, err := repliers.Sender().Subscriptions(t.Context(), sender.Filter{}); err != nil || len(list) != 0 {
		t.Errorf("what stays are %+v, %v", list, err)
	}
}

// TestPendingIsNotThere looks at a subscription while its endpoint is thinking, and then
// leaves it alone.
func TestPendingIsNotThere(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"repliers", "rest-hooks"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := simulate(t, name)
			asked, done := make(chan struct{}), make(chan struct{})
			target := handle(t, func(_ http.ResponseWriter, r *http.Request) {
				close(asked)
				<-r.Context().Done()
				close(done)
			})
			ctx, leave := context.WithCancel(t.Context())
			result := make(chan error, 1)
			go func() {
				_, err := s.client(t).Create(ctx, subscription.Request{URL: target, Event: profile.EventTypes(name)[0]})
				result <- err
			}()
			<-asked
			if _, body, _ := s.call(t, http.MethodGet, calls[name].path, ""); body != "[]" {
				t.Errorf("listed %s", body)
			}
			leave()
			<-done
			if err := <-result; !errors.Is(err, subscription.ErrUnavailable) {
				t.Errorf("the call ended in %v", err)
			}
			for { // it ends when the pending subscription is abandoned
				list, err := s.Sender().Subscriptions(t.Context(), sender.Filter{})
				if err != nil {
					t.Fatal(err)
				}
				if len(list) == 0 {
					break
				}
			}
		})
	}
}
