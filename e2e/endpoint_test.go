package e2e

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

// site is a Caddyfile with the routes of one site.
func site(routes ...string) string { return siteWith("", routes...) }

// siteWith adds global options.
func siteWith(options string, routes ...string) string {
	return fmt.Sprintf("{\n\tadmin 127.0.0.1:2019\n\tdefault_bind 127.0.0.1\n%s\n}\nhttp://127.0.0.1:8080 {\n%s\n}\n",
		options, strings.Join(routes, "\n"))
}

// handle is a route for exactly one path.
func handle(path string, lines ...string) string {
	return fmt.Sprintf("handle %s {\n%s\n}", path, strings.Join(lines, "\n"))
}

// plainSecret is the key of plain endpoints.
const plainSecret = "e2e-plain-secret"

// plain is an endpoint at a path, of a provider that signs the body with an
// HMAC-SHA256 and names id and type in it. It never gives up waiting.
func plain(path string, lines ...string) string {
	return fmt.Sprintf(`hookward {
	name plain
	path %s
	provider {
		signature {
			type hmac
			header X-Signature
		}
		event {
			id json:id
			type json:type
			prefix com.example
		}
		limits {
			ack 60s
		}
	}
	secret %s
	%s
}`, path, plainSecret, strings.Join(lines, "\n"))
}

// named gives a plain endpoint another name.
func named(name, endpoint string) string {
	return strings.Replace(endpoint, "name plain", "name "+name, 1)
}

// plainHook is the endpoint of most tests, in front of the upstream.
func plainHook(up *harness.Upstream, lines ...string) string {
	return handle("/hook", plain("/hook", lines...), "reverse_proxy "+up.Address)
}

// thing is a signed delivery to a plain endpoint.
func thing(id string) request {
	return signed(fmt.Sprintf(`{"id":%q,"type":"thing.created"}`, id))
}

// signed is a delivery of this body to a plain endpoint.
func signed(body string) request {
	return request{path: "/hook", body: body, header: http.Header{
		"Content-Type": {"application/json"},
		"X-Signature":  {hmacHex(plainSecret, body)},
	}}
}

func hmacHex(key, content string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(content))
	return hex.EncodeToString(mac.Sum(nil))
}

// wantStatus fails the test if the answer has another status.
func wantStatus(t *testing.T, a answer, status int) {
	t.Helper()
	if a.status != status {
		t.Fatalf("the answer is %d %s %q, want %d", a.status, a.header.Get("Hookward-Reason"), a.body, status)
	}
}

// wantRefused fails the test if the delivery was not refused for the reason.
func wantRefused(t *testing.T, a answer, status int, reason string) {
	t.Helper()
	if got := a.header.Get("Hookward-Reason"); a.status != status || got != reason {
		t.Fatalf("the answer is %d %q, want %d %q", a.status, got, status, reason)
	}
}

// wantDuplicate fails the test if the answer is not that for a later copy.
func wantDuplicate(t *testing.T, a answer) {
	t.Helper()
	if a.status != http.StatusOK || a.header.Get("Hookward-Duplicate") != "true" {
		t.Fatalf("the answer is %d %v, want 200 for a duplicate", a.status, a.header)
	}
}
