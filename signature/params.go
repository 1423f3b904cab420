package signature

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"
)

// sortedFormat says how sorted parameters are written out.
type sortedFormat struct {
	assign, separator, replacement string
}

func parseSortedFormat(text string) (sortedFormat, error) {
	if text == "" {
		return sortedFormat{}, nil
	}
	text, found := strings.CutPrefix(text, ":")
	if !found || len(text) < 2 || len(text) > 3 || !isASCII(text) {
		return sortedFormat{}, errors.New("sorted parameters take two or three ASCII characters, as in {query:sorted:=&}")
	}
	return sortedFormat{assign: text[:1], separator: text[1:2], replacement: text[2:]}, nil
}

// escape stands in the place of a replacement for writing names and values as in a URL.
const escape = "%"

// join writes parameters sorted by name, the values of one name sorted too and
// each once.
func (f sortedFormat) join(values url.Values, except func(name string) bool) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if except(name) {
			continue
		}
		for _, value := range slices.Compact(slices.Sorted(slices.Values(values[name]))) {
			if b.Len() > 0 {
				b.WriteString(f.separator)
			}
			b.WriteString(f.cleanName(name))
			b.WriteString(f.assign)
			b.WriteString(f.cleanValue(value))
		}
	}
	return b.String()
}

func (f sortedFormat) cleanName(name string) string {
	if f.replacement == escape {
		return url.QueryEscape(name)
	}
	return name
}

func (f sortedFormat) cleanValue(value string) string {
	switch f.replacement {
	case "":
		return value
	case escape:
		return url.QueryEscape(value)
	}
	return strings.NewReplacer(f.assign, f.replacement, f.separator, f.replacement).Replace(value)
}
