package e2e

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

// What a client says in the gateway's name, or in that of Caddy, does not reach the
// upstream.
func TestSpoofedHeaders(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, site(
		plainHook(up, "resign whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
		handle("/report", strings.Replace(plain("/report", "report_only"), "name plain", "name report", 1), "reverse_proxy "+up.Address),
	))
	spoofed := map[string]string{
		"Ce-Id": "spoof", "Ce-Type": "spoof", "Ce-Subject": "spoof", "CE-CUSTOM": "spoof", "ce-keyid": "spoof", "Ce_Type": "spoof", "Ce.Type": "spoof",
		"Hookward-Verified": "spoof", "HOOKWARD-Anything": "spoof", "hookward_verified": "spoof",
		"X-Forwarded-For": "spoof", "X-Forwarded-Host": "spoof", "X-Forwarded-Proto": "spoof",
		"Webhook-Id": "spoof", "Webhook-Signature": "spoof", "webhook-timestamp": "spoof", "Webhook-Extra": "spoof",
	}
	d := thing("evt-1")
	for name, value := range spoofed {
		d.header[name] = []string{value}
	}
	conn := dial(t, g)
	wantStatus(t, conn.send(d), http.StatusOK)
	got := up.Last(t, 1)
	wantNoSpoof(t, got)
	for _, name := range []string{"Ce-Id", "Ce-Type", "Hookward-Verified", "Webhook-Id", "Webhook-Signature", "Webhook-Timestamp"} {
		if len(got.Header[name]) != 1 {
			t.Errorf("%s is %q", name, got.Header[name])
		}
	}

	delete(d.header, "X-Signature")
	for name := range d.header {
		if strings.HasPrefix(strings.ToLower(name), "webhook") {
			delete(d.header, name) // here they are not the gateway's
		}
	}
	wantStatus(t, conn.send(d.at("/report")), http.StatusOK)
	got = up.Last(t, 2)
	wantNoSpoof(t, got)
	if verified := got.Header["Hookward-Verified"]; len(verified) != 1 || verified[0] != "false" {
		t.Errorf("an unproved delivery is marked %q", verified)
	}
	if names := got.Names("Ce-"); names != nil {
		t.Errorf("an unproved delivery is an event: %v", names)
	}
}

// A client names headers that are meant for the next hop alone. Those are not to be
// the gateway's own, or a mark could be wiped off.
func TestConnectionNamesOurHeaders(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, site(
		plainHook(up, "resign whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
		handle("/report", strings.Replace(plain("/report", "report_only"), "name plain", "name report", 1), "reverse_proxy "+up.Address),
	))
	wipe := "close, Ce-Type, ce-id, Hookward-Verified, Webhook-Signature, Content-Type"
	wantStatus(t, dial(t, g).send(thing("evt-1").with("Connection", wipe)), http.StatusOK)
	got := up.Last(t, 1)
	for _, name := range []string{"Ce-Id", "Ce-Type", "Hookward-Verified", "Webhook-Signature", "Content-Type"} {
		if got.Header.Get(name) == "" {
			t.Errorf("%s is gone", name)
		}
	}
	unproved := thing("evt-2").at("/report").with("X-Signature", "00").with("Connection", wipe)
	wantStatus(t, dial(t, g).send(unproved), http.StatusOK)
	if got := up.Last(t, 2).Header.Get("Hookward-Verified"); got != "false" {
		t.Errorf("an unproved delivery is marked %q", got)
	}
}

// Trailers are headers that come after the body, and nobody looks at them.
func TestSpoofedTrailers(t *testing.T) {
	t.Parallel()
	for name, protocols := range map[string]func(*http.Protocols){
		"HTTP/1": func(p *http.Protocols) { p.SetHTTP1(true) },
		"HTTP/2": func(p *http.Protocols) { p.SetUnencryptedHTTP2(true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var spoken http.Protocols
			protocols(&spoken)
			up := harness.UpstreamSpeaking(t, &spoken)
			to := up.Address
			if spoken.UnencryptedHTTP2() {
				to = "h2c://" + to
			}
			g := start(t, site(handle("/hook", plain("/hook"), "reverse_proxy "+to)))
			d := thing("evt-1")
			conn := dial(t, g)
			conn.write(conn.head(d) + "Trailer: Ce-Type, Ce-Extra, Hookward-Verified, X-Other\r\nTransfer-Encoding: chunked\r\n\r\n" +
				chunk(d.body) + "0\r\nCe-Type: spoof\r\nCe-Extra: spoof\r\nHookward-Verified: spoof\r\nX-Other: spoof\r\n\r\n")
			a, err := conn.read()
			if err != nil {
				t.Fatal(err)
			}
			wantStatus(t, a, http.StatusOK)
			wantNoSpoof(t, up.Last(t, 1))
		})
	}
}

func wantNoSpoof(t *testing.T, a harness.Arrival) {
	t.Helper()
	for name, values := range a.Header {
		if strings.Contains(strings.Join(values, " "), "spoof") {
			t.Errorf("%s: %q reached the upstream", name, values)
		}
	}
}

// Of two signatures no two programs would take the same one.
func TestRepeatedSignature(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, site(plainHook(up)))
	d := thing("evt-1")
	good, bad := d.header.Get("X-Signature"), hmacHex("another", d.body)
	for _, pair := range [][]string{{good, bad}, {bad, good}, {good, good}, {good, ""}, {"", good}} {
		r := d.with("X-Signature", "")
		r.header["X-Signature"] = pair
		wantRefused(t, dial(t, g).send(r), http.StatusUnauthorized, "header_repeated")
	}
	for _, joined := range []string{good + "," + good, good + " " + bad, good + ";", "sha256=" + good, good + "00"} {
		a := g.send(d.with("X-Signature", joined))
		wantStatus(t, a, http.StatusUnauthorized)
	}
	up.Want(t, 0)
}

