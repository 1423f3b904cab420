package sender

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

const (
	maxTypes    = 256
	maxTenant   = 256      // bytes
	maxMetadata = 16 << 10 // bytes, of keys and values together
	// maxSecrets bounds the secrets that a subscription has while they rotate: each
	// adds a signature to every delivery.
	maxSecrets = 8
	// maxSecret bounds one of them, in bytes. A private key of RSA takes some.
	maxSecret = 16 << 10
)

// check tells whether a subscription may be stored.
func (s *Sender) check(n *Subscription) error {
	if !isID(n.ID) {
		return fmt.Errorf("%w: the subscription's id is not up to %d visible ASCII characters without a dot", ErrInvalid, maxID)
	}
	if err := s.egress.checkURL(n.URL); err != nil {
		return err
	}
	if len(n.Types) > maxTypes {
		return fmt.Errorf("%w: %d types, and %d are allowed", ErrInvalid, len(n.Types), maxTypes)
	}
	for _, wanted := range n.Types {
		if !isTypePattern(wanted) {
			return fmt.Errorf(`%w: type %q is neither exact, nor ends in ".*", nor is "*"`, ErrInvalid, wanted)
		}
	}
	if !isTenant(n.Tenant) {
		return fmt.Errorf("%w: the tenant is not up to %d bytes of text", ErrInvalid, maxTenant)
	}
	if n.Rate < 0 {
		return fmt.Errorf("%w: a rate of %d", ErrInvalid, n.Rate)
	}
	size := 0
	for key, value := range n.Metadata {
		size += len(key) + len(value)
	}
	if size > maxMetadata {
		return fmt.Errorf("%w: %d bytes of metadata, and %d are allowed", ErrInvalid, size, maxMetadata)
	}
	return s.checkSecrets(n.Secrets)
}

// checkSecrets tells whether deliveries can be signed.
func (s *Sender) checkSecrets(secrets []Secret) error {
	if len(secrets) > maxSecrets {
		return fmt.Errorf("%w: %d secrets, and %d are allowed", ErrInvalid, len(secrets), maxSecrets)
	}
	for i := range secrets {
		if len(secrets[i].ID) > maxID || len(secrets[i].Value) > maxSecret {
			return fmt.Errorf("%w: a secret of more than %d bytes, or an id of more than %d", ErrInvalid, maxSecret, maxID)
		}
	}
	if len(s.profile.Schemes) == 0 {
		return nil
	}
	live := liveSecrets(secrets, s.now())
	if len(live) == 0 {
		return fmt.Errorf("%w: profile %q signs, and there is no secret", ErrInvalid, s.profile.Name)
	}
	for i := range live {
		// One by one, for where there is little room not all of them sign today.
		if err := s.signing.try(live[i:i+1], s.now()); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalid, err)
		}
	}
	return nil
}

func isTypePattern(text string) bool {
	start, open := strings.CutSuffix(text, "*")
	if !open {
		return isType(text)
	}
	return start == "" || isType(start) && strings.HasSuffix(start, ".")
}

func isType(text string) bool {
	return isVisible(text, maxType) && !strings.Contains(text, "*")
}

func isTenant(text string) bool {
	return len(text) <= maxTenant && utf8.ValidString(text) && !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' })
}
