package sender_test

import (
	"os/exec"
	"strings"
	"testing"
)

// TestStaysLight: who imports the package gets neither Caddy nor NATS with it.
func TestStaysLight(t *testing.T) {
	t.Parallel()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", ".").Output()
	if err != nil {
		t.Fatal(err)
	}
	deps := strings.Fields(string(out))
	if len(deps) < 50 {
		t.Fatalf("go list knows of %d packages only", len(deps))
	}
	for _, dep := range deps {
		for _, heavy := range []string{"caddy", "nats-io", "caddymodule", "internal/gate", "otel/sdk", "prometheus"} {
			if strings.Contains(dep, heavy) {
				t.Errorf("it depends on %s", dep)
			}
		}
	}
}
