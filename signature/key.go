package signature

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"fmt"
	"strings"
)

// ErrInvalidKey is wrapped by every error about a [Key] that cannot be used. Its
// text never holds the key.
var ErrInvalidKey = errors.New("invalid key")

// Key is a secret, or for public key schemes a public or private key, as it is
// handed out by the provider, with the name under which it is reported.
type Key struct {
	// ID names the key in reports; it is not secret.
	ID string
	// Secret is the text of the key, still encoded.
	Secret string
}

// String returns the id and the fingerprint, so that printing a key by accident
// gives nothing away.
func (k Key) String() string { return k.ID + "(" + Fingerprint(k.Secret) + ")" }

// Format does the same for every verb, of which some would print the fields.
func (k Key) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(k.String())) }

// Fingerprint is what is shown instead of a secret: the first 8 hex digits of
// its SHA-256.
func Fingerprint(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:4])
}

// KeyEncoding says how the text of a key becomes bytes.
type KeyEncoding string

// The key encodings.
const (
	KeyText      KeyEncoding = "text"
	KeyHex       KeyEncoding = "hex"
	KeyBase64    KeyEncoding = "base64"
	KeyBase64URL KeyEncoding = "base64url"
	KeyPEM       KeyEncoding = "pem"
)

func (e KeyEncoding) validate() error {
	switch e {
	case KeyText, KeyHex, KeyBase64, KeyBase64URL, KeyPEM:
		return nil
	}
	return fmt.Errorf("unknown key encoding %q (there are text, hex, base64, base64url, pem)", e)
}

// The prefixes by which Standard Webhooks tells the halves of a key pair apart.
const (
	publicKeyPrefix  = "whpk_"
	privateKeyPrefix = "whsk_"
)

// isPublic tells whether the text says of itself that it is a public key.
func isPublic(secret string) bool {
	for _, prefix := range []string{publicKeyPrefix, "-----BEGIN PUBLIC KEY", "-----BEGIN RSA PUBLIC KEY", "-----BEGIN CERTIFICATE"} {
		if strings.HasPrefix(strings.TrimSpace(secret), prefix) {
			return true
		}
	}
	return false
}

// sharedSecret is keyBytes for the schemes in which both ends know the key. Everyone
// knows a public key, so none may serve as a secret.
func (c *compiled) sharedSecret(k Key) ([]byte, error) {
	if isPublic(k.Secret) {
		return nil, fmt.Errorf("%w %q: it is a public key, and %s needs a secret", ErrInvalidKey, k.ID, c.Type)
	}
	b, err := c.keyBytes(k)
	if err != nil {
		return nil, err
	}
	if c.Type == Basic && (len(b) == 1 || !bytes.Contains(b, []byte(":"))) {
		return nil, fmt.Errorf("%w %q: it is not user:password", ErrInvalidKey, k.ID)
	}
	return b, nil
}

// keyBytes turns the text of a key into the bytes that the algorithm takes.
func (c *compiled) keyBytes(k Key) ([]byte, error) {
	text, _ := c.stripKeyPrefix(k.Secret)
	if text == "" {
		return nil, fmt.Errorf("%w %q: it is empty", ErrInvalidKey, k.ID)
	}
	if c.KeyFormat != "" {
		text = strings.ReplaceAll(c.KeyFormat, "{secret}", text)
	}
	b, err := c.Key.decode(text)
	if err != nil {
		return nil, fmt.Errorf("%w %q: %w", ErrInvalidKey, k.ID, err)
	}
	if len(b) == 0 {
		return nil, fmt.Errorf("%w %q: it is empty", ErrInvalidKey, k.ID)
	}
	if c.KeyHash != "" {
		h := c.KeyHash.new()()
		h.Write(b)
		b = h.Sum(nil)
	}
	return b, nil
}

func (c *compiled) stripKeyPrefix(secret string) (string, bool) {
	for _, prefix := range c.KeyPrefix {
		if rest, found := strings.CutPrefix(secret, prefix); found {
			return rest, true
		}
	}
	return secret, false
}

// decode leaves out the decoders' own errors, for they quote the text.
func (e KeyEncoding) decode(text string) ([]byte, error) {
	if e == KeyPEM || e != KeyText && strings.HasPrefix(text, "-----BEGIN ") {
		block, _ := pem.Decode([]byte(text))
		if block == nil {
			return nil, errors.New("it is not PEM")
		}
		return block.Bytes, nil
	}
	var encoding Encoding
	switch e {
	case KeyHex:
		encoding = Hex
	case KeyBase64:
		encoding = Base64
	case KeyBase64URL:
		encoding = Base64URL
	default:
		return []byte(text), nil
	}
	b, err := encoding.appendDecode(nil, []byte(text))
	if err != nil {
		return nil, fmt.Errorf("it is not valid %s", e)
	}
	return b, nil
}
