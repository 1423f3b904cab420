package caddymodule

import (
	"errors"
	"net/http"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/hookward/hookward/caddymodule/redaction"
)

func init() {
	caddy.RegisterModule(MatchEvent{})
}

// MatchEvent matches requests that carry a verified event, by its type. A pattern
// is a type in which `*` stands for any text between two dots and `**` for any
// text at all: `io.repliers.listing.*`, `**.created`.
//
// It looks at what a `hookward` handler before it has found out, and never at what
// the client says.
type MatchEvent []string

// CaddyModule returns the Caddy module information.
func (MatchEvent) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.matchers.hookward_event",
		New: func() caddy.Module { return new(MatchEvent) },
	}
}

// UnmarshalCaddyfile sets up the matcher from Caddyfile tokens. Syntax:
//
//	hookward_event <patterns...>
func (m *MatchEvent) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	for d.Next() {
		patterns := d.RemainingArgs()
		if len(patterns) == 0 {
			return d.ArgErr()
		}
		*m = append(*m, patterns...)
		if err := noBlock(d); err != nil {
			return err
		}
	}
	return nil
}

// Validate refuses a matcher that would match nothing.
func (m MatchEvent) Validate() error {
	if len(m) == 0 {
		return errors.New("hookward_event needs at least one pattern")
	}
	return nil
}

// MatchWithError implements [caddyhttp.RequestMatcherWithError].
func (m MatchEvent) MatchWithError(r *http.Request) (bool, error) {
	repl, ok := r.Context().Value(caddy.ReplacerCtxKey).(*caddy.Replacer)
	if !ok {
		return false, nil
	}
	var eventType string
	switch value, _ := repl.Get("http.hookward.type"); value := value.(type) {
	case string:
		eventType = value
	case redaction.HiddenType:
		eventType = value.Of.Type
	}
	if eventType == "" {
		return false, nil // there is no event
	}
	for _, pattern := range m {
		if matchType(pattern, eventType) {
			return true, nil
		}
	}
	return false, nil
}

// matchType matches a type against a pattern. Patterns come from the configuration,
// so that trying every way to fill a star harms nobody.
func matchType(pattern, eventType string) bool {
	for pattern != "" {
		if rest, found := strings.CutPrefix(pattern, "**"); found {
			return matchAnywhere(rest, eventType, len(eventType))
		}
		if rest, found := strings.CutPrefix(pattern, "*"); found {
			end := strings.IndexByte(eventType, '.')
			if end < 0 {
				end = len(eventType)
			}
			return matchAnywhere(rest, eventType, end)
		}
		if eventType == "" || pattern[0] != eventType[0] {
			return false
		}
		pattern, eventType = pattern[1:], eventType[1:]
	}
	return eventType == ""
}

// matchAnywhere tells whether the pattern matches what is left after up to n bytes.
func matchAnywhere(pattern, eventType string, n int) bool {
	for i := range n + 1 {
		if matchType(pattern, eventType[i:]) {
			return true
		}
	}
	return false
}

var (
	_ caddy.Validator                   = (*MatchEvent)(nil)
	_ caddyfile.Unmarshaler             = (*MatchEvent)(nil)
	_ caddyhttp.RequestMatcherWithError = (*MatchEvent)(nil)
)
