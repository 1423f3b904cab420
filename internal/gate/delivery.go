package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// Delivery is one request from a provider. The exported fields are what came; they
// are not changed.
type Delivery struct {
	Method   string
	Path     string // as it came, still escaped
	RawQuery string
	Host     string
	Header   http.Header
	Body     []byte
	Received time.Time
}

// reading is a delivery as the provider's rules read it, with what was found out
// about it on the way.
type reading struct {
	*Delivery
	route     captures
	slot      string
	scope     string // within which copies are looked for
	publicURL string // as configured, still with its captures
	payload   signature.Field
	token     *Token             // the one that it brought, where the endpoint has any
	encoding  signature.Encoding // of the payload

	query, form parameters
	document    document
	bodySHA256  string
}

var _ provider.Request = (*reading)(nil)

// Body implements [signature.Request].
func (r *reading) Body() []byte { return r.Delivery.Body }

// Lookup implements [signature.Request].
func (r *reading) Lookup(f signature.Field) (value string, count int) {
	switch f.Source {
	case signature.Header:
		return first(r.Header[f.Name])
	case signature.Query:
		if f.Name == "" {
			return single(r.RawQuery)
		}
		return first(r.Values(signature.Query)[f.Name])
	case signature.Form:
		return first(r.Values(signature.Form)[f.Name])
	case signature.JSON:
		return r.lookupJSON(f.Name)
	case signature.XML:
		return distinct(r.xml(f.Name))
	case signature.Route:
		return single(r.route.named(f.Name))
	case signature.Method:
		return single(r.Method)
	case signature.Path:
		return single(r.Path)
	case signature.Host:
		return single(r.Host)
	case signature.URL:
		return single(r.route.fill(r.publicURL))
	case signature.BodySHA256:
		return single(r.hash())
	default:
		return "", 0
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

// All implements [provider.Request].
func (r *reading) All(f signature.Field) []string {
	switch f.Source {
	case signature.Header:
		return r.Header[f.Name]
	case signature.Query:
		if f.Name != "" {
			return r.Values(signature.Query)[f.Name]
		}
	case signature.Form:
		return r.Values(signature.Form)[f.Name]
	case signature.JSON:
		return jsonValues(r.find(f.Name))
	case signature.XML:
		return r.xml(f.Name)
	default:
	}
	if value, count := r.Lookup(f); count > 0 {
		return []string{value}
	}
	return nil
}

// Readable implements [signature.Request]. An empty body holds nothing, however it is read.
func (r *reading) Readable(source signature.Source) bool {
	switch source {
	case signature.Query:
		return r.Values(signature.Query) != nil
	case signature.Form:
		return r.Values(signature.Form) != nil
	case signature.JSON:
		_, valid := r.JSON()
		return valid || len(r.Delivery.Body) == 0
	case signature.XML:
		return len(r.Delivery.Body) == 0 || newWalk("").through(r.content())
	default:
		return true
	}
}

// lookupJSON counts different values: a batch whose members all say the same has
// one value.
func (r *reading) lookupJSON(path string) (string, int) {
	result := r.find(path)
	if !result.IsArray() {
		return single(jsonText(result))
	}
	return distinct(jsonValues(result))
}

func distinct(values []string) (string, int) {
	if slices.ContainsFunc(values, func(v string) bool { return v != values[0] }) {
		return values[0], len(values)
	}
	return first(values[:min(len(values), 1)])
}

// find returns what a path leads to; nothing where the delivery has no JSON.
func (r *reading) find(path string) gjson.Result {
	if _, valid := r.JSON(); !valid {
		return gjson.Result{}
	}
	return r.document.find(path)
}

// maxMembers bounds the members of an array that are looked at: each takes many
// times the memory that it takes in the body.
const maxMembers = 1000

// jsonValues returns the texts of an array's members, or the one text of anything
// else. An array with too many members is one value, its JSON, which is none that
// any rule asks for.
func jsonValues(result gjson.Result) []string {
	if !result.IsArray() {
		if text := jsonText(result); text != "" {
			return []string{text}
		}
		return nil
	}
	var values []string
	result.ForEach(func(_, member gjson.Result) bool {
		values = append(values, jsonText(member))
		return len(values) <= maxMembers
	})
	if len(values) > maxMembers {
		return []string{strings.Clone(result.Raw)}
	}
	return values
}

// jsonText is a value's text: of a string what it says, of anything else its
// JSON as it came, so that no number is rewritten. Null is absent. The text is the
// caller's to keep.
func jsonText(result gjson.Result) string {
	switch result.Type {
	case gjson.Null:
		return ""
	case gjson.String:
		return strings.Clone(result.Str)
	default:
		return strings.Clone(result.Raw)
	}
}

// JSON returns the delivery's JSON: the body, or in a form the field that the
// provider names.
func (r *reading) JSON() (doc []byte, valid bool) {
	d := &r.document
	if !d.read {
		d.read = true
		d.json = r.content()
		d.valid = event.ValidJSON(d.json)
	}
	return d.json, d.valid
}

func (r *reading) isForm() bool {
	media := r.mediaType()
	return media == mediaForm || media == mediaMultipart
}

const (
	mediaForm      = "application/x-www-form-urlencoded"
	mediaMultipart = "multipart/form-data"
)

// mediaType is the body's; none where it has two, of which another reader may take
// the other one.
func (r *reading) mediaType() string {
	types := r.Header["Content-Type"]
	if len(types) != 1 {
		return ""
	}
	media, _, _ := strings.Cut(types[0], ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// Values implements [signature.Request].
func (r *reading) Values(source signature.Source) url.Values {
	switch source {
	case signature.Header:
		return url.Values(r.Header)
	case signature.Query:
		return r.query.get(func() url.Values { return parseParameters(r.RawQuery) })
	case signature.Form:
		return r.form.get(r.parseForm)
	case signature.JSON:
		return r.members()
	default:
		return nil
	}
}

func (r *reading) hash() string {
	if r.bodySHA256 == "" {
		sum := sha256.Sum256(r.Delivery.Body)
		r.bodySHA256 = hex.EncodeToString(sum[:])
	}
	return r.bodySHA256
}
