package redaction

import (
	"errors"
	"strings"
)

// jsonPath is a path in JSON in gjson's syntax, cut at its dots: names, positions in
// arrays, "#" for each member of an array, and patterns such as "pass*". All else that
// gjson knows can lead anywhere below, so the path ends in front of it.
type jsonPath []string

func parsePath(text string) jsonPath {
	parts := jsonPath(strings.Split(text, "."))
	for i, part := range parts {
		if part == "" || part != "#" && strings.ContainsFunc(part, isSyntax) {
			return parts[:i]
		}
	}
	return parts
}

// isSyntax tells whether a character may have a meaning of its own to gjson. Those of
// patterns are known here.
func isSyntax(c rune) bool {
	switch {
	case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c > '~':
		return false
	}
	return !strings.ContainsRune("_-:*? ", c)
}

// meets tells whether the two may lead to the same value, or one of them to a part of
// what the other leads to.
func (p jsonPath) meets(other jsonPath) bool {
	for i := range min(len(p), len(other)) {
		if !partsMeet(p[i], other[i]) {
			return false
		}
	}
	return true
}

func partsMeet(a, b string) bool {
	switch {
	case a == b, isPattern(a), isPattern(b):
		return true
	case a == "#":
		return isPosition(b)
	case b == "#":
		return isPosition(a)
	}
	return isPosition(a) && isPosition(b) && samePosition(a, b)
}

func isPattern(part string) bool { return strings.ContainsAny(part, "*?") }

func isPosition(part string) bool { return strings.Trim(part, "0123456789") == "" }

// maxPosition is how many digits gjson reads without running over.
const maxPosition = 18

func samePosition(a, b string) bool {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	return a == b || len(a) > maxPosition || len(b) > maxPosition
}

// CheckPath refuses what cannot be a path. gjson takes any text and finds nothing by it.
func CheckPath(text string) error {
	if text == "" {
		return errors.New("it is empty")
	}
	var open []byte // the brackets that are to be closed
	last := byte('.')
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c == '\\':
			i++
		case c == '"' && len(open) > 0:
			i = endOfQuote(text, i)
		case strings.IndexByte("([{", c) >= 0:
			open = append(open, c)
		case strings.IndexByte(")]}", c) >= 0:
			if len(open) == 0 || open[len(open)-1] != opening[c] {
				return errBrackets
			}
			open = open[:len(open)-1]
		case c == '.' && last == '.' && len(open) == 0:
			return errNameless
		}
		last = c
	}
	switch {
	case len(open) > 0:
		return errBrackets
	case last == '.':
		return errNameless
	}
	return nil
}

var (
	opening     = map[byte]byte{')': '(', ']': '[', '}': '{'}
	errBrackets = errors.New("its brackets do not match")
	errNameless = errors.New("a name is missing before or after a dot")
)

// endOfQuote returns where the quote ends that begins at a position.
func endOfQuote(text string, start int) int {
	for i := start + 1; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i
		}
	}
	return len(text)
}
