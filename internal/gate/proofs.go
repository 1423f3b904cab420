package gate

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// proofs are an endpoint's schemes with its configured keys. Keys that handshakes
// teach are added slot by slot.
type proofs struct {
	groups  []group
	keys    []signature.Key
	learned *learnedVerifiers
}

// group is the schemes that are used under the same conditions.
type group struct {
	when     []provider.Condition
	schemes  []signature.Scheme
	verifier *signature.Verifier
}

// proved says what proved a delivery.
type proved struct {
	keyID  string
	scheme string
	covers string
}

func newProofs(p *provider.Provider, keys []signature.Key) (*proofs, error) {
	all := &proofs{keys: keys, groups: groupSchemes(p), learned: new(learnedVerifiers)}
	if err := all.checkKinds(); err != nil {
		return nil, err
	}
	for i := range all.groups {
		v, err := signature.NewVerifier(all.groups[i].schemes, keys)
		if err != nil {
			return nil, err
		}
		all.groups[i].verifier = v
	}
	return all, nil
}

// groupSchemes puts the schemes without conditions together, so that a key goes to
// the one it is for; each of the others is a group of its own.
func groupSchemes(p *provider.Provider) []group {
	var always group
	var groups []group
	for i := range p.Signature {
		s := p.Signature[i]
		if len(s.When) == 0 {
			always.schemes = append(always.schemes, s.Scheme)
			continue
		}
		groups = append(groups, group{when: s.When, schemes: []signature.Scheme{s.Scheme}})
	}
	if len(always.schemes) > 0 {
		groups = append(groups, always)
	}
	return groups
}

// checkKinds refuses groups of which some take secrets and others public keys.
// Every key is given to every group, and who knows a public key could sign with it
// where it is taken for a secret.
func (p *proofs) checkKinds() error {
	if len(p.groups) < 2 {
		return nil // one verifier sees to it by itself
	}
	public := takesPublicKey(p.groups[0].schemes[0])
	for i := range p.groups {
		if slices.ContainsFunc(p.groups[i].schemes, func(s signature.Scheme) bool { return takesPublicKey(s) != public }) {
			return errors.New("schemes with conditions must all take secrets or all take public keys")
		}
	}
	return nil
}

func takesPublicKey(s signature.Scheme) bool {
	return s.Type == signature.Ed25519 || s.Type == signature.ECDSA || s.Type == signature.RSA
}

// verify tries the groups whose conditions hold, with their verifiers or, where
// given, with others that have more keys.
func (p *proofs) verify(r *reading, with []*signature.Verifier) (proved, error) {
	var worst error = signature.HeaderMissing
	for i := range p.groups {
		g := &p.groups[i]
		if !provider.HoldAll(g.when, r) {
			continue
		}
		v := g.verifier
		if with != nil {
			v = with[i]
		}
		m, err := v.Verify(r, r.Received)
		if err == nil {
			s := &g.schemes[m.Scheme]
			return proved{keyID: m.KeyID, scheme: string(s.Type), covers: v.Covers(m.Scheme)}, nil
		}
		worst = err
	}
	return proved{}, worst
}

// precheck makes the checks of the proof that need no body. Conditions may need it, and
// schemes that have some come first.
func (p *proofs) precheck(r *reading) error {
	if len(p.groups) == 0 || len(p.groups[0].when) > 0 {
		return nil
	}
	return p.groups[0].verifier.Precheck(r, r.Received)
}

// take tells why a secret cannot be a key in every group, or nil.
func (p *proofs) take(key signature.Key) error {
	for i := range p.groups {
		if _, err := signature.NewVerifier(p.groups[i].schemes, []signature.Key{key}); err != nil {
			return err
		}
	}
	return nil
}

// withLearned returns verifiers that know a slot's learned secrets too. They are
// kept until the set changes.
func (p *proofs) withLearned(slot string, set *handshake.Set) (learned, error) {
	if kept := p.learned.of(slot, set); kept.verifiers != nil {
		return kept, nil
	}
	fresh := learned{set: set}
	keys := slices.Clone(p.keys)
	for secret := range set.All() {
		key := signature.Key{ID: secret.Fingerprint(), Secret: secret.Reveal()}
		if err := p.take(key); err != nil {
			fresh.unfit = err
			continue
		}
		keys = append(keys, key)
	}
	for i := range p.groups {
		v, err := signature.NewVerifier(p.groups[i].schemes, keys)
		if err != nil {
			return learned{}, err
		}
		fresh.verifiers = append(fresh.verifiers, v)
	}
	p.learned.keep(slot, fresh)
	return fresh, nil
}

// prove finds out whether the delivery is the provider's. The error is a Reason,
// or wraps handshake.ErrStore.
func (e *Endpoint) prove(ctx context.Context, r *reading) (proved, error) {
	if len(e.provider.Signature) == 0 {
		return unsigned(r), nil
	}
	if e.stores.Slots == nil {
		return e.proofs.verify(r, nil)
	}
	return e.proveBySlot(ctx, r)
}

// SchemeNone is the scheme of events that nothing proves, which an endpoint with
// AllowUnsigned accepts.
const SchemeNone = "none"

// unsigned is the proof of a provider that signs nothing: its token has been
// checked already.
func unsigned(r *reading) proved {
	if r.token == nil {
		return proved{scheme: SchemeNone, covers: "none"}
	}
	return proved{keyID: cmp.Or(r.token.ID, defaultTokenID), scheme: "token", covers: signature.CoversOrigin}
}

// proveBySlot verifies with the slot's learned secrets. After a mismatch the store
// is read again, for another node may have learned a secret meanwhile.
func (e *Endpoint) proveBySlot(ctx context.Context, r *reading) (proved, error) {
	set, err := e.stores.Slots.Secrets(ctx, r.slot)
	if err != nil {
		p, verr := e.proofs.verify(r, nil)
		if verr == nil || errors.Is(err, handshake.ErrUnknownSlot) {
			return p, verr // of a slot that learns nothing
		}
		return proved{}, err
	}
	p, err := e.verifyWith(ctx, r, set)
	if err == nil {
		return p, nil
	}
	fresh, ferr := e.stores.Slots.Refresh(ctx, r.slot)
	if ferr != nil {
		return proved{}, ferr
	}
	if fresh.Len() == 0 && e.route.isMade(r.route) {
		return proved{}, SecretAwaited
	}
	if fresh == set {
		return proved{}, err
	}
	return e.verifyWith(ctx, r, fresh)
}

// verifyWith takes it for a fault of ours where a secret was learned that the settings
// have made unfit for a key since: what nothing else proves may be proved by that one.
func (e *Endpoint) verifyWith(ctx context.Context, r *reading, set *handshake.Set) (proved, error) {
	known, err := e.proofs.withLearned(r.slot, set)
	if err != nil {
		return proved{}, err
	}
	p, err := e.proofs.verify(r, known.verifiers)
	if err != nil && known.unfit != nil {
		return proved{}, known.unfit
	}
	if err != nil {
		return proved{}, err
	}
	// That a new secret works ends the old ones. Failing to write that down costs
	// nothing: the old ones end by themselves, and the next delivery tries again.
	_ = e.stores.Slots.Verified(ctx, r.slot, p.keyID)
	return p, nil
}

// reasonOf turns an error of prove into a verdict.
func (e *Endpoint) reasonOf(err error) Verdict {
	if reason, is := errors.AsType[Reason](err); is {
		return e.reject(reason)
	}
	return unavailable(StoreUnavailable, err)
}
