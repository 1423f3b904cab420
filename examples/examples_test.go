// Package examples holds set-ups to copy. Its tests run each of them as it stands,
// but for its addresses, in front of an application that notes what reaches it.
package examples

import (
	"encoding/hex"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

func TestMain(m *testing.M) { os.Exit(harness.Main(m)) }

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
	check        func(*testing.T, harness.Arrival)
}

var examples = map[string]example{
	"own-provider": {
		environment: []string{"ACME_SECRET=" + acmeSecret},
		endpoints: []endpoint{{
			path:   "/acme",
			good:   func() delivery { return acme(acmeSecret) },
			forged: func() delivery { return acme(strangersSecret) },
			check: func(t *testing.T, got harness.Arrival) {
				var event struct{ Type, Subject string }
				if err := json.Unmarshal([]byte(got.Body), &event); err != nil ||
					event.Type != "example.acme.order.paid" || event.Subject != "order_7" {
					t.Errorf("the application got %q", got.Body)
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
				check: func(t *testing.T, got harness.Arrival) {
					wantHeader(t, got, "Ce-Type", "com.rechat.deal.created")
					wantHeader(t, got, "Ce-Keyid", "current")
					if got.Header.Get("Webhook-Signature") == "" {
						t.Error("the event is not signed towards the application")
					}
				},
			},
			{
				path:   "/rechat",
				good:   func() delivery { return rechat(rechatNextKey, "deal-3") },
				forged: func() delivery { return delivery{body: `{"topic":"Deals","event":"Created"}`} },
				check:  func(t *testing.T, got harness.Arrival) { wantHeader(t, got, "Ce-Keyid", "next") },
			},
		},
	},
	"repliers": {
		endpoints: []endpoint{{
			path:    "/repliers/listing.created",
			prepare: teachRepliers,
			good:    func() delivery { return repliers(repliersSecret) },
			forged:  func() delivery { return repliers(strangersSecret) },
			check:   func(t *testing.T, got harness.Arrival) { wantHeader(t, got, "Ce-Type", "io.repliers.listing.created") },
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
				check:  func(t *testing.T, got harness.Arrival) { wantHeader(t, got, "Ce-Type", "co.everreal.listing.created") },
			},
			{
				path:   "/viasto/" + viastoToken,
				good:   func() delivery { return viasto("https://interview-suite.com/api/v3/companies/1/projects/17/") },
				forged: func() delivery { return viasto("https://interview-suite.com.example.net/projects/17/") },
				check: func(t *testing.T, got harness.Arrival) {
					wantHeader(t, got, "Ce-Type", "com.interview-suite.project.created")
				},
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
	folders = slices.DeleteFunc(folders, func(file string) bool { return filepath.Dir(file) == "full-loop" }) // has tests of its own
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
	g := harness.New(t, harness.Options{Folder: folder, Env: environment})
	out, err := g.Caddy("adapt", "--validate").CombinedOutput()
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
	before := len(g.application.All())
	for _, path := range harness.PathVariants(ep.path) {
		if status, _ := g.send(t, path+ep.query, ep.good()); status < 400 {
			t.Errorf("a delivery to %s is answered %d", path, status)
		}
	}
	if n := len(g.application.All()); n != before {
		t.Fatalf("%d deliveries to wrong paths reached the application", n-before)
	}

	status, _ := g.send(t, ep.path+ep.query, ep.good())
	arrived := g.application.All()
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
	if n := len(g.application.All()); n != before+1 {
		t.Errorf("a forged delivery to %s reached the application", ep.path)
	}
}
