package examples

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

// gateway is a Caddy that runs an example, in front of an application.
type gateway struct {
	*harness.Gateway
	application *harness.Upstream
}

func start(t *testing.T, folder string, environment []string) *gateway {
	t.Helper()
	application := harness.NewUpstream(t, nil)
	options := harness.Options{
		Config: configuration(t, folder, application.Address), Folder: folder, Env: environment,
	}
	return &gateway{harness.Start(t, options), application}
}

// configuration is the example's, with addresses of this machine.
func configuration(t *testing.T, folder, application string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	config := string(text)
	for old, own := range map[string]string{
		"\n{\n":               "\n{\n\tadmin 127.0.0.1:2019\n\tdefault_bind 127.0.0.1\n",
		"\nhooks.example.com": "\nhttp://127.0.0.1:8080",
		" app:8080":           " " + application,
	} {
		if !strings.Contains(config, old) {
			t.Fatalf("the example has no %q", old)
		}
		config = strings.ReplaceAll(config, old, own)
	}
	return config
}

// send posts a delivery to a path, which goes over the wire as it is.
func (g *gateway) send(t *testing.T, path string, d delivery) (int, http.Header) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, g.URL()+path, strings.NewReader(d.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range d.header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header
}

func wantHeader(t *testing.T, got harness.Arrival, name, want string) {
	t.Helper()
	if value := got.Header.Get(name); value != want {
		t.Errorf("the application got %s %q, want %q", name, value, want)
	}
}
