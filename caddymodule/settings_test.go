package caddymodule

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/caddymodule/redaction"
	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/provider"
)

// readBlock reads an endpoint's block of a Caddyfile.
func readBlock(lines ...string) (*Handler, error) {
	h := new(Handler)
	return h, h.UnmarshalCaddyfile(caddyfile.NewTestDispenser("hookward {\n" + strings.Join(lines, "\n") + "\n}"))
}

func TestTokenLine(t *testing.T) {
	t.Parallel()
	for line, want := range map[string]*Token{
		"token query key value":          {Place: "query", Name: "key", Value: "value"},
		"token query key value old":      {Place: "query", Name: "key", Value: "value", ID: "old"},
		"token header X-Token value":     {Place: "header", Name: "X-Token", Value: "value"},
		"token header X-Token {env.T} n": {Place: "header", Name: "X-Token", Value: "{env.T}", ID: "n"},
		"token path value":               {Place: "path", Value: "value"},
		"token path value new":           {Place: "path", Value: "value", ID: "new"},

		"token":                     nil,
		"token query":               nil,
		"token query key":           nil,
		"token query key value a b": nil,
		"token header X-Token":      nil,
		"token path":                nil,
		"token path value new more": nil,
		"token cookie key value":    nil,
	} {
		h, err := readBlock(line)
		if want == nil {
			if err == nil || !strings.Contains(err.Error(), "want `token query|header <name> <value> [<key id>]`") {
				t.Errorf("%s: error %v, tokens %+v", line, err, h.Tokens)
			}
			continue
		}
		if diff := cmp.Diff([]Token{*want}, h.Tokens); err != nil || diff != "" {
			t.Errorf("%s: error %v %s", line, err, diff)
		}
	}
}

func TestTokenInGate(t *testing.T) {
	t.Setenv("HOOKWARD_TEST_TOKEN", "the-token")
	h, err := readBlock("token header X-Token {env.HOOKWARD_TEST_TOKEN} new", "token path other")
	if err != nil {
		t.Fatal(err)
	}
	cfg, err := h.gateConfig()
	want := []gate.Token{{Place: "header", Name: "X-Token", Value: "the-token", ID: "new"}, {Place: "path", Value: "other"}}
	if diff := cmp.Diff(want, cfg.Tokens); err != nil || diff != "" {
		t.Errorf("error %v %s", err, diff)
	}
}

// A line with an empty value would mean the same as none: any path, for one.
func TestEmptyValues(t *testing.T) {
	t.Parallel()
	for _, line := range []string{"name", "path", "public_url", "handshake", "tolerance", "max_body", "source", "emit", "resign", "deliver"} {
		if _, err := readBlock(line + ` ""`); err == nil || !strings.Contains(err.Error(), line+" is empty") || !strings.Contains(err.Error(), "Testfile:2") {
			t.Errorf(`%s "": error %v`, line, err)
		}
	}
	if h, err := readBlock("tolerance 1d"); err != nil || time.Duration(h.Tolerance) != 24*time.Hour {
		t.Errorf("tolerance 1d: %v, error %v", h.Tolerance, err)
	}
}

// provision prepares an endpoint as loading a configuration does, and returns the
// error and the log.
func provision(t *testing.T, endpoint jsonObject) ([]string, error) {
	t.Helper()
	t.Cleanup(stopCaddy)
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	config := caddyConfig(t, dir, jsonObject{"default": logFile(log, jsonObject{"format": "hookward"})}, jsonObject{"servers": jsonObject{"main": jsonObject{
		"listen": []string{"127.0.0.1:1"}, "routes": []jsonObject{endpointRoute("/in", endpoint)},
	}}})
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	var parsed caddy.Config
	if err := json.Unmarshal(data, &parsed); err != nil {
		t.Fatal(err)
	}
	err = caddy.Validate(&parsed)
	return readLog(t, log), err
}

