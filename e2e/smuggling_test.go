package e2e

import (
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

// Whatever two programs may make of where a request ends, the upstream gets the
// bytes that were signed and nothing else.
func TestSmuggling(t *testing.T) {
	up := harness.NewUpstream(t, nil)
	g := start(t, site(plainHook(up, "dedupe off"), "respond 404"))
	d := thing("evt-1")
	length := strconv.Itoa(len(d.body))
	whole := chunk(d.body) + "0\r\n\r\n"
	smuggled := "POST /hook HTTP/1.1\r\nHost: " + g.Site + "\r\nContent-Length: 0\r\n\r\n"
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
			before := up.Count()
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
			after := up.All()[before:]
			if len(after) > 1 {
				t.Errorf("%d requests reached the upstream", len(after))
			}
			for _, a := range after {
				if a.Body != d.body || a.URI != "/hook" {
					t.Errorf("%s with %q reached the upstream", a.URI, a.Body)
				}
				if a.Header.Get("Transfer-Encoding") != "" || a.Header.Get("Content-Length") != length {
					t.Errorf("it is framed by %v", a.Header)
				}
			}
		})
	}
}
