package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// build compiles Caddy with the plugin; Go's build cache makes that quick when
// nothing has changed.
func build(ctx context.Context, dir string) (string, error) {
	binary := filepath.Join(dir, "caddy")
	fmt.Fprintln(os.Stderr, "building ./cmd/caddy")
	cmd := exec.CommandContext(ctx, "go", "build", "-o", binary, "github.com/hookward/hookward/cmd/caddy")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building: %w\n%s", err, out)
	}
	return binary, nil
}

// upstream is the application behind both sides.
type upstream struct {
	*http.Server
	listener net.Listener
}

func startUpstream() (*upstream, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server := &http.Server{
		ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// An application reads what it gets; a proxy may stop sending where it does not.
			_, _ = io.Copy(io.Discard, r.Body)
			w.Header().Set("Content-Type", "text/plain")
			_, _ = w.Write([]byte("ok\n"))
		}),
	}
	go func() { _ = server.Serve(listener) }() // ends with Close
	return &upstream{server, listener}, nil
}

func (u *upstream) address() string { return u.listener.Addr().String() }

// side is one running Caddy.
type side struct {
	cmd     *exec.Cmd
	address string
	output  bytes.Buffer
}

func (l *lab) start(ctx context.Context, sc scenario, guarded bool) (*side, error) {
	address, err := freeAddress()
	if err != nil {
		return nil, err
	}
	name := "bare"
	if guarded {
		name = "hookward"
	}
	config := filepath.Join(l.dir, sc.name+"-"+name+".Caddyfile")
	if err := os.WriteFile(config, []byte(sc.caddyfile(address, l.upstream, guarded)), 0o600); err != nil {
		return nil, err
	}
	s := &side{address: address}
	s.cmd = exec.CommandContext(ctx, l.binary, "run", "--adapter", "caddyfile", "--config", config) //nolint:gosec // the binary and file made above
	s.cmd.Env = append(os.Environ(), "XDG_DATA_HOME="+l.dir, "XDG_CONFIG_HOME="+l.dir, "HOME="+l.dir)
	s.cmd.Stdout, s.cmd.Stderr = &s.output, &s.output
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	if err := s.wait(ctx); err != nil {
		s.stop()
		return nil, fmt.Errorf("starting %s: %w\n%s", name, err, s.output.String())
	}
	return s, nil
}

// wait returns once the side accepts connections.
func (s *side) wait(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	var dialer net.Dialer
	for {
		conn, err := dialer.DialContext(ctx, "tcp", s.address)
		if err == nil {
			return conn.Close()
		}
		select {
		case <-ctx.Done():
			return errors.Join(ctx.Err(), err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *side) stop() {
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	_ = s.cmd.Wait()
}

// memory is the process's resident set in MiB: now, and at its peak.
func (s *side) memory() (now, peak float64, err error) {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(s.cmd.Process.Pid) + "/status")
	if err != nil {
		return 0, 0, err
	}
	for line := range strings.Lines(string(status)) {
		fields := strings.Fields(line)
		if len(fields) < 2 {
			continue
		}
		kib, _ := strconv.ParseFloat(fields[1], 64)
		switch fields[0] {
		case "VmRSS:":
			now = kib / 1024
		case "VmHWM:":
			peak = kib / 1024
		}
	}
	return now, peak, nil
}

// processorTime is the time that the process has spent on processors, in
// microseconds. It tells costs apart from what else the machine is doing.
func (s *side) processorTime() (float64, error) {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(s.cmd.Process.Pid) + "/stat")
	if err != nil {
		return 0, err
	}
	// The second field is the command's name in parentheses; user and system time
	// are the 14th and 15th, in hundredths of a second.
	_, rest, _ := strings.Cut(string(stat), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 13 {
		return 0, errors.New("reading the processor time: /proc is not as expected")
	}
	user, err := strconv.ParseFloat(fields[11], 64)
	if err != nil {
		return 0, err
	}
	system, err := strconv.ParseFloat(fields[12], 64)
	return (user + system) * 1e4, err
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}
