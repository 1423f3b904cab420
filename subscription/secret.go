package subscription

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"log/slog"

	"github.com/hookward/hookward/signature"
)

// maxSecret is the longest secret that is taken, in bytes: as long as a
// handshake may bring.
const maxSecret = 512

// Secret is the secret of a subscription. However it is printed, logged or
// marshalled, it shows its fingerprint; only [Secret.Reveal] returns the secret
// itself. The zero Secret is none.
type Secret struct {
	// A pointer, because fmt calls no methods on unexported fields: printed as
	// part of something else, this shows an address.
	text *string
}

// NewSecret returns the secret with this text. The empty text is none.
func NewSecret(text string) Secret {
	if text == "" {
		return Secret{}
	}
	return Secret{text: &text}
}

// Reveal returns the secret itself, or "" where there is none.
func (s Secret) Reveal() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// IsZero reports whether there is no secret.
func (s Secret) IsZero() bool { return s.text == nil }

// Equal reports whether both are the same secret, in a time that does not
// depend on what they are. Asana tells a secret twice, in the handshake and in
// the answer that creates the subscription, and nobody but Asana knows both.
func (s Secret) Equal(other Secret) bool {
	return signature.Equal(s.Reveal(), other.Reveal())
}

// Fingerprint returns what may be shown of the secret: the first 8 hex digits
// of its SHA-256, or "" where there is none.
func (s Secret) Fingerprint() string {
	if s.IsZero() {
		return ""
	}
	digest := sha256.Sum256([]byte(s.Reveal()))
	return hex.EncodeToString(digest[:4])
}

// String returns the fingerprint.
func (s Secret) String() string { return s.Fingerprint() }

// Format writes the fingerprint, whatever the verb.
func (s Secret) Format(f fmt.State, _ rune) { io.WriteString(f, s.Fingerprint()) } //nolint:errcheck // fmt has no place for it

// LogValue returns the fingerprint.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.Fingerprint()) }

// MarshalText returns the fingerprint.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.Fingerprint()), nil }
