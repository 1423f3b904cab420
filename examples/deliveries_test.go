package examples

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"testing"
	"time"
)

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
	arm := g.Caddy("hookward", "arm", "repliers", "--slot", "listing.created", "--for", "10m", "--address", g.Admin)
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
