package subscription

import (
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"
)

// errMore says that a list goes on. How to get the rest is documented by none of the
// providers of which this is asked, and half a list is none: whoever takes it for the
// whole makes what is on the other half once more.
var errMore = errors.New("there is more of the list, and how to get it is not documented")

// linksOn reports whether the header of an answer leads to the next part of a list.
func linksOn(header http.Header) bool {
	return slices.ContainsFunc(header.Values("Link"), func(links string) bool {
		links = strings.ToLower(links)
		return strings.Contains(links, `rel="next"`) || strings.Contains(links, "rel=next")
	})
}

// The names under which APIs usually say where a list goes on, or that it does, and
// of the objects in which they may do so.
var (
	onward = []string{"next", "next_page", "nextPage", "next_url", "next_cursor", "nextCursor", "has_more", "hasMore"}
	aside  = []string{"meta", "paging", "pagination", "links", "_links"}
)

// goesOn reports whether an object with a list in it says that there is more.
func goesOn(object map[string]json.RawMessage) bool {
	if saysMore(object) {
		return true
	}
	return slices.ContainsFunc(aside, func(name string) bool {
		var within map[string]json.RawMessage
		return json.Unmarshal(object[name], &within) == nil && saysMore(within)
	})
}

func saysMore(object map[string]json.RawMessage) bool {
	var pages float64
	if json.Unmarshal(object["numPages"], &pages) == nil && pages > 1 {
		return true
	}
	return slices.ContainsFunc(onward, func(name string) bool {
		switch string(object[name]) {
		case "", "null", "false", "0", `""`, "{}", "[]":
			return false
		}
		return true
	})
}
