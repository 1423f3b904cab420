package e2e

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"
)

// A client that sends too much is told so, whether it says how much is coming or
// not.
func TestBodyTooLarge(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := start(t, site(plainHook(up, "max_body 64KiB")))

	for _, size := range []int{64<<10 + 1, 200 << 10, 8 << 20} {
		body := strings.Repeat("x", size)
		wantRefused(t, g.send(signed(body)), http.StatusRequestEntityTooLarge, "body_too_large")
		undeclared, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+g.site+"/hook", io.MultiReader(strings.NewReader(body)))
		if err != nil {
			t.Fatal(err)
		}
		undeclared.Header.Set("X-Signature", hmacHex(plainSecret, body))
		a, err := g.do(undeclared)
		if err != nil {
			t.Fatalf("%d bytes: %v", size, err)
		}
		wantRefused(t, a, http.StatusRequestEntityTooLarge, "body_too_large")
	}

	// A simple client writes all it has before it reads.
	conn := dial(t, g)
	wantRefused(t, conn.send(signed(strings.Repeat("x", 200<<10))), http.StatusRequestEntityTooLarge, "body_too_large")

	up.want(t, 0)
	largest := fmt.Sprintf(`{"id":"evt-1","type":"thing.created","x":%q}`, strings.Repeat("x", 64<<10-44))
	wantStatus(t, g.send(signed(largest)), http.StatusOK)
	if n := len(up.last(t, 1).body); n != 64<<10 {
		t.Errorf("the upstream got %d bytes", n)
	}
	eventually(t, "no memory is held", func() bool { return g.metric("caddy_hookward_inflight_bytes") == 0 })
}

// A body that breaks off is refused, although what there is of it is signed.
func TestBodyBreaksOff(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := start(t, site(plainHook(up)))
	whole := thing("evt-1")
	for name, framed := range map[string]string{
		"declared": "Content-Length: 100\r\n\r\n" + whole.body,
		"chunked":  "Transfer-Encoding: chunked\r\n\r\n" + chunk(whole.body),
		"no chunk": "Transfer-Encoding: chunked\r\n\r\nzz\r\n",
	} {
		conn := dial(t, g)
		conn.write(conn.head(whole) + framed)
		if err := conn.conn.(*net.TCPConn).CloseWrite(); err != nil {
			t.Fatal(err)
		}
		a, err := conn.read()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		wantRefused(t, a, http.StatusBadRequest, "body_incomplete")
	}
	up.want(t, 0)
	wantStatus(t, g.send(whole), http.StatusOK)
}

func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

// Clients that send next to nothing hold their share of the memory and no more.
func TestBodiesThatTrickle(t *testing.T) {
	t.Parallel()
	const firstChunk, connections = 16 << 10, 64
	up := newUpstream(t, nil)
	g := start(t, siteWith("hookward {\n\tmax_inflight 8MiB\n}", plainHook(up)))

	trickling := make([]*rawConn, connections)
	for i := range trickling {
		trickling[i] = dial(t, g)
		trickling[i].write(trickling[i].head(thing("evt-1")) + "Transfer-Encoding: chunked\r\n\r\n1\r\n")
	}
	eventually(t, "all of them trickle", func() bool {
		return g.metric("caddy_hookward_inflight_bytes") == connections*firstChunk
	})

	conn := dial(t, g)
	a := conn.send(thing("evt-2"))
	wantRefused(t, a, http.StatusServiceUnavailable, "over_budget")
	if a.header.Get("Retry-After") == "" {
		t.Error("the provider is not told to try again")
	}
	others := &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
		return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).DialContext(ctx, network, address)
	}, DisableKeepAlives: true}}
	other := &gateway{t: t, site: g.site, client: others}
	wantStatus(t, other.send(thing("evt-3")), http.StatusOK)

	for _, c := range trickling {
		_ = c.conn.Close()
	}
	eventually(t, "no memory is held", func() bool { return g.metric("caddy_hookward_inflight_bytes") == 0 })
	wantStatus(t, g.send(thing("evt-4")), http.StatusOK)
	up.want(t, 2)
}

// With the default settings 64 such connections do not even keep deliveries from
// the same address away.
func TestTrickleBesideDeliveries(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := start(t, site(plainHook(up)))
	for range 64 {
		conn := dial(t, g)
		conn.write(conn.head(thing("evt-1")) + "Content-Length: 1000000\r\n\r\n{")
	}
	eventually(t, "all of them trickle", func() bool {
		return g.metric("caddy_hookward_inflight_bytes") == 64*16<<10
	})
	for i := range 20 {
		wantStatus(t, g.send(thing("evt-"+strconv.Itoa(i))), http.StatusOK)
	}
}

