package subscription

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"
)

// identifier is an id that some APIs write as a number, others as a text.
type identifier string

func (i *identifier) UnmarshalJSON(data []byte) error {
	text := string(data)
	if data[0] == '"' {
		if err := json.Unmarshal(data, &text); err != nil {
			return err
		}
	} else if _, err := strconv.ParseUint(text, 10, 64); err != nil {
		return errIDNotUsable
	}
	if !segment.MatchString(text) {
		return errIDNotUsable
	}
	*i = identifier(text)
	return nil
}

var (
	errIDNotUsable     = errors.New("an id is not usable")
	errSecretNotUsable = errors.New("a secret is not usable")
	errNoList          = errors.New("there is no list")
)

// secretText is the text of a secret: 1 to 512 visible ASCII characters, as
// from a handshake, or none.
type secretText string

func (s *secretText) UnmarshalJSON(data []byte) error {
	var text string // stays empty where the JSON is null
	if err := json.Unmarshal(data, &text); err != nil || text != "" && !isSecret(text) {
		return errSecretNotUsable
	}
	*s = secretText(text)
	return nil
}

func isSecret(text string) bool { return len(text) <= maxSecret && printable(text) }

// moment is a time that some APIs write as RFC 3339, others as seconds with a
// fraction. It is for show alone, so what cannot be read is no time.
type moment struct{ time.Time }

func (m *moment) UnmarshalJSON(data []byte) error {
	const year10000 = 253402300800
	var seconds float64
	if json.Unmarshal(data, &seconds) == nil && seconds > 0 && seconds < year10000 {
		whole, fraction := math.Modf(seconds)
		m.Time = time.Unix(int64(whole), int64(fraction*float64(time.Second))).UTC().Round(time.Microsecond)
		return nil
	}
	if err := m.Time.UnmarshalJSON(data); err != nil {
		m.Time = time.Time{}
	}
	return nil
}

// items returns the elements of a list, which is an array, or an object with
// an array in it: neither REST Hooks nor Repliers document more. An empty
// object is an empty list.
func items(body []byte) ([]json.RawMessage, error) {
	body = bytes.TrimSpace(body)
	if bytes.HasPrefix(body, []byte("[")) {
		return elements(body)
	}
	var object map[string]json.RawMessage
	if err := json.Unmarshal(body, &object); err != nil {
		return nil, err
	}
	if object == nil {
		return nil, errNoList
	}
	if goesOn(object) {
		return nil, errMore
	}
	var lists []json.RawMessage
	for _, member := range object {
		if bytes.HasPrefix(member, []byte("[")) {
			lists = append(lists, member)
		}
	}
	if len(lists) == 0 && len(object) == 0 {
		return nil, nil
	}
	if len(lists) != 1 {
		return nil, errors.New("it is not clear where the list is")
	}
	return elements(lists[0])
}

func elements(array []byte) ([]json.RawMessage, error) {
	var list []json.RawMessage
	if err := json.Unmarshal(array, &list); err != nil {
		return nil, err
	}
	return list, nil
}
