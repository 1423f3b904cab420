package caddymodule

import (
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/signature"
)

// Each file in testdata is a Caddyfile and, below a line of hyphens, the JSON that
// comes of it, as in Caddy's own tests.
const (
	goldens     = "testdata/*.caddyfiletest"
	goldenRuler = "\n----------\n"
)

// update writes the JSON of the goldens anew, to be looked at before it is committed.
var update = flag.Bool("update", false, "write the JSON of the goldens anew")

func adapt(caddyfile string) ([]byte, error) {
	config, _, err := caddyconfig.GetAdapter("caddyfile").Adapt([]byte(caddyfile), map[string]any{"filename": "Caddyfile"})
	return config, err
}

func TestAdaptGoldens(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(goldens)
	if err != nil || len(files) == 0 {
		t.Fatalf("there are no goldens: %v", err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			caddyfile, want, _ := strings.Cut(string(text), goldenRuler)
			config, err := adapt(caddyfile + "\n")
			if err != nil {
				t.Fatal(err)
			}
			got := indented(t, config)
			if *update {
				if err := os.WriteFile(file, []byte(strings.TrimSpace(caddyfile)+goldenRuler+got), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("JSON (-want +got):\n%s", diff)
			}
		})
	}
}

func indented(t *testing.T, config []byte) string {
	t.Helper()
	var tree any
	if err := json.Unmarshal(config, &tree); err != nil {
		t.Fatal(err)
	}
	text, err := json.MarshalIndent(tree, "", "\t")
	if err != nil {
		t.Fatal(err)
	}
	return string(text) + "\n"
}

// Every directive, option and subdirective is in a golden.
func TestGoldensAreComplete(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(goldens)
	if err != nil {
		t.Fatal(err)
	}
	var caddyfiles strings.Builder
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		caddyfile, _, _ := strings.Cut(string(text), goldenRuler)
		caddyfiles.WriteString(caddyfile + "\n")
	}
	words := []string{"hookward_echo", "hookward_health", "max_inflight", "dedupe_entries", "format hookward", `@\w+ hookward_event`}
	for name := range subdirectives {
		words = append(words, name)
	}
	for _, word := range words {
		if !regexp.MustCompile(`(?m)^\s*` + word + `\b`).MatchString(caddyfiles.String()) {
			t.Errorf("no golden has %s", word)
		}
	}
}

// Caddy expands its shorthands in every word of a Caddyfile, those in templates too.
// What comes of it is read as the same parts.
func TestShorthandsInTemplates(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("testdata/provider_shorthands.caddyfiletest")
	if err != nil {
		t.Fatal(err)
	}
	_, config, _ := strings.Cut(string(text), goldenRuler)
	endpoints, err := findEndpoints([]byte(config))
	if err != nil {
		t.Fatal(err)
	}
	h := endpoints["custom"].(configured).handler
	if h.provider, err = h.loadProvider(); err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		what string
		got  signature.Template
		want string
	}{
		{"content", h.provider.Signature[0].Content, "{method} {path} {host} {query} {query:a} {header:X-Id} {body}"},
		{"id", h.provider.Event.ID[0], "{method}:{path}:{header:X-Id}"},
		{"type", h.provider.Event.Type[0], "{path}"},
		{"key", h.Dedupe.Key[0], "{host}/{json:id}"},
	} {
		var want signature.Template
		if err := want.UnmarshalText([]byte(test.want)); err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(test.got.String(), "{http.request.") {
			t.Errorf("%s: nothing is expanded in %q", test.what, test.got.String())
		}
		if got := test.got.Fields(); !slices.Equal(got, want.Fields()) {
			t.Errorf("%s reads %v, want %v", test.what, got, want.Fields())
		}
	}
}

