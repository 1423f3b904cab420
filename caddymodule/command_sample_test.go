package caddymodule

import (
	"encoding/json"
	"io/fs"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/tidwall/gjson"

	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

var sampleAt = time.Date(2026, 3, 5, 9, 14, 2, 0, time.UTC)

// sampleKeys holds a secret in the form in which each founding provider hands it out.
var sampleKeys = map[string]string{
	"asana":             "b537207f20cbfa02357cf448134da559",
	"github":            "a secret of github",
	"gitlab":            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	"rechat":            "16b43e2f5379346d4e605f4389c8366bece1756a22fbef3a7906549d8eaf097e",
	"repliers":          "a secret of repliers",
	"rest-hooks":        "a secret of rest hooks",
	"shopify":           "a secret of shopify",
	"slack":             "8f742231b10e8888abcd99yyyzzz85a5",
	"standard-webhooks": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	"stripe":            "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH",
}

const sampleURL = "https://hooks.example.com/hooks/{event}"

// resolveProvider returns a provider of the catalogue as an endpoint uses it.
func resolveProvider(t *testing.T, name string) *provider.Provider {
	t.Helper()
	p, err := provider.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	own, err := p.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return own
}

// buildSample makes a signed delivery of a provider in the catalogue.
func buildSample(t *testing.T, name, event string) *sample {
	t.Helper()
	return buildSampleOf(t, resolveProvider(t, name), event)
}

func buildSampleOf(t *testing.T, p *provider.Provider, event string) *sample {
	t.Helper()
	s, err := newSample(sampleOptions{provider: p, event: event, url: sampleURL, id: "SAMPLEID", at: sampleAt, publicURL: "https://hooks.example.com/hooks/registered"})
	if err != nil {
		t.Fatalf("newSample: %v", err)
	}
	if err := s.sign(keysOf(p.Name)); err != nil {
		t.Fatalf("sign: %v", err)
	}
	return s
}

func keysOf(name string) []signature.Key {
	if secret, found := sampleKeys[name]; found {
		return []signature.Key{newKey(secret)}
	}
	return nil
}

// sampleEndpoint is an endpoint that takes the samples of a provider.
func sampleEndpoint(t *testing.T, p *provider.Provider) *gate.Endpoint {
	t.Helper()
	cfg := gate.Config{
		Name: p.Name, Provider: p, Keys: keysOf(p.Name), Handshake: handshake.Off,
		PublicURL: "https://hooks.example.com/hooks/registered", AllowUnsigned: len(p.Signature) == 0,
	}
	if p.Name == "repliers" {
		cfg.Path = "/hooks/{event}"
	}
	endpoint, err := gate.New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return endpoint
}

// judgeSample asks the endpoint what it thinks of a sample that arrives at a
// certain time.
func judgeSample(t *testing.T, endpoint *gate.Endpoint, s *sample, received time.Time) gate.Verdict {
	t.Helper()
	header := make(http.Header)
	for name, values := range s.header {
		for _, value := range values {
			header.Add(name, value) // as an HTTP server would write the names
		}
	}
	return endpoint.Judge(t.Context(), &gate.Delivery{
		Method: s.method, Path: s.url.EscapedPath(), RawQuery: s.url.RawQuery, Host: s.url.Host,
		Header: header, Body: []byte(s.body), Received: received,
	})
}

func TestSampleIsAccepted(t *testing.T) {
	t.Parallel()
	for _, name := range provider.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := resolveProvider(t, name)
			endpoint := sampleEndpoint(t, p)
			for _, raw := range append(p.RawTypes(), "") {
				s := buildSampleOf(t, p, raw)
				v := judgeSample(t, endpoint, s, sampleAt.Add(time.Second))
				if v.Outcome != gate.Accept {
					t.Errorf("event %q: %s %s %v", raw, v.Outcome, v.Reason, v.Err)
					continue
				}
				if v.Event.RawType != s.event {
					t.Errorf("event %q arrived as %q", s.event, v.Event.RawType)
				}
				if want := event.Canonical(&p.Event, s.event); v.Event.Type != want {
					t.Errorf("event %q arrived as type %q, want %q", s.event, v.Event.Type, want)
				}
				if len(p.Event.Time) > 0 && !v.Event.Time.Equal(sampleAt) {
					t.Errorf("event %q: time %v, want %v", s.event, v.Event.Time, sampleAt)
				}
			}
		})
	}
}

func TestForgedSampleIsRefused(t *testing.T) {
	t.Parallel()
	for _, name := range provider.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := buildSample(t, name, "")
			err := s.forge()
			if len(s.provider.Signature) == 0 {
				if err == nil {
					t.Error("forged what nobody signs")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if v := judgeSample(t, sampleEndpoint(t, s.provider), s, sampleAt); v.Reason != signature.Mismatch {
				t.Errorf("refused for %q, want %q", v.Reason, signature.Mismatch)
			}
		})
	}
}

