package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path"
	"testing"

	"github.com/hookward/hookward/internal/harness"
	"github.com/hookward/hookward/sender/profile"
)

// Against the providers as they are played for all to use: an endpoint that wants
// everything is subscribed to everything, and each event arrives once, while
// subscriptions are replaced too.
func TestSubscribeToEverything(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		collection string // below the API, where it has no documented place
		lines      string
		wanted     int
	}{
		"repliers":   {"", "", 19},
		"rechat":     {"", "account ACCOUNT", 3},
		"everreal":   {"", "account example", 28},
		"rest-hooks": {"/api/hooks", "events EVENTS", len(profile.EventTypes("rest-hooks"))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider, err := profile.New(name, profile.WithLoopback(), profile.WithCredential(apiCredential))
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = provider.Close(t.Context()) })
			server := httptest.NewServer(provider)
			t.Cleanup(server.Close)
			s := &saas{dialect: &dialect{name: name, config: c.lines}, t: t, server: server}
			up := harness.NewUpstream(t, nil)
			g := subscribeWith(t, site(s.everything(up, provider, c.collection)))
			g.awaitActive(s, c.wanted)

			emitAll(t, provider, up, 0)
			status := http.StatusOK
			if name == "everreal" {
				status = http.StatusConflict // there are no secrets
			}
			wantStatus(t, g.ask(http.MethodPost, path.Join("/hookward/endpoints", name, "rotate"), ""), status)
			emitAll(t, provider, up, 1)
			if status == http.StatusOK {
				wantStatus(t, g.ask(http.MethodPost, path.Join("/hookward/endpoints", name, "rotate"), `{"overlap":"off"}`), status)
				emitAll(t, provider, up, 2)
			}
			if got := g.status(s); got.Active != c.wanted || len(got.Drift) != 0 {
				t.Errorf("%d are active, and drift is %+v", got.Active, got.Drift)
			}
		})
	}
}

// everything is a route whose endpoint subscribes to all there is.
func (s *saas) everything(up *harness.Upstream, provider *profile.Server, collection string) string {
	segment, more := "/{slot}", ""
	switch s.name {
	case "everreal":
		segment, more = "", "token query key e2e-url-token"
	case "rest-hooks": // whose bodies say for which subscription they are
		more = "dedupe 1h {\n\t\t\tkey json:payload.id\n\t\t}"
	}
	lines := s.config
	switch lines {
	case "account ACCOUNT":
		lines = "account " + provider.Account()
	case "events EVENTS":
		lines = "events"
		for _, event := range profile.EventTypes(s.name) {
			lines += " " + event
		}
	}
	return handle("/in/*", fmt.Sprintf(`hookward %s {
		path /in/hook%[2]s
		public_url http://127.0.0.1:8080/in/hook%[2]s
		%[3]s
		subscribe {
			api %[4]s
			credential {env.API_CREDENTIAL}
			%[5]s
		}
	}`, s.name, segment, more, s.server.URL+collection, lines), "reverse_proxy "+up.Address)
}

// emitAll makes an event of each type happen, and waits until each has arrived
// once, and no other.
func emitAll(t *testing.T, provider *profile.Server, up *harness.Upstream, round int) {
	t.Helper()
	types := profile.EventTypes(provider.Provider())
	before := up.Count()
	for _, event := range types {
		payload, err := profile.Sample(provider.Provider(), event, round)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := provider.Emit(t.Context(), event, payload); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all events have arrived", func() bool { return up.Count() >= before+len(types) })
	arrived := map[string]int{}
	for _, a := range up.All()[before:] {
		arrived[a.Header.Get("Ce-Rawtype")]++
	}
	for _, event := range types {
		if arrived[event] != 1 {
			t.Errorf("round %d: %s arrived %d times", round, event, arrived[event])
		}
	}
}
