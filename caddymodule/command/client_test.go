package command_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The address of the admin API is found in a configuration too.
func TestAdminAddressFromConfig(t *testing.T) {
	t.Parallel()
	s := startServer(t)
	file := filepath.Join(t.TempDir(), "Caddyfile")
	if err := os.WriteFile(file, []byte("{\n\tadmin "+s.Admin+"\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := runCommand(t, "", "endpoints", "--config", file).succeeded(t); !strings.Contains(out, "github-prod") {
		t.Errorf("output is %s", out)
	}
}
