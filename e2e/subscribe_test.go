package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hookward/hookward/internal/adminapi"
	"github.com/hookward/hookward/internal/harness"
	"github.com/hookward/hookward/internal/reconcile"
)

// subscribeWith runs a gateway that has the credential of the APIs.
func subscribeWith(t *testing.T, config string) *gateway {
	t.Helper()
	return startWith(t, harness.Options{Config: config, Env: []string{"API_CREDENTIAL=" + apiCredential}})
}

// detail is what the admin API shows of an endpoint.
func (g *gateway) detail(name string) adminapi.Endpoint {
	g.t.Helper()
	a := g.ask(http.MethodGet, "/hookward/endpoints/"+name, "")
	var detail adminapi.Endpoint
	if err := json.Unmarshal([]byte(a.body), &detail); err != nil || a.status != http.StatusOK {
		g.t.Fatalf("the admin API answers %d %s", a.status, a.body)
	}
	return detail
}

// status is what the admin API shows of the subscriptions.
func (g *gateway) status(s *saas) reconcile.Status {
	g.t.Helper()
	status := g.detail(s.name).Subscriptions
	if status == nil {
		g.t.Fatal("there are no subscriptions")
	}
	return *status
}

// awaitActive waits until all that is wanted is active.
func (g *gateway) awaitActive(s *saas, n int) {
	g.t.Helper()
	eventually(g.t, fmt.Sprintf("%d subscriptions are active", n), func() bool {
		status := g.status(s)
		return status.Wanted == n && status.Active == n && status.LastError == ""
	})
}

// wantSubscribed fails the test if there is not one subscription for each event.
func (s *saas) wantSubscribed(events ...string) {
	s.t.Helper()
	var got []string
	for _, sub := range s.all() {
		got = append(got, sub.event)
	}
	slices.Sort(got)
	if want := slices.Sorted(slices.Values(events)); !slices.Equal(got, want) {
		s.t.Errorf("there are subscriptions to %v, want %v", got, want)
	}
}

// eachAPI runs a test with every API.
func eachAPI(t *testing.T, test func(*testing.T, *saas)) {
	t.Helper()
	for _, d := range []*dialect{repliersAPI, rechatAPI, asanaAPI, everrealAPI} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			test(t, newSaaS(t, d))
		})
	}
}

// From a configuration alone: subscriptions, their secrets, and deliveries that are
// proved by them.
func TestSubscribe(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, s *saas) {
		up := harness.NewUpstream(t, nil)
		g := subscribeWith(t, site(s.endpoint(up, s.events)))
		g.awaitActive(s, len(s.events))
		s.wantSubscribed(s.events...)

		for i, sub := range s.all() {
			if status, header := s.deliver(sub, i); status != http.StatusOK {
				t.Fatalf("a delivery is answered %d %s", status, header.Get("Hookward-Reason"))
			}
			if got := up.Last(t, i+1).Header.Get("Ce-Type"); got != s.types[i] {
				t.Errorf("the type is %s, want %s", got, s.types[i])
			}
			forged := *sub
			forged.secret = strings.Repeat("ab", 32)
			if s.name == "everreal" {
				forged.target = strings.Replace(forged.target, "e2e-url-token", "guessed", 1)
			}
			if status, _ := s.deliver(&forged, 100+i); status != http.StatusUnauthorized {
				t.Errorf("a forged delivery is answered %d", status)
			}
		}
		s.wantShown(g)

		_, creates := s.count()
		g.Restart()
		g.awaitActive(s, len(s.events))
		if _, again := s.count(); again != creates {
			t.Errorf("after a restart %d more were made", again-creates)
		}
		for i, sub := range s.all() {
			if status, header := s.deliver(sub, 10+i); status != http.StatusOK {
				t.Errorf("after a restart a delivery is answered %d %s", status, header.Get("Hookward-Reason"))
			}
		}
		for _, never := range append([]string{apiCredential, "e2e-url-token"}, s.secrets()...) {
			if strings.Contains(g.Output(), never) {
				t.Errorf("the log has %s", never)
			}
		}
	})
}

