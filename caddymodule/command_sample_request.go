package caddymodule

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"

	"github.com/tidwall/gjson"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// A sample is read by the provider's rules while it is made, as the endpoint will
// read it.
var _ provider.Request = (*sample)(nil)

// Body implements [signature.Request].
func (s *sample) Body() []byte { return []byte(s.body) }

// Lookup implements [signature.Request].
func (s *sample) Lookup(f signature.Field) (value string, count int) {
	values := s.All(f)
	if len(values) == 0 || values[0] == "" {
		return "", 0
	}
	return values[0], len(values)
}

// All implements [provider.Request].
func (s *sample) All(f signature.Field) []string {
	switch f.Source {
	case signature.Header:
		return s.header[f.Name]
	case signature.Query:
		if f.Name != "" {
			return s.url.Query()[f.Name]
		}
		return []string{s.url.RawQuery}
	case signature.JSON:
		return jsonTexts(gjson.Get(s.body, f.Name))
	case signature.Route:
		return []string{s.route}
	case signature.Method:
		return []string{s.method}
	case signature.Path:
		return []string{s.url.EscapedPath()}
	case signature.Host:
		return []string{s.url.Host}
	case signature.URL:
		return []string{s.publicURL}
	case signature.BodySHA256:
		sum := sha256.Sum256([]byte(s.body))
		return []string{hex.EncodeToString(sum[:])}
	default:
		return nil
	}
}

// Values implements [signature.Request]. The body is never a form.
func (s *sample) Values(source signature.Source) url.Values {
	switch source {
	case signature.Header:
		return url.Values(s.header)
	case signature.Query:
		return s.url.Query()
	default:
		return url.Values{}
	}
}

func jsonTexts(result gjson.Result) []string {
	switch {
	case result.IsArray():
		members := result.Array()
		texts := make([]string, 0, len(members))
		for _, member := range members {
			texts = append(texts, jsonTexts(member)...)
		}
		return texts
	case result.Type == gjson.Null:
		return nil
	case result.Type == gjson.String:
		return []string{result.Str}
	default:
		return []string{result.Raw}
	}
}
