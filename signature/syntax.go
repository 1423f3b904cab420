package signature

import (
	"slices"
	"strings"
	"unicode"
)

// syntax cuts the value of a field into its items.
//
// Without separators the value is one item. With separators each item is
// "name<assign>value"; without assign an item's name is its position.
type syntax struct {
	prefix     string
	foldPrefix bool     // the prefix's letter case does not matter
	separators string   // each of its characters separates items
	assign     string   // between an item's name and its value
	signatures []string // names of items that hold signatures; empty: all but the timestamp
	timestamp  string   // name of the item that holds the timestamp, or ""
}

// strip removes the prefix.
func (x *syntax) strip(value string) (string, bool) {
	if x.foldPrefix {
		if len(value) < len(x.prefix) || !strings.EqualFold(value[:len(x.prefix)], x.prefix) {
			return "", false
		}
		return value[len(x.prefix):], true
	}
	return strings.CutPrefix(value, x.prefix)
}

// next cuts the next item off rest. Its position counts items from 0 and is
// moved on by next.
func (x *syntax) next(rest string, position *int) (name, value, remaining string) {
	item := rest
	if x.separators != "" {
		if i := strings.IndexAny(rest, x.separators); i >= 0 {
			item, remaining = rest[:i], rest[i+1:]
		}
	}
	item = strings.TrimSpace(item)
	if item == "" {
		return "", "", remaining
	}
	if x.assign == "" {
		name = positionName(*position)
		*position++
		return name, item, remaining
	}
	name, value, found := strings.Cut(item, x.assign)
	if !found {
		return "", "", remaining
	}
	return strings.TrimSpace(name), strings.TrimSpace(value), remaining
}

// isSignature tells whether items of this name hold signatures.
func (x *syntax) isSignature(name string) bool {
	if len(x.signatures) > 0 {
		return slices.Contains(x.signatures, name)
	}
	return name != "" && name != x.timestamp
}

// item returns the first value of the items with this name and how many different
// ones there are: while keys change, some repeat the timestamp for each signature.
func (x *syntax) item(header, name string) (value string, count int) {
	rest, found := x.strip(header)
	if !found {
		return "", 0
	}
	position := 0
	for rest != "" {
		var n, v string
		n, v, rest = x.next(rest, &position)
		if n != name || count > 0 && v == value {
			continue
		}
		if count == 0 {
			value = v
		}
		count++
	}
	return value, count
}

// isASCII tells whether each byte of the text is a character.
func isASCII(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII })
}

// positionName names an item by its position, without allocating for the few
// that a header may hold.
func positionName(i int) string {
	const digits = "0123456789"
	if i < len(digits) {
		return digits[i : i+1]
	}
	return "9+"
}
