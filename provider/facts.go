package provider

import (
	"maps"
	"net/textproto"
	"slices"

	"github.com/hookward/hookward/signature"
)

// Schemes returns the provider's schemes without their conditions.
func (p *Provider) Schemes() []signature.Scheme {
	schemes := make([]signature.Scheme, len(p.Signature))
	for i := range p.Signature {
		schemes[i] = p.Signature[i].Scheme
	}
	return schemes
}

// RawTypes lists the provider's own event names that the table knows.
func (p *Provider) RawTypes() []string { return slices.Sorted(maps.Keys(p.Event.Types)) }

// Bearer lists the headers and query parameters that are secrets themselves: the
// list of strip, what a shared secret scheme compares, and what brings the secret
// in a handshake.
func (p *Provider) Bearer() (headers, queries []string) {
	headers = append(headers, p.Strip.Header...)
	queries = append(queries, p.Strip.Query...)
	for i := range p.Signature {
		s := &p.Signature[i]
		if s.Type == signature.Secret || s.Type == signature.Basic {
			headers = append(headers, s.proofHeaders()...)
			queries = append(queries, s.Query...)
		}
	}
	if p.Handshake != nil {
		switch f := p.Handshake.Secret; f.Source {
		case signature.Header:
			headers = append(headers, f.Name)
		case signature.Query:
			queries = append(queries, f.Name)
		default: // a field of the body cannot be taken out of it
		}
	}
	return canonical(headers), unique(queries)
}

// SignatureHeaders lists the headers and query parameters that hold the proofs.
func (p *Provider) SignatureHeaders() (headers, queries []string) {
	for i := range p.Signature {
		headers = append(headers, p.Signature[i].proofHeaders()...)
		queries = append(queries, p.Signature[i].Query...)
	}
	return canonical(headers), unique(queries)
}

// Headers lists the headers that are read of deliveries, handshakes and challenges.
func (p *Provider) Headers() []string {
	headers, _ := p.SignatureHeaders()
	for _, f := range p.fields() {
		if f.Source == signature.Header {
			headers = append(headers, f.Name)
		}
	}
	return canonical(headers)
}

// proofHeaders lists the headers that may hold the proof.
func (s *Scheme) proofHeaders() []string {
	if s.Type == signature.Basic && len(s.Header)+len(s.Query)+len(s.Form)+len(s.JSON) == 0 {
		return []string{"Authorization"}
	}
	return s.Header
}

// proofs lists the fields that may hold the proof.
func (s *Scheme) proofs() []signature.Field {
	var fields []signature.Field
	for _, place := range []struct {
		source signature.Source
		names  []string
	}{{signature.Header, s.proofHeaders()}, {signature.Query, s.Query}, {signature.Form, s.Form}, {signature.JSON, s.JSON}} {
		for _, name := range place.names {
			if place.source == signature.Header {
				name = textproto.CanonicalMIMEHeaderKey(name)
			}
			fields = append(fields, signature.Field{Source: place.source, Name: name})
		}
	}
	return fields
}

// Arms tells whether slots are armed: for a handshake, or for a challenge that is
// answered only then.
func (p *Provider) Arms() bool {
	return p.Handshake != nil || slices.ContainsFunc(p.Challenge, func(c Challenge) bool { return c.Armed })
}

// AnswerHeaders lists the headers of answers that repeat a handshake's secret or hold
// a MAC, and so are for no log.
func (p *Provider) AnswerHeaders() []string {
	var names []string
	if p.Handshake != nil {
		names = append(names, p.Handshake.Answer.headersWith(valuePart)...)
	}
	for i := range p.Challenge {
		names = append(names, p.Challenge[i].Answer.headersWith(macPart)...)
	}
	return canonical(names)
}

func canonical(headers []string) []string {
	for i, name := range headers {
		headers[i] = textproto.CanonicalMIMEHeaderKey(name)
	}
	return unique(headers)
}

func unique(list []string) []string {
	slices.Sort(list)
	return slices.Compact(list)
}

// Reads tells whether anything that is judged of a delivery refers to the source.
func (p *Provider) Reads(source signature.Source) bool {
	return slices.ContainsFunc(p.fields(), func(f signature.Field) bool { return f.Source == source })
}

// fields lists all fields that are read of deliveries, handshakes and challenges.
func (p *Provider) fields() []signature.Field {
	all := []signature.Field{p.Payload}
	for i := range p.Signature {
		all = append(append(all, p.Signature[i].fields()...), fieldsOf(p.Signature[i].When)...)
	}
	all = append(all, fieldsOf(p.Require)...)
	if p.Handshake != nil {
		all = append(append(all, p.Handshake.Secret), fieldsOf(p.Handshake.Match.Where)...)
	}
	for i := range p.Challenge {
		all = append(append(all, p.Challenge[i].Value), fieldsOf(p.Challenge[i].Match.Where)...)
	}
	for _, text := range p.Limits.SuccessHeader {
		all = append(all, text.Fields()...)
	}
	for _, list := range []Templates{p.Event.ID, p.Event.Type, p.Event.Time, p.Event.Subject, p.Event.Source} {
		all = append(all, list.fields()...)
	}
	return all
}

// fields lists the fields that the scheme reads beside the proof.
func (s *Scheme) fields() []signature.Field {
	all := append(s.Content.Fields(), s.ID)
	if s.Timestamp != nil {
		all = append(all, s.Timestamp.From)
	}
	return all
}

// ReliesOnMembers tells whether single members of a JSON document are required to be
// something, or are signed or choose a scheme while the document as a whole is not
// signed. One that names a member twice would let us check the one and the upstream
// read the other.
func (p *Provider) ReliesOnMembers() bool {
	isMember := func(f signature.Field) bool { return f.Source == signature.JSON }
	return slices.ContainsFunc(fieldsOf(p.Require), isMember) ||
		slices.ContainsFunc(p.Signature, func(s Scheme) bool {
			return !s.CoversAll(signature.JSON) &&
				slices.ContainsFunc(append(s.fields(), fieldsOf(s.When)...), isMember)
		})
}

// SingleParts lists the members of documents and the parameters of queries and forms that
// count by themselves: they are required to be something, choose a scheme, are signed, or
// are the payload, and not all that they are a part of is signed.
func (p *Provider) SingleParts() []signature.Field {
	parts := append(fieldsOf(p.Require), p.Payload)
	for i := range p.Signature {
		parts = append(append(parts, p.Signature[i].fields()...), fieldsOf(p.Signature[i].When)...)
	}
	return slices.DeleteFunc(parts, func(f signature.Field) bool {
		if f.Name == "" || f.Source != signature.Query && f.Source != signature.Form && f.Source != signature.JSON {
			return true
		}
		return len(p.Signature) > 0 && !slices.ContainsFunc(p.Signature, func(s Scheme) bool { return !s.CoversAll(f.Source) })
	})
}

func fieldsOf(conditions []Condition) []signature.Field {
	var all []signature.Field
	for i := range conditions {
		all = append(append(all, conditions[i].Field), conditions[i].Equals.fields()...)
	}
	return all
}

func (t Templates) fields() []signature.Field {
	var all []signature.Field
	for i := range t {
		all = append(all, t[i].Fields()...)
	}
	return all
}
