package provider_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

func TestResolveOverrides(t *testing.T) {
	t.Parallel()
	shared := lookup(t, "github")
	before, err := json.Marshal(shared)
	if err != nil {
		t.Fatal(err)
	}
	own, err := shared.Resolve(map[string][]string{
		"signature.header":    {"X-A", "X-B"},
		"event.types.foo.bar": {"com.github.foo.bared"},
		"limits.body":         {"2MiB"},
	})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(signature.Strings{"X-A", "X-B"}, own.Signature[0].Header); diff != "" {
		t.Error(diff)
	}
	if own.Event.Types["foo.bar"] != "com.github.foo.bared" || own.Event.Types["push"] == "" || own.MaxBody() != 2<<20 {
		t.Errorf("got %v and %d bytes", own.Event.Types, own.MaxBody())
	}
	after, err := json.Marshal(shared)
	if err != nil || string(after) != string(before) {
		t.Errorf("the shared provider has changed, error %v", err)
	}
}

// TestNotedOverrides makes the overrides that notes in the catalogue tell of.
func TestNotedOverrides(t *testing.T) {
	t.Parallel()
	tests := map[string]map[string][]string{
		"standard-webhooks": {
			"event.id":                   {"header:Svix-Id"},
			"signature.0.header":         {"Svix-Signature"},
			"signature.0.id":             {"header:Svix-Id"},
			"signature.0.timestamp.from": {"header:Svix-Timestamp"},
		},
		"repliers":   {"signature.header": {"X-Api-Key"}},
		"rechat":     {"signature.header": {"X-Other"}, "signature.key": {"text"}, "signature.encoding": {"base64"}},
		"rest-hooks": {"signature.hash": {"sha1"}, "handshake.match.body": {""}},
	}
	for name, overrides := range tests {
		if _, err := lookup(t, name).Resolve(overrides); err != nil {
			t.Error(err)
		}
	}
}

func TestResolveErrors(t *testing.T) {
	t.Parallel()
	tests := []struct{ key, value, want string }{
		{"signature.heder", "X", "signature.heder: unknown key"},
		{"signature.type", "rot13", `invalid provider "github": signature.0: invalid scheme: unknown type "rot13"`},
		{"limits.failure", "200", `invalid provider "github": limits.failure: 200 is no client error status`},
		{"event.types.push", "pushed", "event.types.push: "},
	}
	for _, test := range tests {
		_, err := lookup(t, "github").Resolve(map[string][]string{test.key: {test.value}})
		if !errors.Is(err, provider.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s %s: got %v, want %s", test.key, test.value, err, test.want)
		}
	}
}

// TestResolveCopies sees to it that a copy holds everything but the vectors, and
// shares nothing with the original.
func TestResolveCopies(t *testing.T) {
	t.Parallel()
	for _, name := range provider.Names() {
		p := lookup(t, name)
		own, err := p.Resolve(nil)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(p, own, compareTemplates, cmpopts.EquateEmpty(), cmpopts.IgnoreFields(provider.Provider{}, "Vectors")); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if own.Vectors != nil {
			t.Errorf("%s: the vectors came along", name)
		}
	}
	p := acme(t)
	own, err := p.Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	own.Signature[1].Timestamp.Tolerance = signature.Off
	own.Signature[1].Header[0] = "X-Changed"
	own.Require[0].Host[0] = "changed.example"
	own.Event.Types["user.made"] = "com.acme.user.changed"
	own.Const["region"] = "us"
	if diff := cmp.Diff(acme(t), p, compareTemplates); diff != "" {
		t.Error(diff)
	}
}

const withConst = `
name: acme
const: {region: "", brand: 'Q"{{1}}'}
signature:
  - type: hmac
    header: "X-{const:brand}-Signature"
    content: "{const:region}.{body}"
event:
  subject: const:region
  source: "https://{const:region}.acme.example"
`

func TestResolveConst(t *testing.T) {
	t.Parallel()
	p := parse(t, strings.Replace(withConst, "{{1}}", "1", 1))
	own, err := p.Resolve(map[string][]string{"const.region": {`eu\1`}})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := own.Signature[0].Header[0], `X-Q"1-Signature`; got != want {
		t.Errorf("header %s, want %s", got, want)
	}
	if got, want := own.Signature[0].Content.String(), `eu\1.{body}`; got != want {
		t.Errorf("content %s, want %s", got, want)
	}
	if got, ok := own.Event.Source.Expand(request{}); got != `https://eu\1.acme.example` || !ok {
		t.Errorf("source %s", got)
	}
	if got, ok := own.Event.Subject.Expand(request{}); got != `eu\1` || !ok {
		t.Errorf("subject %s", got)
	}
	if p.Event.Source[0].String() != "https://{const:region}.acme.example" {
		t.Error("the original has changed")
	}
}

func TestResolveConstErrors(t *testing.T) {
	t.Parallel()
	tests := []struct{ region, want string }{
		{"", "const.region: it is needed: add `override const.region <value>`"},
		{"{body}", "const.region: it must not read as a field or part of a request"},
		{"}", "const.region: it must not read as"},
		{"method", "const.region: it must not read as"},
		{"header:X-Region", "const.region: it must not read as"},
	}
	for _, test := range tests {
		p := parse(t, strings.Replace(withConst, "{{1}}", "1", 1))
		_, err := p.Resolve(map[string][]string{"const.region": {test.region}})
		if !errors.Is(err, provider.ErrInvalid) || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q: got %v, want %s", test.region, err, test.want)
		}
	}
	if _, err := parse(t, withConst).Resolve(nil); err == nil {
		t.Error("braces in a constant of the file are accepted")
	}
}

func parse(t testing.TB, yaml string) *provider.Provider {
	t.Helper()
	p, err := provider.Parse([]byte(yaml), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return p
}
