package sender

import "testing"

// TestHolds: no secret is not a secret.
func TestHolds(t *testing.T) {
	t.Parallel()
	secrets := []Secret{{Value: "new"}, {Value: "old"}}
	for secret, want := range map[string]bool{"new": true, "old": true, "": false, "ne": false, "newold": false} {
		if holds(secrets, secret) != want {
			t.Errorf("%q: %v", secret, !want)
		}
	}
	if holds([]Secret{{}}, "") || holds(nil, "") {
		t.Error("an empty secret was accepted")
	}
}
