package signature

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/x509"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"
)

const (
	paddingPKCS1v15 = "pkcs1v15"
	paddingPSS      = "pss"
	minRSABits      = 2048
)

// publicKey verifies by a public key, and signs where the private one is known.
type publicKey struct {
	verify func(message, sig []byte) bool // message as method message makes it
	signer crypto.Signer
	opts   crypto.SignerOpts
	pool   *sync.Pool // of SHA-256 states; nil where the content itself is signed
}

func (c *compiled) newPublicKey(k Key) (*publicKey, error) {
	if strings.HasPrefix(k.Secret, privateKeyPrefix) {
		return nil, fmt.Errorf("%w %q: it is a private key, and a public one is needed", ErrInvalidKey, k.ID)
	}
	b, err := c.keyBytes(k)
	if err != nil {
		return nil, err
	}
	public, err := c.parsePublic(b)
	if err != nil {
		return nil, fmt.Errorf("%w %q: %w", ErrInvalidKey, k.ID, err)
	}
	p, err := c.withPublic(public)
	if err != nil {
		return nil, fmt.Errorf("%w %q: %w", ErrInvalidKey, k.ID, err)
	}
	return p, nil
}

func (c *compiled) newPrivateKey(k Key) (*publicKey, error) {
	if isPublic(k.Secret) {
		return nil, fmt.Errorf("%w %q: it is a public key, and a private one is needed", ErrInvalidKey, k.ID)
	}
	b, err := c.keyBytes(k)
	if err != nil {
		return nil, err
	}
	private, err := c.parsePrivate(b)
	if err != nil {
		return nil, fmt.Errorf("%w %q: %w", ErrInvalidKey, k.ID, err)
	}
	p, err := c.withPublic(private.Public())
	if err != nil {
		return nil, fmt.Errorf("%w %q: %w", ErrInvalidKey, k.ID, err)
	}
	p.signer = private
	return p, nil
}

var errKeyType = errors.New("it is not a key of the scheme's type")

func (c *compiled) parsePublic(b []byte) (crypto.PublicKey, error) {
	if c.Type == Ed25519 && len(b) == ed25519.PublicKeySize {
		return ed25519.PublicKey(b), nil
	}
	if key, err := x509.ParsePKIXPublicKey(b); err == nil {
		return key, nil
	}
	if key, err := x509.ParsePKCS1PublicKey(b); err == nil {
		return key, nil
	}
	if cert, err := x509.ParseCertificate(b); err == nil {
		return cert.PublicKey, nil
	}
	return nil, errors.New("it is not a public key (PKIX, PKCS #1 or a certificate)")
}

func (c *compiled) parsePrivate(b []byte) (crypto.Signer, error) {
	if c.Type == Ed25519 {
		switch len(b) {
		case ed25519.SeedSize:
			return ed25519.NewKeyFromSeed(b), nil
		case ed25519.PrivateKeySize:
			key := ed25519.NewKeyFromSeed(b[:ed25519.SeedSize])
			if !key.Equal(ed25519.PrivateKey(b)) {
				return nil, errors.New("its two halves do not belong together")
			}
			return key, nil
		}
	}
	if key, err := x509.ParsePKCS8PrivateKey(b); err == nil {
		if signer, ok := key.(crypto.Signer); ok {
			return signer, nil
		}
	}
	if key, err := x509.ParsePKCS1PrivateKey(b); err == nil {
		return key, nil
	}
	if key, err := x509.ParseECPrivateKey(b); err == nil {
		return key, nil
	}
	return nil, errors.New("it is not a private key (PKCS #8, PKCS #1 or SEC 1)")
}

func (c *compiled) withPublic(public crypto.PublicKey) (*publicKey, error) {
	prehashed := &publicKey{opts: crypto.SHA256, pool: &sync.Pool{New: func() any { return sha256.New() }}}
	switch key := public.(type) {
	case ed25519.PublicKey:
		if c.Type != Ed25519 {
			return nil, errKeyType
		}
		return &publicKey{
			opts:   crypto.Hash(0),
			verify: func(content, sig []byte) bool { return ed25519.Verify(key, content, sig) },
		}, nil
	case *ecdsa.PublicKey:
		if c.Type != ECDSA || key.Curve != elliptic.P256() {
			return nil, errKeyType
		}
		prehashed.verify = func(sum, sig []byte) bool { return ecdsa.VerifyASN1(key, sum, sig) }
		return prehashed, nil
	case *rsa.PublicKey:
		return prehashed, c.setRSA(prehashed, key)
	}
	return nil, errKeyType
}

func (c *compiled) setRSA(p *publicKey, key *rsa.PublicKey) error {
	if c.Type != RSA {
		return errKeyType
	}
	if key.N.BitLen() < minRSABits {
		return fmt.Errorf("an RSA key of %d bits is too short, at least %d are needed", key.N.BitLen(), minRSABits)
	}
	if c.Padding == paddingPSS {
		p.opts = &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash, Hash: crypto.SHA256}
		p.verify = func(sum, sig []byte) bool {
			return rsa.VerifyPSS(key, crypto.SHA256, sum, sig, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthAuto}) == nil
		}
		return nil
	}
	p.verify = func(sum, sig []byte) bool {
		return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum, sig) == nil
	}
	return nil
}

func (p *publicKey) check(s *state) (bool, Reason) {
	message, reason := p.message(s)
	if reason != "" {
		return false, reason
	}
	for _, candidate := range s.candidates[:s.count] {
		if p.verify(message, candidate) {
			return true, ""
		}
	}
	return false, Mismatch
}

func (p *publicKey) sign(s *state) ([]byte, error) {
	message, reason := p.message(s)
	if reason != "" {
		return nil, reason
	}
	return p.signer.Sign(rand.Reader, message, p.opts)
}

// message is the SHA-256 of the content, or for Ed25519 the content itself:
// the algorithm reads it twice, so it must be in one piece. A content that is
// the bare body is not copied.
func (p *publicKey) message(s *state) ([]byte, Reason) {
	if p.pool == nil {
		if parts := s.Content.parts; len(parts) == 1 && parts[0].kind == bodyPart && parts[0].filters == nil {
			return s.content.req.Body(), ""
		}
		s.sink.reset(nil)
		reason := s.sink.writeAll(&s.Content, &s.content)
		return s.sink.collected, reason
	}
	h := p.pool.Get().(hash.Hash)
	defer p.pool.Put(h)
	h.Reset()
	s.sink.reset(h)
	if reason := s.sink.writeAll(&s.Content, &s.content); reason != "" {
		return nil, reason
	}
	s.sum = h.Sum(s.sum[:0])
	return s.sum, ""
}
