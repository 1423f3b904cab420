// Package event turns what a provider's delivery says into the attributes of a
// CloudEvent 1.0, and writes them in the binary or the structured form of its
// HTTP binding. The body is never changed.
package event

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// SpecVersion is the version of CloudEvents that is written.
const SpecVersion = "1.0"

// maxText bounds each attribute, in bytes: they become headers.
const maxText = 512

// Event holds the attributes of one event. The body travels beside it.
type Event struct {
	// ID, Source, Type, Time and Subject are the CloudEvents attributes. Subject
	// may be empty.
	ID, Source, Type, Subject string
	Time                      time.Time
	// ContentType is the body's media type, empty where the delivery has none.
	ContentType string
	// ContentEncoding says how the body is compressed, empty where it is not. Only the
	// structured form writes it; in the others the request's own header says so.
	ContentEncoding string
	// Provider and Endpoint name where the event came from.
	Provider, Endpoint string
	// RawType is the provider's own name of the type.
	RawType string
	// Scheme, Covers and KeyID say how the delivery was proved.
	Scheme, Covers, KeyID string
	// DedupeKey is the text by which copies are recognised.
	DedupeKey string
}

// Facts are what the endpoint knows of a delivery beside the provider's rules.
type Facts struct {
	Provider, Endpoint    string
	Source                string // configured; overrides the provider's
	Scheme, Covers, KeyID string
	DedupeKey             string
	Received              time.Time
}

// New reads the event from a delivery by the provider's rules. What a delivery
// does not say falls back: the id to a hash of the body, the time to the arrival,
// the source to a URN of the endpoint.
func New(rules *provider.Event, req signature.Request, facts Facts) *Event {
	e := &Event{
		Provider:  facts.Provider,
		Endpoint:  facts.Endpoint,
		Scheme:    facts.Scheme,
		Covers:    facts.Covers,
		KeyID:     facts.KeyID,
		DedupeKey: text(facts.DedupeKey),
		Source:    facts.Source,
		Time:      facts.Received,
	}
	contentType, _ := req.Lookup(signature.Field{Source: signature.Header, Name: "Content-Type"})
	e.ContentType = text(contentType)
	raw, _ := rules.Type.Expand(req)
	e.setID(rules, req, raw)
	e.RawType = text(raw)
	e.Type = Canonical(rules, raw)
	subject, _ := rules.Subject.Expand(req)
	e.Subject = text(subject)
	if e.Source == "" {
		e.setSource(rules, req)
	}
	if at, ok := rules.Time.Expand(req); ok {
		if parsed, ok := parseTime(at, rules.TimeUnit); ok {
			e.Time = parsed
		}
	}
	return e
}

// setID takes no id that would have to be changed to be written: it might become
// the same as another. Where the type is said outside of the body, it is a part of
// the id that is made of the body, or two events would have the same one.
func (e *Event) setID(rules *provider.Event, req signature.Request, raw string) {
	if id, ok := rules.ID.Expand(req); ok && id != "" && text(id) == id {
		e.ID = id
		return
	}
	e.ID, _ = req.Lookup(signature.Field{Source: signature.BodySHA256})
	if raw != "" && rules.Type.ReadsOutside() {
		sum := sha256.Sum256([]byte(e.ID + " " + raw))
		e.ID = hex.EncodeToString(sum[:])
	}
}

func (e *Event) setSource(rules *provider.Event, req signature.Request) {
	if source, ok := rules.Source.Expand(req); ok && ValidSource(source) {
		e.Source = source
		return
	}
	e.Source = "urn:hookward:" + e.Endpoint
}

// ValidSource tells whether a text is a URI reference that is fit for an attribute,
// and that receivers who parse it do not see changed.
func ValidSource(source string) bool {
	if source == "" || len(source) > maxText || strings.ContainsFunc(source, isNoneOfURI) {
		return false
	}
	u, err := url.Parse(source)
	return err == nil && u.String() == source
}

