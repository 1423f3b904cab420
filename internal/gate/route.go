package gate

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hookward/hookward/signature"
)

// captures are the segments of a path that stand for something.
type captures struct {
	event, slot, token string
}

// named returns a capture by its name; "" and "event" are the event's.
func (c captures) named(name string) string {
	switch name {
	case "", "event":
		return c.event
	case "slot":
		return c.slot
	}
	return "" // the token is a secret and stays here
}

// route is the exact path at which deliveries arrive, cut into segments.
type route struct {
	segments      []string
	events, slots []string
	made          bool // {slot} may be one that is made at run time
}

const (
	eventSegment = "{event}"
	slotSegment  = "{slot}"
	tokenSegment = "{token}"
)

func newRoute(path string, events, slots []string, made bool) (*route, error) {
	r := &route{events: events, slots: slots, made: made}
	if path != "" {
		if !strings.HasPrefix(path, "/") {
			return nil, fmt.Errorf("path %q does not start with a slash", path)
		}
		r.segments = strings.Split(path, "/")
	}
	if err := r.checkSegments(); err != nil {
		return nil, fmt.Errorf("path %q: %w", path, err)
	}
	for _, name := range slices.Concat(events, slots) {
		if !isName(name) {
			return nil, fmt.Errorf("event or slot %q: want 1 to %d letters, digits, dots, hyphens and underscores", name, maxName)
		}
	}
	switch {
	case r.has(eventSegment) && len(events) == 0:
		return nil, errors.New("path holds {event}, but neither the endpoint nor the provider lists events: add `events <names...>`")
	case r.has(slotSegment) && len(slots) == 0 && !made:
		return nil, errors.New("path holds {slot} and there are no slots: add `slots <names...>`")
	case !r.has(slotSegment) && len(slots) > 0:
		return nil, errors.New("there are slots, but path does not hold {slot}")
	}
	return r, nil
}

func (r *route) checkSegments() error {
	seen := map[string]bool{}
	for _, segment := range r.segments {
		if !strings.ContainsAny(segment, "{}") {
			if !isSegment(segment) {
				return fmt.Errorf("segment %q: write it as it is sent, percent-encoded", segment)
			}
			continue
		}
		if segment != eventSegment && segment != slotSegment && segment != tokenSegment {
			return fmt.Errorf("segment %q: only {event}, {slot} and {token} may be captured, each as a whole segment", segment)
		}
		if seen[segment] {
			return fmt.Errorf("%s is there twice", segment)
		}
		seen[segment] = true
	}
	return nil
}

func (r *route) has(segment string) bool { return slices.Contains(r.segments, segment) }

// match compares a path as it came, byte by byte. It returns "" or the reason why
// the path is none of the endpoint's.
func (r *route) match(path string) (captures, Reason) {
	var c captures
	if r.segments == nil {
		return c, ""
	}
	rest := path
	for i, want := range r.segments {
		got, after, more := strings.Cut(rest, "/")
		if more != (i < len(r.segments)-1) {
			return captures{}, WrongPath
		}
		rest = after
		switch want {
		case eventSegment:
			c.event = got
		case slotSegment:
			c.slot = got
		case tokenSegment:
			c.token = got
		default:
			if got != want {
				return captures{}, WrongPath
			}
		}
	}
	return c, r.listed(c)
}

func (r *route) listed(c captures) Reason {
	switch {
	case r.has(eventSegment) && !slices.Contains(r.events, c.event):
		return UnknownEvent
	case r.has(slotSegment) && !r.isMade(c) && !slices.Contains(r.slots, c.slot):
		return UnknownSlot
	case r.has(tokenSegment) && c.token == "":
		return WrongPath
	}
	return ""
}

// defaultSlot is the slot of an endpoint whose path captures none.
const defaultSlot = "default"

// slot names the subscription that a path belongs to. Neither part can hold a
// plus sign, so that two different paths never share a slot.
func (r *route) slot(c captures) string {
	switch {
	case c.slot != "" && c.event != "":
		return c.slot + "+" + c.event
	case c.slot != "":
		return c.slot
	case c.event != "":
		return c.event
	}
	return defaultSlot
}

// allSlots lists every slot that the route can lead to.
func (r *route) allSlots() []string {
	events, slots := []string{""}, []string{""}
	if r.has(eventSegment) {
		events = r.events
	}
	if r.has(slotSegment) {
		slots = r.slots
	}
	all := make([]string, 0, len(events)*len(slots))
	for _, s := range slots {
		for _, e := range events {
			all = append(all, r.slot(captures{event: e, slot: s}))
		}
	}
	return all
}

