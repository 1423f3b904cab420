package gate

import (
	"errors"
	"net/url"
	"time"

	"golang.org/x/time/rate"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// macs make the MACs that some challenges ask for. Whoever gets one has a signature
// of a text of his own choice, so they are few, and see provider.IsMACText.
type macs struct {
	signers map[string]*signature.Signer // by the key's id
	first   string                       // the id of the key that is used where none has proved anything
	limiter *rate.Limiter
}

// Providers repeat challenges every hour at most.
const (
	macsPerSecond = 1
	macBurst      = 10
)

// newMACs returns nil where no challenge asks for a MAC.
func newMACs(p *provider.Provider, keys []signature.Key) (*macs, error) {
	if !p.MACs() {
		return nil, nil //nolint:nilnil // nothing is needed
	}
	if len(keys) == 0 {
		return nil, errors.New("there are challenges that only who has the secret can answer: add `secret <value>`")
	}
	m := &macs{
		signers: make(map[string]*signature.Signer, len(keys)), first: keys[0].ID,
		limiter: rate.NewLimiter(macsPerSecond, macBurst),
	}
	by, _ := p.MACScheme() // the provider has been validated
	scheme := signature.Scheme{
		Type: by.Type, Hash: by.Hash, Encoding: by.Encoding, Header: signature.Strings{"Mac"},
		Key: by.Key, KeyPrefix: by.KeyPrefix, KeyFormat: by.KeyFormat, KeyHash: by.KeyHash,
	}
	for _, key := range keys {
		if m.signers[key.ID] != nil {
			continue
		}
		signer, err := signature.NewSigner([]signature.Scheme{scheme}, []signature.Key{key})
		if err != nil {
			return nil, err
		}
		m.signers[key.ID] = signer
	}
	return m, nil
}

var errTooManyChallenges = errors.New("more challenges came than are answered with a MAC")

// sign returns the MAC of a text by the key that proved the challenge, or else by the
// first.
func (m *macs) sign(text string, by *proved, at time.Time) (string, error) {
	if !m.limiter.AllowN(at, 1) {
		return "", errTooManyChallenges
	}
	signer := m.signers[m.first]
	if by != nil && m.signers[by.keyID] != nil {
		signer = m.signers[by.keyID]
	}
	proofs, err := signer.Sign(macText(text), at)
	if err != nil {
		return "", err
	}
	return proofs[0].Value, nil
}

// macText is a request that is nothing but its body.
type macText string

// Body implements [signature.Request].
func (t macText) Body() []byte { return []byte(t) }

// Lookup implements [signature.Request].
func (macText) Lookup(signature.Field) (string, int) { return "", 0 }

// Values implements [signature.Request].
func (macText) Values(signature.Source) url.Values { return nil }

// Readable implements [signature.Request].
func (macText) Readable(signature.Source) bool { return true }