func (s *saas) secrets() []string {
	var all []string
	for _, sub := range s.all() {
		all = append(all, sub.secret)
	}
	return all
}

// wantShown checks the admin API and the metrics, which show no secret.
func (s *saas) wantShown(g *gateway) {
	s.t.Helper()
	status := g.status(s)
	if len(status.Subscriptions) != len(s.events) || len(status.Drift) != 0 || status.LastSuccess.IsZero() || status.NextRun.IsZero() {
		s.t.Errorf("the admin API shows %+v", status)
	}
	for _, sub := range status.Subscriptions {
		if sub.State != reconcile.Active || sub.ID == "" || !slices.Contains(s.events, sub.Event) || (sub.Fingerprint == "") != (s.name == "everreal") {
			s.t.Errorf("the admin API shows %+v", sub)
		}
	}
	shown := g.ask(http.MethodGet, "/hookward/endpoints/"+s.name, "").body
	for _, never := range append(s.secrets(), apiCredential, "e2e-url-token") {
		if strings.Contains(shown, never) {
			s.t.Errorf("the admin API shows a secret: %s", shown)
		}
	}
	metrics := g.metrics()
	for name, want := range map[string]float64{
		`caddy_hookward_subscriptions{endpoint="%[1]s",provider="%[1]s",state="wanted"}`:                float64(len(s.events)),
		`caddy_hookward_subscriptions{endpoint="%[1]s",provider="%[1]s",state="active"}`:                float64(len(s.events)),
		`caddy_hookward_subscription_drift{endpoint="%[1]s",kind="missing",provider="%[1]s"}`:           0,
		`caddy_hookward_subscription_drift{endpoint="%[1]s",kind="foreign",provider="%[1]s"}`:           0,
		`caddy_hookward_deliveries_total{endpoint="%[1]s",outcome="accept",provider="%[1]s",reason=""}`: float64(len(s.events)),
	} {
		if got, found := metrics[fmt.Sprintf(name, s.name)]; !found || got != want {
			s.t.Errorf("%s is %g (%t), want %g", fmt.Sprintf(name, s.name), got, found, want)
		}
	}
}

// A stranger who knows every URL but the token races the call that makes a
// subscription, and gets no secret of his own in anywhere.
func TestStrangerRacesTheCall(t *testing.T) {
	t.Parallel()
	for _, d := range []*dialect{repliersAPI, asanaAPI} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newSaaS(t, d)
			up := harness.NewUpstream(t, nil)
			g := subscribeWith(t, site(s.endpoint(up, s.events[:1])))
			g.awaitActive(s, 1)

			known := []string{g.URL() + "/in/hook", g.URL() + "/in/hook/", g.URL() + "/in/hook/default"}
			for _, event := range s.events {
				known = append(known, g.URL()+"/in/hook/"+event, g.URL()+"/in/hook/+"+event)
			}
			known = append(known, s.all()[0].target, s.all()[0].target+"/", strings.ToLower(s.all()[0].target))
			stop := make(chan struct{})
			var strangers sync.WaitGroup
			for _, target := range known {
				strangers.Go(func() {
					for {
						if status, header := post(t, target, "", http.Header{"X-Hook-Secret": {"a-strangers-secret"}}); status == http.StatusOK || header.Get("X-Hook-Secret") != "" {
							t.Errorf("a stranger's handshake at %s is answered %d", pathOf(target), status)
						}
						select {
						case <-stop:
							return
						default:
						}
					}
				})
			}
			wantStatus(t, g.load(site(s.endpoint(up, s.events))), http.StatusOK)
			g.awaitActive(s, len(s.events))
			wantStatus(t, g.ask(http.MethodPost, "/hookward/endpoints/"+s.name+"/rotate", `{"overlap":"off"}`), http.StatusOK)
			close(stop)
			strangers.Wait()

			s.wantSubscribed(s.events...)
			for i, sub := range s.all() {
				if status, header := s.deliver(sub, i); status != http.StatusOK {
					t.Errorf("a delivery is answered %d %s", status, header.Get("Hookward-Reason"))
				}
				forged := *sub
				forged.secret = "a-strangers-secret"
				if status, _ := s.deliver(&forged, 100+i); status != http.StatusUnauthorized {
					t.Errorf("the stranger's delivery is answered %d", status)
				}
			}
			for _, slot := range g.detail(s.name).Slots {
				if !slot.ArmedUntil.IsZero() || len(slot.Secrets) != 1 {
					t.Errorf("a slot is %+v", slot)
				}
			}
			up.Want(t, len(s.events))
		})
	}
}

