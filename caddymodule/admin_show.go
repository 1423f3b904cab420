package caddymodule

import (
	"cmp"
	"context"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"github.com/hookward/hookward/caddymodule/redaction"
	"github.com/hookward/hookward/internal/adminapi"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/signature"
)

// list answers GET /hookward/endpoints.
func (a *adminAPI) list(w http.ResponseWriter, _ *http.Request) error {
	app, err := a.running()
	if err != nil {
		return err
	}
	summaries := make([]adminapi.Summary, 0, len(app.endpoints))
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

func (ep *endpoint) summary() adminapi.Summary {
	h := ep.handler
	summary := adminapi.Summary{
		Name:      ep.name,
		Provider:  h.provider.Name,
		Path:      h.Path,
		PublicURL: ep.publicURL(),
		Handshake: "none",
		Deliver:   cmp.Or(h.Deliver, DeliverSync),
	}
	if h.provider.Arms() {
		summary.Handshake = h.Handshake.String()
	}
	summary.Counts, _ = ep.stats.snapshot()
	return summary
}

// publicURL is the registered URL without the tokens that may be part of it.
func (ep *endpoint) publicURL() string {
	shown := withoutSecrets(ep.handler.PublicURL)
	for _, t := range ep.gate.Tokens {
		shown = strings.ReplaceAll(shown, t.Value, redaction.Hidden)
	}
	return shown
}

// detail reads the state of the slots from the storage.
func (ep *endpoint) detail(ctx context.Context) (adminapi.Endpoint, error) {
	h := ep.handler
	detail := adminapi.Endpoint{
		Summary:       ep.summary(),
		ReportOnly:    h.ReportOnly,
		AllowUnsigned: h.AllowUnsigned,
		Events:        h.Events,
		Override:      slices.Sorted(maps.Keys(h.Override)),
		Tolerance:     h.Tolerance,
		MaxBody:       h.MaxBody,
		Source:        h.Source,
		Emit:          h.Emit,
		Resign:        h.Resign != "",
		Redact:        h.Redact,
	}
	for _, k := range ep.gate.Keys {
		detail.Keys = append(detail.Keys, adminapi.Key{ID: k.ID, Fingerprint: signature.Fingerprint(k.Secret)})
	}
	for _, t := range ep.gate.Tokens {
		detail.Tokens = append(detail.Tokens, adminapi.Token{Place: t.Place, Name: t.Name, Fingerprint: signature.Fingerprint(t.Value)})
	}
	if d := h.Dedupe; d != nil {
		detail.Dedupe = adminapi.Dedupe{Off: d.Off, Window: signature.Duration(d.Window)}
		for i := range d.Key {
			detail.Dedupe.Key = append(detail.Dedupe.Key, d.Key[i].String())
		}
	}
	_, refusals := ep.stats.snapshot()
	for _, r := range refusals {
		detail.Refusals = append(detail.Refusals, adminapi.Refusal(r))
	}
	if ep.subscriptions != nil {
		detail.Subscriptions = ep.subscriptionStatus()
	}
	if ep.slots == nil {
		detail.Slots = ep.namedSlots()
		return detail, nil
	}
	ctx, cancel := context.WithTimeout(ctx, openTimeout)
	defer cancel()
	var err error
	detail.Slots, err = ep.slots.Status(ctx)
	hideAwaited(detail.Slots)
	return detail, err
}

// hideAwaited hides the names of slots that were made for a subscription and have no
// secret yet: whoever knows such a name could have a secret of his own learned.
func hideAwaited(slots []handshake.SlotStatus) {
	for i := range slots {
		if s := &slots[i]; !s.MadeAt.IsZero() && len(s.Secrets) == 0 {
			s.Slot = redaction.Hidden
		}
	}
}

// namedSlots lists the slots of an endpoint without handshakes, where its path names any.
func (ep *endpoint) namedSlots() []handshake.SlotStatus {
	names := ep.gate.AllSlots()
	if slices.Equal(names, []string{onlySlot}) {
		return nil
	}
	slots := make([]handshake.SlotStatus, len(names))
	for i, name := range names {
		slots[i].Slot = name
	}
	return slots
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
