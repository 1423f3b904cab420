package command_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

// runningConfig has an endpoint of every kind that the commands tell apart.
const runningConfig = `
{
	admin 127.0.0.1:2019
}

http://127.0.0.1:8080 {
	bind 127.0.0.1
	handle /github {
		hookward github {
			name github-prod
			path /github
			secret ` + verySecret + ` main
			token query key ` + secretToken + `
		}
		hookward_echo
	}
	handle /repliers/* {
		hookward repliers {
			path /repliers/{event}
			events agent.created listing.updated
		}
		hookward_echo
	}
	handle /asana {
		hookward asana {
			path /asana
		}
		hookward_echo
	}
}
`

// server is a Caddy with running endpoints.
type server struct{ *harness.Gateway }

func startServer(t *testing.T) server {
	t.Helper()
	return server{harness.Start(t, harness.Options{Config: runningConfig})}
}

// run runs a command that talks to the admin API.
func (s server) run(t *testing.T, args ...string) ran {
	t.Helper()
	return runCommand(t, "", append(args, "--address", s.Admin)...)
}

// deliver sends a request to the endpoints and returns the status.
func (s server) deliver(t *testing.T, path, body string, header http.Header) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	return resp.StatusCode
}

// deliverGitHub sends a well-signed delivery with this id.
func (s server) deliverGitHub(t *testing.T, id string) {
	t.Helper()
	d := buildSample(t, "github", "ping")
	d.Header.Set("X-GitHub-Delivery", id)
	sign(t, d, verySecret)
	if status := s.deliver(t, "/github?key="+secretToken, d.Body, d.Header); status != http.StatusOK {
		t.Fatalf("the delivery is answered %d", status)
	}
}
