//go:build !race

package signature_test

import (
	"testing"

	"github.com/hookward/hookward/signature"
)

// Whoever sends requests decides how many proofs are checked, so checking one must
// not cost memory.
func TestVerifyDoesNotAllocate(t *testing.T) {
	for name, c := range verifyCases(t, 1<<10) {
		t.Run(name, func(t *testing.T) {
			if c.publicKey {
				t.Skip("the standard library's public key algorithms allocate")
			}
			if _, err := c.verifier.Verify(c.request, c.now); err != nil {
				t.Fatal(err)
			}
			var req signature.Request = c.request
			if n := testing.AllocsPerRun(200, func() { _, _ = c.verifier.Verify(req, c.now) }); n != 0 {
				t.Errorf("%v allocations", n)
			}
			if n := testing.AllocsPerRun(200, func() { _ = c.verifier.Precheck(req, c.now) }); n != 0 {
				t.Errorf("%v allocations before the body is read", n)
			}
		})
	}
}
