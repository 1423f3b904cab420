package peers

import (
	"net/http"
	"net/url"
	"strconv"
	"testing"
	"time"

	"github.com/slack-go/slack"
	standard "github.com/standard-webhooks/standard-webhooks/libraries/go"
	"github.com/stripe/stripe-go/v82/webhook"
	svix "github.com/svix/svix-webhooks/go"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// TestVendorsSignatures sends what vendors' libraries have signed, and the same
// with one byte changed.
func TestVendorsSignatures(t *testing.T) {
	g := startGateway(t)
	for _, vendor := range []struct {
		name, path, body, wantType string
		sign                       func(t *testing.T, body string) http.Header
	}{
		{"stripe-go", "/stripe", `{"id":"evt_1","object":"event","type":"invoice.paid","created":1700000000}`, "com.stripe.invoice.paid", signStripe},
		{"slack-go", "/slack", `{"type":"event_callback","event_id":"Ev1","event":{"type":"app_mention"}}`, "com.slack.app.mentioned", signSlack},
		{"standard-webhooks", "/standard", `{"type":"user.created","timestamp":"2026-01-02T03:04:05Z","data":{}}`, "user.created", signStandard},
		{"svix", "/standard", `{"type":"user.deleted","timestamp":"2026-01-02T03:04:05Z","data":{}}`, "user.deleted", signSvix},
	} {
		t.Run(vendor.name, func(t *testing.T) {
			header := vendor.sign(t, vendor.body)
			altered := []byte(vendor.body)
			altered[len(altered)-3] ^= 1
			if status, reason := g.post(t, vendor.path, string(altered), header); status != http.StatusUnauthorized {
				t.Errorf("altered body: status %d, reason %q, want 401", status, reason)
			}
			before := len(g.application.All())
			if status, reason := g.post(t, vendor.path, vendor.body, header); status != http.StatusOK {
				t.Fatalf("status %d, reason %q, want 200", status, reason)
			}
			got := g.application.All()
			if len(got) != before+1 {
				t.Fatalf("the application got %d deliveries, want 1", len(got)-before)
			}
			last := got[len(got)-1]
			if last.Body != vendor.body {
				t.Errorf("body %q, want it as it was sent", last.Body)
			}
			if last.Header.Get("Ce-Type") != vendor.wantType {
				t.Errorf("type %q, want %q", last.Header.Get("Ce-Type"), vendor.wantType)
			}
		})
	}
}

func signStripe(_ *testing.T, body string) http.Header {
	signed := webhook.GenerateTestSignedPayload(&webhook.UnsignedPayload{Payload: []byte(body), Secret: stripeSecret})
	return http.Header{"Stripe-Signature": {signed.Header}}
}

// signSlack signs with our own signer, for slack-go only verifies, and lets
// slack-go say that it is right.
func signSlack(t *testing.T, body string) http.Header {
	t.Helper()
	p, err := provider.Lookup("slack")
	if err != nil {
		t.Fatal(err)
	}
	signer, err := signature.NewSigner(p.Schemes(), []signature.Key{{ID: "peers", Secret: slackSecret}})
	if err != nil {
		t.Fatal(err)
	}
	proofs, err := signer.Sign(bodyOnly(body), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	header := http.Header{}
	for _, proof := range proofs {
		header.Set(proof.Field.Name, proof.Value)
	}
	verifier, err := slack.NewSecretsVerifier(header, slackSecret)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := verifier.Write([]byte(body)); err != nil {
		t.Fatal(err)
	}
	if err := verifier.Ensure(); err != nil {
		t.Fatalf("slack-go refuses what we signed: %v", err)
	}
	return header
}

// bodyOnly is a request without fields, for schemes that sign the body and the time.
type bodyOnly string

func (b bodyOnly) Body() []byte                       { return []byte(b) }
func (bodyOnly) Lookup(signature.Field) (string, int) { return "", 0 }
func (bodyOnly) Values(signature.Source) url.Values   { return nil }

func (bodyOnly) Readable(signature.Source) bool { return true }

func signStandard(t *testing.T, body string) http.Header {
	t.Helper()
	wh, err := standard.NewWebhook(standardSecret)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	signed, err := wh.Sign("msg_standard", now, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return standardHeader("msg_standard", now, signed)
}

func signSvix(t *testing.T, body string) http.Header {
	t.Helper()
	wh, err := svix.NewWebhook(standardSecret)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	signed, err := wh.Sign("msg_svix", now, []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	return standardHeader("msg_svix", now, signed)
}

func standardHeader(id string, at time.Time, signed string) http.Header {
	return http.Header{
		"Webhook-Id": {id}, "Webhook-Timestamp": {strconv.FormatInt(at.Unix(), 10)}, "Webhook-Signature": {signed},
	}
}