// A wrong configuration is refused with what is wrong, and the line.
func TestAdaptErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		lines string // of a site whose first line is the Caddyfile's first
		want  string
	}{
		{"unknown subdirective", "hookward github {\n\tpath /x\n\tsecrte x\n}", `unknown subdirective "secrte", there are allow_unsigned, dedupe, deliver, `},
		{"two providers", "hookward github gitlab", "want `hookward [<matcher>] [<provider>]`, at Caddyfile:2"},
		{"a block in one line", "hookward github { path /x }", "next token after '{' on same line, at Caddyfile:2"},
		{"a subdirective twice", "hookward github {\n\tpath /x\n\tpath /y\n}", "path is there twice, at Caddyfile:4"},
		{"a flag twice", "hookward everreal {\n\tallow_unsigned\n\tname x\n\tallow_unsigned\n}", "allow_unsigned is there twice, at Caddyfile:5"},
		{"no value", "hookward github {\n\tpath\n}", "wrong argument count or unexpected line ending after 'path', at Caddyfile:3"},
		{"a value too many", "hookward github {\n\tname a b\n}", "wrong argument count or unexpected line ending after 'a', at Caddyfile:3"},
		{"a flag with a value", "hookward github {\n\treport_only yes\n}", "wrong argument count or unexpected line ending after 'yes', at Caddyfile:3"},
		{"no secret", "hookward github {\n\tsecret\n}", "want `secret <value> [<key id>]`, at Caddyfile:3"},
		{"a secret of three", "hookward github {\n\tsecret a b c\n}", "want `secret <value> [<key id>]`, at Caddyfile:3"},
		{"no events", "hookward repliers {\n\tevents\n}", "wrong argument count or unexpected line ending after 'events', at Caddyfile:3"},
		{"an unknown mode", "hookward repliers {\n\thandshake twice\n}", `unknown handshake mode "twice", want armed, once or off, at Caddyfile:3`},
		{"no place of a token", "hookward everreal {\n\ttoken x\n}", "at Caddyfile:3"},
		{"a wrong place of a token", "hookward everreal {\n\ttoken cookie a b\n}", "at Caddyfile:3"},
		{"a token without a value", "hookward everreal {\n\ttoken query key\n}", "at Caddyfile:3"},
		{"an override without a value", "hookward github {\n\toverride signature.header\n}", "want `override <key> <values...>`, at Caddyfile:3"},
		{"an override twice", "hookward github {\n\toverride signature.header a\n\toverride signature.header b\n}", "override signature.header is there twice, at Caddyfile:4"},
		{"a tolerance that is none", "hookward stripe {\n\ttolerance soon\n}", "want a duration such as 5m, or off"},
		{"a size that is none", "hookward github {\n\tmax_body much\n}", `"much" is no size such as 1MiB, at Caddyfile:3`},
		{"a size of nothing", "hookward github {\n\tmax_body 0\n}", "max_body: want at least 1 byte, at Caddyfile:3"},
		{"a window that is none", "hookward github {\n\tdedupe never\n}", `dedupe "never": want a duration such as 24h, or off, at Caddyfile:3`},
		{"a window of nothing", "hookward github {\n\tdedupe 0s\n}", `dedupe "0s": want a duration such as 24h, or off, at Caddyfile:3`},
		{"two windows", "hookward github {\n\tdedupe 1h 2h\n}", "want one duration such as 24h, or off, at Caddyfile:3"},
		{"dedupe off and a block", "hookward github {\n\tdedupe off {\n\t\tkey json:id\n\t}\n}", "there is no block here, at Caddyfile:4"},
		{"an unknown key of dedupe", "hookward github {\n\tdedupe {\n\t\tkeys json:id\n\t}\n}", `dedupe: unknown or repeated "keys", at Caddyfile:4`},
		{"a key of dedupe twice", "hookward github {\n\tdedupe {\n\t\tkey json:id\n\t\tkey json:id\n\t}\n}", `dedupe: unknown or repeated "key", at Caddyfile:5`},
		{"a key of dedupe without places", "hookward github {\n\tdedupe {\n\t\tkey\n\t}\n}", "wrong argument count or unexpected line ending after 'key', at Caddyfile:4"},
		{"a place that is none", "hookward github {\n\tdedupe {\n\t\tkey {jsn:id}\n\t}\n}", "at Caddyfile:4"},
		{"a provider by name in the block", "hookward {\n\tprovider github\n}", "want `provider file <path>` or a block, at Caddyfile:3"},
		{"a file and a block", "hookward {\n\tprovider file a.yaml {\n\t\tname x\n\t}\n}", "there is no block here, at Caddyfile:4"},
		{"an unknown key of a provider", "hookward {\n\tprovider {\n\t\tsignature {\n\t\t\thaeder X-Signature\n\t\t}\n\t}\n}", "signature.0.haeder: unknown key, at Caddyfile:5"},
		{"an unknown block of a provider", "hookward {\n\tprovider {\n\t\tsignatrue {\n\t\t\ttype hmac\n\t\t}\n\t}\n}", "signatrue: unknown key, at Caddyfile:4"},
		{"a value and a block", "hookward {\n\tprovider {\n\t\tname acme {\n\t\t\tx y\n\t\t}\n\t}\n}", "there is no block here, at Caddyfile:5"},
		{"a secret in a block", "hookward github {\n\tsecret x {\n\t\ty z\n\t}\n}", "at Caddyfile:3"},
		{"echo with a value", "hookward_echo /x y", "wrong argument count or unexpected line ending after 'y', at Caddyfile:2"},
		{"echo with a block", "hookward_echo {\n\tx\n}", "there is no block here, at Caddyfile:3"},
		{"health with a value", "hookward_health /x y", "wrong argument count or unexpected line ending after 'y', at Caddyfile:2"},
		{"a matcher of nothing", "@x hookward_event\nrespond @x yes", "at Caddyfile:2"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := adapt(":8080 {\n" + test.lines + "\n}\n")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
}

func TestAdaptOptionErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ name, lines, want string }{
		{"unknown option", "hookward {\n\tmax_inflihgt 1MiB\n}", `unknown option "max_inflihgt", at Caddyfile:3`},
		{"an option twice", "hookward {\n\tdedupe_entries 1\n\tdedupe_entries 2\n}", "dedupe_entries is there twice, at Caddyfile:4"},
		{"hookward twice", "hookward {\n\tdedupe_entries 1\n}\nhookward {\n\tmax_inflight 1MiB\n}", "the global option hookward is there twice, at Caddyfile:5"},
		{"a value", "hookward 1MiB", "wrong argument count or unexpected line ending after '1MiB', at Caddyfile:2"},
		{"no size", "hookward {\n\tmax_inflight\n}", "wrong argument count or unexpected line ending after 'max_inflight', at Caddyfile:3"},
		{"a size that is none", "hookward {\n\tmax_inflight much\n}", `"much" is no size such as 1MiB, at Caddyfile:3`},
		{"a number that is none", "hookward {\n\tdedupe_entries many\n}", `"many" is not a positive whole number, at Caddyfile:3`},
		{"no size at all", "hookward {\n\tmax_inflight 0\n}", "max_inflight: want at least 1 byte, at Caddyfile:3"},
		{"no entries", "hookward {\n\tdedupe_entries 0\n}", `"0" is not a positive whole number, at Caddyfile:3`},
		{"an encoder around nothing", "log {\n\tformat hookward {\n\t\twrap\n\t}\n}", "at Caddyfile:4"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			_, err := adapt("{\n" + test.lines + "\n}\n")
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error is %v, want %s", err, test.want)
			}
		})
	}
}
