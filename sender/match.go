package sender

import (
	"slices"
	"strings"
)

// Wants tells whether events of this type are wanted.
func (s *Subscription) Wants(eventType string) bool {
	return len(s.Types) == 0 || slices.ContainsFunc(s.Types, func(wanted string) bool {
		return matchType(wanted, eventType)
	})
}

func matchType(wanted, eventType string) bool {
	if start, open := strings.CutSuffix(wanted, "*"); open {
		return strings.HasPrefix(eventType, start)
	}
	return wanted == eventType
}

// hears tells whether both subscriptions are told of the same events.
func (s *Subscription) hears(other *Subscription) bool {
	return s.State == other.State && s.Tenant == other.Tenant && slices.Equal(s.Types, other.Types)
}

// Matches tells whether the filter lets the subscription through.
func (f *Filter) Matches(s *Subscription) bool {
	switch {
	case f.Tenant != "" && s.Tenant != f.Tenant,
		f.NoTenant && s.Tenant != "",
		f.Type != "" && !s.Wants(f.Type),
		len(f.States) > 0 && !slices.Contains(f.States, s.State),
		f.URL != "" && s.URL != f.URL:
		return false
	}
	return true
}
