package caddymodule

import (
	"encoding/base64"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/hookward/hookward/caddymodule/redaction"
	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

func TestCleanupReleasesRedactions(t *testing.T) {
	t.Parallel()
	released := 0
	app := &App{endpoints: map[string]*endpoint{"a": {redacted: func() { released++ }}, "b": {redacted: func() { released++ }}}}
	if err := app.Cleanup(); err != nil {
		t.Fatal(err)
	}
	if released != 2 {
		t.Errorf("%d of 2 endpoints were taken off the list", released)
	}
}

// Caddy's trace shows no settings, with whichever encoder.
func TestHandlerInTrace(t *testing.T) {
	t.Parallel()
	enc := zapcore.NewMapObjectEncoder()
	zap.Any("module", &Handler{Name: "orders", Secrets: []Secret{{Value: "s3cret"}}}).AddTo(enc)
	want := map[string]any{"module": map[string]any{"endpoint": "orders"}}
	if diff := cmp.Diff(want, enc.Fields); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestToRedact(t *testing.T) {
	t.Parallel()
	shake := &provider.Handshake{
		Secret: signature.Field{Source: signature.Header, Name: "X-Hook-Secret"},
		Answer: provider.Answer{Header: map[string]string{"X-Echo": "v={value}", "X-Fixed": "yes"}},
	}
	for _, test := range []struct {
		name     string
		provider provider.Provider
		handler  Handler
		cfg      gate.Config
		want     []redaction.Item
	}{
		{
			name:     "hmac",
			provider: provider.Provider{Signature: []provider.Scheme{{Scheme: signature.Scheme{Type: signature.HMAC, Header: signature.Strings{"X-Sig"}, Query: signature.Strings{"sig"}}}}},
			cfg:      gate.Config{Keys: []signature.Key{{ID: "a", Secret: "key one"}, {ID: "b", Secret: "key two"}}},
			want:     []redaction.Item{redaction.Header("X-Sig"), redaction.Query("sig"), redaction.Value("key one"), redaction.Value("key two")},
		},
		{
			name:     "shared secret",
			provider: provider.Provider{Signature: []provider.Scheme{{Scheme: signature.Scheme{Type: signature.Secret, Header: signature.Strings{"X-Key"}}}}},
			cfg:      gate.Config{Keys: []signature.Key{{Secret: "the key"}}},
			want:     []redaction.Item{redaction.Header("X-Key"), redaction.Value("the key")},
		},
		{
			name:     "basic",
			provider: provider.Provider{Signature: []provider.Scheme{{Scheme: signature.Scheme{Type: signature.Basic}}}},
			cfg:      gate.Config{Keys: []signature.Key{{Secret: "user:pass:word"}}},
			want: []redaction.Item{
				redaction.Header("Authorization"),
				redaction.Value("user:pass:word"),
				redaction.Value("pass:word"),
				redaction.Value(base64.StdEncoding.EncodeToString([]byte("user:pass:word"))),
			},
		},
		{
			name:     "handshake",
			provider: provider.Provider{Handshake: shake},
			want:     []redaction.Item{redaction.Header("X-Hook-Secret"), redaction.Header("X-Echo")},
		},
		{
			name:     "tokens",
			provider: provider.Provider{Strip: provider.Strip{Header: signature.Strings{"X-Strip"}, Query: signature.Strings{"strip"}}},
			handler: Handler{
				Path:   "/in/{token}",
				Tokens: []Token{{Place: "query", Name: "key"}, {Place: "header", Name: "x-token"}, {Place: "path"}},
			},
			cfg: gate.Config{Tokens: []gate.Token{{Value: "query token"}, {Value: "header token"}, {Value: "path token"}}},
			want: []redaction.Item{
				redaction.Header("X-Strip"),
				redaction.Header("X-Token"),
				redaction.Query("strip"),
				redaction.Query("key"),
				redaction.PathToken("/in/{token}"),
				redaction.Value("query token"),
				redaction.Value("header token"),
				redaction.Value("path token"),
			},
		},
		{
			name:    "resign",
			handler: Handler{resignSecret: "whsec_c2VjcmV0", signer: new(signature.Signer)},
			want:    []redaction.Item{redaction.Header("Webhook-Signature"), redaction.Value("whsec_c2VjcmV0")},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := test.handler
			h.provider = &test.provider
			h.strip = newStrip(h.provider, h.Tokens)
			got := map[redaction.Item]bool{}
			for _, item := range h.toRedact(&test.cfg) {
				got[item] = true
			}
			want := map[redaction.Item]bool{}
			for _, item := range test.want {
				want[item] = true
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(redaction.Item{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}
