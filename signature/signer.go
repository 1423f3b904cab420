package signature

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// ErrCannotSign is wrapped by the errors of [Signer.Sign].
var ErrCannotSign = errors.New("cannot sign")

// Proof is a field that the sender sets on a request, such as a header, with its value.
type Proof struct {
	Field Field
	Value string
}

// Signer makes the proofs that a [Verifier] of the same schemes accepts. With
// several keys, or several schemes that share a header, it puts all signatures
// into it, as a sender does while keys change. It is safe for concurrent use.
type Signer struct {
	schemes []schemeSigner
}

type schemeSigner struct {
	*compiled
	keys []maker
}

// maker makes the signature, or the secret itself, for the content of a state.
type maker interface {
	sign(s *state) ([]byte, error)
}

// NewSigner checks the schemes and keys and prepares them. For public key
// schemes the keys are private keys. Errors wrap [ErrInvalidScheme] or [ErrInvalidKey].
func NewSigner(schemes []Scheme, keys []Key) (*Signer, error) {
	all, err := compileAll(schemes)
	if err != nil {
		return nil, err
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%w: there is none to sign with", ErrInvalidKey)
	}
	s := &Signer{schemes: make([]schemeSigner, len(all))}
	for i, c := range all {
		s.schemes[i].compiled = c
	}
	err = assign(all, keys, func(i int, k Key) error {
		m, err := all[i].newMaker(k)
		if err == nil {
			s.schemes[i].keys = append(s.schemes[i].keys, m)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

func (c *compiled) newMaker(k Key) (maker, error) {
	if c.isPublicKey() {
		return c.newPrivateKey(k)
	}
	if c.Type == Secret || c.Type == Basic {
		b, err := c.keyBytes(k)
		return plain(b), err
	}
	checker, err := c.newChecker(k)
	if err != nil {
		return nil, err
	}
	return checker.(*mac), nil
}

// plain is the proof of those who send the secret itself.
type plain []byte

func (p plain) sign(*state) ([]byte, error) { return p, nil }

// Sign returns what to set on the request so that it proves itself at the time
// given. Fields of the content other than the timestamp, such as the id, must be
// there already. Errors wrap [ErrCannotSign].
func (s *Signer) Sign(req Request, at time.Time) ([]Proof, error) {
	var proofs []Proof
	for i := range s.schemes {
		if len(s.schemes[i].keys) == 0 {
			continue
		}
		made, err := s.schemes[i].sign(req, at)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCannotSign, err)
		}
		for _, p := range made {
			proofs = s.schemes[i].merge(proofs, p)
		}
	}
	return proofs, nil
}

func (v *schemeSigner) sign(req Request, at time.Time) ([]Proof, error) {
	holder := v.holders[0]
	s := (&schemeVerifier{compiled: v.compiled}).begin(req)
	defer s.end()
	s.content.holder = holder

	var proofs []Proof
	var items []string
	if t := v.Timestamp; t != nil {
		s.content.timestamp = t.Unit.format(at)
		if t.Item == "" {
			proofs = append(proofs, Proof{t.From, s.content.timestamp})
		} else {
			items = append(items, v.item(t.Item, s.content.timestamp))
		}
	}
	for _, k := range v.keys {
		sig, err := k.sign(s)
		if err != nil {
			return nil, err
		}
		name := ""
		if len(v.Item) > 0 {
			name = v.Item[0]
		}
		items = append(items, v.item(name, v.Encoding.encode(sig)))
	}
	if len(items) > 1 && v.Separator == "" {
		return nil, fmt.Errorf("%s holds one signature and there are %d keys", holder, len(v.keys))
	}
	return append(proofs, Proof{holder, v.Prefix + strings.Join(items, v.joint())}), nil
}

func (v *schemeSigner) item(name, value string) string {
	if v.Assign == "" {
		return value
	}
	return name + v.Assign + value
}

func (v *schemeSigner) joint() string {
	if v.Separator == "" {
		return ""
	}
	return v.Separator[:1]
}

// merge adds a proof to those of other schemes: signatures for one header are
// joined, and what is there already is not repeated.
func (v *schemeSigner) merge(proofs []Proof, p Proof) []Proof {
	i := slices.IndexFunc(proofs, func(other Proof) bool { return other.Field == p.Field })
	if i < 0 {
		return append(proofs, p)
	}
	if proofs[i].Value == p.Value || v.Separator == "" {
		return proofs
	}
	present := strings.Split(proofs[i].Value, v.joint())
	for item := range strings.SplitSeq(strings.TrimPrefix(p.Value, v.Prefix), v.joint()) {
		if !slices.Contains(present, item) {
			present = append(present, item)
		}
	}
	proofs[i].Value = strings.Join(present, v.joint())
	return proofs
}
