package sample

import (
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/tidwall/gjson"
)

// jsonValue writes a value as JSON: as a number if it looks like one and does not
// take the place of a text.
func jsonValue(doc, path, value string) string {
	if _, err := strconv.ParseInt(value, 10, 64); err == nil && gjson.Get(doc, path).Type != gjson.String {
		return value
	}
	text, _ := json.Marshal(value) // a text always has a JSON form
	return string(text)
}

var plainPath = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// setJSON puts a value, which is JSON, at a path of a document. All else in the
// document stays as it is written.
func setJSON(doc, path, value string) (changed string, done bool) {
	if !plainPath.MatchString(path) {
		return doc, false
	}
	if old := gjson.Get(doc, path); old.Exists() {
		return doc[:old.Index] + value + doc[old.Index+len(old.Raw):], true
	}
	parent, name := "", path
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		parent, name = path[:i], path[i+1:]
	}
	member := strconv.Quote(name) + ":" + value
	holder := gjson.Parse(doc)
	if parent != "" {
		holder = gjson.Get(doc, parent)
	}
	switch {
	case !holder.Exists() && name == "0":
		return setJSON(doc, parent, "["+value+"]")
	case !holder.Exists():
		return setJSON(doc, parent, "{"+member+"}")
	case !holder.IsObject():
		return doc, false
	}
	if len(holder.Map()) > 0 {
		member = "," + member
	}
	end := holder.Index + strings.LastIndexByte(holder.Raw, '}')
	return doc[:end] + member + doc[end:], true
}
