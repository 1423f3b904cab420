package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

func TestPlaceholders(t *testing.T) {
	t.Parallel()
	placeholders := []string{
		"endpoint", "slot", "provider", "id", "type", "rawtype", "source", "subject", "time", "outcome", "reason", "key_id",
	}
	var line strings.Builder
	for _, name := range placeholders {
		_, _ = fmt.Fprintf(&line, "%s={http.hookward.%s};", name, name)
	}
	hook := strings.Replace(plain("/hook/{slot}", "slots eu us", "source https://acme.example"), "id json:id", "id json:id\nsubject json:subject\ntime json:time", 1)
	hook = strings.Replace(hook, "secret "+plainSecret, "secret "+plainSecret+" main", 1)
	g := start(t, site(
		"header >X-Type {http.hookward.type}",
		"log_append hook_type {http.hookward.type}",
		"log",
		"handle /hook/* {", hook, fmt.Sprintf("respond %q", line.String()), "}",
		fmt.Sprintf("handle_errors {\nrespond %q {err.status_code}\n}", line.String()),
	))
	d := signed(`{"id":"evt-1","type":"thing.created","subject":"a/b","time":"2026-01-02T03:04:05Z"}`).at("/hook/eu")

	accepted := g.send(d)
	wantStatus(t, accepted, http.StatusOK)
	const event = "id=evt-1;type=com.example.thing.created;rawtype=thing.created;source=https://acme.example;subject=a/b;time=2026-01-02T03:04:05Z;"
	if want := "endpoint=plain;slot=eu;provider=plain;" + event + "outcome=accept;reason=;key_id=main;"; accepted.body != want {
		t.Errorf("the placeholders of an accepted delivery are\n%s, want\n%s", accepted.body, want)
	}
	if got := accepted.header.Get("X-Type"); got != "com.example.thing.created" {
		t.Errorf("the header set from a placeholder is %q", got)
	}
	if !g.Await(0, `"hook_type":"com.example.thing.created"`) {
		t.Error("the placeholder is not in the access log")
	}

	refused := g.send(d.with("X-Signature", "00"))
	wantStatus(t, refused, http.StatusUnauthorized)
	if want := "endpoint=plain;slot=eu;provider=plain;id=;type=;rawtype=;source=;subject=;time=;outcome=reject;reason=wrong_length;key_id=;"; refused.body != want {
		t.Errorf("the placeholders of a refused delivery are\n%s, want\n%s", refused.body, want)
	}
}

// A matcher sorts events by what the gateway found out about them, not by what the
// client says.
func TestMatcher(t *testing.T) {
	t.Parallel()
	g := start(t, site(handle("/hook*", plain("/hook", "dedupe off", "report_only"), `
@thing hookward_event com.example.thing.*
@deleted hookward_event **.deleted *.nothing
respond @thing "a thing"
@other hookward_event com.example.other.*
@any hookward_event **
respond @deleted "deleted"
respond @other "other"
respond @any "any"
respond "else"`)))
	for kind, want := range map[string]string{
		"thing.created": "a thing", "thing.deleted": "a thing", "other.deleted": "deleted",
		"other.created": "other", "odd.one.created": "any", "thing": "a thing",
	} {
		a := g.send(signed(fmt.Sprintf(`{"id":"1","type":%q}`, kind)).with("Ce-Type", "com.example.thing.created"))
		if a.body != want {
			t.Errorf("%s is taken for %s, want %s", kind, a.body, want)
		}
	}
	unproved := thing("1").with("X-Signature", "00").with("Ce-Type", "com.example.thing.created")
	if a := g.send(unproved); a.body != "else" {
		t.Errorf("an unproved delivery is taken for %s", a.body)
	}
}

// Caddy's placeholders for headers and for the original request show the same
// request as the upstream gets, also where another handler has copied it.
func TestPlaceholdersOfTheRequest(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, site("tracing {\nspan hook\n}", handle("/hook", `hookward everreal {
	path /hook
	token query key t0ken-in-query
}`, "reverse_proxy "+up.Address+` {
	header_up X-Type {http.request.header.Ce-Type}
	header_up X-Verified {http.request.header.Hookward-Verified}
	header_up X-Uri {http.request.uri}
	header_up X-Query {http.request.orig_uri.query}
}`)))
	d := everrealDelivery("1", "LISTING_CREATED").at("/hook?a=b&key=t0ken-in-query")
	wantStatus(t, g.send(d.with("Ce-Type", "spoof").with("Hookward-Verified", "spoof")), http.StatusOK)
	got := up.Last(t, 1)
	want := map[string]string{"X-Type": "co.everreal.listing.created", "X-Verified": "true", "X-Uri": "/hook?a=b", "X-Query": "a=b"}
	for name, value := range want {
		if got.Header.Get(name) != value {
			t.Errorf("%s is %q, want %q", name, got.Header.Get(name), value)
		}
	}
}
