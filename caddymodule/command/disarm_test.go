package command_test

import (
	"net/http"
	"testing"

	"github.com/hookward/hookward/internal/adminapi"
)

func TestDisarmCommand(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	handshake := http.Header{"X-Hook-Secret": {verySecret}}
	s.run(t, "arm", "asana").succeeded(t)
	if out := s.run(t, "disarm", "asana").succeeded(t); out != "slot default is not armed\n" {
		t.Errorf("output is %q", out)
	}
	if status := s.deliver(t, "/asana", "", handshake); status != http.StatusUnauthorized {
		t.Errorf("the handshake is answered %d", status)
	}

	s.run(t, "arm", "repliers", "--slot", "agent.created").succeeded(t)
	var answer adminapi.DisarmAnswer
	checkJSON(t, s.run(t, "disarm", "repliers", "--slot", "agent.created", "--json").succeeded(t), &answer)
	if answer.Slot != "agent.created" {
		t.Errorf("answer is %+v", answer)
	}
	if status := s.deliver(t, "/repliers/agent.created", "", handshake); status != http.StatusUnauthorized {
		t.Errorf("the handshake is answered %d", status)
	}
	s.run(t, "disarm", "repliers").failed(t, "2 slots")
	s.run(t, "disarm", "github-prod").failed(t, "nothing to arm")
	s.run(t, "disarm", "nobody").failed(t, "no endpoint")
}
