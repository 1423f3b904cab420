package command

import (
	"slices"
	"testing"

	"github.com/hookward/hookward/internal/gate"
)

func TestEveryReasonHasAHint(t *testing.T) {
	t.Parallel()
	reasons := gate.Reasons()
	for _, reason := range reasons {
		if hints[reason] == "" {
			t.Errorf("no hint for %s", reason)
		}
	}
	for reason := range hints {
		if !slices.Contains(reasons, reason) {
			t.Errorf("a hint for %s, which is no reason", reason)
		}
	}
}