// Whoever waits to be told to send his body is told at once where it is not wanted,
// and else gets on as usual.
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := start(t, site(handle("/hook*", plain("/hook", "max_body 1KiB"), "reverse_proxy "+up.address)))
	d := thing("evt-1").with("Expect", "100-continue")
	length := fmt.Sprintf("Content-Length: %d\r\n\r\n", len(d.body))

	unsigned := d.with("X-Signature", "")
	for name, head := range map[string]string{
		"unsigned":   dial(t, g).head(unsigned) + length,
		"wrong path": dial(t, g).head(d.at("/hook/")) + length,
		"too large":  dial(t, g).head(d) + "Content-Length: 1025\r\n\r\n",
	} {
		conn := dial(t, g)
		conn.write(head)
		a, err := conn.read()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if a.status/100 != 4 || !a.last {
			t.Errorf("%s: the answer is %d, and the connection is to be closed: %t", name, a.status, a.last)
		}
	}
	up.want(t, 0)

	conn := dial(t, g)
	conn.write(conn.head(d) + length)
	line, err := conn.in.ReadString('\n')
	if err != nil || !strings.HasPrefix(line, "HTTP/1.1 100 ") {
		t.Fatalf("the client is not told to go on: %q, %v", line, err)
	}
	if _, err := conn.in.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	conn.write(d.body)
	a, err := conn.read()
	if err != nil {
		t.Fatal(err)
	}
	wantStatus(t, a, http.StatusOK)
	if got := up.last(t, 1).header.Get("Expect"); got != "" {
		t.Errorf("the upstream is asked to %q", got)
	}
}

func TestTooManyHeaders(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
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
	up.want(t, 0)
	wantStatus(t, g.send(thing("evt-1")), http.StatusOK)
}

// Of two signatures no two programs would take the same one.
func TestRepeatedSignature(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
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
	up.want(t, 0)
}

// Headers are bytes. What cannot be a header is refused; what can does no harm to
// the event made of it.
func TestOddHeaders(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
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
		before := up.count()
		conn.write(conn.head(d) + line + "\r\n" + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(d.body)) + d.body)
		a, err := conn.read()
		if err != nil {
			continue // the server hung up
		}
		switch {
		case a.status == http.StatusBadRequest && up.count() == before:
		case a.status == http.StatusOK && up.count() == before+1:
			wantPrintable(t, up.last(t, before+1))
		default:
			t.Errorf("%s: the answer is %d, and %d requests reached the upstream", name, a.status, up.count()-before)
		}
	}

	for i, id := range []string{"\xff\xfe", "caf\xc3\xa9", "a\tb", `a"b%`, strings.Repeat("\xe2\x82", 300), "\xed\xa0\x80"} {
		before := up.count()
		body := fmt.Sprintf(`{"n":%d,"type":"odd"}`, i)
		wantStatus(t, dial(t, g).send(signed(body).with("X-Id", id)), http.StatusOK)
		wantPrintable(t, up.last(t, before+1))
	}
}

// wantPrintable fails the test if an attribute of the event holds anything but
// printable ASCII.
func wantPrintable(t *testing.T, a arrival) {
	t.Helper()
	names := a.names("Ce-")
	if len(names) == 0 {
		t.Error("there is no event")
	}
	for _, name := range names {
		for _, c := range []byte(a.header.Get(name)) {
			if c < ' ' || c > '~' {
				t.Errorf("%s: %q", name, a.header.Get(name))
			}
		}
	}
}

// What a body says becomes headers: it must not become more headers than meant.
func TestTextsThatBreakLines(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	route := strings.Replace(plainHook(up), "prefix com.example", "prefix com.example\nsubject json:subject\nsource json:source\ntime json:time", 1)
	g := start(t, site(route))
	evil := `a\r\nX-Evil: 1\r\n\r\nGET / HTTP/1.1\r\n\u0000\u2028\ud800`
	a := g.send(signed(fmt.Sprintf(`{"id":"%s","type":"%s","subject":"%s","source":"%s","time":"%s"}`, evil, evil, evil, evil, evil)))
	wantStatus(t, a, http.StatusOK)
	got := up.last(t, 1)
	wantPrintable(t, got)
	if names := got.names("X-Evil"); names != nil {
		t.Errorf("the body made headers: %v", got.header)
	}
}

