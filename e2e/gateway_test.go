package e2e

import (
	"context"
	"io"
	"maps"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

// gateway is a running Caddy with Hookward, and a client of it.
type gateway struct {
	*harness.Gateway
	t      *testing.T
	client *http.Client
}

// start runs a gateway with a Caddyfile, see [harness.Gateway.Local].
func start(t *testing.T, config string) *gateway {
	t.Helper()
	return startWith(t, harness.Options{Config: config})
}

func startWith(t *testing.T, o harness.Options) *gateway {
	t.Helper()
	g := &gateway{Gateway: harness.Start(t, o), t: t}
	transport := &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true}
	t.Cleanup(transport.CloseIdleConnections)
	g.client = &http.Client{
		Transport: transport,
		Timeout:   harness.Patience,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse
		},
	}
	return g
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
	return g.roundTrip(ctx, g.URL(), r)
}

// ask sends a request to the admin API.
func (g *gateway) ask(method, path, body string) answer {
	g.t.Helper()
	r := request{method: method, path: path, body: body}
	if body != "" {
		r = r.with("Content-Type", "application/json")
	}
	return g.insist(g.AdminURL(), r)
}

// load replaces the configuration of the running process.
func (g *gateway) load(config string) answer {
	g.t.Helper()
	r := request{method: http.MethodPost, path: "/load", body: g.Local(config)}
	return g.insist(g.AdminURL(), r.with("Content-Type", "text/caddyfile"))
}

// deliver is like send, for a time in which configurations are replaced.
func (g *gateway) deliver(r request) answer {
	g.t.Helper()
	return g.insist(g.URL(), r)
}

// insist tries again where the connection fails: while Caddy replaces a listener it
// resets connections that are not accepted yet.
func (g *gateway) insist(base string, r request) answer {
	g.t.Helper()
	ctx, cancel := context.WithTimeout(g.t.Context(), harness.Patience)
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

// settle returns once the listener that a reload has replaced resets no connection any
// longer, for tests in which each request has one attempt, and once each answer is one
// of the new configuration: the replaced one may take a connection or two more.
func (g *gateway) settle(isNew func(body string) bool) {
	g.t.Helper()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	answered := 0
	eventually(g.t, "new connections are answered", func() bool {
		resp, err := client.Get(g.URL() + "/settled")
		if err != nil {
			answered = 0
			return false
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil || !isNew(string(body)) {
			answered = 0
			return false
		}
		answered++
		return answered == 50
	})
}

func (g *gateway) roundTrip(ctx context.Context, base string, r request) (answer, error) {
	req, err := r.to(ctx, base)
	if err != nil {
		return answer{}, err
	}
	return g.do(req)
}

// to makes the request to a server.
func (r request) to(ctx context.Context, base string) (*http.Request, error) {
	method := r.method
	if method == "" {
		method = http.MethodPost
	}
	req, err := http.NewRequestWithContext(ctx, method, base+r.path, strings.NewReader(r.body))
	if err == nil {
		maps.Copy(req.Header, r.header)
	}
	return req, err
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
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
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
