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
	for at := start + 1; at < len(body); at++ {
		next := bytes.IndexByte(body[at:], '"')
		if next < 0 {
			break
		}
		at += next
		if !isEscaped(body, at) {
			return at
		}
	}
	return len(body)
}

// isEscaped tells whether an odd number of backslashes stands before a position.
func isEscaped(body []byte, at int) bool {
	n := 0
	for at-1-n >= 0 && body[at-1-n] == '\\' {
		n++
	}
	return n%2 == 1
}

// NextMember returns the first member, in valid JSON, that starts at or after a
// position in an object, its name still quoted, and the position behind it. At the
// object's end there is no name.
func NextMember(body []byte, at int) (name, value []byte, behind int) {
	at = skip(body, at, ",")
	if body[at] == '}' {
		return nil, nil, at
	}
	end := endOfString(body, at) + 1
	start := skip(body, end, ":")
	behind = endOfValue(body, start)
	return body[at:end], body[start:behind], behind
}

// skip returns the position of what follows white space and one kind of mark.
func skip(body []byte, at int, mark string) int {
	for body[at] == mark[0] || isSpace(body[at]) {
		at++
	}
	return at
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// endOfValue returns the position behind the value at start.
func endOfValue(body []byte, start int) int {
	depth := 0
	for i := start; i < len(body); i++ {
		switch body[i] {
		case '{', '[':
			depth++
			continue
		case '}', ']':
			if depth == 0 {
				return i // of a number or a word, in the object around it
			}
			depth--
		case '"':
			i = endOfString(body, i)
		case ',':
			if depth == 0 {
				return i
			}
			continue
		default:
			if depth > 0 || !isSpace(body[i]) {
				continue
			}
			return i
		}
		if depth == 0 {
			return i + 1
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