func TestStaleSampleIsRefused(t *testing.T) {
	t.Parallel()
	stamped := []string{"gitlab", "slack", "standard-webhooks", "stripe"}
	for _, name := range provider.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := buildSample(t, name, "")
			if got, want := s.signsTime(), slices.Contains(stamped, name); got != want {
				t.Fatalf("signsTime is %v, want %v", got, want)
			}
			if !s.signsTime() {
				return
			}
			if v := judgeSample(t, sampleEndpoint(t, s.provider), s, sampleAt.Add(staleAge)); v.Reason != signature.TimestampTooOld {
				t.Errorf("refused for %q, want %q", v.Reason, signature.TimestampTooOld)
			}
		})
	}
}

func TestSampleBodies(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(sampleBodies, "samples/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(path.Base(file), ".json"))
		data, err := sampleBodies.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(data) {
			t.Errorf("%s is no JSON", file)
		}
	}
	if want := slices.Sorted(maps.Keys(sampleEvents)); !slices.Equal(names, want) {
		t.Errorf("there are bodies for %v and events for %v", names, want)
	}
}

func TestTwoSamplesDiffer(t *testing.T) {
	t.Parallel()
	for _, name := range provider.Names() {
		var keys []string
		for _, attempt := range []struct {
			id string
			at time.Time
		}{{"ONE", sampleAt}, {"TWO", sampleAt.Add(time.Millisecond)}} {
			p, err := provider.Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			s, err := newSample(sampleOptions{provider: p, url: sampleURL, id: attempt.id, at: attempt.at})
			if err != nil {
				t.Fatal(err)
			}
			key, found := p.Event.ID.Expand(s)
			if !found {
				key = s.body
			}
			keys = append(keys, key)
		}
		if keys[0] == keys[1] {
			t.Errorf("%s: the second sample would be taken for a copy of the first", name)
		}
	}
}

func TestForgedIsWellFormed(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ proof, want string }{
		{"sha256=757107ea", "sha256=057107ea"},
		{"t=1614265330,v1=057107ea0eb2509f", "t=1614265330,v1=157107ea0eb2509f"},
		{"v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4=", "v1,05oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="},
		{"", "0"},
	} {
		if got := forged(test.proof); got != test.want {
			t.Errorf("forged(%q) = %q, want %q", test.proof, got, test.want)
		}
	}
}

func TestSetJSON(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ doc, path, value, want string }{
		{`{ "a": 1, "b": 2 }`, "a", `"x"`, `{ "a": "x", "b": 2 }`},
		{`{"a":{"b":[{"c":1}]}}`, "a.b.0.c", `2`, `{"a":{"b":[{"c":2}]}}`},
		{`{}`, "a", `1`, `{"a":1}`},
		{"{\n  \"a\": 1\n}", "b", `2`, "{\n  \"a\": 1\n,\"b\":2}"},
		{`{}`, "a.0.b", `1`, `{"a":[{"b":1}]}`},
		{`{"a":{"b":1}}`, "a.c.d", `1`, `{"a":{"b":1,"c":{"d":1}}}`},
		{`{"a":null}`, "a", `1`, `{"a":1}`},
		{`[{"a":1}]`, "0.a", `2`, `[{"a":2}]`},
	} {
		got, done := setJSON(test.doc, test.path, test.value)
		if !done || got != test.want {
			t.Errorf("setJSON(%s, %s, %s) = %s, %v; want %s", test.doc, test.path, test.value, got, done, test.want)
		}
		if !gjson.Valid(got) || gjson.Get(got, test.path).Raw != test.value {
			t.Errorf("%s does not hold %s at %s", got, test.value, test.path)
		}
	}
	for _, test := range []struct{ doc, path string }{
		{`{"a":1}`, "a.b"},
		{`[]`, "a"},
		{`{}`, "a.#.b"},
		{`{}`, "@values"},
		{`{}`, ""},
	} {
		if got, done := setJSON(test.doc, test.path, `1`); done || got != test.doc {
			t.Errorf("setJSON(%s, %s) = %s, %v; want it unchanged", test.doc, test.path, got, done)
		}
	}
}

func TestSampleErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, yaml, key, want string
	}{
		{"proof in the body", "name: x\nsignature:\n  - type: hmac\n    json: sig\n    content: \"{json:data}\"\n", "k", "cannot be imitated"},
		{"no secret", "name: x\nsignature:\n  - type: hmac\n    header: X-S\n", "", "give its secret"},
		{"secret for nothing", "name: x\n", "k", "signs nothing"},
		{"type out of reach", "name: x\nevent:\n  type: form:kind\n", "", "cannot send an event"},
		{"condition out of reach", "name: x\nrequire:\n  - field: json:a.#.b\n    exists: true\n", "", "give a --body"},
		{"wrong key", "name: x\nsignature:\n  - type: hmac\n    header: X-S\n    key: hex\n", "k-secret", "not valid hex"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			p, err := provider.Parse([]byte(test.yaml), "x.yaml")
			if err != nil {
				t.Fatal(err)
			}
			var keys []signature.Key
			if test.key != "" {
				keys = []signature.Key{newKey(test.key)}
			}
			s, err := newSample(sampleOptions{provider: p, url: "http://localhost/x", id: "ID", at: sampleAt})
			if err == nil {
				err = s.sign(keys)
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %q", err, test.want)
			}
			if err != nil && strings.Contains(err.Error(), "k-secret") {
				t.Errorf("error shows the secret: %v", err)
			}
		})
	}
}

func TestSampleURL(t *testing.T) {
	t.Parallel()
	p, err := provider.Lookup("viasto")
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSample(sampleOptions{provider: p, url: "http://localhost/v?key=token", publicURL: "https://hooks.example.com/v", id: "ID", at: sampleAt})
	if err != nil {
		t.Fatal(err)
	}
	if got := gjson.Get(s.body, "endpoint").Str; got != "https://hooks.example.com/v" {
		t.Errorf("endpoint is %q, want the public URL", got)
	}
	for _, address := range []string{"", "localhost:8080/x", "ftp://localhost/secret", "http://%zz/?key=secret", "http:///x"} {
		if _, err := newSample(sampleOptions{provider: p, url: address}); err == nil || strings.Contains(err.Error(), "secret") {
			t.Errorf("url %q: error is %v", address, err)
		}
	}
}

// A provider that is not in the catalogue, and signs all there is to sign.
func TestSampleOfOwnProvider(t *testing.T) {
	t.Parallel()
	p, err := provider.Parse([]byte(`
name: acme
method: PUT
signature:
  - type: hmac
    header: X-Acme
    separator: ";"
    assign: "="
    item: s
    content: "{id}.{timestamp}.{method}.{host}.{path}.{query:kind}.{query:sorted}.{header:X-Extra}.{url}.{body-sha256}.{body}"
    id: header:X-Acme-Id
    timestamp: {item: t, unit: ms}
  - type: hmac
    header: X-Other
    when:
      - field: header:X-Version
        exists: true
require:
  - field: header:User-Agent
    equals: acme
  - field: json:links.@values
    host: acme.example
event:
  id: json:batch.0.id
  type: query:kind
  time: json:at
  prefix: example.acme
  types: {order.paid: example.acme.order.paid}
`), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := newSample(sampleOptions{provider: p, url: "http://localhost/hooks/{event}?x=1", publicURL: "https://hooks.example.com/acme", id: "ID", at: sampleAt})
	if err != nil {
		t.Fatal(err)
	}
	keys := []signature.Key{newKey("secret of acme")}
	if err := s.sign(keys); err != nil {
		t.Fatal(err)
	}
	if want := `{"batch":[{"id":"ID"}],"at":"2026-03-05T09:14:02Z","links":{"sample":"https://acme.example/"}}`; s.body != want {
		t.Errorf("body is %s, want %s", s.body, want)
	}
	if s.header.Get("X-Other") != "" {
		t.Error("a scheme was used whose condition does not hold")
	}
	endpoint, err := gate.New(gate.Config{Name: "acme", Provider: p, Keys: keys, PublicURL: "https://hooks.example.com/acme"})
	if err != nil {
		t.Fatal(err)
	}
	v := judgeSample(t, endpoint, s, sampleAt)
	if v.Outcome != gate.Accept || v.Event.Type != "example.acme.order.paid" || v.Event.ID != "ID" {
		t.Errorf("%s %s, event %+v", v.Outcome, v.Reason, v.Event)
	}
	if err := s.forge(); err != nil {
		t.Fatal(err)
	}
	if v := judgeSample(t, endpoint, s, sampleAt); v.Reason != signature.Mismatch {
		t.Errorf("forged: %s %s", v.Outcome, v.Reason)
	}
}

func TestSampleWithOwnBody(t *testing.T) {
	t.Parallel()
	p, err := provider.Lookup("github")
	if err != nil {
		t.Fatal(err)
	}
	own := "{ \"action\" :\t\"opened\" }\n"
	s, err := newSample(sampleOptions{provider: p, event: "issues.opened", body: []byte(own), url: sampleURL, id: "ID", at: sampleAt})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.sign(keysOf("github")); err != nil {
		t.Fatal(err)
	}
	if s.body != own {
		t.Errorf("the body was changed to %q", s.body)
	}
	if v := judgeSample(t, sampleEndpoint(t, s.provider), s, sampleAt); v.Outcome != gate.Accept || v.Event.RawType != "issues.opened" {
		t.Errorf("verdict %s %s, event %+v", v.Outcome, v.Reason, v.Event)
	}
}
