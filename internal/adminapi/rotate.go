package adminapi

import "github.com/hookward/hookward/signature"

// RotateRequest asks for new secrets for all subscriptions of an endpoint.
type RotateRequest struct {
	// Overlap is for how long the first subscriptions stay beside the second ones;
	// it may be left out.
	Overlap signature.Duration `json:"overlap,omitempty"`
}
