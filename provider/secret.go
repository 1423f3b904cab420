package provider

import (
	"slices"

	"golang.org/x/text/unicode/norm"

	"github.com/hookward/hookward/signature"
)

// NFKD is the value of Provider.SecretForm for providers that decompose the letters
// of a secret, such as é, before they use it.
const NFKD = "nfkd"

// Keys returns keys, whose secrets are as people write them, with the secrets in the
// provider's form.
func (p *Provider) Keys(keys []signature.Key) []signature.Key {
	if p.SecretForm != NFKD {
		return keys
	}
	keys = slices.Clone(keys)
	for i := range keys {
		keys[i].Secret = norm.NFKD.String(keys[i].Secret)
	}
	return keys
}
