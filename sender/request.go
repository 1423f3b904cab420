package sender

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"

	"github.com/hookward/hookward/signature"
)

// outgoing is a request as signature schemes read it, before it is sent. Schemes
// that sign fields of a JSON body are not served.
type outgoing struct {
	req  *http.Request
	body []byte
}

var _ signature.Request = (*outgoing)(nil)

// Body implements [signature.Request].
func (o *outgoing) Body() []byte { return o.body }

// Lookup implements [signature.Request].
func (o *outgoing) Lookup(f signature.Field) (value string, count int) {
	switch f.Source {
	case signature.Header:
		return first(o.req.Header[f.Name])
	case signature.Query:
		if f.Name == "" {
			return single(o.req.URL.RawQuery)
		}
		return first(o.Values(signature.Query)[f.Name])
	case signature.Form:
		return first(o.Values(signature.Form)[f.Name])
	case signature.Method:
		return single(o.req.Method)
	case signature.Path:
		return single(cmp.Or(o.req.URL.EscapedPath(), "/"))
	case signature.Host:
		return single(cmp.Or(o.req.Host, o.req.URL.Host))
	case signature.URL:
		return single(o.req.URL.String())
	case signature.BodySHA256:
		sum := sha256.Sum256(o.body)
		return single(hex.EncodeToString(sum[:]))
	default:
		return "", 0
	}
}

// Values implements [signature.Request].
func (o *outgoing) Values(source signature.Source) url.Values {
	switch source {
	case signature.Header:
		return url.Values(o.req.Header)
	case signature.Query:
		return o.req.URL.Query()
	case signature.Form:
		values, err := url.ParseQuery(string(o.body))
		if err != nil {
			return nil // a part of the parameters must not pass for all
		}
		return values
	default:
		return nil
	}
}

// Readable implements [signature.Request]. No fields of a document are signed.
func (o *outgoing) Readable(source signature.Source) bool {
	switch source {
	case signature.Query:
		_, err := url.ParseQuery(o.req.URL.RawQuery)
		return err == nil
	case signature.Form:
		return o.Values(signature.Form) != nil
	case signature.JSON, signature.XML:
		return len(o.body) == 0
	default:
		return true
	}
}

func first(values []string) (string, int) {
	if len(values) == 0 {
		return "", 0
	}
	return values[0], len(values)
}

func single(value string) (string, int) {
	if value == "" {
		return "", 0
	}
	return value, 1
}
