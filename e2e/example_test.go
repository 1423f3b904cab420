package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/harness"
)

// The secrets of Caddyfile.example, and one that its Repliers learns.
const (
	exampleRechatKey     = "16b43e2f5379346d4e605f4389c8366bece1756a22fbef3a7906549d8eaf097e"
	exampleEverRealToken = "demo-everreal-token"
	exampleViastoToken   = "demo-viasto-token"
	exampleStandard      = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	exampleCustom        = "demo-custom-secret"
	exampleRepliers      = "4d1f2b6c8e7a905f"
)

// readExample returns Caddyfile.example.
func readExample(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile("../Caddyfile.example")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// startExample runs the example as it is.
func startExample(t *testing.T) *gateway {
	t.Helper()
	return startLocalhost(t, readExample(t))
}

// startExampleBefore runs the example's gateway in front of another upstream.
func startExampleBefore(t *testing.T, address string) *gateway {
	t.Helper()
	config, _, found := strings.Cut(readExample(t), "# The demonstration upstream")
	if !found {
		t.Fatal("Caddyfile.example has no demonstration upstream")
	}
	return startLocalhost(t, strings.ReplaceAll(config, "localhost:9080", address))
}

// startLocalhost runs a gateway whose site is for localhost, as the example's is.
func startLocalhost(t *testing.T, config string) *gateway {
	t.Helper()
	g := start(t, config)
	g.Site = strings.Replace(g.Site, "127.0.0.1", "localhost", 1)
	return g
}

// echoed is what the demonstration upstream answers.
type echoed struct {
	Type      string `json:"type"`
	ID        string `json:"id"`
	Source    string `json:"source"`
	Subject   string `json:"subject"`
	Time      string `json:"time"`
	Provider  string `json:"provider"`
	Endpoint  string `json:"endpoint"`
	BodyBytes int    `json:"body_bytes"`
}

// wantEcho fails the test if the delivery did not reach the upstream as this.
func wantEcho(t *testing.T, a answer, want echoed) {
	t.Helper()
	wantStatus(t, a, http.StatusOK)
	var got echoed
	if err := json.Unmarshal([]byte(a.body), &got); err != nil {
		t.Fatalf("the answer is no event: %q", a.body)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatalf("event (-want +got):\n%s", diff)
	}
}

// wantType fails the test if the delivery did not reach the upstream as an event
// of this type.
func wantType(t *testing.T, a answer, want string) {
	t.Helper()
	wantStatus(t, a, http.StatusOK)
	var got echoed
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || got.Type != want {
		t.Fatalf("the answer is %q, want an event of type %s", a.body, want)
	}
}

func repliersHandshake(secret string) request {
	return request{path: "/webhooks/repliers/listing.created", header: http.Header{"X-Hook-Secret": {secret}}}
}

func repliersDelivery(body string) request {
	return repliersHandshake(exampleRepliers).saying(body).with("Content-Type", "application/json")
}

func rechatDelivery() request {
	key, _ := hex.DecodeString(exampleRechatKey)
	return request{path: "/webhooks/rechat", body: rechatDeal}.
		with("Content-Type", "application/json").
		with("X-Rechat-Signature", hmacHex(string(key), rechatDeal))
}

func everrealDelivery(uuid, operation string) request {
	return request{
		path: "/webhooks/everreal?key=" + exampleEverRealToken,
		body: fmt.Sprintf(`{"uuid":%q,"operation":%q,"subdomain":"acme","language":"de",`+
			`"createdAt":"2020-09-30T10:07:28.052Z","data":{"id":"01dd383b-9106-4921-bb53-0a2b6fd5d3c1"}}`, uuid, operation),
	}.with("Content-Type", "application/json")
}

// viastoDelivery has no action where action is empty.
func viastoDelivery(site, action, project string) request {
	data := fmt.Sprintf(`{"project":%q}`, project)
	if action != "" {
		data = fmt.Sprintf(`{"action":%q,"project":%q}`, action, project)
	}
	return request{
		path: "/webhooks/viasto?key=" + exampleViastoToken,
		body: fmt.Sprintf(`{"endpoint":"http://%s/webhooks/viasto","time":"2015-03-16T15:32:34.174752+00:00",`+
			`"event":"project_changed","data":%s}`, site, data),
	}.with("Content-Type", "application/json").with("User-Agent", "interview suite webhook")
}

func standardSignature(secret, id string, at time.Time) string {
	key, _ := base64.StdEncoding.DecodeString(secret)
	mac := hmac.New(sha256.New, key)
	_, _ = fmt.Fprintf(mac, "%s.%d.%s", id, at.Unix(), standardInvoice)
	return "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
}

func standardDelivery(id string, at time.Time) request {
	return request{path: "/webhooks/standard", body: standardInvoice}.
		with("Content-Type", "application/json").
		with("Webhook-Id", id).
		with("Webhook-Timestamp", strconv.FormatInt(at.Unix(), 10)).
		with("Webhook-Signature", standardSignature(exampleStandard, id, at))
}

func customDelivery(at time.Time, body string) request {
	mac := hmac.New(sha512.New, []byte(exampleCustom))
	_, _ = fmt.Fprintf(mac, "%d.%s", at.Unix(), body)
	return request{path: "/webhooks/custom", body: body}.
		with("Content-Type", "application/json").
		with("X-Demo-Timestamp", strconv.FormatInt(at.Unix(), 10)).
		with("X-Demo-Signature", "v1="+base64.StdEncoding.EncodeToString(mac.Sum(nil)))
}

const (
	rechatDeal      = `{"topic":"Deals","event":"Created","timestamp":1774173334258,"payload":{"deal":{"id":"42a775db"}}}`
	viastoProject   = "https://interview-suite.com/api/v3/companies/1/projects/17/"
	standardInvoice = `{"type":"invoice.paid","timestamp":"2026-01-02T03:04:05Z","data":{"id":"in_1"}}`
)

func TestExampleRepliers(t *testing.T) {
	t.Parallel()
	g := startExample(t)
	listings := `[{"mlsNumber":"W8412345"},{"mlsNumber":"W8412346"}]`

	a := g.send(repliersHandshake(exampleRepliers))
	wantStatus(t, a, http.StatusOK)
	if got := a.header.Get("X-Hook-Secret"); got != exampleRepliers {
		t.Fatalf("the handshake is echoed as %q, want %q", got, exampleRepliers)
	}
	wantStranger := func() {
		t.Helper()
		a := g.send(repliersHandshake("a-strangers-secret"))
		wantRefused(t, a, http.StatusUnauthorized, "handshake_locked")
		if got := a.header.Get("X-Hook-Secret"); got != "" {
			t.Fatalf("a stranger's secret is echoed: %q", got)
		}
	}
	wantStranger()
	wantType(t, g.send(repliersDelivery(listings)), "io.repliers.listing.created")
	wantDuplicate(t, g.send(repliersDelivery(listings)))
	forged := repliersDelivery(`[{"mlsNumber":"W1"}]`).with("X-Hook-Secret", "a-strangers-secret")
	wantRefused(t, g.send(forged), http.StatusUnauthorized, "mismatch")
	unlisted := repliersDelivery(listings).at("/webhooks/repliers/listing.exploded")
	wantRefused(t, g.send(unlisted), http.StatusNotFound, "event")

	g.Restart()
	wantStranger()
	a = g.send(repliersHandshake(exampleRepliers))
	wantStatus(t, a, http.StatusOK)
	if got := a.header.Get("X-Hook-Secret"); got != exampleRepliers {
		t.Fatalf("after a restart the handshake is echoed as %q, want %q", got, exampleRepliers)
	}
	wantType(t, g.send(repliersDelivery(`[{"mlsNumber":"W8412347"}]`)), "io.repliers.listing.created")
	wantRefused(t, g.send(forged), http.StatusUnauthorized, "mismatch")
}

func TestExample(t *testing.T) {
	g := startExample(t)

	t.Run("Rechat", func(t *testing.T) {
		wantEcho(t, g.send(rechatDelivery()), echoed{
			Type: "com.rechat.deal.created", ID: sha256Hex(rechatDeal), Source: "https://api.rechat.com",
			Subject: "42a775db", Time: "2026-03-22T09:55:34.258Z",
			Provider: "rechat", Endpoint: "rechat", BodyBytes: len(rechatDeal),
		})
		forged := rechatDelivery().saying(strings.Replace(rechatDeal, "42a7", "42a8", 1))
		wantRefused(t, g.send(forged), http.StatusUnauthorized, "mismatch")
		wantDuplicate(t, g.send(rechatDelivery()))
	})

	t.Run("EverReal", func(t *testing.T) {
		d := everrealDelivery("8d0c3a52-43f8-4d1c-9d75-1c0bb0a7f6f1", "LISTING_CREATED")
		wantEcho(t, g.send(d), echoed{
			Type: "co.everreal.listing.created", ID: "8d0c3a52-43f8-4d1c-9d75-1c0bb0a7f6f1",
			Source: "https://everreal.co", Subject: "01dd383b-9106-4921-bb53-0a2b6fd5d3c1",
			Time: "2020-09-30T10:07:28.052Z", Provider: "everreal", Endpoint: "everreal", BodyBytes: len(d.body),
		})
		wantDuplicate(t, g.send(d))
		wantRefused(t, g.send(d.at("/webhooks/everreal?key=wrong")), http.StatusUnauthorized, "token_mismatch")
		wantRefused(t, g.send(d.at("/webhooks/everreal")), http.StatusUnauthorized, "token_missing")
	})

	t.Run("viasto", func(t *testing.T) {
		for action, want := range map[string]string{
			"created":  "com.interview-suite.project.created",
			"modified": "com.interview-suite.project.updated",
			"":         "com.interview-suite.project.changed",
		} {
			wantType(t, g.send(viastoDelivery(g.Site, action, viastoProject)), want)
		}
		d := viastoDelivery(g.Site, "created", "https://interview-suite.com/api/v3/companies/1/projects/18/")
		wantRefused(t, g.send(d.at("/webhooks/viasto?key=wrong")), http.StatusUnauthorized, "token_mismatch")
		for _, foreign := range []string{
			"https://interview-suite.com.evil.example/projects/17/",
			"https://interview-suite.com@evil.example/projects/17/",
			`https://evil.example\@interview-suite.com/`,
			"//evil.example/projects/17/",
		} {
			a := g.send(viastoDelivery(g.Site, "created", foreign))
			wantRefused(t, a, http.StatusUnauthorized, "content_mismatch")
		}
		elsewhere := viastoDelivery("hooks.example.com", "created", viastoProject)
		wantRefused(t, g.send(elsewhere), http.StatusUnauthorized, "content_mismatch")
		wantRefused(t, g.send(d.with("User-Agent", "curl/8")), http.StatusUnauthorized, "content_mismatch")
	})

	t.Run("Standard Webhooks", func(t *testing.T) {
		now := time.Now()
		wantType(t, g.send(standardDelivery("msg_1", now)), "invoice.paid")
		wantDuplicate(t, g.send(standardDelivery("msg_1", now)))
		stale := standardDelivery("msg_2", now.Add(-6*time.Minute))
		wantRefused(t, g.send(stale), http.StatusUnauthorized, "timestamp_too_old")
		future := standardDelivery("msg_3", now.Add(6*time.Minute))
		wantRefused(t, g.send(future), http.StatusUnauthorized, "timestamp_too_new")

		two := standardDelivery("msg_4", now)
		other := base64.StdEncoding.EncodeToString([]byte("the secret before this one"))
		two = two.with("Webhook-Signature", standardSignature(other, "msg_4", now)+" "+two.header.Get("Webhook-Signature"))
		wantType(t, g.send(two), "invoice.paid")
		none := two.with("Webhook-Signature", standardSignature(other, "msg_5", now)).with("Webhook-Id", "msg_5")
		wantRefused(t, g.send(none), http.StatusUnauthorized, "mismatch")
	})

	t.Run("a provider of one's own", func(t *testing.T) {
		now := time.Now()
		body := `{"id":"evt-1","type":"invoice.paid"}`
		a := g.send(customDelivery(now, body))
		wantType(t, a, "com.example.invoice.paid")
		wantDuplicate(t, g.send(customDelivery(now, body)))
		forged := customDelivery(now, `{"id":"evt-2","type":"invoice.paid"}`).saying(`{"id":"evt-3","type":"invoice.paid"}`)
		wantRefused(t, g.send(forged), http.StatusUnauthorized, "mismatch")
		stale := customDelivery(now.Add(-6*time.Minute), body)
		wantRefused(t, g.send(stale), http.StatusUnauthorized, "timestamp_too_old")
	})

	t.Run("elsewhere there is nothing", func(t *testing.T) {
		wantStatus(t, g.send(request{path: "/"}), http.StatusNotFound)
		wantStatus(t, g.send(request{path: "/webhooks/"}), http.StatusNotFound)
	})
}

func TestExampleUpstreamDown(t *testing.T) {
	t.Parallel()
	down, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := down.Addr().String()
	_ = down.Close()
	g := startExampleBefore(t, address)

	for range 2 {
		a := g.send(rechatDelivery())
		wantStatus(t, a, http.StatusBadGateway)
		if a.header.Get("Hookward-Duplicate") != "" {
			t.Error("a repeat of a failed delivery is called a duplicate")
		}
	}
	back, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	up := harness.UpstreamOn(t, back, nil)
	wantStatus(t, g.send(rechatDelivery()), http.StatusOK)
	if got := up.Last(t, 1); got.Body != rechatDeal {
		t.Errorf("the upstream got %q", got.Body)
	}
	wantDuplicate(t, g.send(rechatDelivery()))
	if n := up.Count(); n != 1 {
		t.Errorf("the delivery was forwarded %d times", n)
	}
}

// Caddy's path matcher ignores letter case and cleans paths up, so what is behind
// an endpoint could be reached by another way of writing its path.
func TestExamplePathVariants(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := startExampleBefore(t, up.Address)
	wantStatus(t, g.send(repliersHandshake(exampleRepliers)), http.StatusOK)

	now := time.Now()
	deliveries := []request{
		repliersDelivery(`[{"mlsNumber":"W1"}]`),
		rechatDelivery(),
		everrealDelivery("8d0c3a52", "LISTING_CREATED"),
		viastoDelivery(g.Site, "created", viastoProject),
		standardDelivery("msg_1", now),
		customDelivery(now, `{"id":"evt-1","type":"invoice.paid"}`),
	}
	conn := dial(t, g)
	for _, d := range deliveries {
		path, query, _ := strings.Cut(d.path, "?")
		for _, variant := range pathVariants(path) {
			if query != "" {
				variant += "?" + query
			}
			a := conn.send(d.at(variant))
			if a.status != http.StatusNotFound && a.status != http.StatusBadRequest {
				t.Errorf("%s is answered %d", variant, a.status)
			}
		}
	}
	for _, a := range up.All() {
		t.Errorf("%s reached the upstream", a.URI)
	}
	for i, d := range deliveries {
		wantStatus(t, conn.send(d), http.StatusOK)
		up.Want(t, i+1)
	}
}

// pathVariants are other ways to write a path, each of which some software would
// take for the same.
func pathVariants(path string) []string {
	first, rest, _ := strings.Cut(strings.TrimPrefix(path, "/"), "/")
	last := path[strings.LastIndex(path, "/")+1:]
	before := strings.TrimSuffix(path, "/"+last)
	return []string{
		strings.ToUpper(path),
		before + "/" + strings.ToUpper(last[:1]) + last[1:],
		"/" + path,
		before + "//" + last,
		path + "//",
		"/." + path,
		before + "/./" + last,
		path + "/.",
		"/" + first + "/x/../" + rest,
		"/x/.." + path,
		path + "/x/..",
		path + "/../" + last,
		before + "%2F" + last,
		before + "%2f" + last,
		before + "/%2e/" + last,
		before + "/" + fmt.Sprintf("%%%02X", last[0]) + last[1:],
		before + "/" + fmt.Sprintf("%%25%02X", last[0]) + last[1:],
		path + ";x",
		path + ";",
		path + ";x=1/extra",
		before + ";x/" + last,
		path + "/",
		path + "/extra",
		path + "%2Fextra",
		path + "%00",
		path + "%20",
		path + "%0d%0a",
		path + "%3Fkey=x",
		path + "#fragment",
		path + `\`,
		before + `\` + last,
		before + `/x\..\` + last,
		path + ".",
		path + "%c0%af",
		"http://localhost/" + path,
		strings.ToUpper("http://localhost") + strings.ToUpper(path),
	}
}

func sha256Hex(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}

// The commands that look at a configuration touch nothing: the gateway's ports are
// taken while they run, and its home stays as it is.
func TestExampleOffline(t *testing.T) {
	t.Parallel()
	g := harness.New(t, harness.Options{})
	file := filepath.Join(g.Home, "Caddyfile")
	if err := os.WriteFile(file, []byte(g.Local(readExample(t))), 0o600); err != nil {
		t.Fatal(err)
	}
	before := files(t, g.Home)

	original, err := os.ReadFile("../Caddyfile.example")
	if err != nil {
		t.Fatal(err)
	}
	absolute, err := filepath.Abs("../Caddyfile.example")
	if err != nil {
		t.Fatal(err)
	}
	out, err := g.Caddy("fmt", absolute).CombinedOutput()
	if err != nil || string(out) != string(original) {
		t.Errorf("caddy fmt would change the example: %v\n%s", err, cmp.Diff(string(original), string(out)))
	}
	for _, command := range []string{"validate", "adapt"} {
		if out, err := g.Caddy(command, "--config", file, "--adapter", "caddyfile").CombinedOutput(); err != nil {
			t.Errorf("caddy %s: %v\n%s", command, err, out)
		}
	}
	if diff := cmp.Diff(before, files(t, g.Home)); diff != "" {
		t.Errorf("files (-before +after):\n%s", diff)
	}
}

// To adapt is to translate: it needs nothing that the configuration refers to.
func TestAdaptReadsNothing(t *testing.T) {
	t.Parallel()
	g := harness.New(t, harness.Options{})
	file := filepath.Join(g.Home, "Caddyfile")
	config := g.Local(site(handle("/hook", `hookward {
	name acme
	path /hook
	provider file ./missing.yaml
	secret {env.MISSING}
	resign {file./missing}
}`, "reverse_proxy localhost:1")))
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := g.Caddy("adapt", "--config", file, "--adapter", "caddyfile").CombinedOutput(); err != nil {
		t.Errorf("caddy adapt: %v\n%s", err, out)
	}
	out, err := g.Caddy("validate", "--config", file, "--adapter", "caddyfile").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "missing.yaml") {
		t.Errorf("caddy validate does not miss the provider's file: %v\n%s", err, out)
	}
}

// files lists everything below a folder.
func files(t *testing.T, root string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		all = append(all, path)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}
