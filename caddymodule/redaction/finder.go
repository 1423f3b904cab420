package redaction

import (
	"cmp"
	"encoding/hex"
	"slices"
	"strings"
)

// finder finds any of many values in a text. It looks at the last two bytes of a
// window as wide as the shortest value, and from them alone knows how far the
// window may move on, so that most bytes of an ordinary text are never looked at
// (the algorithm of Wu and Manber).
type finder struct {
	window int                 // as wide as the shortest value; 0: there are no values
	skips  [pairs]uint8        // how far the window may move, by its last two bytes
	values map[uint16][]string // what may start with the window where it may not move, the longest first
}

// pairs is the number of cells that the pairs of bytes share.
const pairs = 1 << 12

// widestWindow is what a skip has room for.
const widestWindow = 255

// span is a part of a text.
type span struct{ start, end int }

// newFinder takes values of at least two bytes.
func newFinder(values []string) *finder {
	f := &finder{values: make(map[uint16][]string)}
	if len(values) == 0 {
		return f
	}
	values = slices.Clone(values)
	slices.SortFunc(values, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	f.window = min(len(values[len(values)-1]), widestWindow)
	for i := range f.skips {
		f.skips[i] = uint8(f.window - 1) //nolint:gosec // at most 254
	}
	for _, value := range values {
		f.insert(value)
	}
	return f
}

func (f *finder) insert(value string) {
	for i := 1; i < f.window; i++ {
		cell := pair(value, i)
		f.skips[cell] = min(f.skips[cell], uint8(f.window-1-i)) //nolint:gosec // at most 253
	}
	last := pair(value, f.window-1)
	f.values[last] = append(f.values[last], value)
}

// pair returns the cell of the byte at i and the one before it.
func pair(text string, i int) uint16 {
	return (uint16(text[i-1])<<5 ^ uint16(text[i])) % pairs
}

// find returns where values stand in the text. Where several start at one place
// it is the longest; those that start at different places may overlap.
func (f *finder) find(text string) []span {
	if f.window == 0 {
		return nil
	}
	var found []span
	for i := f.window - 1; i < len(text); {
		cell := pair(text, i)
		if skip := f.skips[cell]; skip > 0 {
			i += int(skip)
			continue
		}
		start := i - f.window + 1
		for _, value := range f.values[cell] {
			if strings.HasPrefix(text[start:], value) {
				found = append(found, span{start, start + len(value)})
				break
			}
		}
		i++
	}
	return found
}

// findEscaped returns where values stand in the text with some or all of their
// characters percent-encoded, even several times over.
func (f *finder) findEscaped(text string, times int) []span {
	if times == 0 || f.window == 0 || len(text) < f.window || !strings.Contains(text, "%") {
		return nil
	}
	decoded, from := unescape(text)
	if len(decoded) == len(text) {
		return nil
	}
	found := append(f.find(decoded), f.findEscaped(decoded, times-1)...)
	for i, s := range found {
		found[i] = span{from[s.start], from[s.end]}
	}
	return found
}

// unescape decodes what is percent-encoded. It also returns where in the text each
// byte of the result, and its end, comes from.
func unescape(text string) (decoded string, from []int) {
	result := make([]byte, 0, len(text))
	from = make([]int, 0, len(text)+1)
	for i := 0; i < len(text); {
		from = append(from, i)
		c, length := text[i], 1
		if c == '%' && i+2 < len(text) {
			var octet [1]byte
			if _, err := hex.Decode(octet[:], []byte(text[i+1:i+3])); err == nil {
				c, length = octet[0], 3
			}
		}
		result = append(result, c)
		i += length
	}
	return string(result), append(from, len(text))
}
