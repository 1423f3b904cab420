package redaction

import (
	"bytes"
	"encoding/json"
	"net/url"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

// Hidden is what stands where something must not be shown.
const Hidden = "REDACTED"

// redactor removes secrets from texts. It never changes.
type redactor struct {
	headers map[int][]string // by the length of the name
	queries map[string]bool
	paths   [][]string // their segments up to {token}
	values  *finder
}

func newRedactor(items []Item) *redactor {
	r := &redactor{headers: make(map[int][]string), queries: make(map[string]bool)}
	var values []string
	for _, item := range items {
		switch item.by {
		case byValue:
			values = append(values, spellings(item.text)...)
		case byHeader:
			r.headers[len(item.text)] = append(r.headers[len(item.text)], item.text)
		case byQuery:
			r.queries[item.text] = true
		case byPath:
			segments := strings.Split(item.text, "/")
			r.paths = append(r.paths, segments[:1+slices.Index(segments, TokenSegment)])
		}
	}
	r.values = newFinder(values)
	return r
}

// spellings lists how a value stands in other texts: as it is, with its spaces as
// in a query, and quoted as in Go and in JSON. Percent-encoding, of which there are
// too many ways, is undone when a text is searched.
func spellings(value string) []string {
	quoted := strconv.Quote(value)
	inJSON, _ := json.Marshal(value) // a text always has a JSON form
	all := []string{
		value,
		strings.ReplaceAll(value, " ", "+"),
		quoted[1 : len(quoted)-1],
		string(inJSON[1 : len(inJSON)-1]),
	}
	slices.Sort(all)
	return slices.DeleteFunc(slices.Compact(all), func(s string) bool { return len(s) < shortestValue })
}

// hides tells whether the name of a field is that of a secret header. Caddy writes
// each header as a field of its own, below fields that go by many names.
func (r *redactor) hides(name string) bool {
	for _, header := range r.headers[len(name)] {
		if strings.EqualFold(header, name) {
			return true
		}
	}
	return false
}

// field returns the text of a field without secrets.
func (r *redactor) field(name, text string) string {
	if r.hides(name) {
		return Hidden
	}
	return r.text(text)
}

// text returns the text without the secrets in it. All are looked for in the text as
// it came: what is found by its name may end in the middle of what is found by its
// value.
func (r *redactor) text(text string) string {
	found := append(r.values.find(text), r.values.findEscaped(text, timesEscaped)...)
	if len(r.queries) > 0 && strings.Contains(text, "=") {
		found = append(found, r.findParameters(text)...)
	}
	if len(r.paths) > 0 && strings.Contains(text, "/") {
		found = append(found, r.findPathTokens(text)...)
	}
	return blank(text, found)
}

// texts returns the values of a header without secrets.
func (r *redactor) texts(list caddyhttp.LoggableStringArray) caddyhttp.LoggableStringArray {
	if !slices.ContainsFunc(list, func(text string) bool { return r.text(text) != text }) {
		return list // as most are, which spares a copy
	}
	clean := slices.Clone(list)
	for i := range clean {
		clean[i] = r.text(clean[i])
	}
	return clean
}

// reflected returns the value of a field that is written by reflection. It is the
// value itself if its JSON form holds no secret, else that form without them.
func (r *redactor) reflected(name string, value any) (clean any, err error) {
	defer catch(&err)
	form, err := json.Marshal(value)
	if err != nil {
		return nil, err
	}
	var decoded any
	decoder := json.NewDecoder(bytes.NewReader(form))
	decoder.UseNumber()
	if err := decoder.Decode(&decoded); err != nil {
		return nil, err
	}
	clean = r.member(name, decoded)
	if reflect.DeepEqual(clean, decoded) {
		return value, nil
	}
	return clean, nil
}

// member returns a JSON value without secrets. The name is that of the object's
// member that it is.
func (r *redactor) member(name string, value any) any {
	hidden := r.hides(name)
	switch v := value.(type) {
	case []any:
		if hidden {
			return []any{Hidden}
		}
		clean := make([]any, len(v))
		for i := range v {
			clean[i] = r.member("", v[i])
		}
		return clean
	case map[string]any:
		if hidden {
			return Hidden
		}
		clean := make(map[string]any, len(v))
		for key := range v {
			clean[r.text(key)] = r.member(key, v[key])
		}
		if v["handler"] == "hookward" {
			hideSettings(clean)
		}
		return clean
	case string:
		return r.field(name, v)
	}
	return value
}

// secretSettings are the keys of an endpoint's configuration whose values may be
// secrets, beside the constants of a provider that is defined in it.
var secretSettings = []string{"secrets", "tokens", "resign", "override", "subscribe"}

// hideSettings takes the secrets out of an endpoint's configuration. At debug level
// Caddy logs all of a configuration before the endpoints in it are known.
func hideSettings(endpoint map[string]any) {
	for _, key := range secretSettings {
		if _, set := endpoint[key]; set {
			endpoint[key] = Hidden
		}
	}
	if definition, is := endpoint["provider_definition"].(map[string]any); is && definition["const"] != nil {
		definition["const"] = Hidden
	}
}

// timesEscaped is how often a URL may have been put into another one. A text of
// percent signs alone could be decoded ever again.
const timesEscaped = 3

// The characters around a query parameter. They are those of URLs as they stand in
// messages, so a question mark may be part of a value.
const (
	beforeParameter = "?&#= \t\r\n\""
	afterParameter  = "& \t\r\n\""
)

// findParameters returns where the values of secret query parameters stand.
func (r *redactor) findParameters(text string) []span {
	var found []span
	for at := 0; ; {
		next := strings.IndexByte(text[at:], '=')
		if next < 0 {
			return found
		}
		equals := at + next
		at = equals + 1
		name := text[1+strings.LastIndexAny(text[:equals], beforeParameter) : equals]
		if !r.isSecretParameter(name) {
			continue
		}
		at = end(text, at, afterParameter)
		found = append(found, span{equals + 1, at})
	}
}

func (r *redactor) isSecretParameter(name string) bool {
	if decoded, err := url.QueryUnescape(name); err == nil {
		name = decoded
	}
	return r.queries[name]
}

// end returns where the first of the characters stands, from a place on.
func end(text string, from int, characters string) int {
	if i := strings.IndexAny(text[from:], characters); i >= 0 {
		return from + i
	}
	return len(text)
}

// findPathTokens returns where the tokens in paths stand: in a text that is a path,
// and behind the host of URLs.
func (r *redactor) findPathTokens(text string) []span {
	var found []span
	for from := 0; from < len(text); {
		if text[from] == '/' {
			if s, is := r.pathToken(text, span{from, end(text, from, "?# \t\r\n\"")}); is {
				found = append(found, s)
			}
		}
		const beforeHost = "://"
		scheme := strings.Index(text[from:], beforeHost)
		if scheme < 0 {
			break
		}
		from = end(text, from+scheme+len(beforeHost), "/ ")
	}
	return found
}

// pathToken returns where the token stands in the path that is the given part of
// the text. What comes after it does not matter, nor does the case of letters: a
// request to a slightly wrong path still holds the token.
func (r *redactor) pathToken(text string, path span) (span, bool) {
	for _, segments := range r.paths {
		at := path.start
		for i, want := range segments {
			got, _, more := strings.Cut(text[at:path.end], "/")
			if i == len(segments)-1 {
				return span{at, at + len(got)}, true
			}
			if !more || !isCapture(want) && !strings.EqualFold(got, want) {
				break
			}
			at += len(got) + 1
		}
	}
	return span{}, false
}

func isCapture(segment string) bool { return strings.HasPrefix(segment, "{") }

// blank replaces parts of the text, which may be in any order and overlap.
func blank(text string, parts []span) string {
	if len(parts) == 0 {
		return text
	}
	slices.SortFunc(parts, func(a, b span) int { return a.start - b.start })
	var b strings.Builder
	done := 0
	for _, part := range parts {
		if part.start == part.end {
			continue
		}
		if part.start >= done {
			b.WriteString(text[done:part.start])
			b.WriteString(Hidden)
		}
		done = max(done, part.end)
	}
	b.WriteString(text[done:])
	return b.String()
}
