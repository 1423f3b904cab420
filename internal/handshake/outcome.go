package handshake

import "fmt"

// Outcome is what became of a secret that a handshake brought.
type Outcome int

const (
	// Learned secrets are stored; the caller echoes.
	Learned Outcome = iota + 1

	// Known secrets were learned before and are still valid; the caller
	// echoes.
	Known

	// Unarmed: the slot holds no secret and is not armed.
	Unarmed

	// Locked: the slot holds other secrets and is not armed.
	Locked

	// Malformed: the secret is not 1 to 512 visible ASCII characters.
	Malformed

	// Full: the slot is armed but holds as many secrets as it can.
	Full

	// Disabled: handshakes are off for the endpoint.
	Disabled
)

// outcomeNames are the words used in logs and metrics.
var outcomeNames = [...]string{
	Learned:   "learned",
	Known:     "known",
	Unarmed:   "unarmed",
	Locked:    "locked",
	Malformed: "malformed",
	Full:      "full",
	Disabled:  "disabled",
}

// Echo reports whether the handshake is to be completed. All other outcomes,
// and the zero value that comes with an error, are refusals.
func (o Outcome) Echo() bool { return o == Learned || o == Known }

// String returns the word for o in logs and metrics.
func (o Outcome) String() string {
	if o < Learned || int(o) >= len(outcomeNames) {
		return fmt.Sprintf("Outcome(%d)", int(o))
	}
	return outcomeNames[o]
}
