package adminapi

// ForgetRequest names a delivery that is to be let through once more.
type ForgetRequest struct {
	Key  string `json:"key"`            // the delivery's id, or its body's SHA-256 in hex
	Slot string `json:"slot,omitempty"` // default: any
}

// ForgetAnswer tells where the delivery was forgotten.
type ForgetAnswer struct {
	Forgotten []Forgotten `json:"forgotten"`
}

// Forgotten is one delivery that was forgotten.
type Forgotten struct {
	Slot string `json:"slot"`
	By   string `json:"by"` // id or body
}
