package signature

import (
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"hash"
	"sync"
)

// signatureSize is the length of a decoded signature in bytes, or 0 where it varies.
func (c *compiled) signatureSize() int {
	switch c.Type {
	case HMAC, Digest:
		return c.Hash.new()().Size()
	case Ed25519:
		return ed25519.SignatureSize
	default:
		return 0
	}
}

func (c *compiled) newChecker(k Key) (checker, error) {
	if c.isPublicKey() {
		return c.newPublicKey(k)
	}
	b, err := c.sharedSecret(k)
	if err != nil {
		return nil, err
	}
	if c.Type == HMAC || c.Type == Digest {
		return c.newMAC(b), nil
	}
	return secret(sha256.Sum256(b)), nil
}

// mac computes an HMAC, or a digest over content that holds the secret. Secrets
// are kept in functions, for these print as addresses.
type mac struct {
	pool     sync.Pool
	secret   func() []byte // for digests
	textOnly bool          // see content
}

func (c *compiled) newMAC(key []byte) *mac {
	newHash := c.Hash.new()
	if c.Type == Digest {
		last := c.Content.parts[len(c.Content.parts)-1]
		return &mac{
			pool:     sync.Pool{New: func() any { return newHash() }},
			secret:   func() []byte { return key },
			textOnly: last.kind != secretPart,
		}
	}
	return &mac{pool: sync.Pool{New: func() any { return hmac.New(newHash, key) }}}
}

// sum appends the hash of the content. A reset HMAC costs less than a new one.
func (m *mac) sum(s *state) ([]byte, Reason) {
	h := m.pool.Get().(hash.Hash)
	defer m.pool.Put(h)
	h.Reset()
	if m.secret != nil {
		s.content.secret, s.content.textOnly = m.secret(), m.textOnly
	}
	s.sink.reset(h)
	if reason := s.sink.writeAll(&s.Content, &s.content); reason != "" {
		return nil, reason
	}
	s.sum = h.Sum(s.sum[:0])
	return s.sum, ""
}

func (m *mac) check(s *state) (bool, Reason) {
	sum, reason := m.sum(s)
	if reason != "" {
		return false, reason
	}
	for _, candidate := range s.candidates[:s.count] {
		if hmac.Equal(sum, candidate) {
			return true, ""
		}
	}
	return false, Mismatch
}

func (m *mac) sign(s *state) ([]byte, error) {
	sum, reason := m.sum(s)
	if reason != "" {
		return nil, reason
	}
	return sum, nil
}

// secret is the SHA-256 of a shared secret: comparing digests takes the same
// time whatever the length of what came.
type secret [sha256.Size]byte

func (d secret) check(s *state) (bool, Reason) {
	for _, candidate := range s.candidates[:s.count] {
		sum := sha256.Sum256(candidate)
		if subtle.ConstantTimeCompare(sum[:], d[:]) == 1 {
			return true, ""
		}
	}
	return false, Mismatch
}

// Equal compares two texts, of which one is secret, in a time that depends on
// neither's content.
func Equal(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}