// maxName bounds the names of endpoints, events and slots.
const maxName = 128

// isName tells whether a text can name an endpoint, an event or a slot: it is the
// same in a path, a URI, a header and a log.
func isName(text string) bool {
	return len(text) >= 1 && len(text) <= maxName && !strings.ContainsFunc(text, func(c rune) bool {
		return !isLetterOrDigit(c) && !strings.ContainsRune(".-_", c)
	})
}

// isSegment tells whether a text can be a path's segment as it is sent.
func isSegment(text string) bool {
	return !strings.ContainsFunc(text, func(c rune) bool {
		return !isLetterOrDigit(c) && !strings.ContainsRune("-._~!$&'()*+,;=:@%", c)
	})
}

func isLetterOrDigit(c rune) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// checkURL sees to it that the public URL can be filled from the path.
func (r *route) checkURL(text string) error {
	if text == "" {
		return nil
	}
	for _, segment := range []string{eventSegment, slotSegment, tokenSegment} {
		if strings.Contains(text, segment) && !r.has(segment) {
			return fmt.Errorf("public_url holds %s and path does not", segment)
		}
	}
	filled := captures{}.fill(text)
	u, err := url.Parse(filled)
	if err != nil || strings.ContainsAny(filled, "{}") || u.Scheme != "https" && u.Scheme != "http" || u.Host == "" {
		return errors.New("public_url is no http or https URL") // it may hold a token, so it is not quoted
	}
	return nil
}

// fill puts captures into the endpoint's public URL.
func (c captures) fill(url string) string {
	if !strings.Contains(url, "{") {
		return url
	}
	return strings.NewReplacer(eventSegment, c.event, slotSegment, c.slot, tokenSegment, c.token).Replace(url)
}

// Token is a secret that the provider was given as part of the URL or as a header.
type Token struct {
	// Place is where it arrives: query, header or path.
	Place string
	// Name is the query parameter's or header's.
	Name string
	// Value is the secret.
	Value string
	// ID names the token in reports. Default: token.
	ID string
}

// The places of a token.
const (
	TokenInQuery  = "query"
	TokenInHeader = "header"
	TokenInPath   = "path"
)

func (t *Token) validate(r *route) error {
	switch t.Place {
	case TokenInQuery, TokenInHeader:
		if t.Name == "" {
			return fmt.Errorf("token %s needs a name", t.Place)
		}
	case TokenInPath:
		if !r.has(tokenSegment) {
			return errors.New("token path needs {token} in path")
		}
		if !isSegment(t.Value) {
			return errors.New("token path: the value has characters that are not sent in a path as they are")
		}
	default:
		return fmt.Errorf("token %q: want query, header or path", t.Place)
	}
	if t.Value == "" {
		return errors.New("the token is empty")
	}
	return nil
}

// defaultTokenID is the id of tokens that are not given one.
const defaultTokenID = "token"

// checkTokens compares what came with the tokens that are configured, any of
// which will do, and returns the one that was found.
func checkTokens(tokens []Token, r *reading) (*Token, Reason) {
	worst := TokenMissing
	for i := range tokens {
		got, count := tokens[i].from(r)
		if count == 0 {
			continue
		}
		if count == 1 && tokens[i].is(got) {
			return &tokens[i], ""
		}
		worst = TokenMismatch
	}
	return nil, worst
}

// is compares the token in constant time. In a query a plus sign stands for a space,
// but senders that put a token there as it is mean the sign.
func (t *Token) is(got string) bool {
	if signature.Equal(got, t.Value) {
		return true
	}
	return t.Place == TokenInQuery && signature.Equal(strings.ReplaceAll(got, " ", "+"), t.Value)
}

func (t *Token) from(r *reading) (string, int) {
	if t.Place == TokenInPath {
		return single(r.route.token)
	}
	return r.Lookup(t.field())
}

// field is where the token arrives; none where that is the path.
func (t *Token) field() signature.Field {
	switch t.Place {
	case TokenInQuery:
		return signature.Field{Source: signature.Query, Name: t.Name}
	case TokenInHeader:
		return signature.Field{Source: signature.Header, Name: http.CanonicalHeaderKey(t.Name)}
	default:
		return signature.Field{}
	}
}
