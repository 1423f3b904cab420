package command_test

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/adminapi"
)

func TestArmCommand(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	out := s.run(t, "arm", "asana").succeeded(t)
	if !regexp.MustCompile(`^slot default is armed until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$`).MatchString(out) {
		t.Errorf("output is %q", out)
	}
	if status := s.deliver(t, "/asana", "", http.Header{"X-Hook-Secret": {verySecret}}); status != http.StatusOK {
		t.Errorf("the handshake is answered %d", status)
	}
	var answer adminapi.ArmAnswer
	checkJSON(t, s.run(t, "arm", "repliers", "--slot", "agent.created", "--for", "1h", "--json").succeeded(t), &answer)
	if answer.Slot != "agent.created" || time.Until(answer.ArmedUntil) < 59*time.Minute {
		t.Errorf("answer is %+v", answer)
	}
	s.run(t, "arm", "repliers").failed(t, "say which of its 2 slots, `caddy hookward endpoints repliers` shows them")
	for _, length := range []string{"0s", "-1m", "999ms", "25h", "soon"} {
		s.run(t, "arm", "asana", "--for="+length).refused(t, "--for")
	}
}
