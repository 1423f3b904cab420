package gate

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"strconv"
	"strings"
)

// maxXMLDepth is how deep elements may be nested.
const maxXMLDepth = 128

// xml returns the texts of the elements, or attributes, that a path leads to; none
// where the delivery is no XML. A path is names joined by dots, from the root on and
// without name spaces. A number after a name picks one of several elements, from 0;
// "@name" at the end is an attribute. Too many texts are one, which is none that any
// rule asks for.
func (r *reading) xml(path string) []string {
	doc := r.content()
	w := newWalk(path)
	if len(w.steps) == 0 || !w.through(doc) {
		return nil
	}
	if len(w.found) > maxMembers {
		return []string{string(doc)}
	}
	return w.found
}

// walk follows a path through the tokens of a document.
type walk struct {
	steps     []step
	attribute string // of the last step's elements; "": their text

	level   int   // how many elements are open
	matched int   // how many of these, from the root on, are the steps
	seen    []int // for each step, how many elements of its name have begun
	roots   int
	text    strings.Builder
	found   []string
}

// step is an element's name, and which one of that name; -1: each.
type step struct {
	name  string
	index int
}

func newWalk(path string) *walk {
	w := &walk{}
	for segment := range strings.SplitSeq(path, ".") {
		index, err := strconv.Atoi(segment)
		switch name, is := strings.CutPrefix(segment, "@"); {
		case is:
			w.attribute = name
		case err == nil && index >= 0 && len(w.steps) > 0:
			w.steps[len(w.steps)-1].index = index
		default:
			w.steps = append(w.steps, step{segment, -1})
		}
	}
	w.seen = make([]int, len(w.steps)+1)
	return w
}

// through goes through a document and tells whether it is XML.
func (w *walk) through(doc []byte) bool {
	decoder := xml.NewDecoder(bytes.NewReader(doc))
	for {
		token, err := decoder.Token()
		if errors.Is(err, io.EOF) {
			return w.roots == 1
		}
		if err != nil || !w.pass(token) {
			return false
		}
	}
}

// pass takes the next token and tells whether the document is still a bearable one.
func (w *walk) pass(token xml.Token) bool {
	switch t := token.(type) {
	case xml.StartElement:
		return w.begin(&t)
	case xml.EndElement:
		w.end()
	case xml.CharData:
		if w.arrived() {
			w.text.Write(t)
		}
	}
	return true
}

// arrived tells whether the innermost open element is one that the path leads to.
func (w *walk) arrived() bool { return w.matched == len(w.steps) && w.level == w.matched }

func (w *walk) begin(element *xml.StartElement) bool {
	if w.level == 0 {
		w.roots++
	}
	onPath := w.matched == w.level && w.matched < len(w.steps) && element.Name.Local == w.steps[w.matched].name
	w.level++
	if w.level > maxXMLDepth || w.roots > 1 {
		return false
	}
	if !onPath {
		return true
	}
	index := w.seen[w.matched]
	w.seen[w.matched]++
	if want := w.steps[w.matched].index; want >= 0 && want != index {
		return true
	}
	w.matched++
	w.seen[w.matched] = 0
	if w.arrived() {
		w.text.Reset()
		w.take(element.Attr)
	}
	return true
}

// take takes the attribute where the path leads to one.
func (w *walk) take(attributes []xml.Attr) {
	for _, a := range attributes {
		if w.attribute != "" && a.Name.Local == w.attribute {
			w.find(a.Value)
		}
	}
}

func (w *walk) end() {
	if w.arrived() && w.attribute == "" {
		w.find(w.text.String())
	}
	if w.matched == w.level {
		w.matched--
	}
	w.level--
}

func (w *walk) find(text string) {
	if text = strings.TrimSpace(text); text != "" && len(w.found) <= maxMembers {
		w.found = append(w.found, text)
	}
}
