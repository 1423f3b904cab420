package profile_test

import (
	"testing"

	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// judge lets the gateway's own judge look at a delivery.
func judge(tb testing.TB, name, registered, secret string, got request) gate.Verdict {
	tb.Helper()
	p, err := provider.Lookup(name)
	if err != nil {
		tb.Fatal(err)
	}
	if p, err = p.Resolve(nil); err != nil {
		tb.Fatal(err)
	}
	config := gate.Config{
		Name: name, Provider: p, PublicURL: registered, Path: "/hooks", Handshake: handshake.Off,
		Dedupe: gate.DedupeConfig{Off: true}, AllowUnsigned: len(p.Signature) == 0,
	}
	if name == "repliers" {
		config.Path += "/{event}"
	}
	if secret != "" {
		config.Keys = []signature.Key{{ID: "main", Secret: secret}}
	}
	judge, err := gate.New(config)
	if err != nil {
		tb.Fatal(err)
	}
	judge.Use(gate.Stores{})
	return judge.Judge(tb.Context(), &gate.Delivery{
		Method: got.method, Path: got.path, Header: got.header, Body: []byte(got.body), Received: noon,
	})
}

// accepted checks that the gateway accepts a delivery, as an event of this raw type.
func accepted(tb testing.TB, name, registered, secret, rawType string, got request) {
	tb.Helper()
	verdict := judge(tb, name, registered, secret, got)
	if verdict.Outcome != gate.Accept {
		tb.Fatalf("the gateway says %s: %s %v, of %s %v %s", verdict.Outcome, verdict.Reason, verdict.Err, got.path, got.header, got.body)
	}
	if verdict.Event.RawType != rawType {
		tb.Errorf("the gateway takes it for %q, want %q", verdict.Event.RawType, rawType)
	}
}
