package profile

import (
	"fmt"
	"math/rand/v2"
	"net/http"

	"github.com/hookward/hookward/sender"
)

// Faults is what goes wrong with deliveries. Each field but the seed is a share of them,
// from 0 to 1. Every delivery still arrives as it should, for what goes wrong comes
// besides, or delays it. Handshakes are left alone.
type Faults struct {
	// Seed makes the choices: with the same one they are the same, delivery by delivery.
	Seed uint64
	// Duplicates arrive twice, at the same time.
	Duplicates float64
	// Reordered ones are overtaken by the next.
	Reordered float64
	// Stale ones come after a copy of one that was sent before.
	Stale float64
	// BadSignature ones come after a copy whose signature, or whose secret, is wrong.
	BadSignature float64
	// SlowBody ones arrive in pieces, over a second.
	SlowBody float64
}

// Transport returns what makes the faults in deliveries of the provider, for
// [sender.WithTransport]. Errors are [sender.ErrInvalid], as where signatures are to be
// wrong that there are none of.
func (f Faults) Transport(provider string) (func(http.RoundTripper) http.RoundTripper, error) {
	if err := f.check(); err != nil {
		return nil, err
	}
	p, err := lookup(provider)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", sender.ErrInvalid, err)
	}
	proofs, _ := p.SignatureHeaders()
	if f.BadSignature > 0 && len(proofs) == 0 {
		return nil, fmt.Errorf("%w: the provider signs nothing that could be wrong", sender.ErrInvalid)
	}
	return func(base http.RoundTripper) http.RoundTripper {
		return &faultTransport{base: base, faults: f, proofs: proofs, answered: make(chan struct{})}
	}, nil
}

func (f Faults) isZero() bool { return f == Faults{Seed: f.Seed} }

func (f Faults) check() error {
	for name, share := range map[string]float64{
		"duplicates": f.Duplicates, "reordered": f.Reordered, "stale": f.Stale,
		"bad signature": f.BadSignature, "slow body": f.SlowBody,
	} {
		if !(share >= 0 && share <= 1) { // NaN is neither
			return fmt.Errorf("%w: a share of %v for the fault %q", sender.ErrInvalid, share, name)
		}
	}
	return nil
}

// fate is what goes wrong with one delivery.
type fate struct {
	duplicate, reordered, stale, badSignature, slowBody bool
}

// fate of the delivery with this number.
func (f Faults) fate(number uint64) fate {
	choices := rand.New(rand.NewPCG(f.Seed, number)) //nolint:gosec // faults are to be repeatable
	// Each is drawn whether it is needed or not, so that one share changes no other.
	return fate{
		duplicate:    choices.Float64() < f.Duplicates,
		reordered:    choices.Float64() < f.Reordered,
		stale:        choices.Float64() < f.Stale,
		badSignature: choices.Float64() < f.BadSignature,
		slowBody:     choices.Float64() < f.SlowBody,
	}
}
