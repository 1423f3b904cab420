package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

// TestErrorRouteGetsNoEvent: an error route may well end in the application. What
// was refused must not look like an event there, nor bring a body or a secret.
func TestErrorRouteGetsNoEvent(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, site(
		plainHook(up, "token query key route-token"),
		"handle_errors {\nreverse_proxy "+up.Address+"\n}",
	))
	d := forged(thing("forged"))
	refused := map[string]request{
		"no signature":      d.at("/hook?key=route-token").with("X-Signature", ""),
		"a wrong signature": d.at("/hook?key=route-token").with("X-Signature", hmacHex("other", d.body)),
		"a wrong token":     d.at("/hook?key=other"),
	}
	for name, r := range refused {
		before := up.Count()
		g.send(r)
		if up.Count() != before+1 {
			t.Fatalf("%s: the error route was not asked", name)
		}
		got := up.Last(t, before+1)
		if got.Body != "" || len(got.Names("Ce-")) > 0 || got.Header.Get("Hookward-Verified") != "false" {
			t.Errorf("%s: the error route got %v %q", name, got.Header, got.Body)
		}
		if got.URI != "/hook" {
			t.Errorf("%s: the error route got the URL %s", name, got.URI)
		}
	}
	if a := g.send(thing("genuine").at("/hook?key=route-token")); a.status != http.StatusOK {
		t.Errorf("a genuine delivery: status %d", a.status)
	}
}

// forged is a request that claims to be an event.
func forged(r request) request {
	return r.with("Ce-Type", "com.example.thing.created").with("Ce-Id", "forged").with("Hookward-Verified", "true")
}

// errorSite is the set-up that the manual shows: endpoints, a 404 for all else, and an
// error route.
func errorSite(up *harness.Upstream, errorRoute ...string) string {
	return site(
		handle("/hook", plain("/hook"), "reverse_proxy "+up.Address),
		handle("/down", named("down", plain("/down")), "reverse_proxy 127.0.0.1:1"),
		"handle {\nerror 404\n}",
		"handle_errors {\n"+strings.Join(errorRoute, "\n")+"\n}",
	)
}

// A request that no endpoint has judged comes to an error route as it was sent. The
// lines that the manual shows take its claims away.
func TestErrorRouteOfUnjudged(t *testing.T) {
	t.Parallel()
	up, pages := harness.NewUpstream(t, nil), harness.NewUpstream(t, nil)
	bare := start(t, errorSite(up, "reverse_proxy "+pages.Address))
	bare.send(forged(thing("evt-1").at("/elsewhere")))
	if got := pages.Last(t, 1); got.Header.Get("Ce-Id") != "forged" || got.Header.Get("Hookward-Verified") != "true" {
		t.Errorf("without the lines the error route got %v: the manual says otherwise", got.Header)
	}
	g := start(t, errorSite(up, "request_header -Ce-*", "request_header -Hookward-*", "reverse_proxy "+pages.Address))
	for i, path := range []string{"/elsewhere", "/HOOK", "/hook"} {
		g.send(forged(thing("evt-1").at(path).with("X-Signature", "00").with("X-Other", "kept")))
		got := pages.Last(t, i+2)
		if names := append(got.Names("Ce-"), got.Names("Hookward-")...); len(names) > 0 {
			t.Errorf("%s: the error route got %v", path, names)
		}
		if got.Header.Get("X-Other") != "kept" {
			t.Errorf("%s: the error route got %v", path, got.Header)
		}
	}
	up.Want(t, 0)
}

// An event whose upstream is down comes to an error route as it would have come to the
// upstream, and the placeholder tells it from all else.
func TestErrorRouteOfEvent(t *testing.T) {
	t.Parallel()
	up, standby := harness.NewUpstream(t, nil), harness.NewUpstream(t, nil)
	g := start(t, errorSite(up,
		"@event vars {http.hookward.outcome} accept",
		"handle @event {\nreverse_proxy "+standby.Address+"\n}",
		"handle {\nrespond {err.status_code}\n}",
	))
	wantStatus(t, g.send(forged(thing("evt-1").at("/elsewhere"))), http.StatusNotFound)
	wantStatus(t, g.send(forged(thing("evt-1").with("X-Signature", "00"))), http.StatusUnauthorized)
	wantStatus(t, g.send(forged(thing("evt-1"))), http.StatusOK)
	up.Want(t, 1)
	standby.Want(t, 0)
	d := thing("evt-1").at("/down")
	g.send(forged(d))
	got := standby.Last(t, 1)
	if got.Body != d.body || got.Header.Get("Ce-Id") != "evt-1" || got.Header.Get("Hookward-Verified") != "true" {
		t.Errorf("the standby got %v %q", got.Header, got.Body)
	}
}
