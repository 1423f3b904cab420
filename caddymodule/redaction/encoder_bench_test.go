package redaction

import (
	"crypto/tls"
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/caddy/v2/modules/logging"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// BenchmarkEncodeEntry writes the access log entry of a delivery with 14 headers:
// bare, with the encoder and nothing to remove, and with something to remove. Each
// endpoint has a secret, a header and a query parameter of its own.
func BenchmarkEncodeEntry(b *testing.B) {
	plain := accessLogFields(b, "/hooks/orders?id=42&attempt=1", "Some-Header")
	secret := accessLogFields(b, "/hooks/orders?id=42&param-1=abcdefgh", "X-Secret-1")
	b.Run("bare", func(b *testing.B) { encodeLoop(b, newJSONEncoder(b), plain) })
	for _, endpoints := range []int{0, 1, 100} {
		items := manyRedactions(endpoints)
		b.Run(fmt.Sprintf("%d-endpoints/nothing-to-remove", endpoints), func(b *testing.B) {
			wantRedactions(b, items...)
			encodeLoop(b, newTestEncoder(b), plain)
		})
		if endpoints == 0 {
			continue
		}
		b.Run(fmt.Sprintf("%d-endpoints/secrets", endpoints), func(b *testing.B) {
			wantRedactions(b, items...)
			encodeLoop(b, newTestEncoder(b), secret)
		})
	}
}

func manyRedactions(endpoints int) []Item {
	var items []Item
	for i := range endpoints {
		items = append(items,
			Item{byValue, fmt.Sprintf("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS%d", i)},
			Item{byHeader, fmt.Sprintf("X-Secret-%d", i)},
			Item{byQuery, fmt.Sprintf("param-%d", i)},
		)
	}
	return items
}

func encodeLoop(b *testing.B, enc zapcore.Encoder, fields []zapcore.Field) {
	b.Helper()
	entry := zapcore.Entry{
		Time: time.Unix(1_700_000_000, 0), Level: zapcore.InfoLevel, LoggerName: "http.log.access", Message: "handled request",
	}
	b.ReportAllocs()
	for b.Loop() {
		line, err := enc.EncodeEntry(entry, fields)
		if err != nil {
			b.Fatal(err)
		}
		line.Free()
	}
}

func accessLogFields(tb testing.TB, uri, header string) []zapcore.Field {
	tb.Helper()
	r := httptest.NewRequestWithContext(tb.Context(), http.MethodPost, uri, http.NoBody)
	r.TLS = &tls.ConnectionState{Version: tls.VersionTLS13, ServerName: "hooks.example.com"}
	for i := range 12 {
		r.Header.Set(fmt.Sprintf("X-Forwarded-Thing-%d", i), "a value of some forty ordinary characters")
	}
	r.Header.Set("User-Agent", "Provider-Hookshot/044aadd")
	r.Header.Set(header, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
	return []zapcore.Field{
		zap.Object("request", caddyhttp.LoggableHTTPRequest{Request: r}),
		zap.Int("bytes_read", 512), zap.String("user_id", ""), zap.Duration("duration", time.Millisecond),
		zap.Int("size", 0), zap.Int("status", 200),
		zap.Object("resp_headers", caddyhttp.LoggableHTTPHeader{Header: http.Header{"Server": {"Caddy"}}}),
	}
}

func newJSONEncoder(tb testing.TB) zapcore.Encoder {
	tb.Helper()
	enc := new(logging.JSONEncoder)
	if err := enc.Provision(caddy.Context{}); err != nil {
		tb.Fatal(err)
	}
	return enc
}

// newTestEncoder returns an encoder that writes JSON.
func newTestEncoder(tb testing.TB) *Encoder {
	tb.Helper()
	enc := new(Encoder)
	if err := enc.Provision(caddy.Context{}); err != nil {
		tb.Fatal(err)
	}
	return enc
}

// wantRedactions puts redactions on the list for as long as the test runs.
func wantRedactions(tb testing.TB, items ...Item) {
	tb.Helper()
	redactions.count(items, 1)
	tb.Cleanup(func() { redactions.count(items, -1) })
}
