package caddymodule

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/caddymodule/redaction"
)

func TestSubscribeBlock(t *testing.T) {
	t.Parallel()
	h, err := readBlock(
		"subscribe {", "api https://api.example.com", "account 8929cf8b", "credential {env.KEY}",
		"events listing.created listing.updated", "resource 12345", "prune", "every 1h", "}", "max_body 1KiB",
	)
	if err != nil {
		t.Fatal(err)
	}
	want := &Subscribe{
		API: "https://api.example.com", Account: "8929cf8b", Credential: "{env.KEY}",
		Events: []string{"listing.created", "listing.updated"}, Resource: "12345",
		Prune: true, Every: caddy.Duration(time.Hour),
	}
	if diff := cmp.Diff(want, h.Subscribe); diff != "" {
		t.Errorf("subscribe (-want +got):\n%s", diff)
	}
	if h.MaxBody != 1024 {
		t.Errorf("what follows the block is not read: max_body is %d", h.MaxBody)
	}
}

func TestSubscribeBlockErrors(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		lines []string
		want  []string
	}{
		"unknown word":      {[]string{"subscribe {", "credential x", "shiny", "}"}, []string{`unknown "shiny"`, "Testfile:4"}},
		"a word twice":      {[]string{"subscribe {", "credential x", "prune", "prune", "}"}, []string{"prune", "twice", "Testfile:5"}},
		"the block twice":   {[]string{"subscribe {", "credential x", "}", "subscribe {", "credential x", "}"}, []string{"subscribe", "twice", "Testfile:5"}},
		"no credential":     {[]string{"subscribe {", "prune", "}"}, []string{"credential is missing", "Testfile:4"}},
		"no block":          {[]string{"subscribe"}, []string{"credential is missing", "Testfile:2"}},
		"an argument":       {[]string{"subscribe x {", "credential x", "}"}, []string{"Testfile:2"}},
		"empty credential":  {[]string{"subscribe {", `credential ""`, "}"}, []string{"credential is empty", "Testfile:3"}},
		"two credentials":   {[]string{"subscribe {", "credential x y", "}"}, []string{"Testfile:3"}},
		"no events":         {[]string{"subscribe {", "credential x", "events", "}"}, []string{"Testfile:4"}},
		"prune with a word": {[]string{"subscribe {", "credential x", "prune yes", "}"}, []string{"Testfile:4"}},
		"every with none":   {[]string{"subscribe {", "credential x", "every often", "}"}, []string{`"often" is no duration`, "Testfile:4"}},
		"every nothing":     {[]string{"subscribe {", "credential x", "every 0s", "}"}, []string{`"0s" is no duration`, "Testfile:4"}},
		"a block within":    {[]string{"subscribe {", "credential x {", "y", "}", "}"}, []string{"there is no block here"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := readBlock(test.lines...)
			for _, want := range test.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("error %v, want %q", err, want)
				}
			}
		})
	}
}

// subscribing is the settings of an endpoint that loads.
func subscribing(provider string) jsonObject {
	settings := jsonObject{
		"provider": provider, "path": "/in/{slot}", "public_url": "https://hooks.example.com/in/{slot}",
		"subscribe": jsonObject{"credential": "api-very-secret"},
	}
	switch subscribe := settings["subscribe"].(jsonObject); provider {
	case "everreal":
		settings["path"], settings["public_url"] = "/in", "https://hooks.example.com/in"
		settings["tokens"] = []jsonObject{token("query", "key", "url-very-secret")}
		subscribe["account"] = "acme"
	case "rechat":
		subscribe["account"] = "8929cf8b"
	case "asana":
		subscribe["account"], subscribe["resource"] = "1331", "8675309"
	case "rest-hooks":
		subscribe["api"], subscribe["events"] = "https://api.example.com/hooks", []string{"contact.created"}
	}
	return settings
}

