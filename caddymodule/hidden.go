package caddymodule

import (
	"slices"
	"time"

	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// hiddenText stands for a value that must not be shown.
const hiddenText = "REDACTED"

// hidden tells which attributes of an event may come from places in the body that
// the user wants hidden from logs and placeholders. The application still gets them.
type hidden struct{ id, types, source, subject, time, key bool }

// newHidden goes by the settings alone, and where these leave a doubt hides: which of
// several templates is used, and what a path with patterns leads to, is only known of
// a delivery.
func (h *Handler) newHidden() hidden {
	if len(h.Redact) == 0 {
		return hidden{}
	}
	paths := make([]jsonPath, len(h.Redact))
	for i, text := range h.Redact {
		paths[i] = parsePath(text)
	}
	reads := func(list provider.Templates) bool {
		return slices.ContainsFunc(list, func(t signature.Template) bool { return readsAny(t, h.provider.Payload, paths) })
	}
	rules := &h.provider.Event
	key := rules.ID
	if h.Dedupe != nil && len(h.Dedupe.Key) > 0 {
		key = h.Dedupe.Key
	}
	found := hidden{
		id:      reads(rules.ID),
		types:   reads(rules.Type),
		source:  h.Source == "" && reads(rules.Source),
		subject: reads(rules.Subject),
		time:    reads(rules.Time),
	}
	found.key = reads(key) || found.types // the type is part of the key where there is no id
	return found
}

// readsAny tells whether a template may read what one of the paths leads to, a part of
// it, or what it is a part of.
func readsAny(t signature.Template, payload signature.Field, paths []jsonPath) bool {
	return t.HoldsBody() || slices.ContainsFunc(t.Fields(), func(f signature.Field) bool {
		if f.Source != signature.JSON {
			return f == payload // all of the JSON
		}
		read := parsePath(f.Name)
		return slices.ContainsFunc(paths, read.meets)
	})
}

// show returns an event's attributes as they may be shown. A hidden time is zero.
func (h hidden) show(e *event.Event) event.Event {
	shown := *e
	for _, attribute := range [...]struct {
		hidden bool
		text   *string
	}{
		{h.id, &shown.ID},
		{h.types, &shown.Type},
		{h.types, &shown.RawType},
		{h.source, &shown.Source},
		{h.subject, &shown.Subject},
		{h.key, &shown.DedupeKey},
	} {
		if attribute.hidden {
			*attribute.text = hiddenText
		}
	}
	if h.time {
		shown.Time = time.Time{}
	}
	return shown
}

// hiddenType is the type of an event in a placeholder that does not show it. The
// matcher hookward_event goes by it all the same.
type hiddenType struct{ of *event.Event }

// String implements [fmt.Stringer], by which placeholders and logs go.
func (hiddenType) String() string { return hiddenText }

// headers lists the headers that bring hidden attributes to the application. A
// proxy that logs what it sends must not show them.
func (h hidden) headers() []string {
	var names []string
	for _, attribute := range [...]struct {
		hidden bool
		header string
	}{
		{h.id, "Ce-Id"},
		{h.id, "Webhook-Id"},
		{h.types, "Ce-Type"},
		{h.types, "Ce-Rawtype"},
		{h.source, "Ce-Source"},
		{h.subject, "Ce-Subject"},
		{h.time, "Ce-Time"},
		{h.key, "Ce-Dedupekey"},
	} {
		if attribute.hidden {
			names = append(names, attribute.header)
		}
	}
	return names
}
