package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

// openFiles counts what the gateway's process has open.
func (g *gateway) openFiles() int {
	g.t.Helper()
	entries, err := os.ReadDir(filepath.Join("/proc", strconv.Itoa(g.PID()), "fd"))
	if err != nil {
		g.t.Skipf("this system does not tell which files are open: %v", err)
	}
	return len(entries)
}

// goroutines counts the gateway's goroutines.
func (g *gateway) goroutines() int {
	g.t.Helper()
	_, rest, _ := strings.Cut(g.ask(http.MethodGet, "/debug/pprof/goroutine?debug=1", "").body, "total ")
	number, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.Atoi(number)
	if err != nil {
		g.t.Fatal(err)
	}
	return n
}

// Deliveries go on while configurations come and go. Whatever is answered is answered
// rightly, each event is forwarded once, and nothing is left behind. What gets no
// answer is a request that Caddy has not read when it closes the connection: as on a
// bare route that is loaded beside it, and without a trace.
func TestReloadUnderLoad(t *testing.T) {
	t.Parallel()
	const reloads = 100
	up := harness.NewUpstream(t, nil)
	config := func(n int) string {
		// A proxy's idle connections outlive its configuration by minutes.
		proxy := "reverse_proxy " + up.Address + " {\ntransport http {\nkeepalive off\n}\n}"
		return siteWith(fmt.Sprintf("hookward {\n\tdedupe_entries %d\n}", 100_000+n%3),
			"header X-Config "+strconv.Itoa(n),
			handle("/hook", plain("/hook", "source urn:config:"+strconv.Itoa(n)), proxy),
			handle("/bare", proxy),
		)
	}
	g := start(t, config(0))
	for n := range 5 {
		wantStatus(t, g.load(config(n)), http.StatusOK)
	}
	wantStatus(t, g.deliver(thing("first")), http.StatusOK)
	goroutines, opened := g.goroutines(), g.openFiles()

	ctx, stop := context.WithCancel(t.Context())
	var group sync.WaitGroup
	guarded := []*sender{newSender(t, g, "/hook", true), newSender(t, g, "/hook", false)}
	bare := []*sender{newSender(t, g, "/bare", true), newSender(t, g, "/bare", false)}
	for _, s := range append(guarded, bare...) {
		group.Go(func() { s.run(ctx) })
	}
	for n := range reloads {
		wantStatus(t, g.load(config(n+1)), http.StatusOK)
	}
	stop()
	group.Wait()

	arrived := make(map[string]int)
	for _, a := range up.All() {
		arrived[a.Header.Get("Ce-Id")]++
	}
	sent := 0
	for i, s := range guarded {
		t.Logf("%s: %d events in %d requests, %d of them unanswered; bare: %d in %d, %d",
			s.name, s.events, s.requests, s.unanswered, bare[i].events, bare[i].requests, bare[i].unanswered)
		// Chance decides which requests are on their way when a listener goes.
		if s.unanswered > 3*bare[i].unanswered+20 {
			t.Errorf("%s: %d requests were not answered, on the bare route %d", s.name, s.unanswered, bare[i].unanswered)
		}
		for n := range s.events {
			if id := s.id(n); arrived[id] != 1 {
				t.Errorf("event %s arrived %d times", id, arrived[id])
			}
		}
		sent += s.events
	}
	if sent < reloads {
		t.Errorf("only %d events were sent meanwhile", sent)
	}
	wantDuplicate(t, g.deliver(thing("first")))

	const some = 5 // connections that come and go
	eventually(t, "goroutines are as many as before", func() bool { return g.goroutines() <= goroutines+some })
	eventually(t, "open files are as many as before", func() bool { return g.openFiles() <= opened+some })
}

// sender sends one event after the other, each until it is answered, and then a copy.
type sender struct {
	t      *testing.T
	g      *gateway
	client *http.Client
	name   string
	path   string

	events, requests, unanswered int
}

// newSender makes a sender with a connection that is kept alive, or with a new one for
// each request.
func newSender(t *testing.T, g *gateway, path string, fresh bool) *sender {
	transport := &http.Transport{DisableKeepAlives: fresh}
	t.Cleanup(transport.CloseIdleConnections)
	name := path + "-kept"
	if fresh {
		name = path + "-fresh"
	}
	return &sender{t: t, g: g, path: path, name: name, client: &http.Client{Transport: transport, Timeout: harness.Patience}}
}