func TestOddBodies(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := start(t, site(plainHook(up)))
	nested := func(levels int) string {
		// The object is one level of its own.
		return `{"id":"deep","type":"thing.created","x":` + strings.Repeat("[", levels-1) + strings.Repeat("]", levels-1) + `}`
	}
	for name, body := range map[string]string{
		"text":              "hello",
		"cut short":         `{"id":"evt-1"`,
		"two values":        `{"id":"evt-1"}{"id":"evt-2"}`,
		"NUL":               "{\"id\":\"evt-1\"}\x00",
		"a byte order mark": "\xef\xbb\xbf{\"id\":\"evt-1\"}",
		"too deep":          nested(10_001),
		"much too deep":     nested(200_000),
		"open and deep":     strings.Repeat("[", 500_000),
		"deep with strings": strings.Repeat(`{"a":`, 200_000),
	} {
		a := g.send(signed(body))
		if a.status != http.StatusBadRequest || a.header.Get("Hookward-Reason") != "body_not_json" {
			t.Errorf("%s: the answer is %d %s", name, a.status, a.header.Get("Hookward-Reason"))
		}
	}
	up.want(t, 0)
	wantStatus(t, g.send(signed(nested(10_000))), http.StatusOK)
	up.want(t, 1)
	wantRefused(t, g.send(signed("").with("X-Signature", "")), http.StatusUnauthorized, "header_missing")
}

