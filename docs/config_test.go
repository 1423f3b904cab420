package docs

import (
	"encoding/json"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/harness"
	"github.com/hookward/hookward/provider"
)

// TestCaddyfiles loads every Caddyfile that the pages show, and Caddyfile.example,
// as far as can be done without starting it.
func TestCaddyfiles(t *testing.T) {
	t.Parallel()
	example := readPage(t, "Caddyfile.example")
	loads(t, example.file, block{line: 1, text: example.text})
	for _, p := range handbook(t) {
		for _, b := range p.blocks("caddyfile") {
			loads(t, p.file, b)
		}
	}
}

// TestSitesAreGuarded: a site that a reader copies guards each endpoint by its exact
// path, and all other paths by 404.
func TestSitesAreGuarded(t *testing.T) {
	t.Parallel()
	endpoint, path := regexp.MustCompile(`(?m)^\s+hookward( [a-z-]+)? \{$`), regexp.MustCompile(`(?m)^\s+path /`)
	sites := 0
	for _, p := range handbook(t) {
		for _, b := range p.blocks("caddyfile") {
			_, site, is := strings.Cut(b.text, "hooks.example.com {\n")
			endpoints := len(endpoint.FindAllString(site, -1))
			if !is || endpoints == 0 {
				continue
			}
			sites++
			if paths := len(path.FindAllString(site, -1)); paths != endpoints || !strings.Contains(site, "error 404") {
				t.Errorf("%s:%d: %d of %d endpoints have a path, and is everything else 404?", p.file, b.line, paths, endpoints)
			}
		}
	}
	if sites == 0 {
		t.Error("no page shows a site")
	}
}

// loads adapts and provisions a Caddyfile, with every variable set that it names,
// and sees to it that `caddy fmt` would leave it as it is.
func loads(t *testing.T, file string, b block) {
	t.Helper()
	t.Run(strings.ReplaceAll(file, "/", "_"), func(t *testing.T) {
		t.Parallel()
		g := harness.New(t, harness.Options{Folder: t.TempDir(), Env: secrets(b.text)})
		write(t, filepath.Join(g.Folder, "Caddyfile"), whole(b.text))
		out, err := g.Caddy("adapt", "--validate").CombinedOutput()
		switch {
		case err != nil:
			t.Errorf("%s:%d: %v\n%s", file, b.line, err, out)
		case strings.Contains(string(out), "not formatted"):
			t.Errorf("%s:%d: caddy fmt would change it", file, b.line)
		}
	})
}

// whole makes a Caddyfile of a part of one: what begins with a directive is put
// into a site.
func whole(text string) string {
	switch first, _, _ := strings.Cut(text, " "); first {
	case "handle", "hookward", "log":
		return "hooks.example.com {\n\t" + strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", "\n\t") + "\n}\n"
	}
	return text
}

var variable = regexp.MustCompile(`\{env\.(\w+)\}`)

// secrets sets the variables that a text names.
func secrets(text string) []string {
	var set []string
	for _, found := range variable.FindAllStringSubmatch(text, -1) {
		value := "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
		if strings.HasPrefix(found[1], "RECHAT") {
			value = "16b43e2f5379346d4e605f4389c8366b"
		}
		set = append(set, found[1]+"="+value)
	}
	return set
}

// TestProviders loads every description that the pages show. A part of one is given
// the name that it lacks.
func TestProviders(t *testing.T) {
	t.Parallel()
	for _, p := range handbook(t) {
		for _, b := range p.blocks("yaml") {
			text := b.text
			if !strings.HasPrefix(text, "name:") {
				text = "name: example\n" + text
			}
			if _, err := provider.Parse([]byte(text), p.file); err != nil {
				t.Errorf("%s:%d: %v", p.file, b.line, err)
			}
		}
	}
}

// TestAcme compares the three places where the worked example is written down.
func TestAcme(t *testing.T) {
	t.Parallel()
	page := readPage(t, "docs/providers.md")
	want := parse(t, page.blocks("yaml")[0].text)

	file := parse(t, readPage(t, "examples/own-provider/acme.yaml").text)
	file.Vectors = nil
	if diff := cmp.Diff(inJSON(t, want), inJSON(t, file)); diff != "" {
		t.Errorf("examples/own-provider/acme.yaml (-page +file):\n%s", diff)
	}

	inPlace := definition(t, page.blocks("caddyfile")[0].text)
	inPlace.Name, inPlace.Docs = want.Name, want.Docs
	if diff := cmp.Diff(inJSON(t, want), inJSON(t, inPlace)); diff != "" {
		t.Errorf("the Caddyfile (-yaml +caddyfile):\n%s", diff)
	}
}

func parse(t *testing.T, text string) *provider.Provider {
	t.Helper()
	p, err := provider.Parse([]byte(text), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// definition returns the provider that a Caddyfile defines in place.
func definition(t *testing.T, caddyfile string) *provider.Provider {
	t.Helper()
	adapt := harness.New(t, harness.Options{}).Caddy("adapt", "--config", "-", "--adapter", "caddyfile")
	adapt.Stdin = strings.NewReader(caddyfile)
	config, err := adapt.Output()
	if err != nil {
		t.Fatal(err)
	}
	_, after, found := strings.Cut(string(config), `"provider_definition":`)
	if !found {
		t.Fatalf("no provider is defined in %s", config)
	}
	var p provider.Provider
	if err := json.NewDecoder(strings.NewReader(after)).Decode(&p); err != nil {
		t.Fatal(err)
	}
	return &p
}

func inJSON(t *testing.T, p *provider.Provider) string {
	t.Helper()
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
