package sample

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// Proof is one field that proves a delivery, or that belongs to a proof.
type Proof struct {
	signature.Proof
	Scheme *signature.Scheme // by which the field proves the delivery; nil: it holds a timestamp
}

// IsBearer tells whether the proof is the secret itself.
func (p Proof) IsBearer() bool {
	return p.Scheme != nil && (p.Scheme.Type == signature.Secret || p.Scheme.Type == signature.Basic)
}

// BearerPrefix is what stands before the secret in a proof that is the secret itself.
func (p Proof) BearerPrefix() string {
	if p.Scheme.Type == signature.Basic && p.Scheme.Prefix == "" {
		return "Basic "
	}
	return p.Scheme.Prefix
}

// Sign proves the delivery with the keys. Errors: ErrNoSecret, ErrSignsNothing, and
// those of [signature.NewSigner] and [signature.Signer.Sign].
func (d *Delivery) Sign(keys []signature.Key) error {
	signs := len(d.Provider.Signature) > 0
	switch {
	case !signs && len(keys) > 0:
		return fmt.Errorf("%s %w", d.Provider.Name, ErrSignsNothing)
	case !signs:
		return nil
	case len(keys) == 0:
		return fmt.Errorf("%s %w", d.Provider.Name, ErrNoSecret)
	}
	var schemes []signature.Scheme
	for i := range d.Provider.Signature {
		if provider.HoldAll(d.Provider.Signature[i].When, request{d}) {
			schemes = append(schemes, d.Provider.Signature[i].Scheme)
		}
	}
	signer, err := signature.NewSigner(schemes, d.Provider.Keys(keys))
	if err != nil {
		return err
	}
	proofs, err := signer.Sign(request{d}, d.at)
	if err != nil {
		return err
	}
	d.Proofs = nil
	for _, p := range proofs {
		if p.Field.Source != signature.Header && p.Field.Source != signature.Query {
			return fmt.Errorf("%s cannot be imitated: its proof is a part of the body", d.Provider.Name)
		}
		d.set(p.Field, p.Value)
		d.Proofs = append(d.Proofs, Proof{p, d.schemeOf(p.Field)})
	}
	return nil
}

// schemeOf returns the scheme whose proof the field holds, or nil.
func (d *Delivery) schemeOf(f signature.Field) *signature.Scheme {
	for i := range d.Provider.Signature {
		scheme := &d.Provider.Signature[i].Scheme
		names := scheme.Header
		if f.Source == signature.Query {
			names = scheme.Query
		}
		if scheme.Type == signature.Basic && f.Name == "Authorization" ||
			slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, f.Name) }) {
			return scheme
		}
	}
	return nil
}

// SignsTime tells whether one of the proofs covers the time of sending.
func (d *Delivery) SignsTime() bool {
	return slices.ContainsFunc(d.Proofs, func(p Proof) bool { return p.Scheme != nil && p.Scheme.Timestamp != nil })
}