func (s *sender) id(n int) string { return fmt.Sprintf("%s-%d", s.name, n) }

func (s *sender) run(ctx context.Context) {
	for ctx.Err() == nil {
		d := thing(s.id(s.events)).at(s.path)
		s.events++
		// That it is no duplicate shows that nobody has seen those without an answer.
		for _, duplicate := range []string{"", "true"} {
			a := s.insist(d)
			if s.path == "/bare" {
				duplicate = ""
			}
			if got := a.header.Get("Hookward-Duplicate"); a.status != http.StatusOK || got != duplicate {
				s.t.Errorf("%s: answered %d %v, want 200 and a duplicate %q", s.name, a.status, a.header, duplicate)
			}
		}
	}
}

// insist sends a request until it is answered.
func (s *sender) insist(r request) answer {
	for {
		s.requests++
		req, err := r.to(s.t.Context(), s.g.URL())
		if err != nil {
			s.t.Error(err)
			return answer{}
		}
		resp, err := s.client.Do(req)
		if err == nil {
			a, err := readAnswer(resp)
			_ = resp.Body.Close()
			if err != nil {
				s.t.Errorf("%s: an answer breaks off: %v", s.name, err)
			}
			return a
		}
		s.unanswered++
		if !wasClosed(err) {
			s.t.Errorf("%s: %v", s.name, err)
			return answer{}
		}
	}
}

// wasClosed tells whether the server has closed the connection before it answered.
func wasClosed(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) ||
		strings.Contains(err.Error(), "server closed idle connection") // net/http does not export that one
}

// A configuration that does not load takes nothing away from the one that runs.
func TestFailedReload(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	taken, err := net.Listen("tcp", "127.0.0.1:0") // so that an app of the new configuration fails to start
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = taken.Close() })
	repliers := "handle /repliers/* {\nhookward repliers {\n path /repliers/{event}\n handshake once\n}\nreverse_proxy " + up.Address + "\n}"
	good := site(plainHook(up), repliers)
	smaller := "hookward {\n\tdedupe_entries 1\n\tmax_inflight 1B\n}"
	other := plainHook(up, "source urn:other")
	failing := map[string]string{
		"no Caddyfile":        "{",
		"an unknown provider": siteWith(smaller, handle("/hook", "hookward nobody {\n path /hook\n}")),
		"no secret":           siteWith(smaller, other, handle("/x", "hookward github {\n path /x\n}")),
		"an unset secret":     siteWith(smaller, other, handle("/x", "hookward github {\n path /x\n secret {env.UNSET}\n}")),
		"an unknown handler":  siteWith(smaller, other, "no_such_handler"),
		"a port that is taken": siteWith(smaller, other, strings.ReplaceAll(repliers, "handshake once", "handshake off\n secret of-no-use")) +
			"http://" + taken.Addr().String() + " {\nrespond taken\n}\n",
	}
	const some = 3
	g := start(t, good)
	shake := request{path: "/repliers/agent.created", header: http.Header{"X-Hook-Secret": {"the-right-one"}}}
	wantStatus(t, g.deliver(shake), http.StatusOK)
	for i := range some {
		wantStatus(t, g.deliver(thing("before-"+strconv.Itoa(i))), http.StatusOK)
	}
	reached := up.Count()

	for name, config := range failing {
		for range 3 { // apps start in random order
			if a := g.load(config); a.status == http.StatusOK {
				t.Fatalf("%s: the configuration loads", name)
			}
			for i := range some {
				wantDuplicate(t, g.deliver(thing("before-"+strconv.Itoa(i))))
			}
			up.Want(t, reached)
			wantRefused(t, g.deliver(shake.with("X-Hook-Secret", "a-strangers")), http.StatusUnauthorized, "handshake_locked")
			d := shake.saying(fmt.Sprintf(`{"n":%d}`, reached))
			wantStatus(t, g.deliver(d), http.StatusOK)
			reached++
			wantStatus(t, g.deliver(thing("after-"+strconv.Itoa(reached))), http.StatusOK)
			reached++
			if got := up.Last(t, reached).Header.Get("Ce-Source"); got != "urn:hookward:plain" {
				t.Errorf("%s: the source is now %s", name, got)
			}
			if a := g.ask(http.MethodGet, "/hookward/endpoints/repliers", ""); !strings.Contains(a.body, `"handshake":"once"`) {
				t.Errorf("%s: the admin API shows %s", name, a.body)
			}
		}
	}
}

