package signature

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Template composes text from literals and parts of a request. Parts stand in
// braces; everything else is literal:
//
//	v0:{timestamp}:{body}
//
// A part is one of
//
//	{body}                the body bytes
//	{timestamp}           the timestamp's text as it came, see [Scheme]
//	{id}                  the delivery's id, see [Scheme]
//	{secret}              the key, for schemes that hash it with the content
//	{header:X} ...        any [Field]
//	{form:sorted}         all form parameters, sorted by name; also {query:sorted}, and
//	                      {json:sorted} for the members of a JSON object
//	{listed:h}            the values of the headers that item h of the signature
//	                      header lists, joined by dots; {listed:header:X} for those
//	                      that another header lists
//
// A question mark after the name makes a part optional: absent, it is empty
// text. Filters follow a bar and are applied in turn: {body|sha256|hex}.
//
// Sorted parameters are written name, value, name, value; "{query:sorted:=&}"
// puts the first character between name and value and the second between
// pairs, and a third replaces these two inside of values. A third character "%"
// writes names and values as in a URL. The parameter that holds the signature is
// left out. Headers that another header lists are written the same way, with their
// names in lower case, by "{listed:header:X::;}".
type Template struct {
	text  string
	parts []part
}

type partKind int

const (
	literalPart partKind = iota
	bodyPart
	timestampPart
	idPart
	secretPart
	fieldPart
	sortedPart
	listedPart
)

type part struct {
	kind     partKind
	literal  string // of an id part: the literal that follows it
	field    Field
	pairs    pairFormat
	optional bool
	filters  []filter
	cut      bool // a filter lets go of some of it
}

// ParseTemplate reads a template. A text without braces that is a field, such
// as "json:id", is the same as that field in braces.
func ParseTemplate(text string) (Template, error) {
	if !strings.ContainsAny(text, "{}") {
		if f, err := ParseField(text); err == nil {
			return Template{text: text, parts: []part{{kind: fieldPart, field: f}}}, nil
		}
	}
	t := Template{text: text}
	for rest := text; rest != ""; {
		open := strings.IndexAny(rest, "{}")
		if open < 0 {
			t.parts = append(t.parts, part{literal: rest})
			break
		}
		if open > 0 {
			t.parts = append(t.parts, part{literal: rest[:open]})
		}
		inner, after, closed := strings.Cut(rest[open+1:], "}")
		if rest[open] == '}' || !closed {
			return Template{}, fmt.Errorf("template %q: unpaired brace", text)
		}
		p, err := parsePart(inner)
		if err != nil {
			return Template{}, fmt.Errorf("template %q: %w", text, err)
		}
		t.parts = append(t.parts, p)
		rest = after
	}
	for i := range len(t.parts) - 1 {
		if t.parts[i].kind == idPart {
			t.parts[i].literal = t.parts[i+1].literal
		}
	}
	return t, nil
}

func parsePart(text string) (part, error) {
	name, filterText, filtered := strings.Cut(text, "|")
	name, optional := strings.CutSuffix(name, "?")
	p, err := parsePartName(name)
	if err != nil {
		return part{}, err
	}
	p.optional = optional
	if filtered && err == nil {
		p.filters, p.cut, err = parseFilters(filterText)
	}
	if p.cut && p.kind == bodyPart {
		return part{}, errors.New("a part of the body says nothing about the body")
	}
	return p, err
}

func parsePartName(name string) (part, error) {
	switch name {
	case "":
		return part{}, errors.New("empty braces")
	case "body":
		return part{kind: bodyPart}, nil
	case "timestamp":
		return part{kind: timestampPart}, nil
	case "id":
		return part{kind: idPart}, nil
	case "secret":
		return part{kind: secretPart}, nil
	}
	if names, found := strings.CutPrefix(name, "listed:"); found && names != "" {
		return parseListed(names)
	}
	for _, source := range []Source{Query, Form, JSON} {
		format, found := strings.CutPrefix(name, string(source)+":sorted")
		if !found || source == JSON && format != "" && format[0] != ':' {
			continue // "json:sorted_by" is a path
		}
		pairs, err := parsePairFormat(format)
		return part{kind: sortedPart, field: Field{Source: source}, pairs: pairs}, err
	}
	f, err := ParseField(name)
	return part{kind: fieldPart, field: f}, err
}

// parseListed reads which field lists the headers, and how they are written.
func parseListed(names string) (part, error) {
	header, found := strings.CutPrefix(names, string(Header)+":")
	if !found {
		return part{kind: listedPart, field: Field{Source: Item, Name: names}, pairs: pairFormat{separator: "."}}, nil
	}
	header, format, _ := strings.Cut(header, ":")
	f, err := ParseField(string(Header) + ":" + header)
	if err != nil {
		return part{}, err
	}
	p := part{kind: listedPart, field: f, pairs: pairFormat{separator: "."}}
	if format != "" {
		p.pairs, err = parsePairFormat(":" + format)
	}
	return p, err
}

// String returns the template as it was written.
func (t Template) String() string { return t.text }

// IsZero tells whether the template is empty.
func (t Template) IsZero() bool { return t.text == "" }

// MarshalText implements [encoding.TextMarshaler].
func (t Template) MarshalText() ([]byte, error) { return []byte(t.text), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (t *Template) UnmarshalText(text []byte) error {
	parsed, err := ParseTemplate(string(text))
	if err != nil {
		return err
	}
	*t = parsed
	return nil
}

// Fields lists the fields that the template reads, without body, timestamp and id.
func (t Template) Fields() []Field {
	var fields []Field
	for _, p := range t.parts {
		if p.kind == fieldPart {
			fields = append(fields, p.field)
		}
	}
	return fields
}

// UsesBody tells whether the template covers the body, in whole or by a digest.
func (t Template) UsesBody() bool {
	return t.uses(func(p part) bool {
		return p.kind == bodyPart || p.kind == fieldPart && p.field.Source == BodySHA256
	})
}

// HoldsBody tells whether the text holds the body, or what can be made of all of
// it: more than the digest that the field body-sha256 is.
func (t Template) HoldsBody() bool {
	return t.uses(func(p part) bool {
		return p.kind == bodyPart || p.kind == sortedPart && p.field.inBody()
	})
}

// Varies tells whether the text can tell one request from another. It cannot where
// all that must be there is literal or a field for which fixed says that it is the
// same in every request: then the text is, at least without the optional parts.
func (t Template) Varies(fixed func(Field) bool) bool {
	constant, optional := false, false
	for _, p := range t.parts {
		switch {
		case !p.varies() || p.kind == fieldPart && fixed(p.field):
			constant = true
		case !p.optional:
			return true
		default:
			optional = true
		}
	}
	return optional && !constant
}

// varies tells whether the part comes from the request.
func (p part) varies() bool {
	return p.kind != literalPart && p.kind != secretPart && p.field.Source != Const
}

func (t Template) uses(match func(part) bool) bool {
	return slices.ContainsFunc(t.parts, match)
}

// Expand composes the text from a request. It tells false where a part that is
// not optional is absent or empty, came several times, or is known only while a
// proof is verified, as {timestamp}, {id} and {secret} are.
func (t Template) Expand(req Request) (string, bool) {
	c := content{req: req}
	if len(t.parts) == 1 && t.parts[0].kind == fieldPart && t.parts[0].filters == nil {
		value, reason := c.lookup(t.parts[0].field, t.parts[0].optional)
		return value, reason == ""
	}
	var out sink
	if out.writeAll(&t, &c) != "" {
		return "", false
	}
	return string(out.collected), true
}
