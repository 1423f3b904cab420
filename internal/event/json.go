package event

import "github.com/tidwall/gjson"

// maxDepth is how deep JSON may be nested, the same as encoding/json accepts.
const maxDepth = 10_000

// ValidJSON tells whether the body is JSON of a bearable depth. The depth is
// counted first, for the validator descends by recursion.
func ValidJSON(body []byte) bool {
	return bearableDepth(body) && gjson.ValidBytes(body)
}

func bearableDepth(body []byte) bool {
	depth := 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '{', '[':
			if depth++; depth > maxDepth {
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
