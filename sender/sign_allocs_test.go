//go:build !race

package sender

import (
	"net/http"
	"testing"
)

// An event is signed once for each subscription and attempt. What that costs must not
// grow with the body, nor a signer be made for each.
func TestSignAllocatesLittle(t *testing.T) {
	secrets := secretsOf(vectorShared)
	signer := newAttemptSigner(StandardWebhooks().Schemes)
	req := &http.Request{Header: http.Header{}}
	for _, size := range []int{1 << 10, 1 << 20} {
		body := make([]byte, size)
		allocations := testing.AllocsPerRun(20, func() {
			if err := signer.sign(req, body, vectorID, secrets, vectorTime); err != nil {
				t.Fatal(err)
			}
		})
		if allocations > 16 {
			t.Errorf("%v allocations for a body of %d bytes", allocations, size)
		}
	}
}
