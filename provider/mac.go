package provider

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hookward/hookward/signature"
)

// A challenge whose answer holds a MAC of the caller's text signs what a caller
// likes. So the text is of a kind that no delivery's signed content is.

var (
	macText   = regexp.MustCompile(`^[A-Za-z0-9_-]{8,128}$`)
	noMACText = regexp.MustCompile(`[^A-Za-z0-9_-]`)
	parts     = regexp.MustCompile(`\{[^{}]*\}`)
)

// IsMACText tells whether a challenge's text may be answered with its MAC: it is 8
// to 128 letters, digits, hyphens and underscores.
func IsMACText(text string) bool { return macText.MatchString(text) }

// MACScheme is the scheme by which MACs in answers are made, of the text alone: the
// first of type hmac.
func (p *Provider) MACScheme() (*Scheme, bool) {
	i := slices.IndexFunc(p.Signature, func(s Scheme) bool { return s.Type == signature.HMAC })
	if i < 0 {
		return nil, false
	}
	return &p.Signature[i], true
}

// MACs tells whether any of the challenges is answered with a MAC.
func (p *Provider) MACs() bool {
	return slices.ContainsFunc(p.Challenge, func(c Challenge) bool { return c.HoldsMAC() })
}

// signsForAnybody tells whether a stranger gets MACs, too.
func (p *Provider) signsForAnybody() bool {
	return slices.ContainsFunc(p.Challenge, func(c Challenge) bool { return c.HoldsMAC() && !c.Verify })
}

// MayBeAnswered tells whether what is signed of the request may have been signed by
// answering a stranger's challenge, so that a proof of it proves nothing.
func (p *Provider) MayBeAnswered(req Request) bool {
	if !p.signsForAnybody() {
		return false
	}
	return slices.ContainsFunc(p.Signature, func(s Scheme) bool {
		return s.Type == signature.HMAC && HoldAll(s.When, req) && IsMACText(s.soleContent(req))
	})
}

const maxMACText = 128

// soleContent is the signed content of a scheme that signs one part alone; "" where
// it is too long for a text of a challenge.
func (s *Scheme) soleContent(req Request) string {
	if s.signsBody() {
		if body := req.Body(); len(body) <= maxMACText {
			return string(body)
		}
		return ""
	}
	if fields := s.Content.Fields(); s.signsSole() && len(fields) == 1 {
		text, _ := req.Lookup(fields[0])
		return text
	}
	return ""
}

func (s *Scheme) signsBody() bool {
	return s.Content.IsZero() || s.Content.String() == "{body}"
}

// signsSole tells whether the content is one part, and that as it came.
func (s *Scheme) signsSole() bool {
	text := s.Content.String()
	if _, err := signature.ParseField(text); err == nil {
		return true
	}
	return parts.FindString(text) == text && !strings.ContainsAny(text, "|?") && len(s.Content.Fields()) == 1
}

// checkMACs sees to it that signed content can be told from the texts of challenges.
func (p *Provider) checkMACs() error {
	for i := range p.Challenge {
		if _, found := p.MACScheme(); !found && p.Challenge[i].HoldsMAC() {
			return keyed(below(member("challenge", i), "answer"), errors.New("it holds {mac} and there is no scheme of type hmac"))
		}
	}
	if !p.signsForAnybody() {
		return nil
	}
	for i := range p.Signature {
		s := &p.Signature[i]
		if s.Type != signature.HMAC || s.signsBody() || s.signsSole() || noMACText.MatchString(parts.ReplaceAllString(s.Content.String(), "")) {
			continue
		}
		return keyed(below(member("signature", i), "content"), fmt.Errorf(
			"it could be the text of a challenge that anybody gets a MAC of: want one part alone, or other characters than %s between parts",
			"letters, digits, hyphens and underscores"))
	}
	return nil
}
