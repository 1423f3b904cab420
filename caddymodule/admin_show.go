package caddymodule

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// endpointSummary is what the list tells of an endpoint.
type endpointSummary struct {
	Name      string           `json:"name"`
	Provider  string           `json:"provider"`
	Path      string           `json:"path,omitempty"`
	PublicURL string           `json:"public_url,omitempty"`
	Handshake string           `json:"handshake"` // the mode, or "none" where the provider makes none
	Deliver   string           `json:"deliver"`
	Counts    map[string]int64 `json:"counts"` // by what became of a delivery
}

// endpointDetail is all that may be shown of an endpoint.
type endpointDetail struct {
	endpointSummary
	ReportOnly    bool                   `json:"report_only,omitempty"`
	AllowUnsigned bool                   `json:"allow_unsigned,omitempty"`
	Events        []string               `json:"events,omitempty"`
	Keys          []shownKey             `json:"keys,omitempty"`
	Tokens        []shownToken           `json:"tokens,omitempty"`
	Override      []string               `json:"override,omitempty"` // the keys; a value may be a secret
	Tolerance     signature.Duration     `json:"tolerance,omitempty"`
	MaxBody       provider.Size          `json:"max_body,omitempty"`
	Dedupe        shownDedupe            `json:"dedupe"`
	Source        string                 `json:"source,omitempty"`
	Emit          string                 `json:"emit"`
	Resign        bool                   `json:"resign,omitempty"`
	Redact        []string               `json:"redact,omitempty"`
	Slots         []handshake.SlotStatus `json:"slots,omitempty"`
	Refusals      []refusal              `json:"refusals,omitempty"` // the newest first
}

// shownKey is what may be shown of a key.
type shownKey struct {
	ID          string `json:"id"`
	Fingerprint string `json:"fingerprint"`
}

// shownToken is what may be shown of a token.
type shownToken struct {
	Place       string `json:"place"`
	Name        string `json:"name,omitempty"`
	Fingerprint string `json:"fingerprint"`
}

// shownDedupe says how copies are recognised. Window and key are left out where
// they follow from the provider.
type shownDedupe struct {
	Off    bool               `json:"off,omitempty"`
	Window signature.Duration `json:"window,omitempty"`
	Key    []string           `json:"key,omitempty"`
}

// list answers GET /hookward/endpoints.
func (a *adminAPI) list(w http.ResponseWriter, _ *http.Request) error {
	app, err := a.running()
	if err != nil {
		return err
	}
	summaries := make([]endpointSummary, 0, len(app.endpoints))
	for _, name := range slices.Sorted(maps.Keys(app.endpoints)) {
		summaries = append(summaries, app.endpoints[name].summary())
	}
	return writeJSON(w, summaries)
}

// show answers GET /hookward/endpoints/{name}.
func (*adminAPI) show(w http.ResponseWriter, r *http.Request, ep *endpoint) error {
	detail, err := ep.detail(r.Context())
	if err != nil {
		return adminError(http.StatusServiceUnavailable, err)
	}
	return writeJSON(w, detail)
}

func (ep *endpoint) summary() endpointSummary {
	h := ep.handler
	summary := endpointSummary{
		Name:      ep.name,
		Provider:  h.provider.Name,
		Path:      h.Path,
		PublicURL: ep.publicURL(),
		Handshake: "none",
		Deliver:   cmp.Or(h.Deliver, DeliverSync),
	}
	if h.provider.Handshake != nil {
		summary.Handshake = h.Handshake.String()
	}
	summary.Counts, _ = ep.stats.snapshot()
	return summary
}

// publicURL is the registered URL without the tokens that may be part of it.
func (ep *endpoint) publicURL() string {
	shown := withoutSecrets(ep.handler.PublicURL)
	for _, t := range ep.gate.Tokens {
		shown = strings.ReplaceAll(shown, t.Value, hiddenText)
	}
	return shown
}

// detail reads the state of the slots from the storage.
func (ep *endpoint) detail(ctx context.Context) (endpointDetail, error) {
	h := ep.handler
	detail := endpointDetail{
		endpointSummary: ep.summary(),
		ReportOnly:      h.ReportOnly,
		AllowUnsigned:   h.AllowUnsigned,
		Events:          h.Events,
		Override:        slices.Sorted(maps.Keys(h.Override)),
		Tolerance:       h.Tolerance,
		MaxBody:         h.MaxBody,
		Source:          h.Source,
		Emit:            h.Emit,
		Resign:          h.Resign != "",
		Redact:          h.Redact,
	}
	for _, k := range ep.gate.Keys {
		detail.Keys = append(detail.Keys, shownKey{ID: k.ID, Fingerprint: signature.Fingerprint(k.Secret)})
	}
	for _, t := range ep.gate.Tokens {
		detail.Tokens = append(detail.Tokens, shownToken{Place: t.Place, Name: t.Name, Fingerprint: signature.Fingerprint(t.Value)})
	}
	if d := h.Dedupe; d != nil {
		detail.Dedupe = shownDedupe{Off: d.Off, Window: signature.Duration(d.Window)}
		for i := range d.Key {
			detail.Dedupe.Key = append(detail.Dedupe.Key, d.Key[i].String())
		}
	}
	_, detail.Refusals = ep.stats.snapshot()
	if ep.slots == nil {
		return detail, nil
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	var err error
	detail.Slots, err = ep.slots.Status(ctx)
	return detail, err
}

// withoutSecrets leaves out of a URL what may be a secret: user information, and
// the values in the query, for a token is registered with the provider as part of
// the URL.
func withoutSecrets(address string) string {
	base, query, found := strings.Cut(address, "?")
	base = userInformation.ReplaceAllString(base, "//")
	if !found {
		return base
	}
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, _, named := strings.Cut(pair, "=")
		pairs[i] = "..."
		if named {
			pairs[i] = name + "=..."
		}
	}
	return base + "?" + strings.Join(pairs, "&")
}

var userInformation = regexp.MustCompile(`//[^/]*@`)
