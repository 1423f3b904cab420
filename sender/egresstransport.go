package sender

import (
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

const (
	dialTimeout      = 10 * time.Second
	handshakeTimeout = 10 * time.Second
	keepAlive        = 30 * time.Second
	idleTimeout      = 90 * time.Second
	// pingAfter is how long an HTTP/2 connection may be silent, and how long the answer
	// to a ping may take. A connection that leads nowhere is given up by it: a request
	// that times out ends none.
	pingAfter = 15 * time.Second
	// maxIdle bounds the connections that are kept open for the next delivery, over
	// all endpoints. One with TLS takes some 50 KiB.
	maxIdle = 1024
	// maxSessions bounds the TLS sessions that are kept to be resumed. They save
	// endpoints without an open connection most of a handshake.
	maxSessions = 4096
	// maxAnswerHeader bounds the header of an answer, in bytes.
	maxAnswerHeader = 64 << 10
)

// newTransport makes a transport for many endpoints that connects to nothing the
// guard forbids. A proxy would connect on the sender's behalf and out of the guard's
// sight, so none is taken from the environment. An open connection is used again
// for the same host alone, and leads to the address that was allowed.
func newTransport(e egress, perHost int) *http.Transport {
	t := &http.Transport{
		DialContext:            e.dialer().DialContext,
		TLSClientConfig:        &tls.Config{MinVersion: tls.VersionTLS12, ClientSessionCache: tls.NewLRUClientSessionCache(maxSessions)},
		TLSHandshakeTimeout:    handshakeTimeout,
		ForceAttemptHTTP2:      true, // own dialers switch it off otherwise
		HTTP2:                  &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingAfter},
		MaxIdleConns:           maxIdle,
		MaxIdleConnsPerHost:    perHost,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxAnswerHeader,
		DisableCompression:     true, // a small answer must not unfold to a large one
	}
	if !e.plainHTTP {
		t.RegisterProtocol("http", httpsOnly{})
	}
	return t
}

// dialer makes connections to addresses that the guard allows.
func (e egress) dialer() *net.Dialer {
	return &net.Dialer{Timeout: dialTimeout, KeepAlive: keepAlive, Control: e.control}
}

// httpsOnly takes the place of plain HTTP. URLs are checked when they are given, but
// a registry may hold one from a time at which plain HTTP was allowed.
type httpsOnly struct{}

// RoundTrip refuses the request.
func (httpsOnly) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_ = req.Body.Close() // as every RoundTripper must
	}
	return nil, errNotHTTPS
}
