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
	"time"
)

// process is one run of a gateway.
type process struct {
	cmd    *exec.Cmd
	exited chan struct{} // closed once the process has ended
	err    error         // how it ended
}

// launch starts the process and returns once its configuration is loaded.
func (g *Gateway) launch() error {
	g.t.Helper()
	file := filepath.Join(g.Home, "Caddyfile")
	if err := os.WriteFile(file, []byte(g.Local(g.options.Config)), 0o600); err != nil {
		return err
	}
	cmd := g.command(context.Background(), Binary(g.t), "run", "--config", file, "--adapter", "caddyfile")
	cmd.Stdout, cmd.Stderr = g.output, g.output
	from := len(g.Output())
	g.letGo()
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("starting the gateway: %w", err)
	}
	p := &process{cmd: cmd, exited: make(chan struct{})}
	go func() {
		defer close(p.exited)
		p.err = cmd.Wait()
	}()
	g.process = p
	if g.Await(from, "serving initial configuration") {
		return nil
	}
	g.Kill()
	return errors.New("the gateway did not start")
}

// lostPort tells whether another process took one of the ports just before the
// gateway did.
func (g *Gateway) lostPort() bool { return strings.Contains(g.Output(), "address already in use") }

// Output returns all that the gateway has written so far.
func (g *Gateway) Output() string { return g.output.String() }

// Await waits for a text in the output from a place on, and tells whether it came
// before the process ended.
func (g *Gateway) Await(from int, text string) bool {
	return g.output.await(from, text, g.process.exited)
}

// PID is the id of the running process.
func (g *Gateway) PID() int { return g.process.cmd.Process.Pid }

// Stop ends the process the way a service manager does, and fails the test if it
// does not end well. It does nothing where none runs.
func (g *Gateway) Stop() {
	g.t.Helper()
	if g.process == nil {
		return
	}
	g.Terminate()
	g.Wait()
}

// Terminate tells the process to end, and does not wait for it.
func (g *Gateway) Terminate() {
	g.t.Helper()
	if err := g.process.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		g.t.Error(err)
	}
}

// Wait waits for the end of the process, and fails the test if it does not end well.
func (g *Gateway) Wait() {
	g.t.Helper()
	p := g.process
	select {
	case <-p.exited:
		if p.err != nil {
			g.t.Errorf("the gateway ended with %v", p.err)
		}
		g.process = nil
	case <-time.After(Patience):
		g.t.Error("the gateway does not end")
		g.Kill()
	}
}

// Kill ends the process at once: nothing in it can prepare for that. It does nothing
// where none runs.
func (g *Gateway) Kill() {
	g.t.Helper()
	if g.process == nil {
		return
	}
	if err := g.process.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		g.t.Error(err)
	}
	<-g.process.exited
	g.process = nil
}

// Restart ends the process, if it runs, and runs another with the same home,
// addresses and configuration.
func (g *Gateway) Restart() {
	g.t.Helper()
	g.Stop()
	if err := g.launch(); err != nil {
		g.t.Fatal(err)
	}
}