// Settings in JSON, where no Caddyfile is there to refuse them.
func TestSettingsThatDoNotLoad(t *testing.T) {
	for _, test := range []struct {
		name     string
		settings jsonObject
		want     string
	}{
		{"a redacted path that is none", jsonObject{"redact": []string{"data.id", "]["}}, `redact "][": its brackets do not match`},
		{"an empty redacted path", jsonObject{"redact": []string{""}}, `redact "": it is empty`},
		{"dedupe off with a key", jsonObject{"dedupe": jsonObject{"off": true, "key": []string{"json:id"}}}, "dedupe: off takes neither a window nor a key"},
		{"a dedupe key without its source", jsonObject{"dedupe": jsonObject{"key": []string{"data.id"}}}, "want a field such as json:data.id or header:"},
		{"an id without its source", jsonObject{"override": jsonObject{"event.id": []string{"data.id"}}}, "want a field such as json:data.id or header:"},
		{"once with a secret", jsonObject{"provider": "repliers", "path": "/in/{event}", "handshake": "once", "secrets": []jsonObject{{"value": "s3cret"}}}, "drop `handshake once`"},
		{"once and a provider without handshakes", jsonObject{"provider": "github", "handshake": "once", "secrets": []jsonObject{{"value": "s3cret"}}}, "github makes no handshakes: drop `handshake once`"},
		{"no event in the path", jsonObject{"provider": "repliers", "path": "/in"}, "add {event} to path"},
		{"a re-signing secret without its prefix", jsonObject{"resign": "c2VjcmV0"}, "write it with its prefix, whsec_ if"},
		{"a secret without its prefix", jsonObject{"provider": "standard-webhooks", "secrets": []jsonObject{{"value": "c2VjcmV0"}}}, "write it with its prefix, whsec_ if"},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.settings["provider"] == nil {
				test.settings["provider_definition"], test.settings["allow_unsigned"] = jsonObject{"name": "acme"}, true
			}
			if _, err := provision(t, test.settings); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
		})
	}
}

// What is wrong with a secret is told without a part of it.
func TestResolve(t *testing.T) {
	t.Setenv("HOOKWARD_TEST_SECRET", "s3cret")
	t.Setenv("HOOKWARD_TEST_EMPTY", "")
	for text, want := range map[string]string{
		"s3cret":                            "s3cret",
		"s{3cret":                           "s{3cret",
		"{env.HOOKWARD_TEST_SECRET}":        "s3cret",
		"Bearer {env.HOOKWARD_TEST_SECRET}": "Bearer s3cret",
		`with \{braces\} {env.HOOKWARD_TEST_SECRET}`: "with {braces} s3cret",
	} {
		if got, err := resolve(text); got != want || err != nil {
			t.Errorf("%s: got %q, %v; want %q", text, got, err, want)
		}
	}
	for text, want := range map[string]string{
		"":                          "it is empty",
		"{env.HOOKWARD_TEST_EMPTY}": "{env.HOOKWARD_TEST_EMPTY} is empty",
		"x{env.HOOKWARD_TEST_NONE}": "{env.HOOKWARD_TEST_NONE} is empty",
		"{file./no/such/file}":      "{file./no/such/file} is empty",
		"{http.request.header.X}":   "none that is known when a configuration is loaded",
		"a{very-secret}key":         `where the secret itself has a brace, write \{`,
		"{env.HOOKWARD_TEST_SECRET}a{very-secret}key": `where the secret itself has a brace, write \{`,
	} {
		got, err := resolve(text)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "very-secret") {
			t.Errorf("%s: got %q, %v; want %q", text, got, err, want)
		}
	}
}

