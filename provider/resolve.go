package provider

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hookward/hookward/signature"
)

// Resolve returns a copy of the provider as one endpoint uses it: with the
// overrides applied, in the alphabetical order of their keys, and the constants
// filled in. Errors wrap [ErrInvalid].
func (p *Provider) Resolve(override map[string][]string) (*Provider, error) {
	own, err := p.clone(nil)
	if err != nil {
		return nil, err
	}
	for _, key := range slices.Sorted(maps.Keys(override)) {
		if err := own.Set(key, override[key]...); err != nil {
			return nil, err
		}
	}
	if err := own.checkConst(); err != nil {
		return nil, fmt.Errorf("%w %q: %w", ErrInvalid, p.Name, err)
	}
	own, err = own.clone(own.fillConst)
	if err != nil {
		return nil, err
	}
	return own, own.Validate()
}

func (p *Provider) checkConst() error {
	for _, name := range slices.Sorted(maps.Keys(p.Const)) {
		value := p.Const[name]
		_, err := signature.ParseField(value)
		switch {
		case value == "":
			return keyed(below("const", name), fmt.Errorf("it is needed: add `override const.%s <value>`", name))
		case strings.ContainsAny(value, "{}"), err == nil:
			return keyed(below("const", name), errors.New("it must not read as a field or part of a request"))
		}
	}
	return nil
}

var constPart = regexp.MustCompile(`\{const:([^{}"|?]+)\}|"const:([^{}"]+)"`)

// fillConst puts the constants into the JSON form of a provider. A text that is
// nothing but "const:name" is the same as with braces.
func (p *Provider) fillConst(data []byte) []byte {
	return constPart.ReplaceAllFunc(data, func(part []byte) []byte {
		names := constPart.FindSubmatch(part)
		value, found := p.Const[string(names[1])+string(names[2])]
		if !found {
			return part
		}
		quoted, _ := json.Marshal(value) // a string always has a JSON form
		if part[0] == '"' {
			return quoted
		}
		return quoted[1 : len(quoted)-1]
	})
}

// clone copies the provider by way of its JSON form, which edit may change.
// Vectors are for tests and stay behind.
func (p *Provider) clone(edit func([]byte) []byte) (*Provider, error) {
	shallow := *p
	shallow.Vectors = nil
	data, err := json.Marshal(&shallow)
	if err != nil {
		return nil, fmt.Errorf("%w %q: %w", ErrInvalid, p.Name, err)
	}
	if edit != nil {
		data = edit(data)
	}
	var own Provider
	if err := json.Unmarshal(data, &own); err != nil {
		return nil, fmt.Errorf("%w %q: %w", ErrInvalid, p.Name, err)
	}
	return &own, nil
}
