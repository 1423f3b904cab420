package sender

import (
	"encoding/base64"
	"encoding/hex"
	"errors"
	"strings"
	"testing"

	"github.com/hookward/hookward/signature"
)

func readyProfiles() []Profile {
	return []Profile{StandardWebhooks(), StandardWebhooksAsymmetric(), HookSignature(), SharedSecret("X-Api-Key")}
}

func TestProfilesAreComplete(t *testing.T) {
	t.Parallel()
	names := map[string]bool{}
	for _, p := range readyProfiles() {
		if p.Name == "" || names[p.Name] {
			t.Errorf("name %q is missing or taken", p.Name)
		}
		names[p.Name] = true
		if len(p.Schemes) == 0 {
			t.Errorf("%s: nothing proves its deliveries", p.Name)
		}
		for i := range p.Schemes {
			if err := p.Schemes[i].Validate(); err != nil {
				t.Errorf("%s: %v", p.Name, err)
			}
		}
	}
}

// Who changes a profile changes no other.
func TestProfilesAreCopies(t *testing.T) {
	t.Parallel()
	for _, profile := range []func() Profile{StandardWebhooks, StandardWebhooksAsymmetric, HookSignature} {
		mine := profile()
		for i := range mine.Schemes {
			mine.Schemes[i].Header[0] = "X-Mine"
			if mine.Schemes[i].Timestamp != nil {
				mine.Schemes[i].Timestamp.Tolerance = signature.Off
			}
		}
		for _, s := range profile().Schemes {
			if s.Header[0] == "X-Mine" || s.Timestamp != nil && s.Timestamp.Tolerance == signature.Off {
				t.Errorf("%s: the change shows in a new profile", mine.Name)
			}
		}
	}
}

func TestNewSecrets(t *testing.T) {
	t.Parallel()
	base64Size := func(prefix string, size int) func(string) bool {
		return func(secret string) bool {
			encoded, found := strings.CutPrefix(secret, prefix)
			b, err := base64.StdEncoding.DecodeString(encoded)
			return found && err == nil && len(b) == size
		}
	}
	wellFormed := map[string]func(string) bool{
		"standard-webhooks":            base64Size("whsec_", 32),
		"standard-webhooks-asymmetric": base64Size("whsk_", 64),
		"hook-signature":               func(s string) bool { b, err := hex.DecodeString(s); return err == nil && len(b) == 32 },
		"shared-secret":                func(s string) bool { b, err := hex.DecodeString(s); return err == nil && len(b) == 32 },
	}
	for _, p := range readyProfiles() {
		seen := map[string]bool{}
		for range 100 {
			secret := newSecret(t, p)
			if !wellFormed[p.Name](secret) {
				t.Errorf("%s: %q is not well formed", p.Name, secret)
			}
			if seen[secret] {
				t.Errorf("%s: made twice", p.Name)
			}
			seen[secret] = true
		}
	}
}

func TestPublicKey(t *testing.T) {
	t.Parallel()
	const seed = "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbc="
	for _, secret := range []string{vectorPrivate, seed} {
		if got, err := PublicKey(secret); got != vectorPublic || err != nil {
			t.Errorf("%q, %v, want %q", got, err, vectorPublic)
		}
	}
	for _, secret := range []string{
		"", "whsk_", vectorShared, vectorPublic, strings.TrimPrefix(vectorPrivate, "whsk_"), vectorPrivate[:len(vectorPrivate)-4],
		"whsk_" + strings.Repeat("*", 88),
	} {
		got, err := PublicKey(secret)
		if got != "" || !errors.Is(err, ErrInvalid) {
			t.Errorf("of %q: %q, %v", secret, got, err)
		}
		if len(secret) > len("whsk_") && strings.Contains(err.Error(), secret) {
			t.Errorf("the secret is told: %v", err)
		}
	}
}