// Settings that look like some of these, and load.
func TestSettingsThatLoad(t *testing.T) {
	for name, settings := range map[string]jsonObject{
		"armed with a secret":   {"provider": "repliers", "path": "/in/{event}", "handshake": "armed", "secrets": []jsonObject{{"value": "s3cret"}}},
		"once without a secret": {"provider": "repliers", "path": "/in/{event}", "handshake": "once"},
		"an event in the body":  {"provider": "everreal", "path": "/in", "allow_unsigned": true},
		"redacted paths":        {"provider": "everreal", "allow_unsigned": true, "redact": []string{"#.id", `data.#(a=="]").b`}},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := provision(t, settings); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestTimestampWarning(t *testing.T) {
	signed := jsonObject{"type": "hmac", "header": "X-Signed", "content": "{timestamp}.{body}", "timestamp": jsonObject{"from": "header:X-Time"}}
	unsigned := jsonObject{"type": "hmac", "header": "X-Signed", "timestamp": jsonObject{"from": "header:X-Time"}}
	for _, test := range []struct {
		name      string
		scheme    jsonObject
		tolerance string
		want      bool
	}{
		{"signed", signed, "5m", false},
		{"not signed", unsigned, "5m", true},
		{"not looked at", unsigned, "off", false},
	} {
		t.Run(test.name, func(t *testing.T) {
			log, err := provision(t, jsonObject{
				"provider_definition": jsonObject{"name": "acme", "signature": []jsonObject{test.scheme}},
				"secrets":             []jsonObject{{"value": "s3cret"}}, "tolerance": test.tolerance,
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := linesWith(log, "does not sign its timestamp"); (len(got) > 0) != test.want {
				t.Errorf("warnings %v", got)
			}
		})
	}
}

const withConstants = `
name: acme
const: {verify_token: "%s", region: ""}
signature: {type: hmac, header: X-Signed}
challenge:
  name: hub
  match: {method: GET, where: {field: "query:token", equals: "{const:verify_token}-{const:region}"}}
`

// Constants are often secrets that both sides know, so they come and are hidden as
// secrets are.
func TestConstants(t *testing.T) {
	t.Setenv("HOOKWARD_TEST_VERIFY", "v3rify-me")
	t.Setenv("HOOKWARD_TEST_EMPTY", "")
	for _, test := range []struct {
		name     string
		own      string
		override map[string][]string
		want     string // what the challenge's token must be
		hidden   []string
		err      string
	}{
		{"as they are", "abcd", map[string][]string{"const.region": {"eu"}}, "abcd-eu", []string{"eu", "abcd"}, ""},
		{"in place", "{env.HOOKWARD_TEST_VERIFY}", map[string][]string{"const.region": {"eu"}}, "v3rify-me-eu", []string{"eu", "v3rify-me"}, ""},
		{"overridden", "abcd", map[string][]string{"const.region": {"eu"}, "const.verify_token": {"x-{env.HOOKWARD_TEST_VERIFY}"}}, "x-v3rify-me-eu", []string{"eu", "x-v3rify-me"}, ""},
		{"not set", "abcd", nil, "", nil, "add `override const.region <value>`"},
		{"unset variable", "{env.HOOKWARD_TEST_NONE}", nil, "", nil, "const.verify_token: replacing placeholders"},
		{"empty variable", "abcd", map[string][]string{"const.region": {"{env.HOOKWARD_TEST_EMPTY}"}}, "", nil, "const.region: "},
		{"no placeholder", "abcd", map[string][]string{"const.region": {"{json:region}"}}, "", nil, "const.region: "},
	} {
		t.Run(test.name, func(t *testing.T) {
			p, err := provider.Parse(fmt.Appendf(nil, withConstants, test.own), "acme.yaml")
			if err != nil {
				t.Fatal(err)
			}
			h := &Handler{ProviderDefinition: p, Override: test.override}
			own, err := h.loadProvider()
			if test.err != "" {
				if err == nil || !strings.Contains(err.Error(), test.err) {
					t.Errorf("got %v, want %q", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got := own.Challenge[0].Match.Where[0].Equals[0].String(); got != test.want {
				t.Errorf("the token is %q, want %q", got, test.want)
			}
			h.provider = own
			for _, value := range test.hidden {
				if !slices.Contains(h.toRedact(&gate.Config{}), redaction.Value(value)) {
					t.Errorf("%q is shown in logs", value)
				}
			}
		})
	}
}

// What the catalogue says of a provider is known to everybody.
func TestCatalogueConstantsAreShown(t *testing.T) {
	t.Parallel()
	h := &Handler{Provider: "github", Override: map[string][]string{"const.mine": {"my-value"}}}
	override, err := h.resolveConstants(&provider.Provider{Const: map[string]string{"theirs": "their-value", "mine": ""}})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string][]string{"const.mine": {"my-value"}}, override); diff != "" {
		t.Error(diff)
	}
	if !slices.Equal(h.constants, []string{"my-value"}) {
		t.Errorf("hidden are %q", h.constants)
	}
}
