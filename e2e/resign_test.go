package e2e

import (
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/harness"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// resignSecret is what the application shares with the gateway.
const resignSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

// The application verifies what the gateway signed, whatever the event's id looks
// like.
func TestResign(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	route := func(path, name string, lines ...string) string {
		return handle(path, named(name, plain(path, append(lines, "resign "+resignSecret)...)), "reverse_proxy "+up.Address)
	}
	g := start(t, site(
		route("/binary", "binary"),
		route("/structured", "structured", "emit structured"),
		route("/raw", "raw", "emit raw"),
		handle("/report", named("report", plain("/report", "report_only", "resign "+resignSecret)), "reverse_proxy "+up.Address),
	))
	standard, err := provider.Lookup("standard-webhooks")
	if err != nil {
		t.Fatal(err)
	}
	verifier, err := signature.NewVerifier(standard.Schemes(), []signature.Key{{ID: "app", Secret: resignSecret}})
	if err != nil {
		t.Fatal(err)
	}

	taken := 0
	ids := []string{"evt-1", "evt.2.x", "evt 3", "é", `a"b%`, "a,b", strings.Repeat("x", 512), "..", "%2E"}
	for _, path := range []string{"/binary", "/structured", "/raw"} {
		seen := make(map[string]bool)
		for _, id := range ids {
			wantStatus(t, g.send(thing(id).at(path).with("Webhook-Signature", "v1,spoof")), http.StatusOK)
			taken++
			got := up.Last(t, taken)
			if _, err := verifier.Verify(received{got}, time.Now()); err != nil {
				t.Errorf("%s: event %q does not verify: %v", path, id, err)
			}
			wire := got.Header.Get("Webhook-Id")
			if seen[wire] {
				t.Errorf("%s: event %q has the id %q of another", path, id, wire)
			}
			seen[wire] = true
			got.Body = strings.Replace(got.Body, "thing", "thong", 1)
			if _, err := verifier.Verify(received{got}, time.Now()); err == nil {
				t.Errorf("%s: event %q verifies with another body", path, id)
			}
		}
	}

	wantStatus(t, g.send(thing("evt-1").at("/report").with("X-Signature", "00")), http.StatusOK)
	if names := up.Last(t, taken+1).Names("Webhook-"); names != nil {
		t.Errorf("an unproved delivery is signed: %v", names)
	}
}

// received is an arrival as a signature scheme reads it in an application.
type received struct{ harness.Arrival }

// Body implements [signature.Request].
func (r received) Body() []byte { return []byte(r.Arrival.Body) }

// Lookup implements [signature.Request].
func (r received) Lookup(f signature.Field) (string, int) {
	values := r.Header[f.Name]
	if f.Source != signature.Header || len(values) == 0 {
		return "", 0
	}
	return values[0], len(values)
}

// Values implements [signature.Request].
func (received) Values(signature.Source) url.Values { return nil }

func (received) Readable(signature.Source) bool { return true }
