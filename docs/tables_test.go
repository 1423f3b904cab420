package docs

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/internal/reconcile"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// TestTables compares tables with what they list of the code, so that neither has
// more than the other.
func TestTables(t *testing.T) {
	t.Parallel()
	readme, providers, operations := readPage(t, "README.md"), readPage(t, "docs/providers.md"), readPage(t, "docs/operations.md")
	subscriptions, simulate := readPage(t, "docs/subscriptions.md"), readPage(t, "docs/simulate.md")
	face, commands := source(t, "caddymodule"), source(t, "caddymodule/command")

	for name, c := range map[string]struct{ table, code []string }{
		"subdirectives": {readme.column(t, "Caddyfile", "line"), find(part(t, face, "var subdirectives = "), `(?m)^\t"(\w+)":`)},
		"handlers":      {readme.column(t, "Caddyfile", "handler"), find(face, `RegisterHandlerDirective\("(hookward_\w+)"`)},
		"commands":      {operations.cells(t, "Commands", "command", "`caddy hookward (\\w+)"), find(commands, `newCommand\(\s*"(\w+)`)},
		"send":          {operations.cells(t, "Sending samples", "flag", flag), flagsOf(t, "send", "flags_provider", "flags_secret", "flags_token")},
		"verify":        {operations.cells(t, "Judging a delivery", "flag", flag), flagsOf(t, "verify", "flags_provider", "flags_secret", "flags_config", "flags_request")},
		"other flags":   {operations.cells(t, "Flags of the others", "flag", flag), flagsOf(t, "command", "arm", "disarm", "revoke", "forget", "endpoints", "providers", "reconcile", "rotate", "client")},
		"simulate":      {simulate.cells(t, "Playing a provider", "flag", flag), flagsOf(t, "simulate", "simulate_faults", "simulate_stream")},
		"subscribing":   {simulate.cells(t, "Subscribing", "flag", flag), flagsOf(t, "subscribe", "subscriptions", "unsubscribe", "flags_account")},
		"routes":        {operations.cells(t, "Admin API", "route", "`([A-Z]+ [^`?]+)"), routes(face)},
		"options":       {readme.column(t, "Caddyfile", "option"), append(find(part(t, face, "func parseApp("), `case "(\w+)":`), "format")},
		"providers":     {readme.column(t, "Providers", "provider"), provider.Names()},
		"metrics":       {operations.column(t, "Metrics", "metric"), find(face, `"(caddy_hookward_\w+)"`)},
		"events":        {operations.column(t, "Events of Caddy", "event"), find(face, `= "(hookward\.\w+)"`)},
		"subscribe":     {subscriptions.column(t, "Set it up", "word"), find(part(t, face, "func (h *Handler) parseSubscribe("), `case "(\w+)":`)},
		"states":        {subscriptions.column(t, "When it fails", "`state`"), find(source(t, "internal/reconcile"), `(?m)State = "(\w+)"$`)},
		"drift":         {subscriptions.column(t, "When it fails", "`kind` of drift"), drift()},
		"reasons":       {operations.column(t, "Reasons", "reason"), reasons()},

		"provider":  {providers.column(t, "The format", "key"), keysOf[provider.Provider]()},
		"signature": {providers.column(t, "signature", "key"), keysOf[provider.Scheme]()},
		"timestamp": {providers.column(t, "timestamp", "key"), keysOf[signature.Timestamp]()},
		"condition": {providers.column(t, "Conditions", "key"), keysOf[provider.Condition]()},
		"handshake": {providers.column(t, "handshake", "key"), keysOf[provider.Handshake]()},
		"challenge": {providers.column(t, "challenge", "key"), keysOf[provider.Challenge]()},
		"match":     {providers.column(t, "match", "key"), keysOf[provider.Match]()},
		"answer":    {providers.column(t, "answer", "key"), keysOf[provider.Answer]()},
		"event":     {providers.column(t, "event", "key"), keysOf[provider.Event]()},
		"limits":    {providers.column(t, "limits", "key"), keysOf[provider.Limits]()},
		"strip":     {providers.column(t, "strip", "key"), keysOf[provider.Strip]()},
		"vectors":   {providers.column(t, "vectors", "key"), keysOf[provider.Vector]()},
	} {
		if len(c.code) == 0 {
			t.Errorf("the code has no %s", name)
		}
		if diff := cmp.Diff(unique(c.code), unique(c.table)); diff != "" {
			t.Errorf("the table of %s (-code +table):\n%s", name, diff)
		}
	}
}

