package handshake

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"iter"
	"slices"
)

// maxSecret is the longest secret that is taken, in bytes.
const maxSecret = 512

// Fingerprint is what may be shown of a secret: the first 8 hex digits of its
// SHA-256. No two secrets of a slot share one.
func Fingerprint(secret string) string {
	digest := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(digest[:4])
}

// Secret is a learned secret. However it is printed, logged or marshalled, it
// shows its fingerprint; only Reveal returns the secret itself.
type Secret struct {
	// A pointer, because fmt calls no methods on unexported fields: printed as
	// part of something else, this shows an address.
	text *string
}

// parseSecret takes 1 to 512 visible ASCII characters. The error does not
// quote what it refuses.
func parseSecret(text string) (Secret, error) {
	if text == "" || len(text) > maxSecret {
		return Secret{}, errors.New("secret is not 1 to 512 characters long")
	}
	for _, c := range []byte(text) {
		if c < '!' || c > '~' {
			return Secret{}, errors.New("secret has a character that is not visible ASCII")
		}
	}
	return Secret{text: &text}, nil
}

// Reveal returns the secret itself. The zero Secret, which no Set holds, has none.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Fingerprint returns what may be shown of s.
func (s Secret) Fingerprint() string { return Fingerprint(s.Reveal()) }

// String returns the fingerprint.
func (s Secret) String() string { return s.Fingerprint() }

// GoString returns the fingerprint.
func (s Secret) GoString() string { return s.Fingerprint() }

// MarshalText returns the fingerprint.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.Fingerprint()), nil }

// equal compares in constant time. Digests are compared so that not even the
// length of a secret shows.
func (s Secret) equal(other Secret) bool {
	a, b := sha256.Sum256([]byte(s.Reveal())), sha256.Sum256([]byte(other.Reveal()))
	return subtle.ConstantTimeCompare(a[:], b[:]) == 1
}

// Set is the secrets of a slot that are valid at a time, and never changes. As
// long as the secrets stay the same a slot returns the same pointer, so what is
// compiled from a Set can be kept for as long as the pointer is seen.
type Set struct {
	secrets []Secret // newest first
}

// noSecrets is the Set of a slot that has learned nothing.
var noSecrets = &Set{}

// Len returns the number of secrets.
func (s *Set) Len() int { return len(s.secrets) }

// All yields the secrets, the newest first.
func (s *Set) All() iter.Seq[Secret] { return slices.Values(s.secrets) }
