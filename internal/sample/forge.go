package sample

import (
	"fmt"
	"regexp"
)

// Forge makes the proofs wrong, and leaves them well formed. Error: ErrNothingToForge.
func (d *Delivery) Forge() error {
	if len(d.Proofs) == 0 {
		return fmt.Errorf("%s %w", d.Provider.Name, ErrNothingToForge)
	}
	for _, p := range d.Proofs {
		switch {
		case p.Scheme == nil: // a timestamp
		case p.IsBearer():
			d.set(p.Field, p.BearerPrefix()+"forged")
		default:
			d.set(p.Field, forged(p.Value))
		}
	}
	return nil
}

var signatureWord = regexp.MustCompile(`[A-Za-z0-9]+`)

// forged changes one character of the longest word, which is the signature or a
// part of it. The new one is valid in hex and base64 alike.
func forged(proof string) string {
	start, longest := 0, 0
	for _, at := range signatureWord.FindAllStringIndex(proof, -1) {
		if length := at[1] - at[0]; length > longest {
			start, longest = at[0], length
		}
	}
	if longest == 0 {
		return proof + "0"
	}
	replacement := "0"
	if proof[start] == '0' {
		replacement = "1"
	}
	return proof[:start] + replacement + proof[start+1:]
}
