package natsstore

import (
	"errors"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hookward/hookward/sender"
)

func TestTokensAreDifferent(t *testing.T) {
	t.Parallel()
	plain := regexp.MustCompile(`^[A-Za-z0-9_=-]+$`)
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.OneOf(rapid.StringN(1, -1, longestID), rapid.StringMatching(`[a.*>=2A-]{1,4}`))
		a, b := ids.Draw(t, "a"), ids.Draw(t, "b")
		if !plain.MatchString(token(a)) {
			t.Fatalf("the token of %q is %q", a, token(a))
		}
		if (token(a) == token(b)) != (a == b) {
			t.Fatalf("%q and %q are %q and %q", a, b, token(a), token(b))
		}
	})
}

func TestToken(t *testing.T) {
	t.Parallel()
	for id, want := range map[string]string{
		"evt_0aZ-": "evt_0aZ-",
		"*":        "=2A",
		"a.b":      "a=2Eb",
		"=2A":      "=3D2A",
		"ü":        "=C3=BC",
	} {
		if got := token(id); got != want {
			t.Errorf("the token of %q is %q, want %q", id, got, want)
		}
	}
}

func TestIDsThatAreRefused(t *testing.T) {
	t.Parallel()
	for name, id := range map[string]string{
		"empty":     "",
		"too long":  strings.Repeat("x", longestID+1),
		"not UTF-8": "a\xff",
	} {
		if err := checkID("event", id); !errors.Is(err, sender.ErrInvalid) {
			t.Errorf("%s: %v, want %v", name, err, sender.ErrInvalid)
		}
	}
}
