package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/fcgi"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	cloudevents "github.com/cloudevents/sdk-go/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// resignSecret is what the application shares with the gateway.
const resignSecret = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"

// named gives a plain endpoint another name.
func named(name, endpoint string) string {
	return strings.Replace(endpoint, "name plain", "name "+name, 1)
}

// asRequest is the arrival as the application's HTTP library has it.
func (a arrival) asRequest() *http.Request {
	r := httptest.NewRequest(a.method, a.uri, strings.NewReader(a.body))
	r.Header = a.header.Clone()
	return r
}

// readEvent reads an arrival with the CloudEvents SDK.
func readEvent(t *testing.T, a arrival) *cloudevents.Event {
	t.Helper()
	event, err := cloudevents.NewEventFromHTTPRequest(a.asRequest())
	if err != nil {
		t.Fatalf("the upstream got no event: %v: %v %q", err, a.header, a.body)
	}
	if err := event.Validate(); err != nil {
		t.Errorf("the event is not valid: %v", err)
	}
	return event
}

func TestEmit(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	route := func(path, name string, lines ...string) string {
		return handle(path, named(name, plain(path, lines...)), "reverse_proxy "+up.address)
	}
	g := start(t, site(
		route("/binary", "binary"),
		route("/structured", "structured", "emit structured"),
		route("/raw", "raw", "emit raw"),
	))
	body := "{ \"id\":\"evt-1\",\n\t\"type\":\"thing.created\", \"n\":1.0e3, \"ü\":\"\\u00fc\" }"
	d := signed(body).with("Content-Type", "application/json; charset=UTF-8").with("X-Custom", "kept")
	arrivals := make(map[string]arrival)
	for i, form := range []string{"binary", "structured", "raw"} {
		wantStatus(t, g.send(d.at("/"+form)), http.StatusOK)
		arrivals[form] = up.last(t, i+1)
		if got := arrivals[form].header.Get("X-Custom"); got != "kept" {
			t.Errorf("%s: a header of the provider's is %q", form, got)
		}
		if got := arrivals[form].header.Get("Hookward-Verified"); got != "true" {
			t.Errorf("%s: the delivery is marked %q", form, got)
		}
	}

	binary := arrivals["binary"]
	if binary.body != body || binary.header.Get("Content-Type") != "application/json; charset=UTF-8" {
		t.Errorf("the binary form changes the body: %q %q", binary.header.Get("Content-Type"), binary.body)
	}
	wantEvent(t, readEvent(t, binary), "binary", body)

	structured := arrivals["structured"]
	if names := structured.names("Ce-"); names != nil {
		t.Errorf("the structured form has headers %v", names)
	}
	var wrapped struct{ Data json.RawMessage }
	if err := json.Unmarshal([]byte(structured.body), &wrapped); err != nil || string(wrapped.Data) != body {
		t.Errorf("the structured form changes the data: %q", structured.body)
	}
	wantEvent(t, readEvent(t, structured), "structured", body)

	raw := arrivals["raw"]
	if names := raw.names("Ce-"); names != nil || raw.body != body {
		t.Errorf("the raw form adds %v to %q", names, raw.body)
	}
}

func wantEvent(t *testing.T, e *cloudevents.Event, endpoint, data string) {
	t.Helper()
	if string(e.Data()) != data {
		t.Errorf("%s: the data is %q", endpoint, e.Data())
	}
	want := map[string]any{
		"endpoint": endpoint, "provider": endpoint, "rawtype": "thing.created", "scheme": "hmac", "covers": "body",
		"keyid": signature.Fingerprint(plainSecret), "dedupekey": "evt-1",
	}
	if diff := cmp.Diff(want, e.Extensions()); diff != "" {
		t.Errorf("%s: extensions (-want +got):\n%s", endpoint, diff)
	}
	if e.ID() != "evt-1" || e.Type() != "com.example.thing.created" || e.Source() != "urn:hookward:"+endpoint {
		t.Errorf("%s: the event is %s", endpoint, e)
	}
}

// The application verifies what the gateway signed, whatever the event's id looks
// like.
func TestResign(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	route := func(path, name string, lines ...string) string {
		return handle(path, named(name, plain(path, append(lines, "resign "+resignSecret)...)), "reverse_proxy "+up.address)
	}
	g := start(t, site(
		route("/binary", "binary"),
		route("/structured", "structured", "emit structured"),
		route("/raw", "raw", "emit raw"),
		handle("/report", named("report", plain("/report", "report_only", "resign "+resignSecret)), "reverse_proxy "+up.address),
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
			got := up.last(t, taken)
			if _, err := verifier.Verify(received{got}, time.Now()); err != nil {
				t.Errorf("%s: event %q does not verify: %v", path, id, err)
			}
			wire := got.header.Get("Webhook-Id")
			if seen[wire] {
				t.Errorf("%s: event %q has the id %q of another", path, id, wire)
			}
			seen[wire] = true
			got.body = strings.Replace(got.body, "thing", "thong", 1)
			if _, err := verifier.Verify(received{got}, time.Now()); err == nil {
				t.Errorf("%s: event %q verifies with another body", path, id)
			}
		}
	}

	wantStatus(t, g.send(thing("evt-1").at("/report").with("X-Signature", "00")), http.StatusOK)
	if names := up.last(t, taken+1).names("Webhook-"); names != nil {
		t.Errorf("an unproved delivery is signed: %v", names)
	}
}