// A configuration without endpoints lets go of everything but what is stored.
func TestAppRemovedAndAdded(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	repliers := "handle /repliers/* {\nhookward repliers {\n path /repliers/{event}\n handshake once\n}\nreverse_proxy " + up.Address + "\n}"
	with, without := site(plainHook(up), repliers), site("respond elsewhere")
	isElsewhere := func(body string) bool { return body == "elsewhere" }
	g := start(t, with)
	shake := request{path: "/repliers/agent.created", header: http.Header{"X-Hook-Secret": {"the-right-one"}}}
	wantStatus(t, g.deliver(shake), http.StatusOK)
	wantStatus(t, g.deliver(thing("evt-1")), http.StatusOK)

	for range 3 {
		wantStatus(t, g.load(without), http.StatusOK)
		g.settle(isElsewhere)
		if a := g.deliver(thing("evt-2")); a.body != "elsewhere" {
			t.Errorf("without endpoints the answer is %d %q", a.status, a.body)
		}
		wantStatus(t, g.ask(http.MethodGet, "/hookward/endpoints", ""), http.StatusNotFound)
		wantStatus(t, g.ask(http.MethodGet, "/metrics", ""), http.StatusOK)

		wantStatus(t, g.load(with), http.StatusOK)
		g.settle(func(body string) bool { return !isElsewhere(body) })
		wantRefused(t, g.deliver(shake.with("X-Hook-Secret", "a-strangers")), http.StatusUnauthorized, "handshake_locked")
		before := up.Count()
		wantStatus(t, g.deliver(shake.saying(`{"n":1}`)), http.StatusOK)
		wantStatus(t, g.deliver(thing("evt-3")), http.StatusOK)
		wantDuplicate(t, g.deliver(thing("evt-3")))
		up.Want(t, before+2)
		wantStatus(t, g.ask(http.MethodGet, "/hookward/endpoints/plain", ""), http.StatusOK)
	}
}

// A delivery that is in flight while the configuration is replaced ends well, and
// its copies find it under the new one.
func TestReloadInFlight(t *testing.T) {
	t.Parallel()
	gate := newGated(text(200, "taken"))
	up := harness.NewUpstream(t, gate.ServeHTTP)
	g := start(t, site(plainHook(up)))

	var group sync.WaitGroup
	var first, second answer
	group.Go(func() { first, _ = g.try(t.Context(), thing("evt-1")) })
	<-gate.entered
	wantStatus(t, g.load(site("header X-Config new", plainHook(up, "source urn:new"))), http.StatusOK)
	group.Go(func() { second = g.deliver(thing("evt-1")) })
	g.awaitWaiting(1)
	wantStatus(t, g.load(site("header X-Config newer", plainHook(up, "source urn:newer"))), http.StatusOK)
	close(gate.open)
	group.Wait()
	if first.status != http.StatusOK || first.body != "taken" || first.header.Get("X-Config") != "" {
		t.Errorf("the first is answered %d %v %q", first.status, first.header, first.body)
	}
	if second.status != http.StatusOK || second.body != "taken" || second.header.Get("X-Config") != "new" {
		t.Errorf("its copy is answered %d %v %q", second.status, second.header, second.body)
	}
	third := g.deliver(thing("evt-1"))
	wantDuplicate(t, third)
	if got := third.header.Get("X-Config"); got != "newer" {
		t.Errorf("the newest configuration is %q", got)
	}
	up.Want(t, 1)
}