// What a client says in the gateway's name, or in that of Caddy, does not reach the
// upstream.
func TestSpoofedHeaders(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := start(t, site(
		plainHook(up, "resign whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
		handle("/report", strings.Replace(plain("/report", "report_only"), "name plain", "name report", 1), "reverse_proxy "+up.address),
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
	got := up.last(t, 1)
	wantNoSpoof(t, got)
	for _, name := range []string{"Ce-Id", "Ce-Type", "Hookward-Verified", "Webhook-Id", "Webhook-Signature", "Webhook-Timestamp"} {
		if len(got.header[name]) != 1 {
			t.Errorf("%s is %q", name, got.header[name])
		}
	}

	delete(d.header, "X-Signature")
	for name := range d.header {
		if strings.HasPrefix(strings.ToLower(name), "webhook") {
			delete(d.header, name) // here they are not the gateway's
		}
	}
	wantStatus(t, conn.send(d.at("/report")), http.StatusOK)
	got = up.last(t, 2)
	wantNoSpoof(t, got)
	if verified := got.header["Hookward-Verified"]; len(verified) != 1 || verified[0] != "false" {
		t.Errorf("an unproved delivery is marked %q", verified)
	}
	if names := got.names("Ce-"); names != nil {
		t.Errorf("an unproved delivery is an event: %v", names)
	}
}

func wantNoSpoof(t *testing.T, a arrival) {
	t.Helper()
	for name, values := range a.header {
		if strings.Contains(strings.Join(values, " "), "spoof") {
			t.Errorf("%s: %q reached the upstream", name, values)
		}
	}
}

// A client names headers that are meant for the next hop alone. Those are not to be
// the gateway's own, or a mark could be wiped off.
func TestConnectionNamesOurHeaders(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := start(t, site(
		plainHook(up, "resign whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
		handle("/report", strings.Replace(plain("/report", "report_only"), "name plain", "name report", 1), "reverse_proxy "+up.address),
	))
	wipe := "close, Ce-Type, ce-id, Hookward-Verified, Webhook-Signature, Content-Type"
	wantStatus(t, dial(t, g).send(thing("evt-1").with("Connection", wipe)), http.StatusOK)
	got := up.last(t, 1)
	for _, name := range []string{"Ce-Id", "Ce-Type", "Hookward-Verified", "Webhook-Signature", "Content-Type"} {
		if got.header.Get(name) == "" {
			t.Errorf("%s is gone", name)
		}
	}
	unproved := thing("evt-2").at("/report").with("X-Signature", "00").with("Connection", wipe)
	wantStatus(t, dial(t, g).send(unproved), http.StatusOK)
	if got := up.last(t, 2).header.Get("Hookward-Verified"); got != "false" {
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
			up := newUpstreamSpeaking(t, &spoken)
			to := up.address
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
			wantNoSpoof(t, up.last(t, 1))
		})
	}
}

// Whatever two programs may make of where a request ends, the upstream gets the
// bytes that were signed and nothing else.
func TestSmuggling(t *testing.T) {
	up := newUpstream(t, nil)
	g := start(t, site(plainHook(up, "dedupe off"), "respond 404"))
	d := thing("evt-1")
	length := strconv.Itoa(len(d.body))
	whole := chunk(d.body) + "0\r\n\r\n"
	smuggled := "POST /hook HTTP/1.1\r\nHost: " + g.site + "\r\nContent-Length: 0\r\n\r\n"
	for name, framed := range map[string]string{
		"length and chunks":         "Content-Length: " + length + "\r\nTransfer-Encoding: chunked\r\n\r\n" + whole,
		"chunks and length":         "Transfer-Encoding: chunked\r\nContent-Length: " + length + "\r\n\r\n" + whole,
		"short length and chunks":   "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n" + whole + smuggled,
		"length over no chunks":     "Content-Length: " + strconv.Itoa(5+len(smuggled)) + "\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + smuggled,
		"chunks by another name":    "Content-Length: " + length + "\r\nTransfer-Encoding: xchunked\r\n\r\n" + d.body,
		"chunks after identity":     "Content-Length: " + length + "\r\nTransfer-Encoding: identity, chunked\r\n\r\n" + whole,
		"chunks before identity":    "Content-Length: " + length + "\r\nTransfer-Encoding: chunked, identity\r\n\r\n" + whole,
		"chunks twice":              "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n" + whole,
		"chunks after a space":      "Content-Length: " + length + "\r\nTransfer-Encoding : chunked\r\n\r\n" + whole,
		"chunks after a tab":        "Content-Length: " + length + "\r\nTransfer-Encoding:\tchunked\r\n\r\n" + whole,
		"chunks on a second line":   "Content-Length: " + length + "\r\nTransfer-Encoding:\r\n chunked\r\n\r\n" + whole,
		"two lengths":               "Content-Length: " + length + "\r\nContent-Length: 1\r\n\r\n" + d.body,
		"two lengths in one":        "Content-Length: " + length + ", 1\r\n\r\n" + d.body,
		"a signed length":           "Content-Length: +" + length + "\r\n\r\n" + d.body,
		"a length in hex":           "Content-Length: 0x" + fmt.Sprintf("%x", len(d.body)) + "\r\n\r\n" + d.body,
		"a chunk with an extension": "Transfer-Encoding: chunked\r\n\r\n" + strings.Replace(whole, "\r\n", ";a=b\r\n", 1),
		"chunks with bare newlines": "Transfer-Encoding: chunked\r\n\r\n" + strings.ReplaceAll(whole, "\r\n", "\n"),
		"a second request":          "Content-Length: " + length + "\r\n\r\n" + d.body + smuggled,
	} {
		t.Run(name, func(t *testing.T) {
			before := up.count()
			conn := dial(t, g)
			conn.write(conn.head(d) + framed)
			_, err := conn.read()
			// Now that it is answered, the client may leave.
			if err := conn.conn.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			for err == nil {
				_, err = conn.read()
			}
			after := up.all()[before:]
			if len(after) > 1 {
				t.Errorf("%d requests reached the upstream", len(after))
			}
			for _, a := range after {
				if a.body != d.body || a.uri != "/hook" {
					t.Errorf("%s with %q reached the upstream", a.uri, a.body)
				}
				if a.header.Get("Transfer-Encoding") != "" || a.header.Get("Content-Length") != length {
					t.Errorf("it is framed by %v", a.header)
				}
			}
		})
	}
}

// Tokens are compared as they come, and do not go further.
func TestTokenInQuery(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := start(t, site(handle("/hook", `hookward everreal {
	path /hook
	token query key s3cret-token
	token header X-Token s3cret-header
}`, "reverse_proxy "+up.address)))
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
	up.want(t, 0)

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
		got := up.last(t, taken)
		if got.uri != want {
			t.Errorf("%s goes on as %s, want %s", query, got.uri, want)
		}
	}
	byHeader := everrealDelivery("by-header", "LISTING_CREATED").at("/hook").with("X-Token", "s3cret-header")
	wantStatus(t, g.send(byHeader), http.StatusOK)
	if got := up.last(t, taken+1).header.Get("X-Token"); got != "" {
		t.Errorf("the token goes on: %q", got)
	}
}

// Strangers can send handshakes. They teach nothing, and cost neither storage nor
// memory.
func TestHandshakeFlood(t *testing.T) {
	t.Parallel()
	up := newUpstream(t, nil)
	g := start(t, site(
		"handle /repliers/* {", "hookward repliers {\n path /repliers/{event}\n}", "reverse_proxy "+up.address, "}",
	))
	shake := func(event, secret string) request {
		return request{path: "/repliers/" + event, header: http.Header{"X-Hook-Secret": {secret}}}
	}
	wantRefused(t, g.send(shake("agent.created", "mine")), http.StatusUnauthorized, "handshake_unarmed")
	wantStatus(t, g.ask(http.MethodPost, "/hookward/endpoints/repliers/arm", `{"slot":"listing.created","for":"10m"}`), http.StatusOK)
	wantStatus(t, g.send(shake("listing.created", "the-right-one")), http.StatusOK)

	stored, heap := size(t, g.secrets()), g.heap()
	const each = 500
	var group errgroup.Group
	for _, event := range []string{"listing.created", "agent.created", "listing.exploded", "agent.deleted"} {
		group.Go(func() error {
			for i := range each {
				a, err := g.try(t.Context(), shake(event, strings.Repeat(strconv.Itoa(i), 40)))
				if err != nil {
					return err
				}
				if a.status/100 != 4 || a.header.Get("X-Hook-Secret") != "" {
					return fmt.Errorf("a stranger's handshake is answered %d %v", a.status, a.header)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if after := size(t, g.secrets()); after != stored {
		t.Errorf("the storage grew from %d to %d bytes", stored, after)
	}
	if after := g.heap(); after > heap+4<<20 {
		t.Errorf("the heap grew from %d to %d bytes", heap, after)
	}
	for name, r := range map[string]request{
		"two secrets": {path: "/repliers/agent.created", header: http.Header{"X-Hook-Secret": {"a", "b"}}},
		"too long":    shake("agent.created", strings.Repeat("x", 513)),
		"a space":     shake("agent.created", "a b"),
		"no ASCII":    shake("agent.created", "caf\xc3\xa9"),
	} {
		a := dial(t, g).send(r)
		if a.status != http.StatusUnauthorized || a.header.Get("X-Hook-Secret") != "" {
			t.Errorf("%s: the answer is %d %v", name, a.status, a.header)
		}
	}
	up.want(t, 0)
	wantStatus(t, g.send(shake("listing.created", "the-right-one")), http.StatusOK)
}

// secrets is the folder in which a gateway keeps what providers taught it.
func (g *gateway) secrets() string { return filepath.Join(g.home, "data", "caddy", "hookward") }

// size adds up the files below a folder, which need not exist.
func size(t *testing.T, root string) int64 {
	t.Helper()
	var total int64
	err := filepath.WalkDir(root, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return total
}

// heap is how much of the gateway's memory is in use after a collection.
func (g *gateway) heap() int64 {
	g.t.Helper()
	profile := g.ask(http.MethodGet, "/debug/pprof/heap?debug=1&gc=1", "").body
	_, rest, found := strings.Cut(profile, "# HeapAlloc = ")
	number, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil {
		g.t.Fatalf("no heap size in the profile: %v", err)
	}
	return n
}

// However many ids there are, only so many are remembered, and the newest are.
func TestManyIDs(t *testing.T) {
	t.Parallel()
	const entries, ids = 200, 1500
	g := start(t, siteWith("hookward {\n\tdedupe_entries "+strconv.Itoa(entries)+"\n}", handle("/hook", plain("/hook"), "respond taken")))
	for i := range ids {
		a := g.send(thing("evt-" + strconv.Itoa(i)))
		wantStatus(t, a, http.StatusOK)
		if a.header.Get("Hookward-Duplicate") != "" {
			t.Fatalf("id %d is new and called a duplicate", i)
		}
	}
	if live := g.metric("caddy_hookward_dedupe_live"); live != entries {
		t.Errorf("%g ids are remembered, want %d", live, entries)
	}
	if evicted := g.metric("caddy_hookward_dedupe_evicted_early_total"); evicted != ids-entries {
		t.Errorf("%g ids were given up, want %d", evicted, ids-entries)
	}
	for i := ids - entries; i < ids; i++ {
		wantDuplicate(t, g.send(thing("evt-"+strconv.Itoa(i))))
	}
	if a := g.send(thing("evt-0")); a.header.Get("Hookward-Duplicate") != "" {
		t.Error("the oldest id is still remembered")
	}
}