// received is an arrival as a signature scheme reads it in an application.
type received struct{ arrival }

// Body implements [signature.Request].
func (r received) Body() []byte { return []byte(r.body) }

// Lookup implements [signature.Request].
func (r received) Lookup(f signature.Field) (string, int) {
	values := r.header[f.Name]
	if f.Source != signature.Header || len(values) == 0 {
		return "", 0
	}
	return values[0], len(values)
}

// Values implements [signature.Request].
func (received) Values(signature.Source) url.Values { return nil }

// An endpoint that only reports lets everything through, marked, and does nothing
// else with what is not proved.
func TestReportOnly(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := start(t, site(
		plainHook(up, "report_only", "max_body 1KiB"),
		"handle /repliers/* {", "hookward repliers {\n path /repliers/{event}\n handshake once\n report_only\n}", "reverse_proxy "+up.address, "}",
		handle("/token", "hookward everreal {\n path /token\n token query key t0ken\n report_only\n}", "reverse_proxy "+up.address),
	))
	stored := size(t, g.secrets())

	unproved := thing("evt-1").with("X-Signature", hmacHex("another", thing("evt-1").body))
	for n := 1; n <= 2; n++ {
		a := g.send(unproved)
		wantStatus(t, a, http.StatusOK)
		got := up.last(t, n)
		if got.header.Get("Hookward-Verified") != "false" || got.names("Ce-") != nil || got.body != unproved.body {
			t.Errorf("an unproved delivery goes on as %v %q", got.header, got.body)
		}
	}
	for n := 3; n <= 4; n++ {
		wantStatus(t, g.send(thing("evt-1").with("X-Signature", "")), http.StatusOK)
		up.want(t, n)
	}
	wantStatus(t, g.send(thing("evt-1")), http.StatusOK)
	if got := up.last(t, 5); got.header.Get("Hookward-Verified") != "true" || got.header.Get("Ce-Id") != "evt-1" {
		t.Errorf("a proved delivery goes on as %v", got.header)
	}
	wantDuplicate(t, g.send(thing("evt-1")))
	wantStatus(t, g.send(unproved), http.StatusOK)
	up.want(t, 6)

	handshake := request{path: "/repliers/agent.created", header: http.Header{"X-Hook-Secret": {"a-secret"}}}
	a := g.send(handshake)
	wantStatus(t, a, http.StatusOK)
	got := up.last(t, 7)
	if a.header.Get("X-Hook-Secret") != "" || got.header.Get("X-Hook-Secret") != "" {
		t.Errorf("a handshake's secret goes on or back: %v, %v", got.header, a.header)
	}
	wantStatus(t, g.send(handshake.saying(`{"a":1}`)), http.StatusOK)
	if got := up.last(t, 8).header.Get("Hookward-Verified"); got != "false" {
		t.Errorf("a delivery with a secret that nobody learned is marked %q", got)
	}
	if after := size(t, g.secrets()); after != stored {
		t.Errorf("something was learned: the storage grew from %d to %d bytes", stored, after)
	}

	wantStatus(t, g.send(everrealDelivery("1", "X").at("/token?key=wrong&a=b")), http.StatusOK)
	if got := up.last(t, 9); got.header.Get("Hookward-Verified") != "false" || got.uri != "/token?a=b" {
		t.Errorf("a delivery with a wrong token goes on as %s %v", got.uri, got.header)
	}

	wantRefused(t, g.send(unproved.at("/repliers/agent.exploded")), http.StatusNotFound, "event")
	wantRefused(t, g.send(unproved.saying(strings.Repeat("x", 1025))), http.StatusRequestEntityTooLarge, "body_too_large")
	method := unproved
	method.method = http.MethodPut
	wantRefused(t, g.send(method), http.StatusMethodNotAllowed, "method")
	up.want(t, 9)
}

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
	if !g.output.await(0, `"hook_type":"com.example.thing.created"`, g.exited) {
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
respond @deleted "deleted"
respond "else"`)))
	for kind, want := range map[string]string{
		"thing.created": "a thing", "thing.deleted": "a thing", "other.deleted": "deleted",
		"other.created": "else", "thing.a.b": "else", "thing": "a thing",
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

// A named route that is invoked from several places holds one endpoint.
func TestNamedRoute(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := newGateway(t)
	second := g.hold()
	// Without the inner block Caddy keeps the first handler of a named route alone.
	route := "&(hooks) {\nroute {\n" + plain("/hook") + "\nreverse_proxy " + up.address + "\n}\n}\n"
	invoked := site(handle("/hook", "invoke hooks"), "handle /hook/* {", "invoke hooks", "}")
	g.run(strings.Replace(invoked, "http://SITE", route+"http://SITE", 1) +
		"http://" + second + " {\ninvoke hooks\n}\n")

	wantStatus(t, g.send(thing("evt-1")), http.StatusOK)
	wantDuplicate(t, g.send(thing("evt-1")))
	other := &gateway{t: t, site: second, client: g.client}
	wantDuplicate(t, other.send(thing("evt-1")))
	wantStatus(t, other.send(thing("evt-2")), http.StatusOK)
	wantDuplicate(t, g.send(thing("evt-2")))
	up.want(t, 2)

	var endpoints []struct {
		Name   string
		Counts map[string]int
	}
	if err := json.Unmarshal([]byte(g.ask(http.MethodGet, "/hookward/endpoints", "").body), &endpoints); err != nil {
		t.Fatal(err)
	}
	if len(endpoints) != 1 || endpoints[0].Counts["accept"] != 2 || endpoints[0].Counts["duplicate"] != 3 {
		t.Errorf("the endpoints are %v", endpoints)
	}
}

// Two endpoints of one name that differ are a mistake.
func TestSameNameTwice(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := start(t, site(plainHook(up)))
	a := g.load(site(
		handle("/a", plain("/a"), "reverse_proxy "+up.address),
		handle("/b", plain("/b"), "reverse_proxy "+up.address),
	))
	if a.status == http.StatusOK || !strings.Contains(a.body, `called \"plain\"`) {
		t.Errorf("the answer is %d %s", a.status, a.body)
	}
	wantStatus(t, g.send(thing("evt-1")), http.StatusOK)
}

