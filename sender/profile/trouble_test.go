package profile_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
)

// registry is broken, or full.
type registry struct {
	sender.Registry
	list []sender.Subscription
	err  error
}

func (r registry) List(context.Context, sender.Filter) ([]sender.Subscription, error) {
	return r.list, r.err
}

func TestTooManySubscriptions(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, name string) {
		full := registry{sender.NewMemoryRegistry(), make([]sender.Subscription, 10_000), nil}
		s := simulate(t, name, profile.WithSender(sender.WithRegistry(full)))
		status, body, _ := s.call(t, http.MethodPost, calls[name].path, fmt.Sprintf(calls[name].create, "https://example.com/"))
		wantEqual(t, "the status, with "+body, status, http.StatusForbidden)
	})
}

func TestBrokenRegistry(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, name string) {
		broken := registry{sender.NewMemoryRegistry(), nil, errors.New("nats://admin:swordfish@10.0.0.1")}
		s := simulate(t, name, profile.WithSender(sender.WithRegistry(broken)))
		for method, body := range map[string]string{http.MethodGet: "", http.MethodPost: fmt.Sprintf(calls[name].create, "https://example.com/")} {
			status, answer, _ := s.call(t, method, calls[name].path, body)
			if status != http.StatusInternalServerError || strings.Contains(answer, "swordfish") {
				t.Errorf("%s is answered with %d %s", method, status, answer)
			}
		}
	})
}

func TestClosed(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, name string) {
		s := simulate(t, name)
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		status, body, _ := s.call(t, http.MethodPost, calls[name].path, fmt.Sprintf(calls[name].create, "https://example.com/"))
		wantEqual(t, "the status, with "+body, status, http.StatusServiceUnavailable)
		payload, err := profile.Sample(name, profile.EventTypes(name)[0], 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Emit(t.Context(), profile.EventTypes(name)[0], payload); !errors.Is(err, sender.ErrClosed) {
			t.Errorf("emitted: %v", err)
		}
	})
}