// A secret is changed by a reload: what was seen under the old one is still known.
func TestSecretChanges(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, site(plainHook(up)))
	wantStatus(t, g.deliver(thing("evt-1")), http.StatusOK)
	wantStatus(t, g.load(strings.Replace(site(plainHook(up)), "secret "+plainSecret, "secret another-secret", 1)), http.StatusOK)
	wantRefused(t, g.deliver(thing("evt-1")), http.StatusUnauthorized, "mismatch")
	again := thing("evt-1")
	wantDuplicate(t, g.deliver(again.with("X-Signature", hmacHex("another-secret", again.body))))
	up.Want(t, 1)
}

// Told to end, the gateway first brings to their end the deliveries that it has.
func TestTerminateDrains(t *testing.T) {
	t.Parallel()
	gate := newGated(text(200, "taken"))
	up := harness.NewUpstream(t, gate.ServeHTTP)
	g := start(t, site(plainHook(up)))

	var group sync.WaitGroup
	answers := make([]answer, 3)
	for i := range answers {
		group.Go(func() { answers[i], _ = g.try(t.Context(), thing("evt-1")) })
	}
	<-gate.entered
	g.awaitWaiting(len(answers) - 1)
	mark := len(g.Output())
	g.Terminate()
	if !g.Await(mark, "shutting down apps") {
		t.Fatal("the gateway does not begin to end")
	}
	eventually(t, "nobody is let in", func() bool {
		conn, err := net.Dial("tcp", g.Site)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	close(gate.open)
	group.Wait()
	for _, a := range answers {
		if a.status != http.StatusOK || a.body != "taken" {
			t.Errorf("a delivery is answered %d %q", a.status, a.body)
		}
	}
	up.Want(t, 1)
	g.Wait()
}

// An endpoint that leaves the configuration takes its metrics and counts with it. One
// that stays goes on counting, and so does one whose new provider does not load.
func TestEndpointLeaves(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	other := func(name string) string {
		return handle("/"+name, named(name, plain("/"+name)), "reverse_proxy "+up.Address)
	}
	renamed := strings.Replace(other("leaves"), "provider {", "provider {\n name renamed", 1)
	g := start(t, site(plainHook(up), other("leaves")))
	use := func(name string) {
		t.Helper()
		wantStatus(t, g.deliver(thing(name).at("/"+name)), http.StatusOK)
		wantDuplicate(t, g.deliver(thing(name).at("/"+name)))
		g.deliver(thing(name).at("/"+name).with("X-Signature", "00"))
	}
	series := func(label string) (found []string) {
		for name := range g.metrics() {
			if strings.Contains(name, label) {
				found = append(found, name)
			}
		}
		return found
	}
	use("hook")
	use("leaves")
	if got := series(`endpoint="leaves"`); len(got) != 7 {
		t.Errorf("the metrics are %q", got)
	}

	if a := g.load(site(plainHook(up), renamed, "no_such_handler")); a.status == http.StatusOK {
		t.Fatal("the broken configuration loads")
	}
	if a := g.ask(http.MethodGet, "/hookward/endpoints/leaves", ""); !strings.Contains(a.body, `"counts":{"accept":1,"duplicate":1,"reject":1}`) {
		t.Errorf("after a configuration that did not load: %s", a.body)
	}

	wantStatus(t, g.load(site(plainHook(up), renamed)), http.StatusOK)
	wantDuplicate(t, g.deliver(thing("leaves").at("/leaves")))
	if got := series(`provider="leaves"`); got != nil {
		t.Errorf("the old provider has still %q", got)
	}
	if got := series(`provider="renamed"`); len(got) != 1 {
		t.Errorf("the new provider has %q", got)
	}

	wantStatus(t, g.load(site(plainHook(up))), http.StatusOK)
	if got := series(`endpoint="leaves"`); got != nil {
		t.Errorf("the endpoint that left has still %q", got)
	}
	if a := g.ask(http.MethodGet, "/hookward/endpoints/plain", ""); !strings.Contains(a.body, `"counts":{"accept":1,"duplicate":1,"reject":1}`) {
		t.Errorf("the endpoint that stays: %s", a.body)
	}
	wantStatus(t, g.load(site(plainHook(up), other("leaves"))), http.StatusOK)
	if a := g.ask(http.MethodGet, "/hookward/endpoints/leaves", ""); !strings.Contains(a.body, `"counts":{}`) {
		t.Errorf("the endpoint that returned: %s", a.body)
	}
}
