package e2e

import (
	"net/http"
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
	forged := thing("forged").
		with("Ce-Type", "com.example.thing.created").with("Ce-Id", "forged").with("Hookward-Verified", "true")
	refused := map[string]request{
		"no signature":      forged.at("/hook?key=route-token").with("X-Signature", ""),
		"a wrong signature": forged.at("/hook?key=route-token").with("X-Signature", hmacHex("other", forged.body)),
		"a wrong token":     forged.at("/hook?key=other"),
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
