package e2e

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

// A client that sends too much is told so, whether it says how much is coming or
// not.
func TestBodyTooLarge(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, site(plainHook(up, "max_body 64KiB")))

	for _, size := range []int{64<<10 + 1, 200 << 10, 8 << 20} {
		body := strings.Repeat("x", size)
		wantRefused(t, g.send(signed(body)), http.StatusRequestEntityTooLarge, "body_too_large")
		undeclared, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+g.Site+"/hook", io.MultiReader(strings.NewReader(body)))
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

	up.Want(t, 0)
	largest := fmt.Sprintf(`{"id":"evt-1","type":"thing.created","x":%q}`, strings.Repeat("x", 64<<10-44))
	wantStatus(t, g.send(signed(largest)), http.StatusOK)
	if n := len(up.Last(t, 1).Body); n != 64<<10 {
		t.Errorf("the upstream got %d bytes", n)
	}
	eventually(t, "no memory is held", func() bool { return g.metric("caddy_hookward_inflight_bytes") == 0 })
}

// A body that breaks off is refused, although what there is of it is signed.
func TestBodyBreaksOff(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
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
	up.Want(t, 0)
	wantStatus(t, g.send(whole), http.StatusOK)
}

func chunk(text string) string { return fmt.Sprintf("%x\r\n%s\r\n", len(text), text) }

func TestOddBodies(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
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
	up.Want(t, 0)
	wantStatus(t, g.send(signed(nested(10_000))), http.StatusOK)
	up.Want(t, 1)
	wantRefused(t, g.send(signed("").with("X-Signature", "")), http.StatusUnauthorized, "header_missing")
}

// What a body says becomes headers: it must not become more headers than meant.
func TestTextsThatBreakLines(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	route := strings.Replace(plainHook(up), "prefix com.example", "prefix com.example\nsubject json:subject\nsource json:source\ntime json:time", 1)
	g := start(t, site(route))
	evil := `a\r\nX-Evil: 1\r\n\r\nGET / HTTP/1.1\r\n\u0000\u2028\ud800`
	a := g.send(signed(fmt.Sprintf(`{"id":"%s","type":"%s","subject":"%s","source":"%s","time":"%s"}`, evil, evil, evil, evil, evil)))
	wantStatus(t, a, http.StatusOK)
	got := up.Last(t, 1)
	wantPrintable(t, got)
	if names := got.Names("X-Evil"); names != nil {
		t.Errorf("the body made headers: %v", got.Header)
	}
}

// Whoever waits to be told to send his body is told at once where it is not wanted,
// and else gets on as usual.
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, site(handle("/hook*", plain("/hook", "max_body 1KiB"), "reverse_proxy "+up.Address)))
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
	up.Want(t, 0)

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
	if got := up.Last(t, 1).Header.Get("Expect"); got != "" {
		t.Errorf("the upstream is asked to %q", got)
	}
}

// One address holds no more than its share of the memory for bodies.
func TestBodiesThatTrickle(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, siteWith("hookward {\n\tmax_inflight 8MiB\n}", plainHook(up)))
	conns := trickle(t, g)

	large := signed(fmt.Sprintf(`{"id":"evt-2","type":"thing.created","x":%q}`, strings.Repeat("x", 1_000_000)))
	a := g.send(large)
	wantRefused(t, a, http.StatusServiceUnavailable, "over_budget")
	if a.header.Get("Retry-After") == "" {
		t.Error("the provider is not told to try again")
	}
	elsewhere := *g
	elsewhere.client = &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			from := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}
			return from.DialContext(ctx, network, address)
		},
	}}
	wantStatus(t, elsewhere.send(large), http.StatusOK)

	for _, c := range conns {
		_ = c.conn.Close()
	}
	eventually(t, "no memory is held", func() bool { return g.metric("caddy_hookward_inflight_bytes") == 0 })
	wantDuplicate(t, g.send(large))
	up.Want(t, 1)
}

// With the default settings such connections do not even keep deliveries from the
// same address away.
func TestTrickleBesideDeliveries(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, site(plainHook(up)))
	trickle(t, g)
	for i := range 20 {
		wantStatus(t, g.send(thing("evt-"+strconv.Itoa(i))), http.StatusOK)
	}
	up.Want(t, 20)
}

// trickle opens connections on which part of a body arrives and no more.
func trickle(t *testing.T, g *gateway) []*rawConn {
	t.Helper()
	const connections, arrived = 64, 1000
	conns := make([]*rawConn, connections)
	for i := range conns {
		conns[i] = dial(t, g)
		conns[i].write(conns[i].head(thing("evt-1")) + "Transfer-Encoding: chunked\r\n\r\n" + chunk(strings.Repeat("{", arrived)))
	}
	eventually(t, "all of them have begun", func() bool {
		return g.metric("caddy_hookward_inflight_bytes") >= connections*arrived
	})
	return conns
}
