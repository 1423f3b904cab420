package provider

import (
	"errors"
	"fmt"

	"github.com/hookward/hookward/signature"
)

// Handshake is the exchange that sets a subscription up and teaches its secret.
type Handshake struct {
	// Match is the shape of the request.
	Match Match `json:"match"`
	// Secret is the field that brings the secret.
	Secret signature.Field `json:"secret"`
	// Answer is sent once the secret is stored. "{value}" in it is the secret.
	Answer Answer `json:"answer"`
}

// check is given the fields that may hold a delivery's proof.
func (h *Handshake) check(proofs []signature.Field) error {
	if h.Secret.IsZero() {
		return errors.New("secret is missing")
	}
	if err := keyed("match", h.Match.check()); err != nil {
		return err
	}
	if err := keyed("match", h.checkNoDelivery(proofs)); err != nil {
		return err
	}
	if h.Answer.holds(macPart) {
		return keyed("answer", errors.New("{mac} is for challenges: a handshake brings the secret itself"))
	}
	return keyed("answer", h.Answer.check(true, false))
}

// checkNoDelivery sees to it that no delivery is taken for a handshake and lost. One
// may bring the same secret, but it always brings a proof.
func (h *Handshake) checkNoDelivery(proofs []signature.Field) error {
	if len(h.Match.Body) > 0 {
		return nil
	}
	for _, proof := range proofs {
		if !h.Match.excludes(proof) {
			return fmt.Errorf("body is missing, and where does not say that %s is: a delivery may carry the secret too", proof)
		}
	}
	if len(proofs) == 0 {
		return errors.New("body is missing: a delivery may carry the secret too")
	}
	return nil
}
