package signature

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// pairFormat says how names and values are written out.
type pairFormat struct {
	assign, separator, replacement string
}

func parsePairFormat(text string) (pairFormat, error) {
	if text == "" {
		return pairFormat{}, nil
	}
	text, found := strings.CutPrefix(text, ":")
	if !found || len(text) < 2 || len(text) > 3 || !isASCII(text) {
		return pairFormat{}, errors.New("names and values take two or three ASCII characters, as in {query:sorted:=&}")
	}
	return pairFormat{assign: text[:1], separator: text[1:2], replacement: text[2:]}, nil
}

// escape stands in the place of a replacement for writing names and values as in a URL.
const escape = "%"

// join writes parameters sorted by name, the values of one name sorted too and
// each once.
func (f pairFormat) join(values url.Values, except func(name string) bool) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if except(name) {
			continue
		}
		for _, value := range slices.Compact(slices.Sorted(slices.Values(values[name]))) {
			if b.Len() > 0 {
				b.WriteString(f.separator)
			}
			f.write(&b, name, value)
		}
	}
	return b.String()
}

func (f pairFormat) write(b *strings.Builder, name, value string) {
	b.WriteString(f.cleanName(name))
	b.WriteString(f.assign)
	b.WriteString(f.cleanValue(value))
}

func (f pairFormat) cleanName(name string) string {
	if f.replacement == escape {
		return url.QueryEscape(name)
	}
	return name
}

func (f pairFormat) cleanValue(value string) string {
	switch f.replacement {
	case "":
		return value
	case escape:
		return url.QueryEscape(value)
	}
	return strings.NewReplacer(f.assign, f.replacement, f.separator, f.replacement).Replace(value)
}
