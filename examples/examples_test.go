// Package examples holds set-ups to copy. Its tests run each of them as it stands,
// but for its addresses, in front of an application that notes what reaches it.
package examples

import (
	"bufio"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/provider"
)

// binary is Caddy with Hookward, built once for all tests.
var binary string

func TestMain(m *testing.M) {
	os.Exit(buildAndRun(m))
}

func buildAndRun(m *testing.M) int {
	dir, err := os.MkdirTemp("", "hookward-examples-")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer func() { _ = os.RemoveAll(dir) }()
	binary = filepath.Join(dir, "caddy")
	build := exec.Command("go", "build", "-o", binary, "../cmd/caddy")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v: %v\n%s", build, err, out)
		return 1
	}
	return m.Run()
}

// example is one folder with what its Caddyfile needs and how to speak to it.
type example struct {
	environment []string
	endpoints   []endpoint
}

// endpoint is one endpoint of an example, with a good delivery, a forged one, and
// what must come before them.
type endpoint struct {
	path, query  string
	prepare      func(*testing.T, *gateway)
	good, forged func() delivery
	check        func(*testing.T, arrival)
}

// delivery is what a provider sends.
type delivery struct {
	header map[string]string
	query  string // instead of the endpoint's
	body   string
}

const (
	acmeSecret      = "acme-secret"
	rechatKey       = "16b43e2f5379346d4e605f4389c8366bece1756a22fbef3a7906549d8eaf097e"
	rechatNextKey   = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2e1f0"
	repliersSecret  = "4d1f2b6c8e7a905f"
	everrealToken   = "0123456789abcdef0123456789abcdef"
	viastoToken     = "fedcba9876543210fedcba9876543210"
	upstreamSecret  = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	strangersSecret = "a-strangers-secret"
)

var examples = map[string]example{
	"own-provider": {
		environment: []string{"ACME_SECRET=" + acmeSecret},
		endpoints: []endpoint{{
			path:   "/acme",
			good:   func() delivery { return acme(acmeSecret) },
			forged: func() delivery { return acme(strangersSecret) },
			check: func(t *testing.T, got arrival) {
				var event struct{ Type, Subject string }
				if err := json.Unmarshal([]byte(got.body), &event); err != nil ||
					event.Type != "example.acme.order.paid" || event.Subject != "order_7" {
					t.Errorf("the application got %q", got.body)
				}
			},
		}},
	},
	"rechat": {
		environment: []string{"RECHAT_KEY=" + rechatKey, "RECHAT_NEXT_KEY=" + rechatNextKey, "UPSTREAM_SECRET=" + upstreamSecret},
		endpoints: []endpoint{
			{
				path:   "/rechat",
				good:   func() delivery { return rechat(rechatKey, "deal-1") },
				forged: func() delivery { return rechat(hex.EncodeToString([]byte(strangersSecret)), "deal-2") },
				check: func(t *testing.T, got arrival) {
					wantHeader(t, got, "Ce-Type", "com.rechat.deal.created")
					wantHeader(t, got, "Ce-Keyid", "current")
					if got.header.Get("Webhook-Signature") == "" {
						t.Error("the event is not signed towards the application")
					}
				},
			},
			{
				path:   "/rechat",
				good:   func() delivery { return rechat(rechatNextKey, "deal-3") },
				forged: func() delivery { return delivery{body: `{"topic":"Deals","event":"Created"}`} },
				check:  func(t *testing.T, got arrival) { wantHeader(t, got, "Ce-Keyid", "next") },
			},
		},
	},
	"repliers": {
		endpoints: []endpoint{{
			path:    "/repliers/listing.created",
			prepare: teachRepliers,
			good:    func() delivery { return repliers(repliersSecret) },
			forged:  func() delivery { return repliers(strangersSecret) },
			check:   func(t *testing.T, got arrival) { wantHeader(t, got, "Ce-Type", "io.repliers.listing.created") },
		}},
	},
	"unsigned": {
		environment: []string{"EVERREAL_TOKEN=" + everrealToken, "VIASTO_TOKEN=" + viastoToken},
		endpoints: []endpoint{
			{
				path:   "/everreal",
				query:  "?key=" + everrealToken,
				good:   func() delivery { return everreal("") },
				forged: func() delivery { return everreal("?key=" + viastoToken) },
				check:  func(t *testing.T, got arrival) { wantHeader(t, got, "Ce-Type", "co.everreal.listing.created") },
			},
			{
				path:   "/viasto/" + viastoToken,
				good:   func() delivery { return viasto("https://interview-suite.com/api/v3/companies/1/projects/17/") },
				forged: func() delivery { return viasto("https://interview-suite.com.example.net/projects/17/") },
				check:  func(t *testing.T, got arrival) { wantHeader(t, got, "Ce-Type", "com.interview-suite.project.created") },
			},
		},
	},
}

