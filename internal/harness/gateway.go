package harness

import (
	"cmp"
	"context"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Patience is how long a test waits for something that is bound to happen. It is
// there to end a test that hangs, not to measure.
const Patience = time.Minute

// Options describe a gateway.
type Options struct {
	// Config is a Caddyfile. Its addresses are replaced as [Gateway.Local] says.
	Config string

	// Folder is where the gateway and its commands run. Default: its Home.
	Folder string

	// Env is added to the environment that every gateway has.
	Env []string
}

// Gateway is one Caddy with Hookward: its home, its addresses, and while it runs
// its process.
type Gateway struct {
	Site   string // host:port of the endpoints
	Second string // host:port of another site, such as a demonstration upstream
	Admin  string // host:port of the admin API
	Home   string // the folder with all that it stores
	Folder string // where it and its commands run

	t       testing.TB
	options Options
	held    []net.Listener // keep the ports free until the process takes them
	output  *output
	process *process // nil: it does not run
}

// New prepares a gateway that does not run yet.
func New(t testing.TB, o Options) *Gateway {
	t.Helper()
	home := t.TempDir()
	g := &Gateway{t: t, options: o, Home: home, Folder: cmp.Or(o.Folder, home), output: newOutput()}
	g.Site, g.Second, g.Admin = g.hold(), g.hold(), g.hold()
	t.Cleanup(g.end)
	return g
}

// Start runs a gateway and returns once its configuration is loaded.
func Start(t testing.TB, o Options) *Gateway {
	t.Helper()
	for range 5 {
		g := New(t, o)
		err := g.launch()
		if err == nil {
			return g
		}
		if !g.lostPort() {
			t.Fatal(err)
		}
	}
	t.Fatal("the gateway finds no free ports")
	return nil
}

// hold reserves a port and returns its address.
func (g *Gateway) hold() string {
	g.t.Helper()
	l := listen(g.t)
	g.held = append(g.held, l)
	return l.Addr().String()
}

func (g *Gateway) letGo() {
	for _, l := range g.held {
		_ = l.Close()
	}
	g.held = nil
}

// end cleans up when the test is over.
func (g *Gateway) end() {
	g.Stop()
	g.letGo()
	written := g.output.String()
	if Race && strings.Contains(written, "DATA RACE") {
		g.t.Error("the gateway has a data race")
	}
	if g.t.Failed() && written != "" {
		const most = 16 << 10
		g.t.Logf("the gateway wrote:\n%s", written[max(0, len(written)-most):])
	}
}

var usualPort = regexp.MustCompile(`\b(?:localhost|127\.0\.0\.1):(?:8080|9080|2019)\b`)

// Local puts the gateway's own ports into a text, in the place of those that
// Caddyfile.example and the manual use: 8080 becomes that of Site, 9080 that of
// Second, and 2019 that of Admin, each behind localhost or 127.0.0.1.
func (g *Gateway) Local(text string) string {
	own := map[string]string{"8080": g.Site, "9080": g.Second, "2019": g.Admin}
	return usualPort.ReplaceAllStringFunc(text, func(usual string) string {
		host, port, _ := strings.Cut(usual, ":")
		_, port, _ = strings.Cut(own[port], ":")
		return host + ":" + port
	})
}

// URL is the address of the endpoints.
func (g *Gateway) URL() string { return "http://" + g.Site }

// AdminURL is the address of the admin API.
func (g *Gateway) AdminURL() string { return "http://" + g.Admin }

// Caddy is a command of the binary, in this gateway's folder and environment. It is
// killed after [Patience].
func (g *Gateway) Caddy(args ...string) *exec.Cmd {
	g.t.Helper()
	return g.Command(Binary(g.t), args...)
}

// Command is like [Gateway.Caddy] for any program.
func (g *Gateway) Command(program string, args ...string) *exec.Cmd {
	g.t.Helper()
	Binary(g.t) // to build it takes longer than a command may
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	g.t.Cleanup(cancel)
	return g.command(ctx, program, args...)
}

func (g *Gateway) command(ctx context.Context, program string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = g.Folder
	cmd.Env = append([]string{
		"HOME=" + g.Home,
		"XDG_CONFIG_HOME=" + filepath.Join(g.Home, "config"),
		"XDG_DATA_HOME=" + filepath.Join(g.Home, "data"),
		"PATH=" + filepath.Dir(Binary(g.t)) + string(filepath.ListSeparator) + os.Getenv("PATH"),
		"CADDY_ADMIN=" + g.Admin,    // where a configuration or a command names none
		"OTEL_TRACES_EXPORTER=none", // for tracing, which would look for a collector
	}, g.options.Env...)
	return cmd
}
