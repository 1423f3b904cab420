package profile_test

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
	"github.com/hookward/hookward/subscription"
)

const (
	credential = "r8fn3mvVaPMNByHbaAp5uPaBNMpwdJ"
	hookSecret = "X-Hook-Secret"
)

// noon is when events happen.
var noon = time.Date(2026, 3, 5, 12, 0, 0, 125_250_000, time.UTC)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// simulator is a provider on a socket of its own.
type simulator struct {
	*profile.Server
	url string
}

// simulate starts a provider that knows the credential and tries no delivery twice.
func simulate(tb testing.TB, name string, opts ...profile.Option) *simulator {
	tb.Helper()
	opts = append([]profile.Option{profile.WithLoopback()}, opts...)
	return simulateOutside(tb, name, opts...)
}

// simulateOutside starts a provider that may not send to this machine.
func simulateOutside(tb testing.TB, name string, opts ...profile.Option) *simulator {
	tb.Helper()
	opts = append([]profile.Option{profile.WithSender(
		sender.WithClock(func() time.Time { return noon }), sender.WithSchedule(0), sender.WithLogger(slog.New(slog.DiscardHandler)),
	)}, opts...)
	if profile.HasAPI(name) {
		opts = append(opts, profile.WithCredential(credential))
	}
	server, err := profile.New(name, opts...)
	if err != nil {
		tb.Fatal(err)
	}
	front := httptest.NewServer(server)
	tb.Cleanup(func() {
		front.Close()
		if err := server.Close(tb.Context()); err != nil && tb.Context().Err() == nil {
			tb.Error(err)
		}
	})
	return &simulator{server, front.URL}
}

// client is the one that others use for this provider.
func (s *simulator) client(tb testing.TB) subscription.Client {
	tb.Helper()
	config := subscription.Config{API: s.url, Credential: subscription.StaticCredential(credential)}
	switch s.Provider() {
	case "rechat":
		config.Account = s.Account()
	case "rest-hooks":
		config.API += "/api/hooks"
	}
	client, err := subscription.Open(s.Provider(), config, subscription.WithRetry(subscription.Retry{Attempts: 1}))
	if err != nil {
		tb.Fatal(err)
	}
	return client
}

// call makes a call of the API, with the header of the credential where it wants one.
func (s *simulator) call(tb testing.TB, method, path, body string, header ...string) (status int, answer string, answered http.Header) {
	tb.Helper()
	req, err := http.NewRequestWithContext(tb.Context(), method, s.url+path, strings.NewReader(body))
	if err != nil {
		tb.Fatal(err)
	}
	if s.Provider() == "repliers" {
		req.Header.Set("REPLIERS-API-KEY", s.Credential())
	} else {
		req.Header.Set("Authorization", "Bearer "+s.Credential())
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		tb.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		tb.Fatal(err)
	}
	return resp.StatusCode, string(text), resp.Header
}

// emit makes an event happen, with a sample for its payload.
func (s *simulator) emit(tb testing.TB, eventType string) sender.Event {
	tb.Helper()
	payload, err := profile.Sample(s.Provider(), eventType, 0)
	if err != nil {
		tb.Fatal(err)
	}
	event, err := s.Emit(tb.Context(), eventType, payload)
	if err != nil {
		tb.Fatal(err)
	}
	return event
}

// only returns the one subscription that there is.
func (s *simulator) only(tb testing.TB) sender.Subscription {
	tb.Helper()
	list, err := s.Subscriptions(tb.Context())
	if err != nil {
		tb.Fatal(err)
	}
	if len(list) != 1 {
		tb.Fatalf("there are %d subscriptions", len(list))
	}
	return list[0]
}

// secretOf returns the secret of the only subscription, or "".
func (s *simulator) secretOf(tb testing.TB) string {
	tb.Helper()
	if secrets := s.only(tb).Secrets; len(secrets) > 0 {
		return secrets[0].Value
	}
	return ""
}

func wantEqual(tb testing.TB, what string, got, want any) {
	tb.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		tb.Errorf("%s is %v, want %v", what, got, want)
	}
}
