package dedupe

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
)

// Key names one delivery among its copies: 128 bits of a SHA-256 digest, so
// that nobody can make two different deliveries meet in one key.
type Key [16]byte

// Kind says what the value behind a key is. An id and a body never make the
// same key, whatever they contain.
type Kind byte

// The kinds of value a key is made of.
const (
	ByID   Kind = iota + 1 // the id that the provider gave the delivery
	ByBody                 // the delivery's body
)

// KeyOf returns the key of a delivery to a slot of an endpoint. The slot is
// empty where the endpoint has none.
func KeyOf(endpoint, slot string, kind Kind, value []byte) Key {
	digest := sha256.Sum256(value)
	// On the stack for names of ordinary length; append covers the others.
	scope := make([]byte, 0, 256)
	scope = appendPart(scope, endpoint)
	scope = appendPart(scope, slot)
	scope = append(scope, byte(kind))
	scope = append(scope, digest[:]...)
	sum := sha256.Sum256(scope)
	return Key(sum[:len(Key{})])
}

// appendPart writes the length first: without it "a"+"bc" would equal "ab"+"c".
func appendPart(b []byte, part string) []byte {
	b = binary.AppendUvarint(b, uint64(len(part)))
	return append(b, part...)
}

// String returns the key as 32 hex digits.
func (k Key) String() string {
	return hex.EncodeToString(k[:])
}

// ParseKey reads what [Key.String] wrote.
func ParseKey(text string) (Key, error) {
	var key Key
	if len(text) != hex.EncodedLen(len(key)) {
		return Key{}, fmt.Errorf("dedupe key: %d characters instead of %d", len(text), hex.EncodedLen(len(key)))
	}
	if _, err := hex.Decode(key[:], []byte(text)); err != nil {
		return Key{}, fmt.Errorf("dedupe key: %w", err)
	}
	return key, nil
}