func TestExamples(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob("*/Caddyfile")
	if err != nil {
		t.Fatal(err)
	}
	if len(folders) != len(examples) {
		t.Errorf("%d folders hold an example, and %d are tried", len(folders), len(examples))
	}
	for folder, e := range examples {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			loads(t, folder, e.environment)
			g := start(t, folder, e.environment)
			for _, ep := range e.endpoints {
				g.try(t, ep)
			}
		})
	}
}

// loads adapts and provisions an example as it is, and sees to it that `caddy fmt`
// would not change it.
func loads(t *testing.T, folder string, environment []string) {
	t.Helper()
	adapt := command(t, t.TempDir(), folder, "adapt", "--validate")
	adapt.Env = append(adapt.Env, environment...)
	out, err := adapt.CombinedOutput()
	if err != nil {
		t.Fatalf("caddy adapt --validate: %v\n%s", err, out)
	}
	if strings.Contains(string(out), "not formatted") {
		t.Error("caddy fmt would change it")
	}
}

// try sends deliveries to an endpoint. Of those to slightly wrong paths each would
// be accepted at the right one, and none is a copy of another that was.
func (g *gateway) try(t *testing.T, ep endpoint) {
	t.Helper()
	if ep.prepare != nil {
		ep.prepare(t, g)
	}
	before := len(g.application.all())
	for _, path := range variants(ep.path) {
		if status, _ := g.send(t, path+ep.query, ep.good()); status < 400 {
			t.Errorf("a delivery to %s is answered %d", path, status)
		}
	}
	if n := len(g.application.all()); n != before {
		t.Fatalf("%d deliveries to wrong paths reached the application", n-before)
	}

	status, _ := g.send(t, ep.path+ep.query, ep.good())
	arrived := g.application.all()
	if status != http.StatusOK || len(arrived) != before+1 {
		t.Fatalf("a good delivery to %s is answered %d, and %d arrived", ep.path, status, len(arrived)-before)
	}
	ep.check(t, arrived[before])

	forged := ep.forged()
	if forged.query == "" {
		forged.query = ep.query
	}
	if status, _ := g.send(t, ep.path+forged.query, forged); status != http.StatusUnauthorized {
		t.Errorf("a forged delivery to %s is answered %d", ep.path, status)
	}
	if n := len(g.application.all()); n != before+1 {
		t.Errorf("a forged delivery to %s reached the application", ep.path)
	}
}

// variants are paths that some servers take for the same.
func variants(path string) []string {
	last := len(path) - 1
	first, rest, _ := strings.Cut(path[1:], "/")
	all := []string{
		strings.ToUpper(path),
		"/" + strings.ToUpper(first) + strings.TrimPrefix(path, "/"+first),
		"/" + path,
		"/." + path,
		"/x/.." + path,
		"/%2E" + path,
		"/%2F" + path[1:],
		path + "/",
		path + "//",
		path + "/x",
		path + "/.",
		path + "%2F",
		path + ";x",
		path + ".",
		path + "%20",
		fmt.Sprintf("/%%%X%s", path[1], path[2:]),
		fmt.Sprintf("%s%%%x", path[:last], path[last]),
	}
	if rest != "" {
		all = append(all,
			"/"+first+"%2F"+rest, "/"+first+"//"+rest, "/"+first+"/./"+rest, "/"+first+"/x/../"+rest,
			"/"+first+";x/"+rest, "/"+first, "/"+first+"/")
	}
	return all
}

