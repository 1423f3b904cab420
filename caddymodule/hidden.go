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
type hidden struct{ id, subject bool }

func newHidden(rules *provider.Event, paths []string) hidden {
	return hidden{
		id:      readsAny(rules.ID, paths),
		subject: readsAny(rules.Subject, paths),
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
		shown.ID, shown.DedupeKey = hiddenText, hiddenText
	}
	if h.subject {
		shown.Subject = hiddenText
	}
	return shown
}