func TestSubscribeLoads(t *testing.T) {
	for _, provider := range []string{"repliers", "rechat", "everreal", "asana", "rest-hooks"} {
		t.Run(provider, func(t *testing.T) {
			log, err := provision(t, subscribing(provider))
			if err != nil {
				t.Error(err)
			}
			if strings.Contains(strings.Join(log, "\n"), "very-secret") {
				t.Errorf("the log has a secret:\n%s", strings.Join(log, "\n"))
			}
		})
	}
	for name, change := range map[string]func(jsonObject, jsonObject){
		"slots of its own":    func(e, _ jsonObject) { e["slots"] = []string{"mine"} },
		"a secret of its own": func(e, _ jsonObject) { e["secrets"] = []jsonObject{{"value": "s3cret"}} },
		"once":                func(e, _ jsonObject) { e["handshake"] = "once" },
		"all of it": func(_, s jsonObject) {
			s["api"], s["events"], s["prune"], s["every"] = "https://sandbox.repliers.io", []string{"agent.created"}, true, "1h"
		},
	} {
		t.Run(name, func(t *testing.T) {
			settings := subscribing("repliers")
			change(settings, settings["subscribe"].(jsonObject))
			if _, err := provision(t, settings); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSubscribeDoesNotLoad(t *testing.T) {
	for _, test := range []struct {
		name, provider string
		change         func(endpoint, subscribe jsonObject)
		want           string
	}{
		{"a provider without an API", "github", func(e, _ jsonObject) { e["secrets"] = []jsonObject{{"value": "s3cret"}} }, "github: no client for a subscription api"},
		{"a provider of one's own", "", func(e, _ jsonObject) {
			e["provider_definition"] = jsonObject{"name": "acme", "signature": []jsonObject{{"type": "hmac", "header": []string{"X-Acme"}, "encoding": "hex"}}}
		}, "acme: no client for a subscription api"},
		{"no public_url", "repliers", func(e, _ jsonObject) { delete(e, "public_url") }, "add `public_url <url>`"},
		{"no slot in the path", "repliers", func(e, _ jsonObject) { e["path"], e["public_url"] = "/in", "https://hooks.example.com/in" }, "add {slot} to path"},
		{"an event in the path", "repliers", func(e, _ jsonObject) { e["path"] = "/in/{event}"; delete(e, "public_url") }, "add {slot} to path"},
		{"no slot in the path of one that signs", "rechat", func(e, _ jsonObject) { e["path"], e["public_url"] = "/in", "https://hooks.example.com/in" }, "add {slot} to path"},
		{"no slot in public_url", "repliers", func(e, _ jsonObject) { e["public_url"] = "https://hooks.example.com/in" }, "public_url lacks {slot}"},
		{"a slot for nothing", "everreal", func(e, _ jsonObject) {
			e["path"], e["public_url"], e["slots"] = "/in/{slot}", "https://hooks.example.com/in/{slot}", []string{"a"}
		}, "take {slot} out of path"},
		{"a plain public_url", "repliers", func(e, _ jsonObject) { e["public_url"] = "http://hooks.example.com/in/{slot}" }, "it is not https"},
		{"a token in a header", "everreal", func(e, _ jsonObject) { e["tokens"] = []jsonObject{token("header", "X-Key", "k")} }, "in a header"},
		{"handshakes off", "repliers", func(e, _ jsonObject) { e["handshake"], e["secrets"] = "off", []jsonObject{{"value": "s"}} }, "handshake off"},
		{"report_only", "repliers", func(e, _ jsonObject) { e["report_only"] = true }, "report_only answers no handshakes"},
		{"no credential", "repliers", func(_, s jsonObject) { delete(s, "credential") }, "credential: it is empty"},
		{"an unset credential", "repliers", func(_, s jsonObject) { s["credential"] = "{env.HOOKWARD_UNSET}" }, "credential: replacing placeholders"},
		{"a credential file that is missing", "repliers", func(_, s jsonObject) { s["credential"] = "{file./no/such/file}" }, "credential: replacing placeholders"},
		{"an unknown event", "repliers", func(_, s jsonObject) { s["events"] = []string{"agent.exploded"} }, `"agent.exploded" is none of the provider's events`},
		{"an event twice", "repliers", func(_, s jsonObject) { s["events"] = []string{"agent.created", "agent.created"} }, "an event is there twice"},
		{"an event that the path does not take", "everreal", func(e, s jsonObject) {
			e["path"], e["public_url"] = "/in/{event}", "https://hooks.example.com/in/{event}"
			e["events"], s["events"] = []string{"UNIT_CREATED"}, []string{"UNIT_DELETED"}
		}, `"UNIT_DELETED" is not among those of the endpoint's path`},
		{"no events where there is no list", "rest-hooks", func(_, s jsonObject) { delete(s, "events") }, "add `events <names...>`"},
		{"no resource", "asana", func(_, s jsonObject) { delete(s, "resource"); s["events"] = []string{"task.changed"} }, "the resource is no gid"},
		{"a resource for nothing", "repliers", func(_, s jsonObject) { s["resource"] = "1" }, "no resources to choose"},
		{"no account", "rechat", func(_, s jsonObject) { delete(s, "account") }, "the account must be the id of a brand"},
		{"an account for nothing", "repliers", func(_, s jsonObject) { s["account"] = "x" }, "no accounts to choose"},
		{"an API that is none", "repliers", func(_, s jsonObject) { s["api"] = "api.repliers.io" }, "the api's url"},
		{"an API by plain http", "repliers", func(_, s jsonObject) { s["api"] = "http://api.repliers.io" }, "it is not https"},
		{"too often", "repliers", func(_, s jsonObject) { s["every"] = "1s" }, "every: want at least 10s"},
		{"never", "repliers", func(_, s jsonObject) { s["every"] = -1 }, "every: want at least 10s"},
		{"an unknown field", "repliers", func(_, s jsonObject) { s["shiny"] = true }, `unknown field "shiny"`},
	} {
		t.Run(test.name, func(t *testing.T) {
			settings := subscribing(test.provider)
			if test.provider == "" {
				delete(settings, "provider")
			}
			test.change(settings, settings["subscribe"].(jsonObject))
			log, err := provision(t, settings)
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q", err, test.want)
			}
			if text := strings.Join(log, "\n") + err.Error(); strings.Contains(text, "very-secret") {
				t.Errorf("log or error has a secret:\n%s", text)
			}
		})
	}
}

// A credential in a file can be replaced while the server runs, and no log shows
// the new one either.
func TestCredentialThatChanges(t *testing.T) {
	file := filepath.Join(t.TempDir(), "credential")
	write := func(text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	hides := func(text string) bool { return redaction.Clean("x "+text) == "x "+redaction.Hidden }
	write("first-credential\n")
	c, err := newCredential("{file." + file + "}")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.forget)
	get := func(want string) {
		t.Helper()
		if got, err := c.get(context.Background()); err != nil || got != want {
			t.Fatalf("got %q, %v; want %q", got, err, want)
		}
	}
	get("first-credential")
	write("second-credential\n")
	if hides("second-credential") {
		t.Error("it is hidden although nobody has read it")
	}
	get("second-credential")
	get("second-credential")
	if !hides("second-credential") {
		t.Error("the new one is not hidden")
	}
	write("")
	if got, err := c.get(context.Background()); err == nil {
		t.Errorf("an empty file gives %q", got)
	}
	write("third-credential")
	get("third-credential")
	if !hides("third-credential") {
		t.Error("the newest is not hidden")
	}
}
