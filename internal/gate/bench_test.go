package gate

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// benchBody is an event of a little more than 1 KiB.
var benchBody = []byte(`{"type":"contact.created","timestamp":"2026-03-01T11:59:58.123Z","action":"created","data":{"id":"1f81eb52","mlsNumber":"W8412345",` +
	`"name":"A. N. Other","tags":[1,2,3,{"a":null,"b":true}],"note":"` + strings.Repeat("lorem ipsum \\u00e9 ", 50) + `"}}`)

// benchmark judges copies of a delivery with new ids, each of which is released, as
// for an upstream that takes no time.
func benchmark(b *testing.B, name string, keys []signature.Key, learn string, d Delivery) {
	b.Helper()
	p, err := provider.Lookup(name)
	if err != nil {
		b.Fatal(err)
	}
	own, err := p.Resolve(nil)
	if err != nil {
		b.Fatal(err)
	}
	cfg := Config{Name: name, Provider: own, Path: "/hooks", Keys: keys}
	if own.Reads(signature.Route) {
		cfg.Path = "/hooks/{event}"
	}
	g := build(b, cfg)
	d.Method, d.Body, d.Received = http.MethodPost, benchBody, noon
	if learn != "" {
		slot := strings.TrimPrefix(d.Path, "/hooks/")
		g.arm(slot)
		if outcome, err := g.slots.Offer(b.Context(), slot, learn); err != nil || !outcome.Echo() {
			b.Fatal(outcome, err)
		}
	}
	run := func(judge func(*Delivery) Verdict) func(*testing.B) {
		return func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v := judge(&d)
				if v.Outcome != Accept {
					b.Fatal(v.Outcome, v.Reason, v.Err)
				}
				if v.Claim != nil {
					v.Claim.Release(nil)
				}
			}
		}
	}
	ctx := context.Background()
	b.Run("judge", run(func(d *Delivery) Verdict { return g.Judge(ctx, d) }))
	b.Run("precheck and judge", run(func(d *Delivery) Verdict {
		if v, refused := g.Precheck(ctx, d); refused {
			return v
		}
		return g.Judge(ctx, d)
	}))
}

func BenchmarkStandardWebhooks(b *testing.B) {
	const id = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"
	raw := []byte("a-secret-of-twenty-four!")
	mac := hmac.New(sha256.New, raw)
	fmt.Fprintf(mac, "%s.%d.%s", id, noon.Unix(), benchBody)
	benchmark(b, "standard-webhooks",
		[]signature.Key{{ID: "main", Secret: "whsec_" + base64.StdEncoding.EncodeToString(raw)}}, "",
		Delivery{Path: "/hooks", Header: header(
			"Content-Type", "application/json", "Webhook-Id", id, "Webhook-Timestamp", fmt.Sprint(noon.Unix()),
			"Webhook-Signature", "v1,"+base64.StdEncoding.EncodeToString(mac.Sum(nil)),
		)})
}

func BenchmarkGitHub(b *testing.B) {
	benchmark(b, "github", []signature.Key{{ID: "main", Secret: key}}, "",
		Delivery{Path: "/hooks", Header: header(
			"Content-Type", "application/json", "X-GitHub-Event", "issues",
			"X-GitHub-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958",
			"X-Hub-Signature-256", "sha256="+hexMAC(key, string(benchBody)),
		)})
}

func BenchmarkRepliers(b *testing.B) {
	benchmark(b, "repliers", nil, key,
		Delivery{Path: "/hooks/listing.updated", Header: header("Content-Type", "application/json", "X-Hook-Secret", key)})
}

// BenchmarkForgery is what a delivery costs that is refused.
func BenchmarkForgery(b *testing.B) {
	g := build(b, config(b, acme))
	d := acmeDelivery(string(benchBody))
	d.Method, d.Path, d.Received = http.MethodPost, "/hooks", noon
	d.Header.Set("X-Acme-Signature", hexMAC("x", "y"))
	b.ReportAllocs()
	for b.Loop() {
		if v := g.Judge(context.Background(), &d); v.Outcome != Reject {
			b.Fatal(v.Outcome)
		}
	}
}
