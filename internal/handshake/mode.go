package handshake

import "fmt"

// Mode says when the slots of an endpoint may learn a secret.
type Mode int

const (
	// Armed slots learn only after an explicit Arm.
	Armed Mode = iota

	// Once is like Armed, and a slot that never held a secret is also armed
	// for 24 h from its first appearance in a configuration, for one handshake.
	Once

	// Off slots learn nothing, echo nothing, and what they learned before does
	// not count. The record is left as it is.
	Off
)

// modeNames are the words used in configuration.
var modeNames = [...]string{Armed: "armed", Once: "once", Off: "off"}

func (m Mode) valid() bool { return m >= 0 && int(m) < len(modeNames) }

// String returns the word for m in configuration.
func (m Mode) String() string {
	if !m.valid() {
		return fmt.Sprintf("Mode(%d)", int(m))
	}
	return modeNames[m]
}

// MarshalText returns the word for m in configuration. An unknown mode is an
// error.
func (m Mode) MarshalText() ([]byte, error) {
	if !m.valid() {
		return nil, fmt.Errorf("unknown handshake mode %d", int(m))
	}
	return []byte(modeNames[m]), nil
}

// UnmarshalText takes one of armed, once and off.
func (m *Mode) UnmarshalText(text []byte) error {
	for mode, name := range modeNames {
		if name == string(text) {
			*m = Mode(mode)
			return nil
		}
	}
	return fmt.Errorf("unknown handshake mode %q, want armed, once or off", text)
}
