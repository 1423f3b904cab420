package event

import (
	"bytes"
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

// maxNames bounds the members of one object that are compared.
const maxNames = 1000

// UniqueNames tells whether no object in valid JSON names a member twice, nor has
// more than 1,000 members. Of two that have one name, one parser takes the first and
// another the last. Letter case does not count, as it does not for some parsers.
func UniqueNames(body []byte) bool {
	var open []map[string]bool // the names in each open object; nil for an array
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '{':
			open = append(open, map[string]bool{})
		case '[':
			open = append(open, nil)
		case '}', ']':
			open = open[:len(open)-1]
		case '"':
			start := i
			i = endOfString(body, i)
			if !namesMember(body[i+1:]) {
				continue
			}
			name := foldCase(gjson.ParseBytes(body[start : i+1]).Str)
			names := open[len(open)-1]
			if names[name] || len(names) == maxNames {
				return false
			}
			names[name] = true
		}
	}
	return true
}

// namesMember tells whether a string is a name, from what follows it.
func namesMember(rest []byte) bool {
	return bytes.HasPrefix(bytes.TrimLeft(rest, " \t\r\n"), []byte(":"))
}

// foldCase makes names equal that differ in letter case alone: a few letters have
// more than two forms.
func foldCase(name string) string { return strings.ToLower(strings.ToUpper(name)) }