// A handshake by somebody who does know the token is found out, where the provider
// tells the secret in its answer too.
func TestHandshakeOfAnother(t *testing.T) {
	t.Parallel()
	s := newSaaS(t, asanaAPI)
	s.change(func(s *saas) { s.secret = "a-strangers-secret" })
	g := subscribeWith(t, site(s.endpoint(harness.NewUpstream(t, nil), s.events[:1])))
	eventually(t, "the mismatch is reported", func() bool {
		return strings.Contains(g.status(s).LastError, "not the one that the provider tells")
	})
	eventually(t, "nothing is left", func() bool { return len(s.all()) == 0 })
	eventually(t, "the failure is counted", func() bool {
		return g.metrics()[`caddy_hookward_reconcile_failures_total{endpoint="asana",provider="asana"}`] > 0
	})
	s.change(func(s *saas) { s.secret = "" })
	g.awaitActive(s, 1)
	s.wantSubscribed(s.events[0])

	wantStatus(t, g.load(site("respond elsewhere")), http.StatusOK)
	eventually(t, "the count ends with its endpoint", func() bool {
		_, found := g.metrics()[`caddy_hookward_reconcile_failures_total{endpoint="asana",provider="asana"}`]
		return !found
	})
}

// Until a subscription's secret is there, its slot's name is told to nobody but the
// provider, whose deliveries come again.
func TestSecretIsAwaited(t *testing.T) {
	t.Parallel()
	s := newSaaS(t, rechatAPI)
	reached, resume := make(chan struct{}), make(chan struct{})
	proceed := sync.OnceFunc(func() { close(resume) })
	t.Cleanup(proceed)
	s.change(func(s *saas) { s.during = func(string) { close(reached); <-resume } })
	up := harness.NewUpstream(t, nil)
	g := subscribeWith(t, site(s.endpoint(up, s.events[:1])))
	<-reached
	sub := s.all()[0]
	token := path.Base(sub.target)
	if shown := g.ask(http.MethodGet, "/hookward/endpoints/rechat", "").body; strings.Contains(shown, token) || !strings.Contains(shown, `"slot":"REDACTED"`) {
		t.Errorf("the admin API shows %s", shown)
	}
	status, header := s.deliver(sub, 1)
	if status != http.StatusServiceUnavailable || header.Get("Hookward-Reason") != "secret_awaited" || header.Get("Retry-After") == "" {
		t.Errorf("a delivery is answered %d %v", status, header)
	}
	proceed()
	g.awaitActive(s, 1)
	if status, header := s.deliver(sub, 1); status != http.StatusOK {
		t.Errorf("the same delivery is answered %d %v", status, header)
	}
	up.Want(t, 1)
	if slots := g.detail(s.name).Slots; len(slots) != 1 || slots[0].Slot != token {
		t.Errorf("the slots are %+v", slots)
	}
}

