package provider

import (
	"errors"

	"github.com/hookward/hookward/signature"
)

// Challenge is an exchange that only proves that we own the URL.
type Challenge struct {
	// Name is what the exchange is called in logs.
	Name string `json:"name"`
	// Match is the shape of the request.
	Match Match `json:"match"`
	// Verify tells that the request's own proof is checked first.
	Verify bool `json:"verify,omitempty"`
	// Armed tells that it is answered only while the slot is armed, as a handshake is.
	Armed bool `json:"armed,omitempty"`
	// Value is the field whose text the answer repeats: 1 to 512 printable ASCII
	// characters. Where the answer holds its MAC, it is one of those that
	// [IsMACText] takes.
	Value signature.Field `json:"value,omitzero"`
	// Answer is what is sent. "{value}" in it is the text, "{mac}" the text's MAC.
	Answer Answer `json:"answer"`
}

// HoldsMAC tells whether the answer holds a MAC of the caller's text.
func (c *Challenge) HoldsMAC() bool { return c.Answer.holds(macPart) }

func (c *Challenge) check() error {
	if c.Name == "" {
		return errors.New("name is missing")
	}
	if err := keyed("match", c.Match.check()); err != nil {
		return err
	}
	return keyed("answer", c.Answer.check(!c.Value.IsZero(), true))
}
