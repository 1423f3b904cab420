package gate

import (
	"bytes"
	"strings"
	"unsafe"

	"github.com/tidwall/gjson"

	"github.com/hookward/hookward/internal/event"
)

// document is a delivery's JSON, looked at when it is first asked for.
type document struct {
	read  bool
	valid bool
	json  []byte

	// members are those of the outermost object that have been passed. A provider's
	// rules name several paths, and to look for each from the start again would be
	// most of what a large delivery costs.
	members []member
	behind  int // where the next one is looked for; 0 before the first
}

// member is a name and its value's JSON.
type member struct{ name, value string }

// maxMembersKept bounds the members that are kept: a hostile document has millions.
const maxMembersKept = 64

// find returns what a path leads to in valid JSON. The texts in it are part of the
// body, which is gone once the delivery has come to its end.
func (d *document) find(path string) gjson.Result {
	if !isPlain(path) || !d.isObject() {
		return gjson.GetBytes(d.json, path)
	}
	name, rest, deeper := strings.Cut(path, ".")
	value := d.member(name)
	switch {
	case value == "":
		return gjson.Result{}
	case !deeper:
		return gjson.Parse(value)
	case value[0] == '{', value[0] == '[':
		return gjson.Get(value, rest)
	default:
		return gjson.Result{}
	}
}

// member returns the value of the outermost object's first member with a name, or "".
func (d *document) member(name string) string {
	for _, m := range d.members {
		if m.name == name {
			return m.value
		}
	}
	at := d.behind
	if at == 0 {
		at = 1 + bytes.IndexByte(d.json, '{')
	}
	for {
		quoted, value, behind := event.NextMember(d.json, at)
		if quoted == nil {
			return ""
		}
		m := member{unquote(quoted), text(value)}
		if len(d.members) < maxMembersKept {
			d.members, d.behind = append(d.members, m), behind
		}
		if m.name == name {
			return m.value
		}
		at = behind
	}
}

func unquote(quoted []byte) string {
	if bytes.IndexByte(quoted, '\\') >= 0 {
		return gjson.ParseBytes(quoted).Str
	}
	return text(quoted[1 : len(quoted)-1])
}

// text needs no copy, for while a delivery is judged its body is not changed.
func text(b []byte) string {
	return unsafe.String(unsafe.SliceData(b), len(b))
}

func (d *document) isObject() bool {
	for _, c := range d.json {
		switch c {
		case ' ', '\t', '\r', '\n':
		default:
			return c == '{'
		}
	}
	return false
}

// isPlain tells whether a path consists of names alone, without anything that has a
// meaning of its own for gjson.
func isPlain(path string) bool {
	last := byte('.')
	for _, c := range []byte(path) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
		if !letter && (c != '.' || last == '.') {
			return false
		}
		last = c
	}
	return last != '.'
}
