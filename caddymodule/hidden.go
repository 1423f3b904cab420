package caddymodule

import (
	"slices"
	"strings"

	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// hiddenText stands for a value that must not be shown.
const hiddenText = "REDACTED"

// hidden tells which attributes of an event come from places in the body that the
// user wants hidden from logs and placeholders. The application still gets them.
type hidden struct{ id, subject, key bool }

func newHidden(rules *provider.Event, dedupe *Dedupe, paths []string) hidden {
	key := rules.ID
	if dedupe != nil && len(dedupe.Key) > 0 {
		key = dedupe.Key
	}
	return hidden{
		id:      readsAny(rules.ID, paths),
		subject: readsAny(rules.Subject, paths),
		key:     readsAny(key, paths),
	}
}

// readsAny tells whether a template reads one of the paths, or below it.
func readsAny(templates provider.Templates, paths []string) bool {
	for _, t := range templates {
		for _, f := range t.Fields() {
			if f.Source == signature.JSON && slices.ContainsFunc(paths, func(path string) bool {
				return f.Name == path || strings.HasPrefix(f.Name, path+".")
			}) {
				return true
			}
		}
	}
	return false
}

// show returns an event's attributes as they may be shown.
func (h hidden) show(e *event.Event) event.Event {
	shown := *e
	if h.id {
		shown.ID = hiddenText
	}
	if h.key {
		shown.DedupeKey = hiddenText
	}
	if h.subject {
		shown.Subject = hiddenText
	}
	return shown
}

// headers lists the headers that bring hidden attributes to the application. A
// proxy that logs what it sends must not show them.
func (h hidden) headers() []string {
	var names []string
	for _, attribute := range []struct {
		hidden bool
		header string
	}{{h.id, "Ce-Id"}, {h.id, "Webhook-Id"}, {h.subject, "Ce-Subject"}, {h.key, "Ce-Dedupekey"}} {
		if attribute.hidden {
			names = append(names, attribute.header)
		}
	}
	return names
}
