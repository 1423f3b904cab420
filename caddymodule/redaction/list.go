package redaction

import (
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// redactions is what no log shows: the secrets of the endpoints that run, of those
// being loaded, and for a while of those that ran before.
var redactions = newRedactionList()

// Add puts items on the list of what no log shows, and returns the function that takes
// them off again, an hour later.
func Add(items []Item) (release func()) { return redactions.add(items) }

// Clean returns a text as logs show it, for what is shown elsewhere.
func Clean(text string) string { return redactions.redactor().text(text) }

// Item is one thing that no log shows.
type Item struct {
	by   by
	text string
}

// by is how an item is recognised.
type by int

const (
	byValue  by = iota // the text itself, wherever it stands
	byHeader           // any value of the header with this name
	byQuery            // any value of the query parameter with this name
	byPath             // the {token} segment of a path of this form
)

// Value is a text, wherever it stands and however it is escaped. One of less than four
// characters stands in ordinary words too, and is not looked for.
func Value(text string) Item { return Item{byValue, text} }

// Header is all values of the header with this name, in any letter case.
func Header(name string) Item { return Item{byHeader, name} }

// Query is all values of the query parameter with this name.
func Query(name string) Item { return Item{byQuery, name} }

// PathToken is what stands in paths of this form where it has [TokenSegment]. Other
// segments in braces stand for any text.
func PathToken(path string) Item { return Item{byPath, path} }

// TokenSegment is what stands in an endpoint's path for the token.
const TokenSegment = "{token}"

// shortestValue: anything shorter stands in ordinary words too. It is recognised by
// its name and place alone.
const shortestValue = 4

// redactionList counts by how many endpoints each redaction is wanted, for while
// a configuration is replaced the old and the new one are both there.
type redactionList struct {
	mu      sync.Mutex
	wanted  map[Item]int
	current atomic.Pointer[redactor] // nil after a change
}

func newRedactionList() *redactionList {
	return &redactionList{wanted: make(map[Item]int)}
}

// redactor returns what removes all that is on the list. It is made when it is first
// asked for, so that a configuration of many endpoints does not make one for each.
func (l *redactionList) redactor() *redactor {
	if r := l.current.Load(); r != nil {
		return r
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.current.Load()
	if r == nil {
		r = newRedactor(slices.Collect(maps.Keys(l.wanted)))
		l.current.Store(r)
	}
	return r
}

// linger is for how long secrets stay on the list once nobody wants them: requests
// still in flight when their configuration went are logged when they end.
const linger = time.Hour

// add puts redactions on the list and returns the function that takes them off.
func (l *redactionList) add(items []Item) (release func()) {
	l.count(items, 1)
	return sync.OnceFunc(func() {
		time.AfterFunc(linger, func() { l.count(items, -1) })
	})
}

func (l *redactionList) count(items []Item, by int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, item := range items {
		before := l.wanted[item]
		l.wanted[item] += by
		switch {
		case before == 0:
			l.current.Store(nil)
		case before+by == 0:
			delete(l.wanted, item)
			l.current.Store(nil)
		}
	}
}
