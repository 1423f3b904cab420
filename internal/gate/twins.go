package gate

import (
	"strings"

	"github.com/tidwall/gjson"

	"github.com/hookward/hookward/signature"
)

// hasTwin tells whether the delivery has what another reader may take for the field, and
// we do not. What we check, or find absent, is then not what the upstream gets.
func (r *reading) hasTwin(f signature.Field) bool {
	if f.Source != signature.JSON {
		for name := range r.Values(f.Source) {
			if name != f.Name && isTwin(name, f.Name) {
				return true
			}
		}
		return false
	}
	doc, valid := r.JSON()
	return valid && leadsToTwin(gjson.ParseBytes(doc), strings.Split(f.Name, "."), true)
}

// isTwin tells whether a reader may take a parameter for the one of another name. PHP and
// Rails make a list or table x of "x[]" and "x[y]", and leave out brackets and space before
// a name. For PHP names end at a NUL, and dots and spaces in them are underscores. For
// ASP.NET letter case does not count.
//
// It goes through the name once, for a stranger may send one of a million brackets.
func isTwin(name, of string) bool {
	of = strings.ReplaceAll(strings.ToLower(strings.TrimSuffix(of, "[]")), "]", "")
	name, _, _ = strings.Cut(strings.ToLower(strings.TrimLeft(name, " \t\r\n[]")), "\x00")
	for _, c := range []byte(name) {
		switch {
		case c == '[' && of == "":
			return true // what is behind it names a member
		case c == ']':
			continue
		case of == "" || inName(c) != inName(of[0]):
			return false
		}
		of = of[1:]
	}
	return of == ""
}

// inName is what PHP makes of a character in a name.
func inName(c byte) byte {
	if c == '.' || c == ' ' || c == '[' {
		return '_'
	}
	return c
}

// leadsToTwin tells whether the steps lead to something by names of which one differs from
// its step in letter case: for Go and .NET that does not count. What else a path can say is
// not looked into.
func leadsToTwin(at gjson.Result, steps []string, exact bool) bool {
	if len(steps) == 0 {
		return !exact && jsonText(at) != ""
	}
	step, rest := steps[0], steps[1:]
	found := false
	switch {
	case at.IsObject():
		at.ForEach(func(name, value gjson.Result) bool {
			found = strings.EqualFold(name.Str, step) && leadsToTwin(value, rest, exact && name.Str == step)
			return !found
		})
	case at.IsArray() && step == "#":
		at.ForEach(func(_, value gjson.Result) bool {
			found = leadsToTwin(value, rest, exact)
			return !found
		})
	case at.IsArray():
		found = leadsToTwin(at.Get(step), rest, exact)
	}
	return found
}
