package harness

import (
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// Upstream stands for the application behind a gateway. It writes down every
// request that reaches it.
type Upstream struct {
	Address string // host:port

	respond  http.HandlerFunc
	mu       sync.Mutex
	arrivals []Arrival
}

// ServeHTTP implements [http.Handler], for an upstream that is not served over HTTP.
func (u *Upstream) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	u.note(r)
	if u.respond != nil {
		u.respond(w, r)
		return
	}
	_, _ = io.WriteString(w, "taken")
}

// Arrival is one request that reached an upstream.
type Arrival struct {
	Method string
	URI    string
	Header http.Header // with Content-Length, Transfer-Encoding and trailers as they came
	Body   string
}

// Names lists the headers that begin with a prefix.
func (a Arrival) Names(prefix string) []string {
	var names []string
	for name := range a.Header {
		if strings.HasPrefix(name, prefix) {
			names = append(names, name)
		}
	}
	return names
}

// NewUpstream starts an upstream. It answers with respond, or by default 200 and
// the text "taken".
func NewUpstream(t testing.TB, respond http.HandlerFunc) *Upstream {
	t.Helper()
	return UpstreamOn(t, listen(t), respond)
}

// UpstreamOn starts an upstream on a listener.
func UpstreamOn(t testing.TB, l net.Listener, respond http.HandlerFunc) *Upstream {
	t.Helper()
	return serve(t, l, respond, nil)
}

// UpstreamSpeaking starts an upstream that speaks these protocols.
func UpstreamSpeaking(t testing.TB, protocols *http.Protocols) *Upstream {
	t.Helper()
	return serve(t, listen(t), nil, protocols)
}

func listen(t testing.TB) net.Listener {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func serve(t testing.TB, l net.Listener, respond http.HandlerFunc, protocols *http.Protocols) *Upstream {
	u := &Upstream{Address: l.Addr().String(), respond: respond}
	server := httptest.NewUnstartedServer(u)
	_ = server.Listener.Close()
	server.Listener = l
	server.Config.Protocols = protocols
	server.Start()
	t.Cleanup(server.Close)
	return u
}

func (u *Upstream) note(r *http.Request) {
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
	u.arrivals = append(u.arrivals, Arrival{r.Method, r.RequestURI, header, string(body)})
}

// All returns every arrival so far.
func (u *Upstream) All() []Arrival {
	u.mu.Lock()
	defer u.mu.Unlock()
	return slices.Clone(u.arrivals)
}

// Count returns how many there were.
func (u *Upstream) Count() int {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.arrivals)
}

// Want fails the test if there were not n.
func (u *Upstream) Want(t testing.TB, n int) {
	t.Helper()
	if got := u.Count(); got != n {
		t.Fatalf("%d requests reached the upstream, want %d", got, n)
	}
}

// Last returns the newest arrival of n, and fails the test if there are not so many.
func (u *Upstream) Last(t testing.TB, n int) Arrival {
	t.Helper()
	u.Want(t, n)
	return u.All()[n-1]
}
