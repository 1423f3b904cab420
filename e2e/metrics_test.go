package e2e

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/harness"
	"github.com/hookward/hookward/signature"
)

// metrics reads Hookward's metrics: counts and gauges by their names and labels, and
// of histograms how much they have counted.
func (g *gateway) metrics() map[string]float64 {
	g.t.Helper()
	found := make(map[string]float64)
	for line := range strings.SplitSeq(g.ask(http.MethodGet, "/metrics", "").body, "\n") {
		name, value, _ := strings.Cut(line, " ")
		if !strings.HasPrefix(name, "caddy_hookward_") || strings.Contains(name, "_bucket{") || strings.Contains(name, "_sum{") {
			continue
		}
		number, err := strconv.ParseFloat(value, 64)
		if err != nil {
			g.t.Fatal(err)
		}
		found[name] = number
	}
	return found
}

// metric reads one metric without labels.
func (g *gateway) metric(name string) float64 {
	g.t.Helper()
	value, found := g.metrics()[name]
	if !found {
		g.t.Fatalf("there is no metric %s", name)
	}
	return value
}

// Whatever becomes of a delivery is counted once, and where it belongs.
func TestMetrics(t *testing.T) {
	t.Parallel()
	gate := newGated(text(200, "taken"))
	up, slow := harness.NewUpstream(t, nil), harness.NewUpstream(t, gate.ServeHTTP)
	g := start(t, metricsConfig(up, slow))
	sendMeasured(t, g)

	delivery := thing("slow").at("/slow")
	var group sync.WaitGroup
	group.Go(func() { _, _ = g.try(t.Context(), delivery) })
	<-gate.entered
	if got := g.metric("caddy_hookward_dedupe_in_flight"); got != 1 {
		t.Errorf("%g deliveries are in flight, want 1", got)
	}
	if got := g.metric("caddy_hookward_inflight_bytes"); got < float64(len(delivery.body)) {
		t.Errorf("bodies hold %g bytes, want at least %d", got, len(delivery.body))
	}
	close(gate.open)
	group.Wait()
	eventually(t, "nothing is held", func() bool { return g.metric("caddy_hookward_inflight_bytes") == 0 })
	if diff := cmp.Diff(wantMetrics(), g.metrics()); diff != "" {
		t.Errorf("metrics (-want +got):\n%s", diff)
	}
}

const measuredEntries = 6

func metricsConfig(up, slow *harness.Upstream) string {
	endpoint := func(name, then string, lines ...string) string {
		return handle("/"+name, named(name, plain("/"+name, lines...)), then)
	}
	proxy := "reverse_proxy " + up.Address
	return siteWith(
		"hookward {\n\tdedupe_entries "+strconv.Itoa(measuredEntries)+"\n}",
		endpoint("sound", proxy),
		endpoint("keys", proxy, "secret another-secret old"),
		endpoint("slow", "reverse_proxy "+slow.Address),
		endpoint("down", "reverse_proxy 127.0.0.1:1"),
		endpoint("nobody", ""),
		endpoint("trial", proxy, "report_only"),
		endpoint("small", "request_body {\nmax_size 10\n}\n"+proxy),
		"handle /repliers/* {\nhookward repliers {\n path /repliers/{event}\n handshake once\n}\n"+proxy+"\n}",
		handle("/slack", "hookward slack {\n path /slack\n secret "+plainSecret+"\n}", proxy),
	)
}

// sendMeasured sends what wantMetrics counts, but for the one delivery to /slow.
func sendMeasured(t *testing.T, g *gateway) {
	t.Helper()
	a, b := thing("a"), thing("b")
	for _, r := range []request{
		a.at("/sound"), a.at("/sound"), b.at("/sound"), a.at("/sound").with("X-Signature", "00"),
		a.at("/keys").with("X-Signature", hmacHex("another-secret", a.body)), b.at("/keys"), b.at("/keys"),
		a.at("/down"), a.at("/down"),
		a.at("/nobody"),
		a.at("/trial"), b.at("/trial").with("X-Signature", ""),
		slackChallenge(),
	} {
		g.send(r)
	}
	learned := request{path: "/repliers/agent.created", header: http.Header{"X-Hook-Secret": {"learned"}}}
	const agent = `[{"agentid":1}]`
	g.send(learned.saying(agent)) // nothing is learned yet
	g.send(learned)
	g.send(learned.saying(agent))
	g.send(learned.saying(agent))
	// Of a body that announces no length only we can tell that it is longer than the
	// site allows.
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, g.URL()+"/small", struct{ io.Reader }{strings.NewReader(a.body)})
	if err != nil {
		t.Fatal(err)
	}
	req.Header = a.header
	refused, err := g.do(req)
	if err != nil {
		t.Fatal(err)
	}
	wantRefused(t, refused, http.StatusRequestEntityTooLarge, "body_too_large")
}

