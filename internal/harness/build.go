// Package harness runs Caddy with Hookward for tests the way its users run it: the
// real binary in a process of its own, with a home and ports of its own, in front
// of an upstream that writes down what reaches it. Only tests import it.
package harness

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

const module = "github.com/hookward/hookward"

// folder is where the binary is built. It is removed when the tests have run.
var folder string

// Main runs the tests of a package that uses [Binary] or a [Gateway], and cleans up
// behind them. It is all that such a package's TestMain calls:
//
//	func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }
func Main(m *testing.M) int {
	var err error
	if folder, err = os.MkdirTemp("", "hookward-"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(folder) }()
	return m.Run()
}

// Binary returns the path of Caddy with Hookward. It is built once for all tests of
// a process, with the race detector if they are.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	return path
}

var binary = sync.OnceValues(func() (string, error) {
	if folder == "" {
		return "", fmt.Errorf("TestMain does not call harness.Main")
	}
	// A nested module builds the plugin as the module that it is, not as a dependency.
	root, err := run("", "list", "-m", "-f", "{{.Dir}}", module)
	if err != nil {
		return "", err
	}
	root = strings.TrimSpace(root)
	if err := ReadFolders(root); err != nil {
		return "", err
	}
	path := filepath.Join(folder, "caddy")
	_, err = run(root, "build", "-o", path, fmt.Sprintf("-race=%t", Race), "./cmd/caddy")
	return path, err
})

// run runs the go command in a folder and returns what it prints.
func run(dir string, args ...string) (string, error) {
	cmd := exec.CommandContext(context.Background(), "go", args...)
	cmd.Dir = dir
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("%v: %w\n%s", cmd, err, &stderr)
	}
	return string(out), nil
}
