package provider

import (
	"errors"
	"slices"

	"github.com/hookward/hookward/signature"
)

// Templates is a list of templates, of which the first that can be filled is used.
// A single one may be written as a string.
type Templates []signature.Template

// UnmarshalJSON implements [json.Unmarshaler].
func (t *Templates) UnmarshalJSON(data []byte) error {
	var texts signature.Strings
	if err := texts.UnmarshalJSON(data); err != nil {
		return err
	}
	return t.parse(texts)
}

func (t *Templates) parse(texts []string) error {
	if len(texts) == 0 {
		return errors.New("it needs a value")
	}
	*t = make(Templates, len(texts))
	for i, text := range texts {
		if text == "" {
			return keyed(member("", i), errors.New("a template must not be empty"))
		}
		if err := (*t)[i].UnmarshalText([]byte(text)); err != nil {
			return keyed(member("", i), err)
		}
	}
	return nil
}

// Expand fills in the first template that can be.
func (t Templates) Expand(req signature.Request) (string, bool) {
	for i := range t {
		if text, ok := t[i].Expand(req); ok {
			return text, true
		}
	}
	return "", false
}

// ReadsBody tells whether any of the templates reads the body.
func (t Templates) ReadsBody() bool {
	return slices.ContainsFunc(t, func(one signature.Template) bool {
		return one.UsesBody() || slices.ContainsFunc(one.Fields(), inBody)
	})
}

// ReadsOutside tells whether any of the templates reads what is not in the body.
func (t Templates) ReadsOutside() bool {
	return slices.ContainsFunc(t.fields(), func(f signature.Field) bool {
		return !inBody(f) && f.Source != signature.Const
	})
}

func inBody(f signature.Field) bool {
	switch f.Source {
	case signature.JSON, signature.Form, signature.XML, signature.BodySHA256:
		return true
	default:
		return false
	}
}

// OnlyJSON tells whether each of the templates, and at least one, reads JSON.
func (t Templates) OnlyJSON() bool {
	for i := range t {
		if !slices.ContainsFunc(t[i].Fields(), func(f signature.Field) bool { return f.Source == signature.JSON }) {
			return false
		}
	}
	return len(t) > 0
}
