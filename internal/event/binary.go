package event

import (
	"net/http"
	"time"
)

// SetHeaders writes the attributes as ce-* headers: the binary form, in which the
// body and its Content-Type stay as they came.
func (e *Event) SetHeaders(h http.Header) {
	attributes := [...]struct{ name, value string }{
		{"Ce-Specversion", SpecVersion},
		{"Ce-Id", e.ID},
		{"Ce-Source", e.Source},
		{"Ce-Type", e.Type},
		{"Ce-Time", e.formatTime()},
		{"Ce-Subject", e.Subject},
		{"Ce-Provider", e.Provider},
		{"Ce-Endpoint", e.Endpoint},
		{"Ce-Rawtype", e.RawType},
		{"Ce-Scheme", e.Scheme},
		{"Ce-Covers", e.Covers},
		{"Ce-Keyid", e.KeyID},
		{"Ce-Dedupekey", e.DedupeKey},
	}
	// One array holds all the values; the names are in canonical form already.
	values := make([]string, len(attributes))
	for i, a := range attributes {
		if a.value == "" {
			continue
		}
		values[i] = escape(a.value)
		h[a.name] = values[i : i+1 : i+1]
	}
}

func (e *Event) formatTime() string { return e.Time.UTC().Format(time.RFC3339Nano) }

// escape percent-encodes what the CloudEvents HTTP binding does not allow in a
// header value: space, double quote, percent and all but printable ASCII.
func escape(s string) string {
	n := 0
	for i := range len(s) {
		if needsEscape(s[i]) {
			n++
		}
	}
	if n == 0 {
		return s
	}
	const digits = "0123456789ABCDEF"
	b := make([]byte, 0, len(s)+2*n)
	for i := range len(s) {
		if c := s[i]; needsEscape(c) {
			b = append(b, '%', digits[c>>4], digits[c&15])
		} else {
			b = append(b, c)
		}
	}
	return string(b)
}

func needsEscape(c byte) bool { return c <= ' ' || c > '~' || c == '"' || c == '%' }
