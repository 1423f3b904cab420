package command_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	_ "github.com/hookward/hookward/caddymodule"
	"github.com/hookward/hookward/internal/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// ran is what a command left behind.
type ran struct {
	out string
	err error
}

// newParent is `caddy hookward` as Caddy sets it up.
func newParent() *cobra.Command {
	parent := &cobra.Command{Use: "hookward", SilenceUsage: true}
	caddycmd.Commands()["hookward"].CobraFunc(parent)
	return parent
}

// runCommand runs `caddy hookward` with these arguments. No output and no error
// may hold a secret.
func runCommand(t *testing.T, stdin string, args ...string) ran {
	t.Helper()
	parent := newParent()
	var out bytes.Buffer
	parent.SetArgs(args)
	parent.SetIn(strings.NewReader(stdin))
	parent.SetOut(&out)
	parent.SetErr(&out)
	err := parent.ExecuteContext(t.Context())
	checkNoSecret(t, out.String())
	if err != nil {
		checkNoSecret(t, err.Error())
	}
	return ran{out.String(), err}
}

// succeeded returns the output of a command that must succeed.
func (r ran) succeeded(t *testing.T) string {
	t.Helper()
	if r.err != nil {
		t.Fatalf("%v\n%s", r.err, r.out)
	}
	return r.out
}

// refused checks the error of a command that was called in a wrong way. Of Caddy's
// errors only that type has a code of its own.
func (r ran) refused(t *testing.T, message string) {
	t.Helper()
	if r.err == nil || fmt.Sprintf("%T", r.err) != "*caddycmd.exitError" || !strings.Contains(r.err.Error(), message) {
		t.Errorf("error is %T %v, want a misuse with %q", r.err, r.err, message)
	}
}

// failed checks the error of a command that was called in the right way.
func (r ran) failed(t *testing.T, message string) {
	t.Helper()
	if r.err == nil || fmt.Sprintf("%T", r.err) == "*caddycmd.exitError" || !strings.Contains(r.err.Error(), message) {
		t.Errorf("error is %T %v, want a failure with %q", r.err, r.err, message)
	}
}

// Every secret of these tests has these words in it.
const (
	verySecret  = "a-very-secret-key"
	secretToken = "a-very-secret-token"
)

func checkNoSecret(t *testing.T, text string) {
	t.Helper()
	if strings.Contains(text, "very-secret") {
		t.Errorf("a secret is in %s", text)
	}
}

func writeFile(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func checkOutput(t *testing.T, got, want string) {
	t.Helper()
	if diff := cmp.Diff(strings.TrimLeft(want, "\n"), got); diff != "" {
		t.Error(diff)
	}
}

func checkJSON(t *testing.T, text string, to any) {
	t.Helper()
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(to); err != nil {
		t.Errorf("%v: %s", err, text)
	}
}

func TestEveryCommandExplainsItself(t *testing.T) {
	t.Parallel()
	parent := newParent()
	for _, cmd := range parent.Commands() {
		if cmd.Short == "" || strings.HasSuffix(cmd.Short, ".") || !strings.HasPrefix(cmd.Long, cmd.Short+".\n\n") {
			t.Errorf("%s: short is %q, long is %q", cmd.Name(), cmd.Short, cmd.Long)
		}
		if cmd.InheritedFlags().Lookup("json") == nil {
			t.Errorf("%s has no --json", cmd.Name())
		}
	}
	if out := runCommand(t, "").succeeded(t); !strings.Contains(out, "verify") {
		t.Errorf("without a command: %s", out)
	}
}

// The codes with which a process ends are known to the process alone.
func TestExitCodes(t *testing.T) {
	t.Parallel()
	body := writeFile(t, `{"zen":"x"}`)
	secret := writeFile(t, verySecret)
	request := []string{"verify", "--provider", "github", "--secret-file", secret, "--body", body, "--header", "X-GitHub-Event: ping"}
	s := buildSample(t, "github", "")
	accepted := writeFile(t, s.Body)
	g := harness.New(t, harness.Options{Env: []string{"HOOKWARD_TEST_SECRET=" + secretOf(t, "github")}})
	tests := []struct {
		name   string
		args   []string
		code   int
		stdout string
		stderr string
	}{
		{"unknown command", []string{"nonsense"}, 2, "", "unknown command"},
		{"unknown flag", []string{"providers", "--nonsense"}, 2, "", "unknown flag"},
		{"surplus argument", []string{"verify", "x"}, 2, "", "unknown command"},
		{"missing argument", []string{"forget", "x"}, 2, "", "usage: caddy hookward forget <endpoint> <key>"},
		{"no server", []string{"endpoints", "--address", "127.0.0.1:1"}, 1, "", "is Caddy running? --address says where"},
		{"no provider", []string{"verify"}, 2, "", "--config <file> --endpoint <name>"},
		{"refused", request, 1, "refused: header_missing", ""},
		{
			"accepted", []string{
				"verify", "--provider", "github", "--secret-env", "HOOKWARD_TEST_SECRET", "--body", accepted,
				"--header", "X-GitHub-Event: push", "--header", "X-Hub-Signature-256: " + s.Header.Get("X-Hub-Signature-256"),
			}, 0, "accepted", "",
		},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cmd := g.Caddy(append([]string{"hookward"}, test.args...)...)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			err := cmd.Run()
			if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
				t.Fatal(err)
			}
			if code := cmd.ProcessState.ExitCode(); code != test.code {
				t.Errorf("code %d, want %d", code, test.code)
			}
			if !strings.HasPrefix(stdout.String(), test.stdout) || test.stdout == "" && stdout.Len() > 0 {
				t.Errorf("output is %q, want %q", stdout.String(), test.stdout)
			}
			if !strings.Contains(stderr.String(), test.stderr) || test.stderr == "" && stderr.Len() > 0 {
				t.Errorf("errors are %q, want %q", stderr.String(), test.stderr)
			}
			checkNoSecret(t, stdout.String()+stderr.String())
		})
	}
}
