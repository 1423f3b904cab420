package command

import (
	"github.com/spf13/cobra"

	"github.com/hookward/hookward/sender/profile"
)

// faultFlags say what goes wrong in a simulation.
type faultFlags struct {
	duplicates, reorder, stale, badSignature, slowBody share

	seed uint64
}

func (f *faultFlags) add(cmd *cobra.Command) {
	cmd.Flags().Var(&f.duplicates, "duplicates", "Share of deliveries that arrive twice at the same time, such as 1%")
	cmd.Flags().Var(&f.reorder, "reorder", "Share of deliveries that are overtaken by the next")
	cmd.Flags().Var(&f.stale, "stale", "Share of deliveries that come after a copy of an earlier one")
	cmd.Flags().Var(&f.badSignature, "bad-signature", "Share of deliveries that come after a copy with a wrong proof")
	cmd.Flags().Var(&f.slowBody, "slow-body", "Share of deliveries that arrive in pieces, over a second")
	cmd.Flags().Uint64Var(&f.seed, "seed", 0, "Chooses the deliveries that faults befall")
}

func (f *faultFlags) faults() profile.Faults {
	return profile.Faults{
		Seed: f.seed, Duplicates: float64(f.duplicates), Reordered: float64(f.reorder), Stale: float64(f.stale),
		BadSignature: float64(f.badSignature), SlowBody: float64(f.slowBody),
	}
}