func wantMetrics() map[string]float64 {
	of := func(metric string, labels ...string) string {
		var pairs []string
		for i := 0; i < len(labels); i += 2 {
			pairs = append(pairs, labels[i]+`="`+labels[i+1]+`"`)
		}
		return "caddy_hookward_" + metric + "{" + strings.Join(pairs, ",") + "}"
	}
	deliveries := func(endpoint, outcome, reason string) string {
		return of("deliveries_total", "endpoint", endpoint, "outcome", outcome, "provider", endpoint, "reason", reason)
	}
	uses := func(endpoint, key string) string { return of("key_uses_total", "endpoint", endpoint, "key_id", key) }
	duplicates := func(by, endpoint string) string { return of("duplicates_total", "by", by, "endpoint", endpoint) }
	id := signature.Fingerprint(plainSecret)
	want := map[string]float64{
		deliveries("sound", "accept", ""):                    2,
		deliveries("sound", "duplicate", ""):                 1,
		deliveries("sound", "reject", "wrong_length"):        1,
		deliveries("keys", "accept", ""):                     2,
		deliveries("keys", "duplicate", ""):                  1,
		deliveries("slow", "accept", ""):                     1,
		deliveries("down", "failed", ""):                     2,
		deliveries("nobody", "failed", "upstream_unhandled"): 1,
		deliveries("trial", "accept", ""):                    1,
		deliveries("trial", "unproved", "header_missing"):    1,
		deliveries("small", "reject", "body_too_large"):      1,
		deliveries("repliers", "reject", "no_key"):           1,
		deliveries("repliers", "handshake", ""):              1,
		deliveries("repliers", "accept", ""):                 1,
		deliveries("repliers", "duplicate", ""):              1,
		deliveries("slack", "challenge", ""):                 1,

		duplicates("id", "sound"):      1,
		duplicates("id", "keys"):       1,
		duplicates("body", "repliers"): 1,

		uses("sound", id):   2,
		uses("keys", id):    1,
		uses("keys", "old"): 1,
		uses("slow", id):    1,
		uses("down", id):    2,
		uses("nobody", id):  1,
		uses("trial", id):   1,
		uses("repliers", signature.Fingerprint("learned")): 1,

		"caddy_hookward_inflight_bytes":             0,
		"caddy_hookward_dedupe_in_flight":           0,
		"caddy_hookward_dedupe_live":                measuredEntries,
		"caddy_hookward_dedupe_evicted_early_total": 7 - measuredEntries,
	}
	for endpoint, n := range map[string]struct{ judged, forwarded float64 }{
		"sound":    {3, 2}, // one more was refused before its body was read
		"keys":     {3, 2},
		"slow":     {1, 1},
		"down":     {2, 2},
		"nobody":   {1, 1},
		"trial":    {2, 1},
		"small":    {0, 0},
		"repliers": {4, 1},
		"slack":    {1, 0},
	} {
		want[of("judge_seconds_count", "endpoint", endpoint)] = n.judged
		want[of("upstream_seconds_count", "endpoint", endpoint)] = n.forwarded
	}
	return want
}

// slackChallenge is what Slack sends to an endpoint that is being set up.
func slackChallenge() request {
	body, now := `{"type":"url_verification","challenge":"3eZbrw1aB"}`, strconv.FormatInt(time.Now().Unix(), 10)
	return request{path: "/slack", body: body, header: http.Header{
		"Content-Type":              {"application/json"},
		"X-Slack-Request-Timestamp": {now},
		"X-Slack-Signature":         {"v0=" + hmacHex(plainSecret, "v0:"+now+":"+body)},
	}}
}
