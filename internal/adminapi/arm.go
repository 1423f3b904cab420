package adminapi

import (
	"time"

	"github.com/hookward/hookward/signature"
)

// DefaultArm is for how long a slot is armed where nobody says.
const DefaultArm = 10 * time.Minute

// ArmRequest asks for one slot to be armed.
type ArmRequest struct {
	Slot string             `json:"slot,omitempty"` // may be left out where there is only one
	For  signature.Duration `json:"for,omitempty"`
}

// DisarmAnswer tells what is armed no longer.
type DisarmAnswer struct {
	Slot string `json:"slot"`
}

// ArmAnswer tells what was armed.
type ArmAnswer struct {
	Slot       string    `json:"slot"`
	ArmedUntil time.Time `json:"armed_until"`
}