func acme(secret string) delivery {
	now := fmt.Sprint(time.Now().Unix())
	body := `{"id":"evt_1","event":"order.paid","occurred_at":"2023-11-14T22:13:19Z","data":{"id":"order_7"}}`
	return delivery{
		header: map[string]string{"Acme-Signature": "t=" + now + ",v1=" + hmacHex(secret, now+"."+body)},
		body:   body,
	}
}

func rechat(key, deal string) delivery {
	decoded, _ := hex.DecodeString(key) // a constant
	body := fmt.Sprintf(`{"topic":"Deals","event":"Created","timestamp":1774173334258,"payload":{"deal":{"id":%q}}}`, deal)
	return delivery{header: map[string]string{"X-Rechat-Signature": hmacHex(string(decoded), body)}, body: body}
}

func hmacHex(key, content string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(content))
	return hex.EncodeToString(mac.Sum(nil))
}

func repliers(secret string) delivery {
	return delivery{header: map[string]string{"X-Hook-Secret": secret}, body: `[{"mlsNumber":"W8412345"}]`}
}

// teachRepliers makes the handshake, which is answered once the slot is armed.
func teachRepliers(t *testing.T, g *gateway) {
	t.Helper()
	handshake := delivery{header: map[string]string{"X-Hook-Secret": repliersSecret}}
	const path = "/repliers/listing.created"
	if status, header := g.send(t, path, handshake); status != http.StatusUnauthorized || header.Get("X-Hook-Secret") != "" {
		t.Fatalf("a handshake with a slot that is not armed is answered %d", status)
	}
	arm := command(t, t.TempDir(), ".", "hookward", "arm", "repliers", "--slot", "listing.created", "--for", "10m", "--address", g.admin)
	if out, err := arm.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if status, header := g.send(t, path, handshake); status != http.StatusOK || header.Get("X-Hook-Secret") != repliersSecret {
		t.Fatalf("the handshake is answered %d", status)
	}
}

func everreal(query string) delivery {
	return delivery{query: query, body: `{"uuid":"8d0c3a52","operation":"LISTING_CREATED","data":{"id":"01dd383b"}}`}
}

func viasto(project string) delivery {
	return delivery{
		header: map[string]string{"User-Agent": "interview suite webhook"},
		body: fmt.Sprintf(`{"endpoint":"https://hooks.example.com/viasto/%s","time":"2015-03-16T15:32:34+00:00",`+
			`"event":"project_changed","data":{"action":"created","project":%q}}`, viastoToken, project),
	}
}

// gateway is a Caddy that runs an example.
type gateway struct {
	site, admin string // host:port
	application *application
}

// start runs an example at addresses of its own and returns once it is there. An
// address that is free may be taken before the server takes it; then others are tried.
func start(t *testing.T, folder string, environment []string) *gateway {
	t.Helper()
	for range 5 {
		if g := launch(t, folder, environment); g != nil {
			return g
		}
	}
	t.Fatal("the server finds no free address")
	return nil
}

// launch returns nil if an address was taken.
func launch(t *testing.T, folder string, environment []string) *gateway {
	t.Helper()
	site, admin := hold(t), hold(t)
	g := &gateway{site: site.Addr().String(), admin: admin.Addr().String(), application: newApplication(t)}
	home := t.TempDir()
	file := filepath.Join(home, "Caddyfile")
	if err := os.WriteFile(file, []byte(g.configuration(t, folder)), 0o600); err != nil {
		t.Fatal(err)
	}
	server := command(t, home, folder, "run", "--config", file)
	server.Env = append(server.Env, environment...)
	log, err := server.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	_, _ = site.Close(), admin.Close()
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}

	var written strings.Builder
	ready := false
	for lines := bufio.NewScanner(log); !ready && lines.Scan(); {
		fmt.Fprintln(&written, lines.Text())
		ready = strings.Contains(lines.Text(), "serving initial configuration")
	}
	if !ready {
		err := server.Wait()
		if strings.Contains(written.String(), "address already in use") {
			return nil
		}
		t.Fatalf("the server did not start: %v\n%s", err, &written)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = io.Copy(&written, log)
	}()
	t.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGTERM)
		<-read
		if err := server.Wait(); err != nil {
			t.Errorf("the server ended with %v and wrote:\n%s", err, &written)
		}
	})
	return g
}

