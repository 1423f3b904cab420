package e2e

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/fcgi"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

// A named route that is invoked from several places holds one endpoint.
func TestNamedRoute(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	// Without the inner block Caddy keeps the first handler of a named route alone.
	route := "&(hooks) {\nroute {\n" + plain("/hook") + "\nreverse_proxy " + up.Address + "\n}\n}\n"
	invoked := site(handle("/hook", "invoke hooks"), "handle /hook/* {", "invoke hooks", "}")
	g := start(t, strings.Replace(invoked, "http://127.0.0.1:8080", route+"http://127.0.0.1:8080", 1)+
		"http://127.0.0.1:9080 {\ninvoke hooks\n}\n")

	wantStatus(t, g.send(thing("evt-1")), http.StatusOK)
	wantDuplicate(t, g.send(thing("evt-1")))
	other := &gateway{Gateway: &harness.Gateway{Site: g.Second}, t: t, client: g.client}
	wantDuplicate(t, other.send(thing("evt-1")))
	wantStatus(t, other.send(thing("evt-2")), http.StatusOK)
	wantDuplicate(t, g.send(thing("evt-2")))
	up.Want(t, 2)

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
	up := harness.NewUpstream(t, nil)
	g := start(t, site(plainHook(up)))
	a := g.load(site(
		handle("/a", plain("/a"), "reverse_proxy "+up.Address),
		handle("/b", plain("/b"), "reverse_proxy "+up.Address),
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
	up := harness.NewUpstream(t, nil)
	g := start(t, site(
		"handle_path /stripped/* {", named("stripped", plain("/stripped/hook")), "reverse_proxy "+up.Address, "}",
		handle("/hook", "rewrite * /internal?a=b", plain("/hook"), "reverse_proxy "+up.Address),
		handle("/uri/hook", "uri strip_prefix /uri", named("uri", plain("/uri/hook")), "reverse_proxy "+up.Address),
		"handle /other* {", "rewrite * /hook", named("other", plain("/hook")), "reverse_proxy "+up.Address, "}",
	))
	for i, path := range []string{"/stripped/hook", "/hook", "/uri/hook"} {
		wantStatus(t, g.send(thing("evt-1").at(path)), http.StatusOK)
		want := []string{"/hook", "/internal?a=b", "/hook"}[i]
		if got := up.Last(t, i+1).URI; got != want {
			t.Errorf("%s goes on as %s, want %s", path, got, want)
		}
	}
	wantRefused(t, g.send(thing("evt-1").at("/other")), http.StatusNotFound, "path")
	wantRefused(t, g.send(thing("evt-1").at("/stripped/hook/")), http.StatusNotFound, "path")
	up.Want(t, 3)
}

// Caddy's own checks of who asks come first.
func TestBasicAuthFirst(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	const hash = "$2a$04$lPuBZWfdM66dtytR6MnSUeNDIxv4cawyZR/NL/tGhKeDHASpDGDlK" // of s3cret
	g := start(t, site(handle("/hook",
		plain("/hook"),
		"request_header +X-Seen {http.hookward.type}",
		"basic_auth {\nprovider "+hash+"\n}",
		"reverse_proxy "+up.Address,
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
	if got := up.Last(t, 1).Header.Get("X-Seen"); got != "com.example.thing.created" {
		t.Errorf("request_header came first: it saw the type %q", got)
	}
	wantRefused(t, g.send(known.with("X-Signature", "00")), http.StatusUnauthorized, "wrong_length")
}

func (r request) asHTTP() *http.Request {
	return httptest.NewRequest(http.MethodPost, r.path, strings.NewReader(r.body))
}

// With another method than the provider's the answer names the right ones: those of
// its challenges too.
func TestWrongMethod(t *testing.T) {
	t.Parallel()
	const getter = `hookward {
	path /getter
	provider {
		signature {
			type hmac
			header X-Signature
		}
		challenge {
			name echo
			match {
				method GET
				where {
					field query:challenge
					exists true
				}
			}
			value query:challenge
			answer {
				text {value}
			}
		}
	}
	secret ` + plainSecret + `
}`
	up := harness.NewUpstream(t, nil)
	g := start(t, site(plainHook(up), handle("/getter", getter, "reverse_proxy "+up.Address)))
	for _, test := range []struct{ method, path, allow string }{
		{http.MethodGet, "/hook", "POST"},
		{http.MethodDelete, "/hook", "POST"},
		{http.MethodOptions, "/hook", "POST"},
		{http.MethodPut, "/getter", "GET, POST"},
	} {
		a := g.send(request{method: test.method, path: test.path})
		wantRefused(t, a, http.StatusMethodNotAllowed, "method")
		if got := a.header.Get("Allow"); got != test.allow {
			t.Errorf("%s %s: Allow is %q, want %q", test.method, test.path, got, test.allow)
		}
	}
	up.Want(t, 0)
}

// A limit that the user has set himself is kept too.
func TestRequestBodyFirst(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, site(handle("/hook", plain("/hook"), "request_body {\nmax_size 100\n}", "reverse_proxy "+up.Address)))
	wantStatus(t, g.send(thing(strings.Repeat("x", 100))), http.StatusRequestEntityTooLarge)
	up.Want(t, 0)
	wantStatus(t, g.send(thing("evt-1")), http.StatusOK)
	up.Want(t, 1)
}

// Over HTTP/2 all is the same.
func TestHTTP2(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, siteWith("servers {\nprotocols h1 h2c\n}", plainHook(up, "max_body 1KiB")))
	var protocols http.Protocols
	protocols.SetUnencryptedHTTP2(true)
	transport := &http.Transport{Protocols: &protocols}
	t.Cleanup(transport.CloseIdleConnections)
	g.client = &http.Client{Transport: transport, Timeout: harness.Patience}

	wantStatus(t, g.send(thing("evt-1").with("Ce-Type", "spoof")), http.StatusOK)
	wantNoSpoof(t, up.Last(t, 1))
	wantDuplicate(t, g.send(thing("evt-1")))
	wantRefused(t, g.send(thing("evt-2").with("X-Signature", "00")), http.StatusUnauthorized, "wrong_length")
	wantRefused(t, g.send(signed(strings.Repeat("x", 1025))), http.StatusRequestEntityTooLarge, "body_too_large")
	wantStatus(t, g.send(thing("evt-2")), http.StatusOK)
	up.Want(t, 2)
}

// Caddy tries the next upstream where one is not there. It gets the same.
func TestNextUpstream(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, site(handle("/hook", plain("/hook"), "reverse_proxy localhost:1 "+up.Address+" {\nlb_policy first\nlb_try_duration 30s\nfail_duration 30s\n}")))
	d := thing("evt-1")
	wantStatus(t, g.send(d), http.StatusOK)
	if got := up.Last(t, 1); got.Body != d.body || got.Header.Get("Ce-Id") != "evt-1" {
		t.Errorf("the next upstream got %v %q", got.Header, got.Body)
	}
}

// FastCGI takes the URL from the original request.
func TestFastCGI(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	up := &harness.Upstream{Address: l.Addr().String()}
	go func() {
		_ = fcgi.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			r.RequestURI = r.URL.RequestURI()
			up.ServeHTTP(w, r)
		}))
	}()
	g := start(t, site(handle("/hook", `hookward everreal {
	path /hook
	token query key t0ken-in-query
}`, "reverse_proxy "+up.Address+" {\ntransport fastcgi\n}")))
	d := everrealDelivery("1", "LISTING_CREATED").at("/hook?a=b&key=t0ken-in-query")
	wantStatus(t, g.send(d.with("Ce-Type", "spoof")), http.StatusOK)
	got := up.Last(t, 1)
	if got.URI != "/hook?a=b" || got.Header.Get("Ce-Type") != "co.everreal.listing.created" || got.Body != d.body {
		t.Errorf("the application got %s %v %q", got.URI, got.Header, got.Body)
	}
}

// The body reaches the upstream with its length, however it came.
func TestFraming(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, site(plainHook(up), handle("/empty", "hookward everreal {\n path /empty\n allow_unsigned\n override event.id header:X-Id\n override event.type header:X-Type\n}", "reverse_proxy "+up.Address)))
	d := thing("evt-1")
	conn := dial(t, g)
	conn.write(conn.head(d) + "Transfer-Encoding: chunked\r\n\r\n" + chunk(d.body[:5]) + chunk(d.body[5:]) + "0\r\n\r\n")
	a, err := conn.read()
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, a, http.StatusOK)
	got := up.Last(t, 1)
	if got.Header.Get("Content-Length") != fmt.Sprint(len(d.body)) || got.Body != d.body {
		t.Errorf("a body in chunks goes on as %v %q", got.Header, got.Body)
	}
	wantStatus(t, g.send(request{path: "/empty"}.with("X-Id", "1").with("X-Type", "a.b")), http.StatusOK)
	if got := up.Last(t, 2); got.Body != "" || slices.Contains(got.Names("Transfer"), "Transfer-Encoding") {
		t.Errorf("an empty body goes on as %v %q", got.Header, got.Body)
	}
}
