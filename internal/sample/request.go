package sample

import (
	"crypto/sha256"
	"encoding/hex"
	"net/url"

	"github.com/tidwall/gjson"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// request is a delivery as the provider's rules read it while it is made, just as the
// endpoint will read it.
type request struct{ *Delivery }

var _ provider.Request = request{}

// Body implements [signature.Request].
func (r request) Body() []byte { return []byte(r.Delivery.Body) }

// Lookup implements [signature.Request].
func (r request) Lookup(f signature.Field) (value string, count int) {
	values := r.All(f)
	if len(values) == 0 || values[0] == "" {
		return "", 0
	}
	return values[0], len(values)
}

// All implements [provider.Request].
func (r request) All(f signature.Field) []string {
	switch f.Source {
	case signature.Header:
		return r.Header[f.Name]
	case signature.Query:
		if f.Name != "" {
			return r.URL.Query()[f.Name]
		}
		return []string{r.URL.RawQuery}
	case signature.JSON:
		return jsonTexts(gjson.Get(r.Delivery.Body, f.Name))
	case signature.Route:
		return []string{r.Route}
	case signature.Method:
		return []string{r.Method}
	case signature.Path:
		return []string{r.URL.EscapedPath()}
	case signature.Host:
		return []string{r.URL.Host}
	case signature.URL:
		return []string{r.PublicURL}
	case signature.BodySHA256:
		sum := sha256.Sum256([]byte(r.Delivery.Body))
		return []string{hex.EncodeToString(sum[:])}
	default:
		return nil
	}
}

// Readable implements [signature.Request].
func (r request) Readable(source signature.Source) bool {
	switch source {
	case signature.Query:
		_, err := url.ParseQuery(r.URL.RawQuery)
		return err == nil
	case signature.JSON:
		return r.Delivery.Body == "" || gjson.Valid(r.Delivery.Body)
	case signature.Form, signature.XML:
		return r.Delivery.Body == ""
	default:
		return true
	}
}

// Values implements [signature.Request]. The body is never a form.
func (r request) Values(source signature.Source) url.Values {
	switch source {
	case signature.Header:
		return url.Values(r.Header)
	case signature.Query:
		return r.URL.Query()
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
