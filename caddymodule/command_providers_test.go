package caddymodule

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
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
	var summaries []providerSummary
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

func TestProviderIsPrinted(t *testing.T) {
	t.Parallel()
	p, err := provider.Parse([]byte(`
name: acme
title: Acme
docs: https://acme.example/docs
confidence: unconfirmed
unconfirmed: [signature.header, limits.ack]
notes: [One note., Another note.]
signature:
  - type: hmac
    header: X-Acme
    content: "{timestamp}.{body}"
    timestamp: {from: "header:X-Time"}
handshake:
  match: {body: ""}
  secret: header:X-Hook-Secret
  answer: {status: 200}
challenge:
  - name: ping
    match: {body: ping}
    answer: {text: pong}
event:
  type: json:type
  prefix: example.acme
  types: {a.b: example.acme.a.b}
limits: {ack: 5s, retry: 24h}
`), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	cmd := newCommand("x", "x", "x", nil, nil)
	cmd.Flags().Bool("json", false, "")
	var out strings.Builder
	cmd.SetOut(&out)
	if err := printResult(cmd, p, func(w io.Writer) { printProvider(w, p) }); err != nil {
		t.Fatal(err)
	}
	checkOutput(t, out.String(), `
name                acme
title               Acme
docs                https://acme.example/docs
confidence          unconfirmed
proved by           hmac-sha256 over {timestamp}.{body}, in header:X-Acme
handshake           teaches the secret, in header:X-Hook-Secret
challenge           ping
wants an answer in  5s
sends again for     24h0m0s
largest body        1MiB
not confirmed       signature.header
                    limits.ack
note                One note.
                    Another note.

EVENT  TYPE
a.b    example.acme.a.b
`)
}

func TestProofText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		scheme signature.Scheme
		want   string
	}{
		{signature.Scheme{Type: signature.HMAC, Hash: signature.SHA1, Header: signature.Strings{"X-A", "X-B"}}, "hmac-sha1 over {body}, in header:X-A or header:X-B"},
		{signature.Scheme{Type: signature.Secret, Query: signature.Strings{"k"}}, "the secret itself, in query:k"},
		{signature.Scheme{Type: signature.Basic}, "user and password (HTTP Basic)"},
		{signature.Scheme{Type: signature.Ed25519, JSON: signature.Strings{"sig"}}, "ed25519 over {body}, in json:sig"},
	} {
		if got := proofText(&test.scheme); got != test.want {
			t.Errorf("proofText is %q, want %q", got, test.want)
		}
	}
}
