package provider

import (
	"fmt"
	"slices"

	"github.com/hookward/hookward/signature"
)

// CheckID refuses a template for the id of a delivery that gives the same text every
// time: each delivery after the first would be taken for a copy, and dropped. Tokens
// are fields that hold a secret, beside those that the description tells of.
func (p *Provider) CheckID(id signature.Template, tokens ...signature.Field) error {
	if id.Varies(func(f signature.Field) bool { return slices.Contains(tokens, f) || p.isSame(f) }) {
		return nil
	}
	return fmt.Errorf("%q can be the same in every delivery, and all but the first would be dropped as copies: "+
		"want a field such as json:data.id or header:X-Delivery-Id", id)
}

func (p *Provider) checkIDs() error {
	for i := range p.Event.ID {
		if err := p.CheckID(p.Event.ID[i]); err != nil {
			return keyed(member("", i), err)
		}
	}
	return nil
}

// isSame tells whether the field is the same in every delivery to one slot: it comes
// from the configuration, is part of the address, or is a bearer secret.
func (p *Provider) isSame(f signature.Field) bool {
	headers, queries := p.Bearer()
	switch f.Source {
	case signature.Const, signature.Method, signature.Host, signature.Path, signature.URL, signature.Route:
		return true
	case signature.Header:
		return slices.Contains(headers, f.Name)
	case signature.Query:
		return slices.Contains(queries, f.Name)
	default:
		return slices.ContainsFunc(p.Signature, func(s Scheme) bool {
			return s.Type == signature.Secret && (f.Source == signature.Form && slices.Contains(s.Form, f.Name) ||
				f.Source == signature.JSON && slices.Contains(s.JSON, f.Name))
		})
	}
}