// column returns the first word of each piece of code in the first column of the
// table with that header, below that heading.
func (p page) column(t *testing.T, below, header string) []string {
	t.Helper()
	return p.cells(t, below, header, "`([^` ]+)[^`]*`")
}

// cells returns what the pattern's group matches in that column.
func (p page) cells(t *testing.T, below, header, pattern string) []string {
	t.Helper()
	var words []string
	for row := range strings.Lines(p.table(t, below, header)) {
		if cells := strings.Split(strings.ReplaceAll(row, `\|`, "/"), "|"); len(cells) > 1 {
			words = append(words, find(cells[1], pattern)...)
		}
	}
	return words
}

// table returns the rows below the header, and what is left of its own line.
func (p page) table(t *testing.T, below, header string) string {
	t.Helper()
	_, section, found := strings.Cut(p.prose(), "# "+below+"\n")
	section, _, _ = strings.Cut(section, "\n#")
	_, table, foundTable := strings.Cut(section, "| "+header+" |")
	if !found || !foundTable {
		t.Fatalf("%s: below %q there is no table of the %s", p.file, below, header)
	}
	table, _, _ = strings.Cut(table, "\n\n")
	return table
}

// source is the code of a package, without its tests.
func source(t *testing.T, folder string) string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var all strings.Builder
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(text)
	}
	return all.String()
}

// part is a declaration, from its beginning to its closing brace.
func part(t *testing.T, code, beginning string) string {
	t.Helper()
	_, after, found := strings.Cut(code, "\n"+beginning)
	if !found {
		t.Fatalf("the code has no %q", beginning)
	}
	body, _, _ := strings.Cut(after, "\n}\n")
	return body
}

// find lists what the pattern's group matches in a text.
func find(text, pattern string) []string {
	var found []string
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(text, -1) {
		found = append(found, match[1])
	}
	return found
}

// keysOf lists the keys of a block, those of an embedded one too.
func keysOf[T any]() []string { return keys(reflect.TypeFor[T]()) }

func keys(block reflect.Type) []string {
	var names []string
	for f := range block.Fields() {
		if f.Anonymous {
			names = append(names, keys(f.Type)...)
		} else if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" {
			names = append(names, name)
		}
	}
	return names
}

// flag is a flag in a table.
const flag = "`--([\\w-]+)"

// flagsOf lists the flags that files of the commands define.
func flagsOf(t *testing.T, files ...string) []string {
	t.Helper()
	var all []string
	for _, file := range files {
		code := readPage(t, "caddymodule/command/"+file+".go").text
		all = append(all, find(code, `Flags\(\)\.\w+\((?:&[\w.]+, )?"([a-z-]+)"`)...)
	}
	return all
}

var route = regexp.MustCompile(`Pattern: ([^,]+), Handler: byMethod\{([^}]*)\}`)

// routes lists the admin API's routes with their methods, as the manual writes them.
func routes(code string) []string {
	spelt := strings.NewReplacer("adminapi.Prefix", "/hookward/", "one", "/hookward/endpoints/<name>", " + ", "", `"`, "", "{", "<", "}", ">")
	var all []string
	for _, found := range route.FindAllStringSubmatch(code, -1) {
		path := spelt.Replace(found[1])
		for _, method := range find(found[2], `http\.Method(\w+):`) {
			all = append(all, strings.ToUpper(method)+" "+path)
		}
	}
	return all
}

func drift() []string {
	var names []string
	for _, kind := range reconcile.Kinds() {
		names = append(names, string(kind))
	}
	return names
}

func reasons() []string {
	var names []string
	for _, reason := range gate.Reasons() {
		names = append(names, string(reason))
	}
	return names
}

func unique(list []string) []string {
	list = slices.Sorted(slices.Values(list))
	return slices.Compact(list)
}
