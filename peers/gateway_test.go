package peers

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// The secrets that the gateway of these tests is configured with.
const (
	stripeSecret   = "whsec_peers_stripe_secret"
	slackSecret    = "8f742231b10e8888abcd99yyyzzz85a5"
	standardSecret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	githubSecret   = "It's a Secret to Everybody"
)

const config = `{
	admin off
	auto_https off
	persist_config off
	log {
		level ERROR
	}
}
http://%[1]s {
	handle /stripe {
		hookward stripe {
			path /stripe
			secret ` + stripeSecret + `
		}
		reverse_proxy %[2]s
	}
	handle /slack {
		hookward slack {
			path /slack
			secret ` + slackSecret + `
		}
		reverse_proxy %[2]s
	}
	handle /standard {
		hookward standard-webhooks {
			path /standard
			secret ` + standardSecret + `
		}
		reverse_proxy %[2]s
	}
	handle /github {
		hookward github {
			path /github
			secret "` + githubSecret + `"
			max_body 64KiB
		}
		reverse_proxy %[2]s
	}
}
`

// gateway is a running Caddy with the plugin, and the application behind it.
type gateway struct {
	url string

	mu       sync.Mutex
	received []received
}

// received is what the application got.
type received struct {
	header http.Header
	body   string
}

// binary is built once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "hookward-peers-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "caddy")
	cmd := exec.Command("go", "build", "-o", path, "./cmd/caddy")
	cmd.Dir = ".."
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building: %w\n%s", err, out)
	}
	return path, nil
})

func startGateway(t *testing.T) *gateway {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	g := &gateway{}
	app := httptest.NewServer(http.HandlerFunc(g.receive))
	t.Cleanup(app.Close)
	address := freeAddress(t)
	g.url = "http://" + address
	dir := t.TempDir()
	file := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(file, fmt.Appendf(nil, config, address, app.Listener.Addr()), 0o600); err != nil {
		t.Fatal(err)
	}
	var output bytes.Buffer
	cmd := exec.Command(path, "run", "--adapter", "caddyfile", "--config", file)
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	cmd.Stdout, cmd.Stderr = &output, &output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := <-ended; t.Failed() {
			t.Logf("the gateway ended (%v) and said:\n%s", err, output.String())
		}
	})
	waitFor(t, address, ended)
	return g
}

func (g *gateway) receive(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.received = append(g.received, received{r.Header.Clone(), string(body)})
}

func (g *gateway) all() []received {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.received
}

// waitFor returns once the gateway accepts connections.
func waitFor(t *testing.T, address string, ended <-chan error) {
	t.Helper()
	deadline := time.Now().Add(time.Minute)
	for {
		conn, err := net.Dial("tcp", address)
		if err == nil {
			_ = conn.Close()
			return
		}
		select {
		case err := <-ended:
			t.Fatalf("the gateway ended: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
		if time.Now().After(deadline) {
			t.Fatalf("the gateway does not listen: %v", err)
		}
	}
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	return listener.Addr().String()
}

// post sends a delivery and returns the status and the reason for a refusal.
func (g *gateway) post(t *testing.T, path, body string, header http.Header) (int, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, g.url+path, bytes.NewReader([]byte(body)))
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