// The path that counts is the one that the provider called, whatever it was
// rewritten to.
func TestRewrittenPath(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := start(t, site(
		"handle_path /stripped/* {", named("stripped", plain("/stripped/hook")), "reverse_proxy "+up.address, "}",
		handle("/hook", "rewrite * /internal?a=b", plain("/hook"), "reverse_proxy "+up.address),
		handle("/uri/hook", "uri strip_prefix /uri", named("uri", plain("/uri/hook")), "reverse_proxy "+up.address),
		"handle /other* {", "rewrite * /hook", named("other", plain("/hook")), "reverse_proxy "+up.address, "}",
	))
	for i, path := range []string{"/stripped/hook", "/hook", "/uri/hook"} {
		wantStatus(t, g.send(thing("evt-1").at(path)), http.StatusOK)
		want := []string{"/hook", "/internal?a=b", "/hook"}[i]
		if got := up.last(t, i+1).uri; got != want {
			t.Errorf("%s goes on as %s, want %s", path, got, want)
		}
	}
	wantRefused(t, g.send(thing("evt-1").at("/other")), http.StatusNotFound, "path")
	wantRefused(t, g.send(thing("evt-1").at("/stripped/hook/")), http.StatusNotFound, "path")
	up.want(t, 3)
}

// Caddy's own checks of who asks come first.
func TestBasicAuthFirst(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	const hash = "$2a$04$lPuBZWfdM66dtytR6MnSUeNDIxv4cawyZR/NL/tGhKeDHASpDGDlK" // of s3cret
	g := start(t, site(handle("/hook",
		plain("/hook"),
		"request_header +X-Seen {http.hookward.type}",
		"basic_auth {\nprovider "+hash+"\n}",
		"reverse_proxy "+up.address,
	)))
	a := g.send(thing("evt-1"))
	wantStatus(t, a, http.StatusUnauthorized)
	if a.header.Get("Www-Authenticate") == "" || a.header.Get("Hookward-Reason") != "" {
		t.Errorf("hookward came first: %v", a.header)
	}
	known := thing("evt-1")
	req := known.asHTTP()
	req.SetBasicAuth("provider", "s3cret")
	known = known.with("Authorization", req.Header.Get("Authorization"))
	wantStatus(t, g.send(known), http.StatusOK)
	if got := up.last(t, 1).header.Get("X-Seen"); got != "com.example.thing.created" {
		t.Errorf("request_header came first: it saw the type %q", got)
	}
	wantRefused(t, g.send(known.with("X-Signature", "00")), http.StatusUnauthorized, "wrong_length")
}

func (r request) asHTTP() *http.Request {
	return httptest.NewRequest(http.MethodPost, r.path, strings.NewReader(r.body))
}

