package command_test

import (
	"net/http"
	"testing"

	"github.com/hookward/hookward/signature"
)

func TestRevokeCommand(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	secret := http.Header{"X-Hook-Secret": {verySecret}}
	learn := func(event string) {
		t.Helper()
		s.run(t, "arm", "repliers", "--slot", event).succeeded(t)
		if status := s.deliver(t, "/repliers/"+event, "", secret); status != http.StatusOK {
			t.Fatalf("the handshake is answered %d", status)
		}
	}
	proves := func(event string) bool {
		return s.deliver(t, "/repliers/"+event, `{"mlsNumber":"`+event+`"}`, secret) == http.StatusOK
	}
	fingerprint := signature.Fingerprint(verySecret)

	learn("agent.created")
	if !proves("agent.created") {
		t.Fatal("a learned secret proves nothing")
	}
	if out := s.run(t, "revoke", "repliers", fingerprint).succeeded(t); out != "slot agent.created has no secret "+fingerprint+" any more\n" {
		t.Errorf("output is %q", out)
	}
	if proves("agent.created") {
		t.Error("a revoked secret still proves deliveries")
	}

	learn("agent.created")
	learn("listing.updated")
	s.run(t, "revoke", "repliers", fingerprint).refused(t, "2 slots")
	var answer struct{ Slot, Fingerprint string }
	checkJSON(t, s.run(t, "revoke", "repliers", fingerprint, "--slot", "agent.created", "--json").succeeded(t), &answer)
	if answer.Slot != "agent.created" || answer.Fingerprint != fingerprint {
		t.Errorf("answer is %+v", answer)
	}
	if proves("agent.created") || !proves("listing.updated") {
		t.Error("the secret was not revoked in one slot alone")
	}

	s.run(t, "revoke", "repliers", "00000000").failed(t, "no secret")
	s.run(t, "revoke", "repliers", fingerprint, "--slot", "agent.created").failed(t, "secret")
	s.run(t, "revoke", "github-prod", fingerprint).failed(t, "no secret")
	s.run(t, "revoke", "nobody", fingerprint).failed(t, "no endpoint")
}
