package command_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/hookward/hookward/provider"
)

func TestProvidersCommand(t *testing.T) {
	t.Parallel()
	lines := strings.Split(strings.TrimSpace(runCommand(t, "", "providers").succeeded(t)), "\n")
	if !strings.HasPrefix(lines[0], "NAME ") {
		t.Errorf("the table begins with %q", lines[0])
	}
	var named []string
	for _, line := range lines[1:] {
		named = append(named, strings.Fields(line)[0])
	}
	if !slices.Equal(named, provider.Names()) {
		t.Errorf("the table has %v", named)
	}
	var summaries []struct {
		Name, Title, Confidence string
		Proof, Challenges       []string
		Handshake               bool
		Events                  int
	}
	checkJSON(t, runCommand(t, "", "providers", "--json").succeeded(t), &summaries)
	if len(summaries) != len(named) || summaries[0].Name != named[0] {
		t.Errorf("summaries are %+v", summaries)
	}
}

// Whatever the catalogue says of a provider is shown.
func TestProviderIsShown(t *testing.T) {
	t.Parallel()
	for _, name := range provider.Names() {
		p, err := provider.Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		out := runCommand(t, "", "providers", name).succeeded(t)
		want := slices.Concat([]string{p.Name, p.Title, p.Confidence}, p.Docs, p.Notes, p.Unconfirmed, p.RawTypes())
		for _, canonical := range p.Event.Types {
			want = append(want, canonical)
		}
		for _, text := range want {
			if !strings.Contains(out, text) {
				t.Errorf("%s: %q is missing", name, text)
			}
		}
		var shown provider.Provider
		checkJSON(t, runCommand(t, "", "providers", name, "--json").succeeded(t), &shown)
		if err := shown.Validate(); err != nil {
			t.Errorf("%s: what --json prints is no provider: %v", name, err)
		}
		if len(shown.Vectors) > 0 {
			t.Errorf("%s: test vectors are shown", name)
		}
	}
	runCommand(t, "", "providers", "nobody").refused(t, `unknown provider "nobody"`)
}