// configuration is the example's, with the addresses of this gateway.
func (g *gateway) configuration(t *testing.T, folder string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(folder, "Caddyfile"))
	if err != nil {
		t.Fatal(err)
	}
	config := string(text)
	for old, own := range map[string]string{
		"\n{\n":               "\n{\n\tadmin " + g.admin + "\n\tdefault_bind 127.0.0.1\n",
		"\nhooks.example.com": "\nhttp://" + g.site,
		" app:8080":           " " + g.application.address,
	} {
		if !strings.Contains(config, old) {
			t.Fatalf("the example has no %q", old)
		}
		config = strings.ReplaceAll(config, old, own)
	}
	return config
}

// hold reserves a port.
func hold(t *testing.T) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// patience is how long a test waits for something that is bound to happen. It is
// there to end a test that hangs, not to measure.
const patience = time.Minute

// command is the binary in a folder, with a home of the test's own.
func command(t *testing.T, home, folder string, args ...string) *exec.Cmd {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, binary, args...)
	cmd.Dir = folder
	cmd.Env = []string{
		"HOME=" + home,
		"XDG_CONFIG_HOME=" + filepath.Join(home, "config"),
		"XDG_DATA_HOME=" + filepath.Join(home, "data"),
		"PATH=" + os.Getenv("PATH"),
	}
	return cmd
}

// send posts a delivery to a path, which goes over the wire as it is.
func (g *gateway) send(t *testing.T, path string, d delivery) (int, http.Header) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+g.site+path, strings.NewReader(d.body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	for name, value := range d.header {
		req.Header.Set(name, value)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header
}

// application stands behind an example. It notes what reaches it.
type application struct {
	address string

	mu       sync.Mutex
	arrivals []arrival
}

// arrival is one request that reached the application.
type arrival struct {
	header http.Header
	body   string
}

func newApplication(t *testing.T) *application {
	t.Helper()
	a := new(application)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // one that is cut short is noted as far as it came
		a.mu.Lock()
		defer a.mu.Unlock()
		a.arrivals = append(a.arrivals, arrival{r.Header, string(body)})
	}))
	t.Cleanup(server.Close)
	a.address = server.Listener.Addr().String()
	return a
}

// all returns every arrival so far.
func (a *application) all() []arrival {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]arrival(nil), a.arrivals...)
}

func wantHeader(t *testing.T, got arrival, name, want string) {
	t.Helper()
	if value := got.header.Get(name); value != want {
		t.Errorf("the application got %s %q, want %q", name, value, want)
	}
}

// TestAcmeVectors judges the vectors of the example's provider by the command that
// its users have.
func TestAcmeVectors(t *testing.T) {
	t.Parallel()
	const file = "own-provider/acme.yaml"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	p, err := provider.Parse(text, file)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range p.Vectors {
		t.Run(v.Name, func(t *testing.T) {
			t.Parallel()
			want := verification{Outcome: v.Want, Reason: v.Reason}
			want.Event.Type, want.Event.ID, want.Event.Subject = v.Type, v.ID, v.Subject
			if diff := cmp.Diff(want, verify(t, file, v)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// verification is what `caddy hookward verify --json` prints.
type verification struct {
	Outcome, Reason string
	Event           struct{ Type, ID, Subject string }
}

func verify(t *testing.T, file string, v provider.Vector) verification {
	t.Helper()
	home := t.TempDir()
	body := filepath.Join(home, "body")
	if err := os.WriteFile(body, []byte(v.Body), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"hookward", "verify", "--json", "--provider-file", file, "--secret-env", "SECRET",
		"--at", v.At.Format(time.RFC3339), "--body", body,
	}
	for name, values := range v.Header {
		for _, value := range values {
			args = append(args, "--header", name+": "+value)
		}
	}
	cmd := command(t, home, ".", args...)
	cmd.Env = append(cmd.Env, "SECRET="+v.Secret[0])
	out, _ := cmd.Output() // it fails where the delivery is refused
	var got verification
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return got
}