// A configuration that does not load asks the provider for nothing.
func TestFailedReloadSubscribesNothing(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0") // so that an app fails to start
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	running, other := newSaaS(t, repliersAPI), newSaaS(t, repliersAPI)
	up := harness.NewUpstream(t, nil)
	g := subscribeWith(t, site(running.endpoint(up, running.events)))
	g.awaitActive(running, len(running.events))
	asked, _ := running.count()

	wanted := running.endpoint(up, []string{"client.created"}, "prune")
	elsewhere := strings.ReplaceAll(strings.Replace(other.endpoint(up, other.events), "handle /in/*", "handle /other/*", 1), "/in/hook", "/other/hook")
	elsewhere = strings.Replace(elsewhere, "hookward repliers {", "hookward repliers {\n name other", 1)
	failing := site(wanted, elsewhere) + "http://" + taken.Addr().String() + " {\nrespond taken\n}\n"
	for range 10 { // apps start in random order
		if a := g.load(failing); a.status == http.StatusOK {
			t.Fatal("the configuration loads")
		}
	}
	for _, command := range []string{"validate", "adapt"} {
		validate := g.Caddy(command, "--config", path.Join(g.Home, "Caddyfile"), "--adapter", "caddyfile")
		if out, err := validate.CombinedOutput(); err != nil {
			t.Errorf("%s: %v: %s", command, err, out)
		}
	}
	// Whatever had been begun would be done before this, which asks once.
	wantStatus(t, g.ask(http.MethodPost, "/hookward/endpoints/repliers/reconcile", ""), http.StatusOK)
	if again, _ := running.count(); again != asked+1 {
		t.Errorf("the provider was asked %d times", again-asked)
	}
	if again, _ := other.count(); again != 0 {
		t.Errorf("the other provider was asked %d times", again)
	}
	running.wantSubscribed(running.events...)

	wantStatus(t, g.load(site(wanted, elsewhere)), http.StatusOK)
	g.awaitActive(running, 1)
	running.wantSubscribed("client.created")
	eventually(t, "the other endpoint is subscribed", func() bool { return len(other.all()) == len(other.events) })
}

// Two nodes share a storage and a configuration. Either may act, and either may get
// the handshake and the deliveries.
func TestNodesShareSubscriptions(t *testing.T) {
	t.Parallel()
	for _, d := range []*dialect{repliersAPI, rechatAPI} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newSaaS(t, d)
			up := harness.NewUpstream(t, nil)
			storage := "storage file_system " + t.TempDir()
			first := subscribeWith(t, siteWith(storage))
			// The provider reaches the first node alone; both reconcile.
			config := siteWith(storage, s.endpointAt(first.URL(), up, s.events))
			second := subscribeWith(t, config)
			eventually(t, "the second node tries", func() bool { _, creates := s.count(); return creates > 0 || d == rechatAPI && len(s.all()) > 0 })
			wantStatus(t, first.load(config), http.StatusOK)
			for _, g := range []*gateway{first, second} {
				wantStatus(t, g.ask(http.MethodPost, "/hookward/endpoints/"+s.name+"/reconcile", ""), http.StatusOK)
				g.awaitActive(s, len(s.events))
			}
			s.wantSubscribed(s.events...)
			for i, sub := range s.all() {
				for n, g := range []*gateway{first, second} {
					at := *sub
					at.target = g.URL() + pathOf(sub.target)
					if status, header := s.deliver(&at, 10*i+n); status != http.StatusOK {
						t.Errorf("node %d answers a delivery %d %s", n+1, status, header.Get("Hookward-Reason"))
					}
				}
			}
			up.Want(t, 2*len(s.events))
		})
	}
}

// The provider is down, and then it is not.
func TestProviderIsDown(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, s *saas) {
		s.change(func(s *saas) { s.down = true })
		up := harness.NewUpstream(t, nil)
		g := subscribeWith(t, site(s.endpoint(up, s.events), plainHook(up)))
		eventually(t, "the failure is reported", func() bool { return strings.Contains(g.status(s).LastError, "unavailable (502") })
		wantStatus(t, g.deliver(thing("evt-1")), http.StatusOK) // costs the others nothing
		if a := g.ask(http.MethodPost, "/hookward/endpoints/"+s.name+"/reconcile", ""); a.status != http.StatusBadGateway || !strings.Contains(a.body, "unavailable") {
			t.Errorf("the answer is %d %s", a.status, a.body)
		}
		s.change(func(s *saas) { s.down = false })
		g.awaitActive(s, len(s.events))
		s.wantSubscribed(s.events...)
	})
}