// Tokens are compared as they come, and do not go further.
func TestTokenInQuery(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, site(handle("/hook", `hookward everreal {
	path /hook
	token query key s3cret-token
	token header X-Token s3cret-header
}`, "reverse_proxy "+up.Address)))
	d := everrealDelivery("1", "LISTING_CREATED").at("/hook")

	for _, query := range []string{
		"", "?", "?key", "?key=", "?key=wrong", "?key=s3cret-token&key=s3cret-token", "?key=wrong&key=s3cret-token",
		"?key=s3cret-token&key=wrong", "?KEY=s3cret-token", "?key=S3CRET-TOKEN", "?key=s3cret-token;a=b", "?a=b;key=s3cret-token",
		"?key=s3cret-token%00", "?key=s3cret-token%20", "?key=+s3cret-token", "?key=s3cret-token&%zz", "?key[]=s3cret-token", "?%00key=s3cret-token",
	} {
		a := dial(t, g).send(d.at("/hook" + query))
		if a.status != http.StatusUnauthorized {
			t.Errorf("%q is answered %d", query, a.status)
		}
	}
	up.Want(t, 0)

	taken := 0
	for query, want := range map[string]string{
		"?key=s3cret-token":                  "/hook",
		"?a=1&key=s3cret-token&b=2":          "/hook?a=1&b=2",
		"?k%65y=s3cret%2Dtoken&a=1":          "/hook?a=1",
		"?a=%20&b=+&key=s3cret-token&c=%zz&": "",
	} {
		if want == "" {
			continue
		}
		taken++
		d := everrealDelivery("id-"+strconv.Itoa(taken), "LISTING_CREATED").at("/hook" + query)
		wantStatus(t, dial(t, g).send(d), http.StatusOK)
		got := up.Last(t, taken)
		if got.URI != want {
			t.Errorf("%s goes on as %s, want %s", query, got.URI, want)
		}
	}
	byHeader := everrealDelivery("by-header", "LISTING_CREATED").at("/hook").with("X-Token", "s3cret-header")
	wantStatus(t, g.send(byHeader), http.StatusOK)
	if got := up.Last(t, taken+1).Header.Get("X-Token"); got != "" {
		t.Errorf("the token goes on: %q", got)
	}
}

// Headers are bytes. What cannot be a header is refused; what can does no harm to
// the event made of it.
func TestOddHeaders(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	route := strings.Replace(plainHook(up), "id json:id", "id header:X-Id", 1)
	g := start(t, site(route))

	for name, line := range map[string]string{
		"NUL in a name":          "X-\x00: x",
		"NUL in a value":         "X-Id: a\x00b",
		"no UTF-8 in a name":     "X-\xff: x",
		"a space in a name":      "X Id: x",
		"a space after a name":   "X-Id : x",
		"no name":                ": x",
		"a carriage return":      "X-Id: a\rb",
		"a continued line":       "X-Id: a\r\n b",
		"a name with a bracket":  "X-Id(: x",
		"a signature in a space": "X-Signature\t: x",
	} {
		d := thing("evt-1").saying(`{"id":"1","type":"` + name + `"}`)
		d = d.with("X-Signature", hmacHex(plainSecret, d.body))
		conn := dial(t, g)
		before := up.Count()
		conn.write(conn.head(d) + line + "\r\n" + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(d.body)) + d.body)
		a, err := conn.read()
		if err != nil {
			continue // the server hung up
		}
		switch {
		case a.status == http.StatusBadRequest && up.Count() == before:
		case a.status == http.StatusOK && up.Count() == before+1:
			wantPrintable(t, up.Last(t, before+1))
		default:
			t.Errorf("%s: the answer is %d, and %d requests reached the upstream", name, a.status, up.Count()-before)
		}
	}

	for i, id := range []string{"\xff\xfe", "caf\xc3\xa9", "a\tb", `a"b%`, strings.Repeat("\xe2\x82", 300), "\xed\xa0\x80"} {
		before := up.Count()
		body := fmt.Sprintf(`{"n":%d,"type":"odd"}`, i)
		wantStatus(t, dial(t, g).send(signed(body).with("X-Id", id)), http.StatusOK)
		wantPrintable(t, up.Last(t, before+1))
	}
}

// wantPrintable fails the test if an attribute of the event holds anything but
// printable ASCII.
func wantPrintable(t *testing.T, a harness.Arrival) {
	t.Helper()
	names := a.Names("Ce-")
	if len(names) == 0 {
		t.Error("there is no event")
	}
	for _, name := range names {
		for _, c := range []byte(a.Header.Get(name)) {
			if c < ' ' || c > '~' {
				t.Errorf("%s: %q", name, a.Header.Get(name))
			}
		}
	}
}

func TestTooManyHeaders(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, site(plainHook(up)))
	var many strings.Builder
	for i := range 10_000 {
		_, _ = fmt.Fprintf(&many, "X-%d: x\r\n", i)
	}
	conn := dial(t, g)
	// The server need not read all of it, so the writing may fail.
	_, _ = io.WriteString(conn.conn, conn.head(thing("evt-1"))+many.String()+"\r\n")
	if a, err := conn.read(); err == nil && a.status != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("the answer is %d", a.status)
	}
	up.Want(t, 0)
	wantStatus(t, g.send(thing("evt-1")), http.StatusOK)
}
