package harness

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Program is a program of this module besides Caddy, such as an example, in a
// process of its own.
type Program struct {
	Home string // the program's home, and where its temporary files are

	t       testing.TB
	output  *output
	process *process
}

// StartProgram builds the program in a folder of the module, with the race detector
// if the tests are, and starts it. When the test is over it is killed, if it still runs.
func StartProgram(t testing.TB, folder string, args ...string) *Program {
	t.Helper()
	file := filepath.Join(t.TempDir(), filepath.Base(folder))
	if err := buildProgram(file, folder); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(context.Background(), file, args...)
	p := &Program{t: t, Home: t.TempDir(), output: newOutput(), process: &process{cmd: cmd, exited: make(chan struct{})}}
	cmd.Env = append(os.Environ(), "HOME="+p.Home, "TMPDIR="+p.Home,
		"XDG_CONFIG_HOME="+filepath.Join(p.Home, "config"), "XDG_DATA_HOME="+filepath.Join(p.Home, "data"))
	cmd.Stdout, cmd.Stderr = p.output, p.output
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(p.process.exited)
		p.process.err = cmd.Wait()
	}()
	t.Cleanup(p.end)
	return p
}

func buildProgram(file, folder string) error {
	root, err := run("", "list", "-m", "-f", "{{.Dir}}", module)
	if err != nil {
		return err
	}
	root = strings.TrimSpace(root)
	if err := ReadFolders(root); err != nil {
		return err
	}
	_, err = run(root, "build", "-o", file, fmt.Sprintf("-race=%t", Race), "./"+folder)
	return err
}

// Await waits until the program has written a text and returns what follows it in its
// line. It fails the test if the program ends before that.
func (p *Program) Await(text string) string {
	p.t.Helper()
	if !p.output.await(0, text, p.process.exited) {
		p.t.Fatalf("the program does not write %q", text)
	}
	_, after, _ := strings.Cut(p.output.String(), text)
	line, _, _ := strings.Cut(after, "\n")
	return line
}

// Output returns all that the program has written so far.
func (p *Program) Output() string { return p.output.String() }

// Terminate tells the program to end, and does not wait for it.
func (p *Program) Terminate() {
	p.t.Helper()
	if err := p.process.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Error(err)
	}
}

// Wait waits for the end of the program, and fails the test if it does not end well.
func (p *Program) Wait() {
	p.t.Helper()
	select {
	case <-p.process.exited:
		if p.process.err != nil {
			p.t.Errorf("the program ended with %v", p.process.err)
		}
	case <-time.After(Patience):
		p.t.Fatal("the program does not end")
	}
}

// end cleans up when the test is over.
func (p *Program) end() {
	_ = p.process.cmd.Process.Kill() // it has ended, mostly
	<-p.process.exited
	written := p.output.String()
	if Race && strings.Contains(written, "DATA RACE") {
		p.t.Error("the program has a data race")
	}
	if p.t.Failed() {
		p.t.Logf("the program wrote:\n%s", written)
	}
}
