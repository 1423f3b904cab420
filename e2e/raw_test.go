package e2e

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/harness"
)

// rawConn is a connection to the endpoints on which a test writes what it likes.
type rawConn struct {
	t    *testing.T
	host string
	conn net.Conn
	in   *bufio.Reader
}

// dial connects to the endpoints of a gateway.
func dial(t *testing.T, g *gateway) *rawConn {
	t.Helper()
	conn, err := net.Dial("tcp", g.Site)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(harness.Patience)); err != nil {
		t.Fatal(err)
	}
	return &rawConn{t: t, host: g.Site, conn: conn, in: bufio.NewReader(conn)}
}

// write sends bytes as they are.
func (c *rawConn) write(text string) {
	c.t.Helper()
	if _, err := c.conn.Write([]byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// read reads one answer.
func (c *rawConn) read() (answer, error) {
	resp, err := http.ReadResponse(c.in, nil)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	return readAnswer(resp)
}

// send writes a request with its path as it is, and reads the answer.
func (c *rawConn) send(r request) answer {
	c.t.Helper()
	c.write(c.head(r) + fmt.Sprintf("Content-Length: %d\r\n\r\n", len(r.body)) + r.body)
	a, err := c.read()
	if err != nil {
		c.t.Fatalf("%s: %v", r.path, err)
	}
	return a
}

// head is the beginning of a request, up to the headers that frame its body.
func (c *rawConn) head(r request) string {
	method := r.method
	if method == "" {
		method = http.MethodPost
	}
	var text strings.Builder
	_, _ = fmt.Fprintf(&text, "%s %s HTTP/1.1\r\nHost: %s\r\n", method, r.path, c.host)
	for name, values := range r.header {
		for _, value := range values {
			_, _ = fmt.Fprintf(&text, "%s: %s\r\n", name, value)
		}
	}
	return text.String()
}