func TestPruneByReload(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, s *saas) {
		foreign := &ordered{id: "900", event: s.events[0], target: "https://elsewhere.example.com/", secret: strings.Repeat("cd", 32)}
		s.change(func(s *saas) { s.subs = append(s.subs, foreign) })
		up := harness.NewUpstream(t, nil)
		g := subscribeWith(t, site(s.endpoint(up, s.events)))
		g.awaitActive(s, len(s.events))

		wantStatus(t, g.load(site(s.endpoint(up, s.events[:1]))), http.StatusOK)
		g.awaitActive(s, 1)
		s.wantSubscribed(append(s.events, foreign.event)...)
		if drift := g.status(s).Drift; len(drift) != 1 || drift[0].Kind != reconcile.Unwanted || drift[0].Event != s.events[1] {
			t.Errorf("drift is %+v", drift)
		}
		wantStatus(t, g.load(site(s.endpoint(up, s.events[:1], "prune"))), http.StatusOK)
		eventually(t, "the unwanted one is deleted", func() bool { return len(s.all()) == 2 })
		s.wantSubscribed(s.events[0], foreign.event)
	})
}

// While two subscriptions overlap, deliveries of both are proved, and an event that
// both bring is forwarded once.
func TestRotate(t *testing.T) {
	t.Parallel()
	for _, d := range []*dialect{repliersAPI, rechatAPI, asanaAPI} {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			s := newSaaS(t, d)
			up := harness.NewUpstream(t, nil)
			g := subscribeWith(t, site(s.endpoint(up, s.events)))
			g.awaitActive(s, len(s.events))
			first := s.all()

			wantStatus(t, g.ask(http.MethodPost, "/hookward/endpoints/"+s.name+"/rotate", ""), http.StatusOK)
			s.wantSubscribed(append(s.events, s.events...)...)
			second := s.all()[len(first):]
			for i := range first {
				for n, sub := range []*ordered{first[i], second[i]} {
					if status, header := s.deliver(sub, i); status != http.StatusOK || (header.Get("Hookward-Duplicate") == "true") != (n == 1) {
						t.Errorf("delivery %d of %s is answered %d %v", n+1, sub.event, status, header)
					}
				}
			}
			up.Want(t, len(first))
			shown := g.status(s)
			retiring := 0
			for _, sub := range shown.Subscriptions {
				if sub.State == reconcile.Retiring && !sub.EndsAt.IsZero() {
					retiring++
				}
			}
			if retiring != len(first) || shown.Active != len(first) || len(shown.Drift) != 0 {
				t.Errorf("the admin API shows %+v", shown)
			}

			wantStatus(t, g.ask(http.MethodPost, "/hookward/endpoints/"+s.name+"/rotate", `{"overlap":"off"}`), http.StatusOK)
			third := s.all()
			for i, sub := range third[len(third)-len(first):] {
				if status, _ := s.deliver(sub, 10+i); status != http.StatusOK {
					t.Errorf("a delivery of the third is answered %d", status)
				}
			}
			for i, sub := range second {
				if status, header := s.deliver(sub, 20+i); status != http.StatusNotFound {
					t.Errorf("a delivery of the second is answered %d %s", status, header.Get("Hookward-Reason"))
				}
			}
		})
	}
}

// The process is killed while the provider makes a subscription.
func TestKilledDuringTheCall(t *testing.T) {
	t.Parallel()
	eachAPI(t, func(t *testing.T, s *saas) {
		reached, resume := make(chan struct{}), make(chan struct{})
		s.change(func(s *saas) {
			hang := sync.OnceFunc(func() { close(reached); <-resume })
			s.during = func(string) { hang() }
		})
		up := harness.NewUpstream(t, nil)
		g := subscribeWith(t, site(s.endpoint(up, s.events)))
		<-reached
		g.Kill()
		close(resume)
		g.Restart()
		g.awaitActive(s, len(s.events))
		s.wantSubscribed(s.events...)
		for i, sub := range s.all() {
			if status, header := s.deliver(sub, i); status != http.StatusOK {
				t.Errorf("a delivery is answered %d %s", status, header.Get("Hookward-Reason"))
			}
		}
	})
}

