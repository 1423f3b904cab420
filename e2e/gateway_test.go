package e2e

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// binary is Caddy with Hookward, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "hookward-e2e-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "caddy")
	build := exec.Command("go", "build", "-o", binary, fmt.Sprintf("-race=%t", raceDetector), "../cmd/caddy")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %v\n%s", build, err, out)
		return 1
	}
	return m.Run()
}

// patience is how long a test waits for something that is bound to happen. It is
// there to end a test that hangs, not to measure.
const patience = time.Minute

// gateway is one Caddy with Hookward: its home, its addresses, and while it runs
// its process.
type gateway struct {
	t      *testing.T
	site   string // host:port of the endpoints
	admin  string // host:port of the admin API
	home   string
	output *output
	client *http.Client

	environment []string // beside what every process needs

	held    []net.Listener // keep the ports free until the process takes them
	process *exec.Cmd
	exited  chan struct{} // closed once the process has ended
	exit    error         // how it ended
}

// newGateway prepares a gateway that does not run yet.
func newGateway(t *testing.T) *gateway {
	t.Helper()
	g := &gateway{t: t, home: t.TempDir(), output: newOutput()}
	g.site, g.admin = g.hold(), g.hold()
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	g.client = &http.Client{
		Transport: transport,
		Timeout:   patience,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		g.stop()
		for _, l := range g.held {
			_ = l.Close()
		}
		if raceDetector && strings.Contains(g.output.String(), "DATA RACE") {
			t.Error("the gateway has a data race")
		}
		if t.Failed() {
			t.Logf("the gateway wrote:\n%s", tail(g.output.String()))
		}
	})
	return g
}

// start runs a gateway with a Caddyfile, see [gateway.expand].
func start(t *testing.T, config string) *gateway {
	t.Helper()
	g := newGateway(t)
	g.run(config)
	return g
}

// hold reserves a port and returns its address.
func (g *gateway) hold() string {
	g.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		g.t.Fatal(err)
	}
	g.held = append(g.held, l)
	return l.Addr().String()
}

// expand puts the gateway's addresses into a configuration.
func (g *gateway) expand(config string) string {
	return strings.NewReplacer("SITE", g.site, "ADMIN", g.admin).Replace(config)
}

// run starts the process and returns once its configuration is loaded.
func (g *gateway) run(config string) {
	g.t.Helper()
	file := filepath.Join(g.home, "Caddyfile")
	if err := os.WriteFile(file, []byte(g.expand(config)), 0o600); err != nil {
		g.t.Fatal(err)
	}
	for _, l := range g.held {
		_ = l.Close()
	}
	g.held = nil
	g.process = g.command("run", "--config", file, "--adapter", "caddyfile")
	g.process.Stdout, g.process.Stderr = g.output, g.output
	mark := g.output.Len()
	if err := g.process.Start(); err != nil {
		g.t.Fatal(err)
	}
	g.exited = make(chan struct{})
	go func(process *exec.Cmd) {
		defer close(g.exited)
		g.exit = process.Wait()
	}(g.process)
	if !g.output.await(mark, "serving initial configuration", g.exited) {
		g.process = nil
		g.t.Fatal("the gateway did not start")
	}
}

// command runs the binary at home in this gateway.
func (g *gateway) command(args ...string) *exec.Cmd {
	cmd := exec.Command(binary, args...)
	cmd.Dir = g.home
	cmd.Env = append([]string{
		"HOME=" + g.home,
		"XDG_CONFIG_HOME=" + filepath.Join(g.home, "config"),
		"XDG_DATA_HOME=" + filepath.Join(g.home, "data"),
		"PATH=" + os.Getenv("PATH"),
		"OTEL_TRACES_EXPORTER=none", // for tracing, which would look for a collector
	}, g.environment...)
	return cmd
}

// caddy runs a command of the binary to its end and returns what it wrote.
func (g *gateway) caddy(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	cmd := g.command(args...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		return "", err
	}
	stop := context.AfterFunc(ctx, func() { _ = cmd.Process.Kill() })
	defer stop()
	err := cmd.Wait()
	return out.String(), err
}

