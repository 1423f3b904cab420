package profile

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"math"
	mathrand "math/rand/v2"
	"strconv"
	"strings"
)

// newUUID returns a random UUID (RFC 9562, version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return uuid(b)
}

// derivedUUID returns the same UUID for the same texts.
func derivedUUID(texts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(texts, "\x00")))
	return uuid([16]byte(sum[:]))
}

// uuid marks the bytes as those of a UUID of version 4, which is what providers use.
func uuid(b [16]byte) string {
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	text := hex.EncodeToString(b[:])
	return strings.Join([]string{text[:8], text[8:12], text[12:16], text[16:20], text[20:]}, "-")
}

// newNumber returns a positive int32, which is what the APIs with numbers for ids use.
// It is random, so that the id of a subscription that is gone hardly ever comes back.
func newNumber() string {
	return strconv.Itoa(1 + mathrand.IntN(math.MaxInt32)) //nolint:gosec // an id is no secret
}

// number is the id as it is written in JSON.
func number(id string) int64 {
	n, _ := strconv.ParseInt(id, 10, 64) // 0 for what was not made by newNumber
	return n
}
