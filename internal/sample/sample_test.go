package sample

import (
	"encoding/json"
	"errors"
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

var sentAt = time.Date(2026, 3, 5, 9, 14, 2, 0, time.UTC)

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
func buildSample(t *testing.T, name, event string) *Delivery {
	t.Helper()
	return buildSampleOf(t, resolveProvider(t, name), event)
}

func buildSampleOf(t *testing.T, p *provider.Provider, event string) *Delivery {
	t.Helper()
	s, err := New(Options{Provider: p, Event: event, URL: sampleURL, ID: "SAMPLEID", At: sentAt, PublicURL: "https://hooks.example.com/hooks/registered"})
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	if err := s.Sign(keysOf(t, p.Name)); err != nil {
		t.Fatalf("Sign: %v", err)
	}
	return s
}

// keysOf returns a key of the kind that a provider of the catalogue hands out, or none
// where it signs nothing.
func keysOf(t *testing.T, name string) []signature.Key {
	t.Helper()
	p, err := provider.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range p.Vectors {
		if len(v.Secret) > 0 {
			return []signature.Key{{ID: "vector", Secret: v.Secret[0]}}
		}
	}
	return nil
}

// sampleEndpoint is an endpoint that takes the samples of a provider.
func sampleEndpoint(t *testing.T, p *provider.Provider) *gate.Endpoint {
	t.Helper()
	cfg := gate.Config{
		Name: p.Name, Provider: p, Keys: keysOf(t, p.Name), Handshake: handshake.Off,
		PublicURL: "https://hooks.example.com/hooks/registered", AllowUnsigned: len(p.Signature) == 0,
	}
	if p.Reads(signature.Route) && len(p.RawTypes()) > 0 {
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
func judgeSample(t *testing.T, endpoint *gate.Endpoint, s *Delivery, received time.Time) gate.Verdict {
	t.Helper()
	header := make(http.Header)
	for name, values := range s.Header {
		for _, value := range values {
			header.Add(name, value) // as an HTTP server would write the names
		}
	}
	return endpoint.Judge(t.Context(), &gate.Delivery{
		Method: s.Method, Path: s.URL.EscapedPath(), RawQuery: s.URL.RawQuery, Host: s.URL.Host,
		Header: header, Body: []byte(s.Body), Received: received,
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
				v := judgeSample(t, endpoint, s, sentAt.Add(time.Second))
				if v.Outcome != gate.Accept {
					t.Errorf("event %q: %s %s %v", raw, v.Outcome, v.Reason, v.Err)
					continue
				}
				if v.Event.RawType != s.Event {
					t.Errorf("event %q arrived as %q", s.Event, v.Event.RawType)
				}
				if want := event.Canonical(&p.Event, s.Event); v.Event.Type != want {
					t.Errorf("event %q arrived as type %q, want %q", s.Event, v.Event.Type, want)
				}
				if len(p.Event.Time) > 0 && !v.Event.Time.Equal(sentAt) {
					t.Errorf("event %q: time %v, want %v", s.Event, v.Event.Time, sentAt)
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
			err := s.Forge()
			if len(s.Provider.Signature) == 0 {
				if err == nil {
					t.Error("forged what nobody signs")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if v := judgeSample(t, sampleEndpoint(t, s.Provider), s, sentAt); v.Reason != signature.Mismatch {
				t.Errorf("refused for %q, want %q", v.Reason, signature.Mismatch)
			}
		})
	}
}

func TestStaleSampleIsRefused(t *testing.T) {
	t.Parallel()
	signsTime := map[string]bool{"gitlab": true, "slack": true, "standard-webhooks": true, "stripe": true, "github": false, "everreal": false}
	for _, name := range provider.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := buildSample(t, name, "")
			if want, known := signsTime[name]; known && s.SignsTime() != want {
				t.Fatalf("SignsTime is %v, want %v", s.SignsTime(), want)
			}
			if !s.SignsTime() {
				return
			}
			if v := judgeSample(t, sampleEndpoint(t, s.Provider), s, sentAt.Add(time.Hour)); v.Reason != signature.TimestampTooOld {
				t.Errorf("refused for %q, want %q", v.Reason, signature.TimestampTooOld)
			}
		})
	}
}

func TestSampleBodies(t *testing.T) {
	t.Parallel()
	files, err := fs.Glob(bodies, "bodies/*.json")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, file := range files {
		names = append(names, strings.TrimSuffix(path.Base(file), ".json"))
		data, err := bodies.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if !json.Valid(data) {
			t.Errorf("%s is no JSON", file)
		}
	}
	if want := slices.Sorted(maps.Keys(eventOf)); !slices.Equal(names, want) {
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
		}{{"ONE", sentAt}, {"TWO", sentAt.Add(time.Millisecond)}} {
			p, err := provider.Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			s, err := New(Options{Provider: p, URL: sampleURL, ID: attempt.id, At: attempt.at})
			if err != nil {
				t.Fatal(err)
			}
			key, found := p.Event.ID.Expand(request{s})
			if !found {
				key = s.Body
			}
			keys = append(keys, key)
		}
		if keys[0] == keys[1] {
			t.Errorf("%s: the second sample would be taken for a copy of the first", name)
		}
	}
}

func TestSampleErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, yaml, key, want string
	}{
		{"proof in the body", "name: x\nsignature:\n  - type: hmac\n    json: sig\n    content: \"{json:data}\"\n", "k", "cannot be imitated"},
		{"no secret", "name: x\nsignature:\n  - type: hmac\n    header: X-S\n", "", "signs its deliveries"},
		{"secret for nothing", "name: x\n", "k", "signs nothing"},
		{"type out of reach", "name: x\nevent:\n  type: form:kind\n", "", `event "sample.created": the provider cannot send it`},
		{"condition out of reach", "name: x\nrequire:\n  - field: json:a.#.b\n    exists: true\n", "", "than can be made up"},
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
				keys = []signature.Key{{ID: "own", Secret: test.key}}
			}
			s, err := New(Options{Provider: p, URL: "http://localhost/x", ID: "ID", At: sentAt})
			if err == nil {
				err = s.Sign(keys)
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
	s, err := New(Options{Provider: p, URL: "http://localhost/v?key=token", PublicURL: "https://hooks.example.com/v", ID: "ID", At: sentAt})
	if err != nil {
		t.Fatal(err)
	}
	if got := gjson.Get(s.Body, "endpoint").Str; got != "https://hooks.example.com/v" {
		t.Errorf("endpoint is %q, want the public URL", got)
	}
	for _, address := range []string{"", "localhost:8080/x", "ftp://localhost/secret", "http://%zz/?key=secret", "http:///x"} {
		if _, err := New(Options{Provider: p, URL: address}); err == nil || strings.Contains(err.Error(), "secret") {
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
	s, err := New(Options{Provider: p, URL: "http://localhost/hooks/{event}?x=1", PublicURL: "https://hooks.example.com/acme", ID: "ID", At: sentAt})
	if err != nil {
		t.Fatal(err)
	}
	keys := []signature.Key{{ID: "own", Secret: "secret of acme"}}
	if err := s.Sign(keys); err != nil {
		t.Fatal(err)
	}
	if want := `{"batch":[{"id":"ID"}],"at":"2026-03-05T09:14:02Z","links":{"sample":"https://acme.example/"}}`; s.Body != want {
		t.Errorf("body is %s, want %s", s.Body, want)
	}
	if s.Header.Get("X-Other") != "" {
		t.Error("a scheme was used whose condition does not hold")
	}
	endpoint, err := gate.New(gate.Config{Name: "acme", Provider: p, Keys: keys, PublicURL: "https://hooks.example.com/acme"})
	if err != nil {
		t.Fatal(err)
	}
	v := judgeSample(t, endpoint, s, sentAt)
	if v.Outcome != gate.Accept || v.Event.Type != "example.acme.order.paid" || v.Event.ID != "ID" {
		t.Errorf("%s %s, event %+v", v.Outcome, v.Reason, v.Event)
	}
	if err := s.Forge(); err != nil {
		t.Fatal(err)
	}
	if v := judgeSample(t, endpoint, s, sentAt); v.Reason != signature.Mismatch {
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
	s, err := New(Options{Provider: p, Event: "issues.opened", Body: []byte(own), URL: sampleURL, ID: "ID", At: sentAt})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Sign(keysOf(t, p.Name)); err != nil {
		t.Fatal(err)
	}
	if s.Body != own {
		t.Errorf("the body was changed to %q", s.Body)
	}
	if v := judgeSample(t, sampleEndpoint(t, s.Provider), s, sentAt); v.Outcome != gate.Accept || v.Event.RawType != "issues.opened" {
		t.Errorf("verdict %s %s, event %+v", v.Outcome, v.Reason, v.Event)
	}
}

// TestAbsenceThatCannotBeTold: what an endpoint refuses is not made up.
func TestAbsenceThatCannotBeTold(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		field, query, body string
		want               error
	}{
		{"query:x", "", "", nil},
		{"query:x", "?y=1", "", nil},
		{"query:x", "?y=1;x=2", "", ErrNeedsBody},
		{"json:x", "", "", nil},
		{"json:x", "", `{"y":1}`, nil},
		{"json:x", "", `{"y":1`, ErrNeedsBody},
		{"form:x", "", "", nil},
		{"form:x", "", `{"y":1}`, ErrNeedsBody},
		{"xml:x", "", `{"y":1}`, ErrNeedsBody},
	} {
		text := "name: acme\nrequire: {field: \"" + test.field + "\", exists: false}\nevent: {id: header:X-Id}\n"
		p, err := provider.Parse([]byte(text), "acme.yaml")
		if err != nil {
			t.Fatal(err)
		}
		_, err = New(Options{Provider: p, URL: "http://localhost/" + test.query, ID: "ID", At: sentAt, Body: []byte(test.body)})
		if !errors.Is(err, test.want) {
			t.Errorf("%s of %q %q: %v", test.field, test.query, test.body, err)
		}
	}
}
