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
func isTwin(name, of string) bool {
	of = plainName(of)
	name, _, _ = strings.Cut(strings.TrimLeft(name, " \t\r\n[]"), "\x00")
	for i, c := range []byte(name) {
		if c == '[' && plainName(name[:i]) == of {
			return true
		}
	}
	return plainName(name) == of
}

var plainCharacters = strings.NewReplacer(".", "_", " ", "_", "[", "_", "]", "")

func plainName(name string) string {
	return strings.ToLower(plainCharacters.Replace(strings.TrimSuffix(name, "[]")))
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