// stop ends the process the way a service manager does, and fails the test if it
// does not end well.
func (g *gateway) stop() {
	g.t.Helper()
	if g.process == nil {
		return
	}
	g.terminate()
	select {
	case <-g.exited:
		if g.exit != nil {
			g.t.Errorf("the gateway ended with %v", g.exit)
		}
	case <-time.After(patience):
		g.t.Error("the gateway does not end")
		_ = g.process.Process.Kill()
		<-g.exited
	}
	g.process = nil
}

func (g *gateway) terminate() {
	if err := g.process.Process.Signal(syscall.SIGTERM); err != nil {
		g.t.Error(err)
	}
}

// request is what a client sends to a gateway.
type request struct {
	method string // POST by default
	path   string
	header http.Header
	body   string
}

// with returns the request with one header more, or another.
func (r request) with(name, value string) request {
	r.header = r.header.Clone()
	if r.header == nil {
		r.header = make(http.Header)
	}
	r.header.Set(name, value)
	return r
}

// at returns the request to another path.
func (r request) at(path string) request {
	r.path = path
	return r
}

// saying returns the request with another body.
func (r request) saying(body string) request {
	r.body = body
	return r
}

// answer is what a client gets.
type answer struct {
	status int
	header http.Header
	body   string
	last   bool // the connection is closed after it
}

// send sends a request to the endpoints.
func (g *gateway) send(r request) answer {
	g.t.Helper()
	a, err := g.try(g.t.Context(), r)
	if err != nil {
		g.t.Fatal(err)
	}
	return a
}

// try is like send, for requests that may fail and for other goroutines.
func (g *gateway) try(ctx context.Context, r request) (answer, error) {
	return g.roundTrip(ctx, "http://"+g.site, r)
}

// ask sends a request to the admin API.
func (g *gateway) ask(method, path, body string) answer {
	g.t.Helper()
	r := request{method: method, path: path, body: body}
	if body != "" {
		r = r.with("Content-Type", "application/json")
	}
	return g.insist("http://"+g.admin, r)
}

// load replaces the configuration of the running process.
func (g *gateway) load(config string) answer {
	g.t.Helper()
	r := request{method: http.MethodPost, path: "/load", body: g.expand(config)}
	return g.insist("http://"+g.admin, r.with("Content-Type", "text/caddyfile"))
}

// deliver is like send, for a time in which configurations are replaced.
func (g *gateway) deliver(r request) answer {
	g.t.Helper()
	return g.insist("http://"+g.site, r)
}

// insist tries again where the connection fails: while Caddy replaces a listener it
// resets connections that are not accepted yet.
func (g *gateway) insist(base string, r request) answer {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), patience)
	defer cancel()
	for {
		a, err := g.roundTrip(ctx, base, r)
		if err == nil {
			return a
		}
		if ctx.Err() != nil {
			g.t.Error(err)
			return answer{}
		}
	}
}

func (g *gateway) roundTrip(ctx context.Context, base string, r request) (answer, error) {
	method := r.method
	if method == "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, base+r.path, strings.NewReader(r.body))
	if err != nil {
		return answer{}, err
	}
	maps.Copy(req.Header, r.header)
	return g.do(req)
}

// do sends a request that the test has made itself.
func (g *gateway) do(req *http.Request) (answer, error) {
	resp, err := g.client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	return readAnswer(resp)
}

func readAnswer(resp *http.Response) (answer, error) {
	body, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, string(body), resp.Close}, err
}

// eventually waits until something is true that shows no other way.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-tick.C:
		case <-ctx.Done():
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

// output is what a process writes.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	grown chan struct{} // closed by the next write
}

func newOutput() *output { return &output{grown: make(chan struct{})} }

// Write implements [io.Writer].
func (o *output) Write(b []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.grown)
	o.grown = make(chan struct{})
	return o.text.Write(b)
}

// String returns everything so far.
func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// Len returns how much there is so far.
func (o *output) Len() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Len()
}

// await waits for a text after the mark, and tells whether it came before the
// process ended.
func (o *output) await(mark int, text string, exited <-chan struct{}) bool {
	timeout := time.After(patience)
	for {
		o.mu.Lock()
		found, grown := bytes.Contains(o.text.Bytes()[mark:], []byte(text)), o.grown
		o.mu.Unlock()
		if found {
			return true
		}
		select {
		case <-grown:
		case <-exited:
			return false
		case <-timeout:
			return false
		}
	}
}

// tail is the end of a long text.
func tail(text string) string {
	const most = 16 << 10
	return text[max(0, len(text)-most):]
}
