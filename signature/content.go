package signature

import (
	"io"
	"strings"
)

// maxField bounds each header or parameter that a scheme reads.
const maxField = 4 << 10

// content is what a template is filled from during one verification.
type content struct {
	req       Request
	timestamp string
	id        Field
	secret    []byte
	holder    Field  // the field that holds the signature
	header    string // its value
	syntax    *syntax
}

// sink takes composed content: it hands it to a hash as it comes, or collects
// it where there is none. It is reused, so that nothing is allocated in steady state.
type sink struct {
	hash      io.Writer
	collected []byte
	scratch   []byte
}

func (s *sink) reset(hash io.Writer) {
	s.hash, s.collected = hash, s.collected[:0]
}

// release lets go of what must not be kept until the next verification: the hash,
// and the copy of a large body.
func (s *sink) release() {
	s.hash = nil
	if cap(s.collected) > maxField {
		s.collected = nil
	}
}

func (s *sink) write(b []byte) {
	if s.hash == nil {
		s.collected = append(s.collected, b...)
		return
	}
	_, _ = s.hash.Write(b) // a hash never fails
}

func (s *sink) writeString(text string) {
	if s.hash == nil {
		s.collected = append(s.collected, text...)
		return
	}
	s.scratch = append(s.scratch[:0], text...)
	_, _ = s.hash.Write(s.scratch)
}

// writeAll writes the whole template and returns why it could not, or "".
func (s *sink) writeAll(t *Template, c *content) Reason {
	for i := range t.parts {
		if reason := s.writePart(&t.parts[i], c); reason != "" {
			return reason
		}
	}
	return ""
}

func (s *sink) writePart(p *part, c *content) Reason {
	if p.kind == bodyPart && p.filters == nil {
		s.write(c.req.Body())
		return ""
	}
	if p.kind == secretPart && p.filters == nil {
		s.write(c.secret)
		return ""
	}
	text, reason := c.text(p)
	if reason != "" {
		return reason
	}
	if p.filters == nil {
		s.writeString(text)
		return ""
	}
	s.write(p.filter(text))
	return ""
}

func (p *part) filter(text string) []byte {
	if text == "" && p.optional {
		return nil
	}
	b := []byte(text)
	for _, f := range p.filters {
		b = f(b)
	}
	return b
}

// text returns a part's text before its filters.
func (c *content) text(p *part) (string, Reason) {
	switch p.kind {
	case literalPart:
		return p.literal, ""
	case bodyPart:
		return string(c.req.Body()), ""
	case secretPart:
		return string(c.secret), ""
	case timestampPart:
		return c.timestamp, ""
	case idPart:
		return c.lookup(c.id, p.optional)
	case sortedPart:
		return p.sorted.join(c.req.Values(p.field.Source), func(name string) bool {
			return c.holder == Field{Source: p.field.Source, Name: name}
		}), ""
	case listedPart:
		return c.listed(p.field.Name)
	default:
		return c.lookup(p.field, p.optional)
	}
}

// lookup reads one field: single, present unless optional, and bounded where
// the caller of the HTTP server did not bound it by the body's limit.
func (c *content) lookup(f Field, optional bool) (string, Reason) {
	if f.Source == Item {
		value, count := c.syntax.item(c.header, f.Name)
		if count > 1 || count == 0 && !optional {
			return "", HeaderMalformed
		}
		return value, ""
	}
	value, count := c.req.Lookup(f)
	switch {
	case count > 1:
		return "", HeaderRepeated
	case (f.Source == Header || f.Source == Query) && len(value) > maxField:
		return "", HeaderTooLong
	case value == "" && !optional:
		return "", HeaderMissing
	}
	return value, ""
}

// listed joins the values of the headers whose names the sender lists, separated
// by spaces, in an item of the signature header.
func (c *content) listed(item string) (string, Reason) {
	names, count := c.syntax.item(c.header, item)
	if count != 1 {
		return "", HeaderMalformed
	}
	var values []string
	for name := range strings.FieldsSeq(names) {
		f, err := ParseField("header:" + name)
		if err != nil {
			return "", HeaderMalformed
		}
		value, reason := c.lookup(f, true)
		if reason != "" {
			return "", reason
		}
		values = append(values, value)
	}
	return strings.Join(values, "."), ""
}
