package natsstore

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/hookward/hookward/sender"
)

// longestID keeps a subject that holds two ids, three bytes for each of theirs at
// worst, well within the 4 KiB that a server allows for a protocol line.
const longestID = 256

// names are the store's streams and subjects. All start with the store's name.
type names string

func (n names) events() string        { return string(n) + "_events" }
func (n names) deliveries() string    { return string(n) + "_deliveries" }
func (n names) subscriptions() string { return string(n) + "_subscriptions" }
func (n names) attempts() string      { return string(n) + "_attempts" }

// anyID stands for any id in a subject that asks for messages.
const anyID = "*"

func (n names) event(event string) string { return n.subject("event", event) }

// part is where long lists of an event's subscriptions are.
func (n names) part(event string) string { return n.subject("part", event) }

// due is where a delivery is received. The copy tells the deliveries of one event
// for one subscription apart.
func (n names) due(event, subscription, copied string) string {
	return n.subject("due", event, subscription, copied)
}

// later is where the delivery waits until it is due. A server keeps one scheduled
// message a subject.
func (n names) later(event, subscription, copied string) string {
	return n.subject("later", event, subscription, copied)
}

// owed is all deliveries of an event, due or not.
func (n names) owed(event string) string {
	return n.subject(anyID, event) + ".>"
}

func (n names) subscription(id string) string { return n.subject("subscription", id) }

func (n names) attempt(event, subscription string) string {
	return n.subject("attempt", event, subscription)
}

// all is every subject of a kind.
func (n names) all(kind string) string { return string(n) + "." + kind + ".>" }

func (n names) subject(kind string, tokens ...string) string {
	return string(n) + "." + kind + "." + strings.Join(tokens, ".")
}

// token is an id as one token of a subject. Different ids make different tokens, and
// none makes a wildcard.
func token(id string) string {
	plain := true
	for i := range len(id) {
		plain = plain && isPlain(id[i])
	}
	if plain {
		return id
	}
	var escaped strings.Builder
	for i := range len(id) {
		if isPlain(id[i]) {
			escaped.WriteByte(id[i])
		} else {
			fmt.Fprintf(&escaped, "=%02X", id[i])
		}
	}
	return escaped.String()
}

func isPlain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '-'
}

// checkID refuses what makes no token, and what JSON would change.
func checkID(what, id string) error {
	if id == "" || len(id) > longestID || !utf8.ValidString(id) {
		return fmt.Errorf("%s id of %d bytes: %w: 1 to %d of UTF-8 are allowed", what, len(id), sender.ErrInvalid, longestID)
	}
	return nil
}

// lastToken is the id, as a token, of a subject that ends in one.
func lastToken(subject string) string {
	return subject[strings.LastIndexByte(subject, '.')+1:]
}
