package e2e

import (
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// upstream stands for the application behind the gateway. It writes down every
// request that reaches it.
type upstream struct {
	address string

	mu       sync.Mutex
	arrivals []arrival
}

// arrival is one request that reached the upstream.
type arrival struct {
	method string
	uri    string
	header http.Header
	body   string
}

// newUpstream starts an upstream. It answers with respond, or by default 200 and
// the text "taken".
func newUpstream(t *testing.T, respond http.HandlerFunc) *upstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return upstreamOn(t, l, respond)
}

// upstreamOn starts an upstream on a listener.
func upstreamOn(t *testing.T, l net.Listener, respond http.HandlerFunc) *upstream {
	t.Helper()
	if respond == nil {
		respond = func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "taken") }
	}
	u := &upstream{address: l.Addr().String()}
	u.serve(t, l, respond, nil)
	return u
}

// newUpstreamSpeaking starts an upstream that speaks these protocols.
func newUpstreamSpeaking(t *testing.T, protocols *http.Protocols) *upstream {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	u := &upstream{address: l.Addr().String()}
	u.serve(t, l, func(http.ResponseWriter, *http.Request) {}, protocols)
	return u
}

func (u *upstream) serve(t *testing.T, l net.Listener, respond http.HandlerFunc, protocols *http.Protocols) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		u.note(r)
		respond(w, r)
	}))
	_ = server.Listener.Close()
	server.Listener = l
	server.Config.Protocols = protocols
	server.Start()
	t.Cleanup(server.Close)
}

func (u *upstream) note(r *http.Request) {
	body, _ := io.ReadAll(r.Body) // one that is cut short is noted as far as it came
	header := r.Header.Clone()
	if r.ContentLength >= 0 {
		header.Set("Content-Length", strconv.FormatInt(r.ContentLength, 10))
	}
	if len(r.TransferEncoding) > 0 {
		header["Transfer-Encoding"] = r.TransferEncoding
	}
	maps.Copy(header, r.Trailer)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.arrivals = append(u.arrivals, arrival{r.Method, r.RequestURI, header, string(body)})
}

// all returns every arrival so far.
func (u *upstream) all() []arrival {
	u.mu.Lock()
	defer u.mu.Unlock()
	return append([]arrival(nil), u.arrivals...)
}

// count returns how many there were.
func (u *upstream) count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.arrivals)
}

// want fails the test if there were not n.
func (u *upstream) want(t *testing.T, n int) {
	t.Helper()
	if got := u.count(); got != n {
		t.Fatalf("%d requests reached the upstream, want %d", got, n)
	}
}

// last returns the newest arrival of n, and fails the test if there are not so many.
func (u *upstream) last(t *testing.T, n int) arrival {
	t.Helper()
	u.want(t, n)
	return u.all()[n-1]
}

// names lists the headers of an arrival that begin with a prefix.
func (a arrival) names(prefix string) []string {
	var names []string
	for name := range a.header {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names
}
