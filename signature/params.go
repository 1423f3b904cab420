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
	if !found || len(text) < 2 || len(text) > 3 {
		return sortedFormat{}, errors.New("sorted parameters take two or three characters, as in {query:sorted:=&}")
	}
	return sortedFormat{assign: text[:1], separator: text[1:2], replacement: text[2:]}, nil
}

// join writes parameters sorted by name, the values of one name sorted too.
func (f sortedFormat) join(values url.Values, except func(name string) bool) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if except(name) {
			continue
		}
		for _, value := range slices.Sorted(slices.Values(values[name])) {
			if b.Len() > 0 {
				b.WriteString(f.separator)
			}
			b.WriteString(name)
			b.WriteString(f.assign)
			b.WriteString(f.clean(value))
		}
	}
	return b.String()
}

func (f sortedFormat) clean(value string) string {
	if f.replacement == "" {
		return value
	}
	return strings.NewReplacer(f.assign, f.replacement, f.separator, f.replacement).Replace(value)
}
