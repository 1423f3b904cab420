package provider

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hookward/hookward/signature"
)

// Validate tells what is wrong with the provider. Errors wrap [ErrInvalid] and
// are a [KeyError].
func (p *Provider) Validate() error {
	if err := p.check(); err != nil {
		return fmt.Errorf("%w %q: %w", ErrInvalid, p.Name, err)
	}
	return nil
}

func (p *Provider) check() error {
	for _, check := range []func() error{
		p.checkFacts, p.checkSignature, p.checkExchanges, p.checkEvent, p.checkVectors,
	} {
		if err := check(); err != nil {
			return err
		}
	}
	return keyed("limits", p.Limits.check())
}

var providerName = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)

func (p *Provider) checkFacts() error {
	switch {
	case !providerName.MatchString(p.Name):
		return keyed("name", fmt.Errorf("%q: want lower-case letters, digits and hyphens", p.Name))
	case p.Confidence != "" && p.Confidence != Confirmed && p.Confidence != Unconfirmed:
		return keyed("confidence", fmt.Errorf("%q: want confirmed or unconfirmed", p.Confidence))
	case p.SecretForm != "" && p.SecretForm != NFKD:
		return keyed("secret_form", fmt.Errorf("%q: want nfkd or nothing", p.SecretForm))
	case p.Answer != "" && p.Answer != AnswerUpstream:
		return keyed("answer", fmt.Errorf("%q: want upstream or nothing", p.Answer))
	}
	if err := p.checkPayload(); err != nil {
		return err
	}
	return checkMethods("method", p.Method)
}

func (p *Provider) checkPayload() error {
	switch {
	case !p.Payload.IsZero() && p.Payload.Source != signature.Form:
		return keyed("payload", fmt.Errorf("%s: want a field of a form", p.Payload))
	case p.PayloadEncoding != "" && p.PayloadEncoding != signature.Base64:
		return keyed("payload_encoding", fmt.Errorf("%q: want base64 or nothing", p.PayloadEncoding))
	case p.PayloadEncoding != "" && p.Payload.IsZero():
		return keyed("payload_encoding", errors.New("payload is missing"))
	}
	return nil
}

func (p *Provider) checkSignature() error {
	for i := range p.Signature {
		s := &p.Signature[i]
		err := s.Validate()
		if err == nil {
			err = checkConditions("when", s.When)
		}
		if err != nil {
			return keyed(member("signature", i), err)
		}
	}
	return checkConditions("require", p.Require)
}

func (p *Provider) checkExchanges() error {
	if p.Handshake != nil {
		var proofs []signature.Field
		for i := range p.Signature {
			proofs = append(proofs, p.Signature[i].proofs()...)
		}
		if err := p.Handshake.check(proofs); err != nil {
			return keyed("handshake", err)
		}
	}
	for i := range p.Challenge {
		if err := p.Challenge[i].check(); err != nil {
			return keyed(member("challenge", i), err)
		}
	}
	return p.checkMACs()
}

func (p *Provider) checkEvent() error {
	switch p.Event.TimeUnit {
	case "", signature.Seconds, signature.Milliseconds, signature.RFC3339:
	default:
		return keyed("event.time_unit", fmt.Errorf("%q: want s, ms or rfc3339", p.Event.TimeUnit))
	}
	if err := p.Event.checkTypes(); err != nil {
		return keyed("event", err)
	}
	if err := keyed("event.id", p.checkIDs()); err != nil {
		return err
	}
	if err := keyed("event.id", p.checkSignedFirst(p.Event.ID)); err != nil {
		return err
	}
	return keyed("event.type", p.checkSignedFirst(p.Event.Type))
}

func (p *Provider) checkVectors() error {
	for i := range p.Vectors {
		if err := p.Vectors[i].check(); err != nil {
			return keyed(member("vectors", i), err)
		}
	}
	return nil
}

var (
	reverseDNS    = regexp.MustCompile(`^[a-z][a-z0-9-]*(\.[a-z0-9-]+)+$`)
	resourceDotVb = regexp.MustCompile(`^[a-z0-9]+(_[a-z0-9]+)*\.[a-z0-9]+(_[a-z0-9]+)*$`)
)

// checkTypes sees to it that canonical types are the prefix, a resource and a verb.
func (e *Event) checkTypes() error {
	if e.Prefix != "" && !reverseDNS.MatchString(e.Prefix) {
		return keyed("prefix", fmt.Errorf("%q: want a reverse DNS name, such as com.example", e.Prefix))
	}
	if e.Prefix == "" && len(e.Types) > 0 {
		return keyed("types", errors.New("prefix is missing"))
	}
	for _, raw := range slices.Sorted(maps.Keys(e.Types)) {
		rest, prefixed := strings.CutPrefix(e.Types[raw], e.Prefix+".")
		if !prefixed || !resourceDotVb.MatchString(rest) {
			return keyed(below("types", raw), fmt.Errorf("%q: want %s.<resource>.<verb>", e.Types[raw], e.Prefix))
		}
	}
	return nil
}

// checkSignedFirst sees to it that a fact is not taken from a place that anybody
// can change while a signed place has it too.
func (p *Provider) checkSignedFirst(list Templates) error {
	unsigned := ""
	for i := range list {
		switch {
		case isConstant(list[i]):
		case !p.signs(list[i]):
			unsigned = list[i].String()
		case unsigned != "":
			return keyed(member("", i), fmt.Errorf("%s is signed and must come before %s, which is not", list[i], unsigned))
		}
	}
	return nil
}

func isConstant(t signature.Template) bool { return len(t.Fields()) == 0 && !t.UsesBody() }

// signs tells whether every scheme covers all that the template reads.
func (p *Provider) signs(t signature.Template) bool {
	fields := t.Fields()
	if t.UsesBody() {
		fields = append(fields, signature.Field{Source: signature.BodySHA256})
	}
	for i := range p.Signature {
		if slices.ContainsFunc(fields, func(f signature.Field) bool { return !p.Signature[i].CoversField(f) }) {
			return false
		}
	}
	return len(p.Signature) > 0
}
