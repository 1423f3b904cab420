package gate

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// checkProved refuses settings under which anybody could send events.
func (e *Endpoint) checkProved() error {
	signs := len(e.provider.Signature) > 0
	switch {
	case signs && len(e.Keys) == 0 && !e.handshakes() && !e.MadeSlots:
		return fmt.Errorf("%s signs its deliveries and there is no key: add `secret <value>`", e.provider.Name)
	case signs && e.AllowUnsigned:
		return fmt.Errorf("%s signs its deliveries: allow_unsigned is for providers that do not", e.provider.Name)
	case !signs && len(e.Keys) > 0:
		return fmt.Errorf("%s signs nothing, so `secret` would prove nothing: use `token query <name> <value>`", e.provider.Name)
	case !signs && len(e.Tokens) == 0 && !e.AllowUnsigned:
		return fmt.Errorf("%s signs nothing, so anybody could send its events: add `token query <name> <value>` "+
			"(or header, or path) and register the URL with it, or `allow_unsigned` to accept that", e.provider.Name)
	}
	return nil
}

// checkUse refuses settings that contradict each other or what the provider does.
func (e *Endpoint) checkUse() error {
	if e.Tolerance != 0 && !slices.ContainsFunc(e.provider.Signature, func(s provider.Scheme) bool { return s.Timestamp != nil }) {
		return fmt.Errorf("tolerance: %s signs no timestamp", e.provider.Name)
	}
	if e.Handshake == handshake.Once && !e.provider.Arms() {
		return fmt.Errorf("%s makes no handshakes: drop `handshake once`", e.provider.Name)
	}
	if e.PublicURL == "" && e.provider.Reads(signature.URL) {
		return fmt.Errorf("%s needs the URL that is registered with it: add `public_url <url>`", e.provider.Name)
	}
	return nil
}

// Uncaptured is the segment that the path would have to capture for the type of an
// event to be known; "" where it does, or the type may be found elsewhere.
func (e *Endpoint) Uncaptured() string {
	lacking := ""
	for _, t := range e.provider.Event.Type {
		i := slices.IndexFunc(t.Fields(), e.lacksCapture)
		if i < 0 {
			return ""
		}
		lacking = segmentOf(t.Fields()[i])
	}
	return lacking
}

func (e *Endpoint) lacksCapture(f signature.Field) bool {
	segment := segmentOf(f)
	if segment == eventSegment && e.MadeSlots {
		return false // the slot knows it
	}
	return f.Source == signature.Route && !e.route.has(segment)
}

// segmentOf is what a path captures for a field of the route.
func segmentOf(f signature.Field) string { return "{" + cmp.Or(f.Name, "event") + "}" }

// checkDedupeKey refuses a key that would make copies of all deliveries.
func (e *Endpoint) checkDedupeKey() error {
	tokens := make([]signature.Field, len(e.Tokens))
	for i := range e.Tokens {
		tokens[i] = e.Tokens[i].field()
	}
	for i := range e.Dedupe.Key {
		if err := e.provider.CheckID(e.Dedupe.Key[i], tokens...); err != nil {
			return fmt.Errorf("dedupe: key %w", err)
		}
	}
	return nil
}