// Neither a reload nor the end of the process waits for a provider that does not answer.
func TestStopDuringTheCall(t *testing.T) {
	t.Parallel()
	s := newSaaS(t, repliersAPI)
	resume := make(chan struct{})
	t.Cleanup(sync.OnceFunc(func() { close(resume) }))
	s.change(func(s *saas) { s.during = func(string) { <-resume } })
	g := subscribeWith(t, site(s.endpoint(harness.NewUpstream(t, nil), s.events)))
	eventually(t, "the call is under way", func() bool { return len(s.all()) > 0 })
	wantStatus(t, g.load(site("respond elsewhere")), http.StatusOK)
	wantStatus(t, g.load(site(s.endpoint(harness.NewUpstream(t, nil), s.events))), http.StatusOK)
	eventually(t, "another call is under way", func() bool { _, creates := s.count(); return creates > 1 })
	g.Stop()
}

// The slots of subscriptions are armed by their subscriptions alone, and what was
// delivered is forgotten by the event.
func TestAdminOfSubscribedEndpoint(t *testing.T) {
	t.Parallel()
	s := newSaaS(t, repliersAPI)
	up := harness.NewUpstream(t, nil)
	g := subscribeWith(t, site(s.endpoint(up, s.events), plainHook(up)))
	g.awaitActive(s, len(s.events))
	sub := s.all()[0]
	slot := path.Base(sub.target)
	const endpoint = "/hookward/endpoints/repliers"

	for body, status := range map[string]int{"": http.StatusConflict, `{"slot":"` + slot + `"}`: http.StatusConflict, `{"slot":"x"}`: http.StatusNotFound} {
		if a := g.ask(http.MethodPost, endpoint+"/arm", body); a.status != status {
			t.Errorf("arm %s is answered %d %s", body, a.status, a.body)
		}
	}
	wantStatus(t, g.ask(http.MethodDelete, endpoint+"/arm", ""), http.StatusConflict)
	wantStatus(t, g.ask(http.MethodDelete, endpoint+"/arm?slot="+slot, ""), http.StatusConflict)
	for _, named := range []string{"", `"slot":"agent.created",`, `"slot":"` + slot + `",`} {
		if status, header := s.deliver(sub, 1); status != http.StatusOK || header.Get("Hookward-Duplicate") != "" {
			t.Errorf("the delivery is answered %d %v", status, header)
		}
		key := up.All()[up.Count()-1].Header.Get("Ce-Dedupekey")
		if a := g.ask(http.MethodPost, endpoint+"/forget", `{`+named+`"key":"`+key+`"}`); a.status != http.StatusOK {
			t.Errorf("forget %s is answered %d %s", named, a.status, a.body)
		}
	}
	if a := g.ask(http.MethodPost, endpoint+"/forget", `{"slot":"x","key":"y"}`); a.status != http.StatusNotFound {
		t.Errorf("forget is answered %d %s", a.status, a.body)
	}
	for _, action := range []string{"reconcile", "rotate"} {
		wantStatus(t, g.ask(http.MethodGet, endpoint+"/"+action, ""), http.StatusMethodNotAllowed)
		wantStatus(t, g.ask(http.MethodPost, "/hookward/endpoints/plain/"+action, ""), http.StatusConflict)
		wantStatus(t, g.ask(http.MethodPost, endpoint+"/"+action, `{"shiny":true}`), http.StatusBadRequest)
	}
	wantStatus(t, g.ask(http.MethodPost, endpoint+"/rotate", `{"overlap":"25h"}`), http.StatusBadRequest)
	if got := len(s.all()); got != len(s.events) {
		t.Errorf("there are %d subscriptions", got)
	}
}