// Caddy's placeholders for headers and for the original request show the same
// request as the upstream gets, also where another handler has copied it.
func TestPlaceholdersOfTheRequest(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := start(t, site("tracing {\nspan hook\n}", handle("/hook", `hookward everreal {
	path /hook
	token query key t0ken-in-query
}`, "reverse_proxy "+up.address+` {
	header_up X-Type {http.request.header.Ce-Type}
	header_up X-Verified {http.request.header.Hookward-Verified}
	header_up X-Uri {http.request.uri}
	header_up X-Query {http.request.orig_uri.query}
}`)))
	d := everrealDelivery("1", "LISTING_CREATED").at("/hook?a=b&key=t0ken-in-query")
	wantStatus(t, g.send(d.with("Ce-Type", "spoof").with("Hookward-Verified", "spoof")), http.StatusOK)
	got := up.last(t, 1)
	want := map[string]string{"X-Type": "co.everreal.listing.created", "X-Verified": "true", "X-Uri": "/hook?a=b", "X-Query": "a=b"}
	for name, value := range want {
		if got.header.Get(name) != value {
			t.Errorf("%s is %q, want %q", name, got.header.Get(name), value)
		}
	}
}

// Over HTTP/2 all is the same.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := start(t, siteWith("servers {\nprotocols h1 h2c\n}", plainHook(up, "max_body 1KiB")))
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	t.Cleanup(transport.CloseIdleConnections)
	g.client = &http.Client{Transport: transport, Timeout: patience}

	wantStatus(t, g.send(thing("evt-1").with("Ce-Type", "spoof")), http.StatusOK)
	wantNoSpoof(t, up.last(t, 1))
	wantDuplicate(t, g.send(thing("evt-1")))
	wantRefused(t, g.send(thing("evt-2").with("X-Signature", "00")), http.StatusUnauthorized, "wrong_length")
	wantRefused(t, g.send(signed(strings.Repeat("x", 1025))), http.StatusRequestEntityTooLarge, "body_too_large")
	wantStatus(t, g.send(thing("evt-2")), http.StatusOK)
	up.want(t, 2)
}

// A limit that the user has set himself is kept too.
func TestRequestBodyFirst(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := start(t, site(handle("/hook", plain("/hook"), "request_body {\nmax_size 100\n}", "reverse_proxy "+up.address)))
	wantStatus(t, g.send(thing(strings.Repeat("x", 100))), http.StatusRequestEntityTooLarge)
	up.want(t, 0)
	wantStatus(t, g.send(thing("evt-1")), http.StatusOK)
	up.want(t, 1)
}

// FastCGI takes the URL from the original request.
func TestFastCGI(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	up := &upstream{address: l.Addr().String()}
	go func() {
		_ = fcgi.Serve(l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			r.RequestURI = r.URL.RequestURI()
			up.note(r)
		}))
	}()
	g := start(t, site(handle("/hook", `hookward everreal {
	path /hook
	token query key t0ken-in-query
}`, "reverse_proxy "+up.address+" {\ntransport fastcgi\n}")))
	d := everrealDelivery("1", "LISTING_CREATED").at("/hook?a=b&key=t0ken-in-query")
	wantStatus(t, g.send(d.with("Ce-Type", "spoof")), http.StatusOK)
	got := up.last(t, 1)
	if got.uri != "/hook?a=b" || got.header.Get("Ce-Type") != "co.everreal.listing.created" || got.body != d.body {
		t.Errorf("the application got %s %v %q", got.uri, got.header, got.body)
	}
}

// The body reaches the upstream with its length, however it came.
func TestFraming(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := start(t, site(plainHook(up), handle("/empty", "hookward everreal {\n path /empty\n allow_unsigned\n override event.id header:X-Id\n override event.type header:X-Type\n}", "reverse_proxy "+up.address)))
	d := thing("evt-1")
	conn := dial(t, g)
	conn.write(conn.head(d) + "Transfer-Encoding: chunked\r\n\r\n" + chunk(d.body[:5]) + chunk(d.body[5:]) + "0\r\n\r\n")
	a, err := conn.read()
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, a, http.StatusOK)
	got := up.last(t, 1)
	if got.header.Get("Content-Length") != fmt.Sprint(len(d.body)) || got.body != d.body {
		t.Errorf("a body in chunks goes on as %v %q", got.header, got.body)
	}
	wantStatus(t, g.send(request{path: "/empty"}.with("X-Id", "1").with("X-Type", "a.b")), http.StatusOK)
	if got := up.last(t, 2); got.body != "" || slices.Contains(got.names("Transfer"), "Transfer-Encoding") {
		t.Errorf("an empty body goes on as %v %q", got.header, got.body)
	}
}
