package caddymodule

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// sign proves the delivery with the keys.
func (s *sample) sign(keys []signature.Key) error {
	if len(s.provider.Signature) == 0 {
		if len(keys) > 0 {
			return fmt.Errorf("%s signs nothing: leave the secret out, and make its token part of --url", s.provider.Name)
		}
		return nil
	}
	if len(keys) == 0 {
		return fmt.Errorf("%s signs its deliveries: give its secret by --secret-env or --secret-file", s.provider.Name)
	}
	var schemes []signature.Scheme
	for i := range s.provider.Signature {
		if provider.HoldAll(s.provider.Signature[i].When, s) {
			schemes = append(schemes, s.provider.Signature[i].Scheme)
		}
	}
	signer, err := signature.NewSigner(schemes, keys)
	if err != nil {
		return err
	}
	s.proofs, err = signer.Sign(s, s.at)
	if err != nil {
		return err
	}
	for _, p := range s.proofs {
		if p.Field.Source != signature.Header && p.Field.Source != signature.Query {
			return fmt.Errorf("%s cannot be imitated: its proof is a part of the body", s.provider.Name)
		}
		s.set(p.Field, p.Value)
	}
	return nil
}

// forge makes the proofs wrong, and leaves them well formed.
func (s *sample) forge() error {
	if len(s.proofs) == 0 {
		return fmt.Errorf("%s signs nothing that could be forged: try a wrong token in --url", s.provider.Name)
	}
	for _, p := range s.proofs {
		scheme := s.schemeOf(p.Field)
		switch {
		case scheme == nil: // a timestamp
		case isBearer(scheme):
			s.set(p.Field, bearerPrefix(scheme)+"forged")
		default:
			s.set(p.Field, forged(p.Value))
		}
	}
	return nil
}

// schemeOf returns the scheme whose proof the field holds, or nil.
func (s *sample) schemeOf(f signature.Field) *signature.Scheme {
	for i := range s.provider.Signature {
		scheme := &s.provider.Signature[i].Scheme
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

// signsTime tells whether one of the proofs covers the time of sending.
func (s *sample) signsTime() bool {
	return slices.ContainsFunc(s.proofs, func(p signature.Proof) bool {
		scheme := s.schemeOf(p.Field)
		return scheme != nil && scheme.Timestamp != nil
	})
}

// isBearer tells whether a proof by the scheme is the secret itself.
func isBearer(scheme *signature.Scheme) bool {
	return scheme.Type == signature.Secret || scheme.Type == signature.Basic
}

// bearerPrefix is what stands before the secret.
func bearerPrefix(scheme *signature.Scheme) string {
	if scheme.Type == signature.Basic && scheme.Prefix == "" {
		return "Basic "
	}
	return scheme.Prefix
}

var signatureWord = regexp.MustCompile(`[A-Za-z0-9]+`)

// forged changes one character of the longest word, which is the signature or a
// part of it. The new one is valid in hex and base64 alike.
func forged(proof string) string {
	start, longest := 0, 0
	for _, at := range signatureWord.FindAllStringIndex(proof, -1) {
		if length := at[1] - at[0]; length > longest {
			start, longest = at[0], length
		}
	}
	if longest == 0 {
		return proof + "0"
	}
	replacement := "0"
	if proof[start] == '0' {
		replacement = "1"
	}
	return proof[:start] + replacement + proof[start+1:]
}
