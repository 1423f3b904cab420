package event

import (
	"bytes"
	"slices"
	"strings"

	"github.com/tidwall/gjson"
)

// maxDepth is how deep JSON may be nested, the same as encoding/json accepts.
const maxDepth = 10_000

// ValidJSON tells whether the body is JSON of a bearable depth.
func ValidJSON(body []byte) bool { return validJSON(body, maxDepth) }

// validJSON counts the depth first, for the validator descends by recursion.
func validJSON(body []byte, depth int) bool {
	return noDeeper(body, depth) && gjson.ValidBytes(body)
}

func noDeeper(body []byte, most int) bool {
	if bytes.Count(body, []byte("{"))+bytes.Count(body, []byte("[")) <= most {
		return true
	}
	depth := 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '{', '[':
			if depth++; depth > most {
				return false
			}
		case '}', ']':
			depth--
		case '"':
			i = endOfString(body, i)
		}
	}
	return true
}

// endOfString returns the position of the quote that closes the one at start.
func endOfString(body []byte, start int) int {
	for i := start + 1; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(body)
}

// UniqueNames tells whether no object in valid JSON names a member twice. Of such
// two, one parser takes the first and another the last. Letter case does not
// count, as it does not for some parsers.
func UniqueNames(body []byte) bool {
	var names [][]byte // in all objects that are open
	var first []int    // the first name in each object or array that is open
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '{', '[':
			first = append(first, len(names))
		case '}', ']':
			start := first[len(first)-1]
			if repeats(names[start:]) {
				return false
			}
			names, first = names[:start], first[:len(first)-1]
		case '"':
			start := i
			i = endOfString(body, i)
			if isName(body[i+1:]) {
				names = append(names, foldCase(body[start:i+1]))
			}
		}
	}
	return true
}

// repeats sorts names and tells whether one is there twice.
func repeats(names [][]byte) bool {
	slices.SortFunc(names, bytes.Compare)
	for i := 1; i < len(names); i++ {
		if bytes.Equal(names[i-1], names[i]) {
			return true
		}
	}
	return false
}

// isName tells whether a string is a member's name, from what follows it.
func isName(rest []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":"))
}

// foldCase takes the quotes off a name and makes names equal that differ in letter
// case alone. A few letters have more than two forms.
func foldCase(quoted []byte) []byte {
	name := quoted[1 : len(quoted)-1]
	if !bytes.ContainsFunc(name, func(r rune) bool { return r == '\\' || r > '~' || 'A' <= r && r <= 'Z' }) {
		return name
	}
	return []byte(strings.ToLower(strings.ToUpper(gjson.ParseBytes(quoted).Str)))
}
