package signature

import (
	"errors"
	"fmt"
	"strconv"
	"time"
)

// Unit says how a timestamp is written.
type Unit string

// The units.
const (
	Seconds      Unit = "s"       // Unix time in seconds
	Milliseconds Unit = "ms"      // Unix time in milliseconds
	RFC3339      Unit = "rfc3339" // such as 2015-03-16T15:32:34.174752+00:00
)

// The directions in which a timestamp may be refused.
const (
	DirectionBoth = "both" // neither too old nor too far in the future
	DirectionPast = "past" // not too old
)

// DefaultTolerance is how far a timestamp may be off where a scheme does not say.
const DefaultTolerance = Duration(5 * time.Minute)

// Timestamp says where the time of sending is found and how old it may be.
type Timestamp struct {
	// From is the field that holds it.
	From Field `json:"from,omitzero"`
	// Item is the item of the signature header that holds it, instead of From.
	Item string `json:"item,omitempty"`
	// Unit is s (Unix seconds, the default), ms or rfc3339.
	Unit Unit `json:"unit,omitempty"`
	// Tolerance is how far it may be off, such as 5m (the default), or off.
	Tolerance Duration `json:"tolerance,omitempty"`
	// Direction is both (the default) or past, which lets times in the future through.
	Direction string `json:"direction,omitempty"`
}

// inBody tells whether the body must be read to find the timestamp.
func (t *Timestamp) inBody() bool { return t != nil && t.From.inBody() }

func (t *Timestamp) validate() error {
	if t.From.IsZero() == (t.Item == "") {
		return errors.New("timestamp needs either from or item")
	}
	if t.Unit == "" {
		t.Unit = Seconds
	}
	if t.Tolerance == 0 {
		t.Tolerance = DefaultTolerance
	}
	if t.Direction == "" {
		t.Direction = DirectionBoth
	}
	if t.Unit != Seconds && t.Unit != Milliseconds && t.Unit != RFC3339 {
		return fmt.Errorf("timestamp unit %q: want s, ms or rfc3339", t.Unit)
	}
	if t.Direction != DirectionBoth && t.Direction != DirectionPast {
		return fmt.Errorf("timestamp direction %q: want both or past", t.Direction)
	}
	return nil
}

func (u Unit) parse(text string) (time.Time, error) {
	if u == RFC3339 {
		return time.Parse(time.RFC3339Nano, text)
	}
	n, err := parseDigits(text)
	if err != nil {
		return time.Time{}, err
	}
	if u == Milliseconds {
		return time.UnixMilli(n), nil
	}
	return time.Unix(n, 0), nil
}

// maxDigits keeps every number within what [time.Time] can hold.
const maxDigits = 18

var errNotDigits = errors.New("want 1 to 18 digits without a leading zero")

// parseDigits takes the one form in which senders write Unix time. A sign or
// leading zeros would let two texts mean the same time, and so bytes move
// between the timestamp and its neighbours in the signed content.
func parseDigits(text string) (int64, error) {
	if text == "" || len(text) > maxDigits || text[0] == '0' {
		return 0, errNotDigits
	}
	var n int64
	for _, c := range []byte(text) {
		if c < '0' || c > '9' {
			return 0, errNotDigits
		}
		n = n*10 + int64(c-'0')
	}
	return n, nil
}

func (u Unit) format(t time.Time) string {
	switch u {
	case RFC3339:
		return t.UTC().Format(time.RFC3339Nano)
	case Milliseconds:
		return strconv.FormatInt(t.UnixMilli(), 10)
	default:
		return strconv.FormatInt(t.Unix(), 10)
	}
}

// check compares the timestamp with the clock.
func (t *Timestamp) check(text string, now time.Time) (time.Time, Reason) {
	if text == "" {
		return time.Time{}, TimestampMissing
	}
	at, err := t.Unit.parse(text)
	if err != nil {
		return time.Time{}, TimestampMalformed
	}
	if t.Tolerance < 0 {
		return at, ""
	}
	tolerance := time.Duration(t.Tolerance)
	switch age := now.Sub(at); {
	case age > tolerance:
		return at, TimestampTooOld
	case age < -tolerance && t.Direction == DirectionBoth:
		return at, TimestampTooNew
	}
	return at, ""
}
