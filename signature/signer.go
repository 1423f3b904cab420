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

// schemeSigner is one scheme with the keys that it can use.
type schemeSigner struct {
	*compiled
	keys []signKey
}

type signKey struct {
	id string
	maker
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
			s.schemes[i].keys = append(s.schemes[i].keys, signKey{k.ID, m})
		}
		return err
	})
	for i := range s.schemes {
		err = errors.Join(err, s.schemes[i].checkKeys())
	}
	if err != nil {
		return nil, err
	}
	return s, nil
}

// checkKeys sees to it that every signature finds its place in a request.
func (v *schemeSigner) checkKeys() error {
	if v.Separator == "" && len(v.keys) > len(v.holders) {
		return fmt.Errorf("%w: there are %d keys and room for %d signatures", ErrInvalidKey, len(v.keys), len(v.holders))
	}
	if v.Assign == "" {
		return v.checkPositions()
	}
	if len(v.Item) > 0 {
		return nil
	}
	for _, k := range v.keys {
		if k.id == "" || strings.ContainsAny(k.id, v.Separator+v.Assign) {
			return fmt.Errorf("%w %q: its id stands before the signature and cannot", ErrInvalidKey, k.id)
		}
	}
	return nil
}

// checkPositions sees to it that items which are known by their positions get there.
func (v *schemeSigner) checkPositions() error {
	if v.Separator == "" || len(v.keys) == 0 {
		return nil
	}
	count := len(v.keys)
	if v.syntax.timestamp != "" {
		count++
	}
	filled := v.stampPosition() < count
	for i := range count {
		name := positionName(i)
		filled = filled && (name == v.syntax.timestamp || v.syntax.isSignature(name))
	}
	if !filled {
		return fmt.Errorf("%w: the signatures of %d keys do not fill the list up to the last position that counts", ErrInvalidKey, len(v.keys))
	}
	return nil
}

// stampPosition is where the timestamp stands in a list.
func (v *schemeSigner) stampPosition() int {
	if v.Assign != "" || v.syntax.timestamp == "" {
		return 0
	}
	return int(v.syntax.timestamp[0] - '0')
}

func (c *compiled) newMaker(k Key) (maker, error) {
	if c.isPublicKey() {
		return c.newPrivateKey(k)
	}
	b, err := c.sharedSecret(k)
	if err != nil {
		return nil, err
	}
	if c.Type == HMAC || c.Type == Digest {
		return c.newMAC(b), nil
	}
	return plain(func() []byte { return b }), nil
}

// plain is the proof of those who send the secret itself.
type plain func() []byte

func (p plain) sign(*state) ([]byte, error) { return p(), nil }

// Sign returns what to set on the request so that it proves itself at the time
// given. Fields of the content other than the timestamp, such as the id, must be
// there already, and so must a timestamp within a body that is signed. A scheme
// that signs a field which this request does not have is passed over if another
// one can sign. Errors wrap [ErrCannotSign].
func (s *Signer) Sign(req Request, at time.Time) ([]Proof, error) {
	var proofs []Proof
	var worst Reason
	for i := range s.schemes {
		if len(s.schemes[i].keys) == 0 {
			continue
		}
		made, err := s.schemes[i].sign(req, at)
		if reason, ok := errors.AsType[Reason](err); ok {
			worst = furthest(worst, reason)
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrCannotSign, err)
		}
		if proofs == nil {
			proofs = made
			continue
		}
		for _, p := range made {
			proofs = s.schemes[i].merge(proofs, p)
		}
	}
	if len(proofs) == 0 {
		return nil, fmt.Errorf("%w: %w", ErrCannotSign, worst)
	}
	return proofs, nil
}

func (v *schemeSigner) sign(req Request, at time.Time) ([]Proof, error) {
	s := v.begin(req)
	defer s.end()
	proofs, stamp, reason := v.stamp(s, at)
	if reason != "" {
		return nil, reason
	}
	items := make([]string, 0, len(v.keys)+1) // and a timestamp
	for i, k := range v.keys {
		s.content.holder = v.holderOf(i)
		sig, err := k.sign(s)
		if err != nil {
			return nil, err
		}
		item := v.item(v.itemName(k.id), v.Encoding.encode(sig))
		if v.Separator == "" {
			proofs = append(proofs, Proof{s.content.holder, v.wrap(v.Prefix + item)})
		}
		items = append(items, item)
	}
	if stamp != "" {
		items = slices.Insert(items, v.stampPosition(), stamp)
	}
	if v.Separator != "" {
		proofs = append(proofs, Proof{v.holders[0], v.wrap(v.Prefix + strings.Join(items, v.joint()))})
	}
	return proofs, nil
}

// stamp sets the timestamp, as a proof or as an item beside the signatures. One
// within a body that is signed is taken as it is.
func (v *schemeSigner) stamp(s *state, at time.Time) (proofs []Proof, item string, reason Reason) {
	t := v.Timestamp
	if t == nil {
		return nil, "", ""
	}
	if t.inBody() && v.Content.UsesBody() {
		s.content.timestamp, reason = s.content.lookup(t.From, false)
		return nil, "", reason
	}
	s.content.timestamp = t.Unit.format(at)
	if t.Item != "" {
		return nil, v.item(t.Item, s.content.timestamp), ""
	}
	return append(make([]Proof, 0, 2), Proof{t.From, s.content.timestamp}), "", "" // and a signature
}

// holderOf is where the signature by the key with this index goes: a list takes
// them all, otherwise each holder takes one.
func (v *schemeSigner) holderOf(key int) Field {
	if v.Separator != "" {
		return v.holders[0]
	}
	return v.holders[key]
}

// itemName names an item by the scheme or, where it leaves names open, by the key.
func (v *schemeSigner) itemName(keyID string) string {
	if len(v.Item) > 0 {
		return v.Item[0]
	}
	return keyID
}

func (v *schemeSigner) item(name, value string) string {
	if v.Assign == "" {
		return value
	}
	return name + v.Assign + value
}

// joint stands between the items of a list.
func (v *schemeSigner) joint() string { return v.Separator[:1] }

// wrap writes a whole value as the holder takes it.
func (v *schemeSigner) wrap(value string) string {
	if v.Wrapping == "" {
		return value
	}
	return v.Wrapping.encode([]byte(value))
}

// merge adds a proof to those of other schemes: signatures for one header are
// joined, and what is there already is not repeated.
func (v *schemeSigner) merge(proofs []Proof, p Proof) []Proof {
	i := slices.IndexFunc(proofs, func(other Proof) bool { return other.Field == p.Field })
	if i < 0 {
		return append(proofs, p)
	}
	if proofs[i].Value == p.Value || v.Separator == "" || v.Wrapping != "" {
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
