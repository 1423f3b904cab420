package command

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

func providersCommand() *cobra.Command {
	return newCommand(
		"providers [<name>]", "Shows the providers that Hookward knows", `
With a name it shows one provider: what proves its deliveries, which events it
sends and under which types they travel, what to know about it, and which
facts are not confirmed by the provider and can be overridden.`,
		cobra.MaximumNArgs(1),
		func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return showProvider(cmd, args[0])
			}
			return listProviders(cmd)
		},
	)
}

// providerSummary is what the list tells of a provider.
type providerSummary struct {
	Name       string   `json:"name"`
	Title      string   `json:"title"`
	Proof      []string `json:"proof"` // the kinds of proof, any of which will do; none: it signs nothing
	Handshake  bool     `json:"handshake"`
	Challenges []string `json:"challenges"`
	Events     int      `json:"events"` // how many event types the catalogue names
	Confidence string   `json:"confidence"`
}

func listProviders(cmd *cobra.Command) error {
	names := provider.Names()
	summaries := make([]providerSummary, 0, len(names))
	for _, name := range names {
		p, err := provider.Lookup(name)
		if err != nil {
			return err
		}
		summaries = append(summaries, summarizeProvider(p))
	}
	return printResult(cmd, summaries, func(w io.Writer) {
		tableRow(w, "NAME", "TITLE", "PROVED BY", "HANDSHAKE", "EVENTS", "CONFIDENCE")
		for _, s := range summaries {
			tableRow(w, s.Name, s.Title, s.provedBy(), yesText(s.Handshake), s.Events, s.Confidence)
		}
	})
}

func summarizeProvider(p *provider.Provider) providerSummary {
	s := providerSummary{
		Name: p.Name, Title: p.Title, Proof: []string{}, Handshake: p.Handshake != nil, Challenges: []string{},
		Events: len(p.Event.Types), Confidence: p.Confidence,
	}
	for i := range p.Signature {
		if kind := string(p.Signature[i].Type); !slices.Contains(s.Proof, kind) {
			s.Proof = append(s.Proof, kind)
		}
	}
	for i := range p.Challenge {
		s.Challenges = append(s.Challenges, p.Challenge[i].Name)
	}
	return s
}

func (s providerSummary) provedBy() string {
	if len(s.Proof) == 0 {
		return "a token of yours"
	}
	return strings.Join(s.Proof, ", ")
}

func showProvider(cmd *cobra.Command, name string) error {
	p, err := provider.Lookup(name)
	if err != nil {
		return usageError("%w", err)
	}
	shown := *p
	shown.Vectors = nil // for tests
	return printResult(cmd, shown, func(w io.Writer) { printProvider(w, p) })
}

func printProvider(w io.Writer, p *provider.Provider) {
	factRow(w, "name", p.Name)
	factRow(w, "title", p.Title)
	factRows(w, "docs", p.Docs)
	factRow(w, "confidence", p.Confidence)
	factRows(w, "proved by", proofTexts(p))
	if p.Handshake != nil {
		tableRow(w, "handshake", "teaches the secret, in "+p.Handshake.Secret.String())
	}
	for i := range p.Challenge {
		factRow(w, "challenge", p.Challenge[i].Name)
	}
	factRow(w, "wants an answer in", durationText(p.Limits.Ack))
	factRow(w, "sends again for", durationText(p.Limits.Retry))
	tableRow(w, "largest body", provider.Size(p.MaxBody()))
	factRows(w, "not confirmed", p.Unconfirmed)
	factRows(w, "note", p.Notes)
	if len(p.Event.Types) == 0 {
		return
	}
	tableRow(w, "\nEVENT", "TYPE")
	for _, raw := range slices.Sorted(maps.Keys(p.Event.Types)) {
		tableRow(w, raw, p.Event.Types[raw])
	}
}

// proofTexts says in words what proves a delivery.
func proofTexts(p *provider.Provider) []string {
	if len(p.Signature) == 0 {
		return []string{"nothing: make a token part of the URL that is registered with it"}
	}
	texts := make([]string, len(p.Signature))
	for i := range p.Signature {
		texts[i] = proofText(&p.Signature[i].Scheme)
		if i > 0 {
			texts[i] = "or " + texts[i]
		}
	}
	return texts
}

func proofText(s *signature.Scheme) string {
	content := s.Content.String()
	if content == "" {
		content = "{body}"
	}
	var text string
	switch s.Type {
	case signature.Secret:
		text = "the secret itself"
	case signature.Basic:
		text = "user and password (HTTP Basic)"
	case signature.HMAC, signature.Digest:
		hash := s.Hash
		if hash == "" {
			hash = signature.SHA256
		}
		text = fmt.Sprintf("%s-%s over %s", s.Type, hash, content)
	default:
		text = fmt.Sprintf("%s over %s", s.Type, content)
	}
	if fields := proofFields(s); len(fields) > 0 {
		text += ", in " + strings.Join(fields, " or ")
	}
	return text
}

// proofFields lists the fields that may hold the proof.
func proofFields(s *signature.Scheme) []string {
	var all []string
	for source, names := range map[signature.Source]signature.Strings{
		signature.Header: s.Header, signature.Query: s.Query, signature.Form: s.Form, signature.JSON: s.JSON,
	} {
		for _, name := range names {
			all = append(all, string(source)+":"+name)
		}
	}
	slices.Sort(all)
	return all
}
