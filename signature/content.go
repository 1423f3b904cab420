package signature

import (
	"io"
	"strings"
	"unicode/utf8"
)

// maxField bounds each header or parameter that a scheme reads.
const maxField = 4 << 10

// content is what a template is filled from during one verification.
type content struct {
	req       Request
	proves    bool // it is signed, and not only a text to be made
	timestamp string
	id        Field
	secret    []byte
	holder    Field  // the field that holds the signature
	header    string // its value
	syntax    *syntax

	// textOnly refuses parts that are not UTF-8. Who knows the digest of a secret
	// and a text can compute that of the same with the hash's padding and more at
	// the end. The padding starts with a byte that no text has in that place, and
	// those who sign in this way send text.
	textOnly bool
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
// and copies of large bodies.
func (s *sink) release() {
	s.hash = nil
	if cap(s.collected) > maxField {
		s.collected = nil
	}
	if cap(s.scratch) > maxField {
		s.scratch = nil
	}
}

func (s *sink) write(b []byte) {
	if s.hash == nil {
		s.collected = append(s.collected, b...)
		return
	}
	_, _ = s.hash.Write(b) // a hash never fails
}

// writeAll writes the whole template and returns why it could not, or "".
func (s *sink) writeAll(t *Template, c *content) Reason {
	for i := range t.parts {
		p := &t.parts[i]
		b, reason := s.part(p, c)
		if reason != "" {
			return reason
		}
		if len(b) == 0 && p.optional {
			continue // and no filter is asked what it makes of nothing
		}
		if c.textOnly && p.kind != secretPart && !utf8.Valid(b) {
			return Mismatch
		}
		for _, f := range p.filters {
			b = f(b)
		}
		s.write(b)
	}
	return ""
}

// part returns a part's bytes before its filters. They are valid until the next
// part is asked for.
func (s *sink) part(p *part, c *content) ([]byte, Reason) {
	switch p.kind {
	case bodyPart:
		return c.req.Body(), ""
	case secretPart:
		if c.secret == nil {
			return nil, NoKey
		}
		return c.secret, ""
	default:
		text, reason := c.text(p)
		s.scratch = append(s.scratch[:0], text...)
		return s.scratch, reason
	}
}

// text returns the text of a part other than the body and the secret.
func (c *content) text(p *part) (string, Reason) {
	switch p.kind {
	case literalPart:
		return p.literal, ""
	case timestampPart:
		if c.timestamp == "" && !p.optional {
			return "", TimestampMissing
		}
		return c.timestamp, ""
	case idPart:
		return c.lookupID(p)
	case sortedPart:
		return c.sorted(p)
	case listedPart:
		return c.listed(p)
	default:
		return c.lookup(p.field, p.optional)
	}
}

// sorted writes all parameters but the one that holds the signature.
func (c *content) sorted(p *part) (string, Reason) {
	values := c.req.Values(p.field.Source)
	if values == nil {
		return "", Mismatch
	}
	return p.pairs.join(values, func(name string) bool {
		return c.holder == Field{Source: p.field.Source, Name: name}
	}), ""
}

// missing tells why the template cannot be filled, as far as that can be known
// without the body.
func (c *content) missing(t *Template) Reason {
	for i := range t.parts {
		p := &t.parts[i]
		from := p.field
		if p.kind == idPart {
			from = c.id
		}
		if from.IsZero() || from.inBody() || p.kind == sortedPart || p.kind == listedPart {
			continue
		}
		if _, reason := c.text(p); reason != "" {
			return reason
		}
	}
	return ""
}

// lookupID reads the id. If it could hold what ends it in the content, then from
// one proof of id, timestamp and body another could be cut, with a part of the
// id given to the timestamp and a part of the timestamp to the body.
func (c *content) lookupID(p *part) (string, Reason) {
	id, reason := c.lookup(c.id, p.optional)
	if reason == "" && p.literal != "" && strings.IndexByte(id, p.literal[0]) >= 0 {
		return "", HeaderMalformed
	}
	return id, reason
}

// lookup reads one field: single, present unless optional, and bounded where
// the caller of the HTTP server did not bound it by the body's limit.
func (c *content) lookup(f Field, optional bool) (string, Reason) {
	if f.Source == Item {
		return c.item(f.Name, optional)
	}
	value, count := c.req.Lookup(f)
	switch {
	case count > 1:
		return "", HeaderRepeated
	case (f.Source == Header || f.Source == Query) && len(value) > maxField:
		return "", HeaderTooLong
	case value == "" && !optional:
		return "", HeaderMissing
	case value == "" && c.proves && !c.req.Readable(f.Source):
		return "", Mismatch // what is missing here may be there for another reader
	}
	return value, ""
}

// item reads an item of the header that holds the signature, of which there is
// none outside of a verification.
func (c *content) item(name string, optional bool) (string, Reason) {
	if c.syntax == nil {
		return "", HeaderMissing
	}
	value, count := c.syntax.item(c.header, name)
	if count > 1 || count == 0 && !optional {
		return "", HeaderMalformed
	}
	return value, ""
}

// maxListed bounds the headers that a sender may list, for one header listed a
// thousand times over is a lot of content made of a small request.
const maxListed = 64

// listed joins the headers whose names the sender lists, separated by spaces or
// commas, in an item of the signature header or in another header.
func (c *content) listed(p *part) (string, Reason) {
	names, reason := c.lookup(p.field, false)
	if reason != "" {
		return "", reason
	}
	var b strings.Builder
	count := 0
	for name := range strings.FieldsFuncSeq(names, separatesNames) {
		if count++; count > maxListed {
			return "", HeaderMalformed
		}
		f, err := ParseField("header:" + name)
		if err != nil {
			return "", HeaderMalformed
		}
		value, reason := c.lookup(f, true)
		if reason != "" {
			return "", reason
		}
		if count > 1 {
			b.WriteString(p.pairs.separator)
		}
		if p.pairs.assign == "" {
			b.WriteString(value)
			continue
		}
		p.pairs.write(&b, strings.ToLower(name), strings.TrimSpace(value))
	}
	return b.String(), ""
}

func separatesNames(r rune) bool { return r == ' ' || r == ',' }