func isNoneOfURI(r rune) bool {
	return r <= ' ' || r > '~' || strings.ContainsRune("\"<>\\^`{|}", r)
}

// Canonical returns the type under which events of a raw type travel: by the
// provider's table, or composed the same way for names that the table lacks.
func Canonical(rules *provider.Event, raw string) string {
	if canonical, found := rules.Types[raw]; found {
		return canonical
	}
	if rules.Prefix == "" {
		return compose(raw)
	}
	return rules.Prefix + "." + compose(raw)
}

// compose makes a resource and a verb of a raw type such as "search.match.created":
// all words but the last, joined by underscores, and the last.
func compose(raw string) string {
	raw = strings.ToLower(text(raw))
	b := make([]byte, 0, len(raw)+len(".received"))
	lastWord := 0
	apart := false // a separator has been passed
	for _, r := range raw {
		if strings.ContainsRune("./:| ", r) {
			apart = true
			continue
		}
		if apart && len(b) > 0 {
			lastWord = len(b)
			b = append(b, '_')
		}
		apart = false
		b = utf8.AppendRune(b, identifier(r))
	}
	switch {
	case len(b) == 0:
		return "delivery.received"
	case lastWord == 0:
		return string(append(b, ".received"...))
	}
	b[lastWord] = '.'
	return string(b)
}

func identifier(r rune) rune {
	if 'a' <= r && r <= 'z' || '0' <= r && r <= '9' {
		return r
	}
	return '_'
}

// parseTime takes a time in letters whatever the unit, for some providers write both.
func parseTime(at string, unit signature.Unit) (time.Time, bool) {
	if unit == signature.Seconds || unit == signature.Milliseconds {
		if t, ok := parseUnix(at, unit); ok {
			return t, true
		}
	}
	for _, layout := range layouts {
		if t, err := time.Parse(layout, at); err == nil {
			return inRange(t)
		}
	}
	return time.Time{}, false
}

func parseUnix(at string, unit signature.Unit) (time.Time, bool) {
	whole, fraction, _ := strings.Cut(at, ".")
	n, err := strconv.ParseInt(whole, 10, 64)
	if err != nil || strings.Trim(fraction, "0123456789") != "" {
		return time.Time{}, false
	}
	if unit == signature.Milliseconds {
		return inRange(time.UnixMilli(n))
	}
	return inRange(time.Unix(n, nanoseconds(fraction)))
}

// layouts are RFC 3339 and what is sent in its stead: a space in the place of the T,
// and no zone, which is UTC.
var layouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", time.DateTime, "2006-01-02 15:04:05Z07:00", time.DateOnly}

// nanoseconds reads the digits behind a decimal point.
func nanoseconds(fraction string) int64 {
	n, _ := strconv.ParseInt((fraction + "000000000")[:9], 10, 64) // digits, as the caller has seen
	return n
}

// inRange refuses years that RFC 3339 cannot write.
func inRange(t time.Time) (time.Time, bool) {
	t = t.UTC()
	return t, t.Year() >= 1 && t.Year() <= 9999
}

// text makes a provider's text fit for an attribute: bounded, valid UTF-8 and
// without the characters that CloudEvents forbids. A blank text is absent.
func text(s string) string {
	s = cut(s)
	if !plain(s) {
		s = cut(strings.Map(allowed, s))
	}
	if strings.TrimSpace(s) == "" {
		return ""
	}
	return s
}

// cut bounds a text without cutting through a character.
func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	end := maxText
	for end > maxText-utf8.UTFMax && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// allowed replaces control characters, noncharacters and what is no UTF-8.
func allowed(r rune) rune {
	nonCharacter := r&0xfffe == 0xfffe || r >= 0xfdd0 && r <= 0xfdef
	if r == utf8.RuneError || nonCharacter || unicode.IsControl(r) {
		return unicode.ReplacementChar
	}
	return r
}

// plain tells whether s is visible ASCII, as nearly every text is.
func plain(s string) bool {
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}
