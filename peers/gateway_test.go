package peers

import (
	"net/http"
	"os"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// The secrets that the gateway of these tests is configured with.
const (
	stripeSecret   = "whsec_peers_stripe_secret"
	slackSecret    = "8f742231b10e8888abcd99yyyzzz85a5"
	standardSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	githubSecret   = "It's a Secret to Everybody"
)

const config = `{
	admin off
	persist_config off
}
http://127.0.0.1:8080 {
	handle /stripe {
		hookward stripe {
			path /stripe
			secret ` + stripeSecret + `
		}
		reverse_proxy APPLICATION
	}
	handle /slack {
		hookward slack {
			path /slack
			secret ` + slackSecret + `
		}
		reverse_proxy APPLICATION
	}
	handle /standard {
		hookward standard-webhooks {
			path /standard
			secret ` + standardSecret + `
		}
		reverse_proxy APPLICATION
	}
	handle /github {
		hookward github {
			path /github
			secret "` + githubSecret + `"
			max_body 64KiB
		}
		reverse_proxy APPLICATION
	}
}
`

// gateway is a running Caddy with the plugin, and the application behind it.
type gateway struct {
	*harness.Gateway
	application *harness.Upstream
}

func startGateway(t *testing.T) *gateway {
	t.Helper()
	application := harness.NewUpstream(t, nil)
	options := harness.Options{Config: strings.ReplaceAll(config, "APPLICATION", application.Address)}
	return &gateway{harness.Start(t, options), application}
}

// post sends a delivery and returns the status and the reason for a refusal.
func (g *gateway) post(t *testing.T, path, body string, header http.Header) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, g.URL()+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header = header.Clone()
	req.Header.Set("Content-Type", "application/json")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("Hookward-Reason")
}
