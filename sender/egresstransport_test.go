package sender

import (
	"bytes"
	"compress/gzip"
	"crypto/x509"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
)

// loopbackOnly lets a test reach its own servers, without TLS, and nothing else.
var loopbackOnly = egress{allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}, plainHTTP: true}

// newTestTransport makes a transport that leaves no connection behind.
func newTestTransport(t *testing.T, e egress) *http.Transport {
	t.Helper()
	transport := newTransport(e, 2)
	t.Cleanup(transport.CloseIdleConnections)
	return transport
}

// newCounter starts a server that counts its requests, on 127.0.0.1.
func newCounter(t *testing.T) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { requests.Add(1) }))
	t.Cleanup(server.Close)
	return server, &requests
}

// get makes a request and reads the answer to its end, so that the connection is kept.
func get(t *testing.T, transport http.RoundTripper, target string) (http.Response, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, target, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return http.Response{}, err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return *resp, err
}

func TestTransportDialsNothingForbidden(t *testing.T) {
	t.Parallel()
	server, requests := newCounter(t)
	port := server.Listener.Addr().String()[len("127.0.0.1"):]
	transport := newTestTransport(t, egress{plainHTTP: true})
	for _, host := range []string{"127.0.0.1", "localhost", "[::ffff:127.0.0.1]", "0.0.0.0", "[::]", "１２７.0.0.1"} {
		if _, err := get(t, transport, "http://"+host+port); !errors.Is(err, ErrForbidden) {
			t.Errorf("%s: %v, want forbidden", host, err)
		}
	}
	if requests.Load() != 0 {
		t.Errorf("%d requests arrived", requests.Load())
	}
}

// A name that resolved to an allowed address is no pass for what it resolves to later.
func TestTransportIsNotRebound(t *testing.T) {
	t.Parallel()
	server, requests := newCounter(t)
	target := "http://endpoint.example" + server.Listener.Addr().String()[len("127.0.0.1"):]
	names, resolver := newResolver(t, "127.0.0.1")
	dialer := loopbackOnly.dialer()
	dialer.Resolver = resolver
	transport := newTestTransport(t, loopbackOnly)
	transport.DialContext = dialer.DialContext

	if _, err := get(t, transport, target); err != nil {
		t.Fatal(err)
	}
	names.set("169.254.169.254")
	if _, err := get(t, transport, target); err != nil {
		t.Fatalf("the open connection still leads to the allowed address: %v", err)
	}
	if names.asked() != 1 || requests.Load() != 2 {
		t.Fatalf("%d requests over %d connections, want 2 over 1", requests.Load(), names.asked())
	}

	transport.CloseIdleConnections()
	if _, err := get(t, transport, target); !errors.Is(err, ErrForbidden) {
		t.Errorf("rebound: %v, want forbidden", err)
	}
	names.set("127.0.0.2", "10.0.0.1")
	if _, err := get(t, transport, target); !errors.Is(err, ErrForbidden) {
		t.Errorf("two forbidden addresses: %v, want forbidden", err)
	}
	names.set("127.0.0.2", "127.0.0.1")
	if _, err := get(t, transport, target); err != nil {
		t.Errorf("a forbidden address before an allowed one: %v", err)
	}
	if names.asked() != 4 || requests.Load() != 3 {
		t.Errorf("%d requests and %d look-ups, want 3 and 4", requests.Load(), names.asked())
	}
}

// What asks for http is refused by the transport too, whoever made the request.
func TestTransportRefusesPlainHTTP(t *testing.T) {
	t.Parallel()
	server, requests := newCounter(t)
	transport := newTestTransport(t, egress{allowed: loopbackOnly.allowed})
	body := &closer{Reader: strings.NewReader("body")}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, body)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := transport.RoundTrip(req)
	if err == nil {
		resp.Body.Close()
	}
	if !errors.Is(err, ErrForbidden) || requests.Load() != 0 {
		t.Errorf("%v and %d requests, want forbidden and none", err, requests.Load())
	}
	if !body.closed {
		t.Error("the request's body was left open")
	}
}

type closer struct {
	io.Reader
	closed bool
}

func (c *closer) Close() error {
	c.closed = true
	return nil
}

func TestTransportTakesNoProxy(t *testing.T) {
	t.Parallel()
	if newTestTransport(t, egress{}).Proxy != nil {
		t.Error("a proxy would connect out of the guard's sight")
	}
}

func TestTransportSpeaksHTTP2(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	server.EnableHTTP2 = true
	server.StartTLS()
	t.Cleanup(server.Close)
	transport := newTestTransport(t, egress{allowed: loopbackOnly.allowed})
	transport.TLSClientConfig.RootCAs = x509.NewCertPool()
	transport.TLSClientConfig.RootCAs.AddCert(server.Certificate())
	resp, err := get(t, transport, server.URL)
	if err != nil {
		t.Fatal(err)
	}
	if resp.ProtoMajor != 2 {
		t.Errorf("protocol %s, want HTTP/2", resp.Proto)
	}
}

func TestTransportTrustsNoUnknownCertificate(t *testing.T) {
	t.Parallel()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0) // it would report the failed handshake
	server.StartTLS()
	t.Cleanup(server.Close)
	_, err := get(t, newTestTransport(t, egress{allowed: loopbackOnly.allowed}), server.URL)
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); !ok {
		t.Errorf("%v, want an unknown authority", err)
	}
}

func TestTransportBoundsAnswers(t *testing.T) {
	t.Parallel()
	var unfolded bytes.Buffer
	zip := gzip.NewWriter(&unfolded)
	_, _ = zip.Write(make([]byte, 1<<20))
	_ = zip.Close()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/header" {
			w.Header().Set("X-Long", strings.Repeat("a", 2*maxAnswerHeader))
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(unfolded.Bytes())
	}))
	t.Cleanup(server.Close)
	transport := newTestTransport(t, loopbackOnly)

	if _, err := get(t, transport, server.URL+"/header"); err == nil {
		t.Error("a header of any length is read")
	}
	resp, err := get(t, transport, server.URL+"/body")
	if err != nil || resp.Uncompressed || resp.ContentLength != int64(unfolded.Len()) {
		t.Errorf("a compressed answer was unfolded: %v", err)
	}
}
