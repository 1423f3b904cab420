package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

// An endpoint that only reports lets everything through, marked, and does nothing
// else with what is not proved.
func TestReportOnly(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, site(
		plainHook(up, "report_only", "max_body 1KiB"),
		"handle /repliers/* {", "hookward repliers {\n path /repliers/{event}\n handshake once\n report_only\n}", "reverse_proxy "+up.Address, "}",
		handle("/token", "hookward everreal {\n path /token\n token query key t0ken\n report_only\n}", "reverse_proxy "+up.Address),
	))

	unproved := thing("evt-1").with("X-Signature", hmacHex("another", thing("evt-1").body))
	for n := 1; n <= 2; n++ {
		a := g.send(unproved)
		wantStatus(t, a, http.StatusOK)
		got := up.Last(t, n)
		if got.Header.Get("Hookward-Verified") != "false" || got.Names("Ce-") != nil || got.Body != unproved.body {
			t.Errorf("an unproved delivery goes on as %v %q", got.Header, got.Body)
		}
	}
	for n := 3; n <= 4; n++ {
		wantStatus(t, g.send(thing("evt-1").with("X-Signature", "")), http.StatusOK)
		up.Want(t, n)
	}
	wantStatus(t, g.send(thing("evt-1")), http.StatusOK)
	if got := up.Last(t, 5); got.Header.Get("Hookward-Verified") != "true" || got.Header.Get("Ce-Id") != "evt-1" {
		t.Errorf("a proved delivery goes on as %v", got.Header)
	}
	wantDuplicate(t, g.send(thing("evt-1")))
	wantStatus(t, g.send(unproved), http.StatusOK)
	up.Want(t, 6)

	handshake := request{path: "/repliers/agent.created", header: http.Header{"X-Hook-Secret": {"a-secret"}}}
	a := g.send(handshake)
	wantStatus(t, a, http.StatusOK)
	got := up.Last(t, 7)
	if a.header.Get("X-Hook-Secret") != "" || got.Header.Get("X-Hook-Secret") != "" {
		t.Errorf("a handshake's secret goes on or back: %v, %v", got.Header, a.header)
	}
	wantStatus(t, g.send(handshake.saying(`{"a":1}`)), http.StatusOK)
	if got := up.Last(t, 8).Header.Get("Hookward-Verified"); got != "false" {
		t.Errorf("a delivery with a secret that nobody learned is marked %q", got)
	}
	if stored := size(t, g.secrets()); stored != 0 {
		t.Errorf("something was learned or is to be: there are %d bytes", stored)
	}

	wantStatus(t, g.send(everrealDelivery("1", "X").at("/token?key=wrong&a=b")), http.StatusOK)
	if got := up.Last(t, 9); got.Header.Get("Hookward-Verified") != "false" || got.URI != "/token?a=b" {
		t.Errorf("a delivery with a wrong token goes on as %s %v", got.URI, got.Header)
	}

	wantRefused(t, g.send(unproved.at("/repliers/agent.exploded")), http.StatusNotFound, "event")
	wantRefused(t, g.send(unproved.saying(strings.Repeat("x", 1025))), http.StatusRequestEntityTooLarge, "body_too_large")
	method := unproved
	method.method = http.MethodPut
	wantRefused(t, g.send(method), http.StatusMethodNotAllowed, "method")
	up.Want(t, 9)
}
