package e2e

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

// A secret is stored before it is echoed. So once the provider has the echo, the
// secret is there whatever happens to the gateway, and no stranger takes its place.
func TestKilledAfterTheEcho(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	events := []string{"agent.created", "agent.updated", "listing.created", "listing.updated", "client.created"}
	g := start(t, site("handle /repliers/* {\nhookward repliers {\n path /repliers/{event}\n handshake once\n events "+
		strings.Join(events, " ")+"\n}\nreverse_proxy "+up.Address+"\n}"))
	shake := func(event, secret string) request {
		return request{path: "/repliers/" + event, header: http.Header{"X-Hook-Secret": {secret}}}
	}
	for i, event := range events {
		secret := "secret-of-" + event
		echo := g.send(shake(event, secret))
		g.Kill()
		g.client.CloseIdleConnections()
		if echo.status != http.StatusOK || echo.header.Get("X-Hook-Secret") != secret {
			t.Fatalf("%s: the handshake is answered %d %v", event, echo.status, echo.header)
		}
		g.Restart()
		wantRefused(t, g.send(shake(event, "a-strangers")), http.StatusUnauthorized, "handshake_locked")
		wantStatus(t, g.send(shake(event, secret)), http.StatusOK) // the provider does not know that it was heard
		wantStatus(t, g.send(shake(event, secret).saying(`[{"id":1}]`)), http.StatusOK)
		up.Want(t, i+1)
	}
}
