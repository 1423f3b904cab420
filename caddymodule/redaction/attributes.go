package redaction

import (
	"slices"
	"time"

	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// Attributes tells which attributes of an event may come from places in the body that
// the user wants hidden from logs and placeholders. The application still gets them.
type Attributes struct{ ID, Type, Source, Subject, Time, Key bool }

// HiddenAttributes returns what is hidden of the events of a provider by the paths that
// lead to what is not shown. The source and the places of the dedupe key are the
// endpoint's own, where it has any.
//
// It goes by the settings alone, and where these leave a doubt hides: which of several
// templates is used, and what a path with patterns leads to, is only known of a delivery.
func HiddenAttributes(p *provider.Provider, source string, key provider.Templates, paths []string) Attributes {
	if len(paths) == 0 {
		return Attributes{}
	}
	parsed := make([]jsonPath, len(paths))
	for i, text := range paths {
		parsed[i] = parsePath(text)
	}
	reads := func(list provider.Templates) bool {
		return slices.ContainsFunc(list, func(t signature.Template) bool { return readsAny(t, p.Payload, parsed) })
	}
	rules := &p.Event
	if len(key) == 0 {
		key = rules.ID
	}
	hidden := Attributes{
		ID:      reads(rules.ID),
		Type:    reads(rules.Type),
		Source:  source == "" && reads(rules.Source),
		Subject: reads(rules.Subject),
		Time:    reads(rules.Time),
	}
	hidden.Key = reads(key) || hidden.Type // the type is part of the key where there is no id
	return hidden
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

// Show returns an event's attributes as they may be shown. A hidden time is zero.
func (a Attributes) Show(e *event.Event) event.Event {
	shown := *e
	for _, attribute := range [...]struct {
		hidden bool
		text   *string
	}{
		{a.ID, &shown.ID},
		{a.Type, &shown.Type},
		{a.Type, &shown.RawType},
		{a.Source, &shown.Source},
		{a.Subject, &shown.Subject},
		{a.Key, &shown.DedupeKey},
	} {
		if attribute.hidden {
			*attribute.text = Hidden
		}
	}
	if a.Time {
		shown.Time = time.Time{}
	}
	return shown
}

// HiddenType is the type of an event in a placeholder that does not show it. The
// matcher hookward_event goes by it all the same.
type HiddenType struct{ Of *event.Event }

// String implements [fmt.Stringer], by which placeholders and logs go.
func (HiddenType) String() string { return Hidden }

// Headers lists the headers that bring hidden attributes to the application. A
// proxy that logs what it sends must not show them.
func (a Attributes) Headers() []string {
	var names []string
	for _, attribute := range [...]struct {
		hidden bool
		header string
	}{
		{a.ID, "Ce-Id"},
		{a.ID, "Webhook-Id"},
		{a.Type, "Ce-Type"},
		{a.Type, "Ce-Rawtype"},
		{a.Source, "Ce-Source"},
		{a.Subject, "Ce-Subject"},
		{a.Time, "Ce-Time"},
		{a.Key, "Ce-Dedupekey"},
	} {
		if attribute.hidden {
			names = append(names, attribute.header)
		}
	}
	return names
}
