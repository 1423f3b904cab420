package sender_test

import (
	"net/url"

	"github.com/hookward/hookward/signature"
)

// sent is a request as a verifier reads it.
type sent struct{ request }

var _ signature.Request = sent{}

func (s sent) Body() []byte { return []byte(s.body) }

func (s sent) Lookup(f signature.Field) (string, int) {
	values := s.Header.Values(f.Name)
	if f.Source != signature.Header || len(values) == 0 {
		return "", 0
	}
	return values[0], len(values)
}

func (s sent) Values(source signature.Source) url.Values {
	if source != signature.Header {
		return nil
	}
	return url.Values(s.Header)
}

func (s sent) Readable(source signature.Source) bool { return source == signature.Header }
