package gate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"mime"
	"mime/multipart"
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

	query, form url.Values // parsed when first asked for
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

func (r *reading) mediaType() string {
	media, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(media))
}

// Values implements [signature.Request]. Of a query or form that cannot be parsed
// as a whole there are none: what a scheme leaves out of the signed parameters
// could be anyone's, and another parser might see it.
func (r *reading) Values(source signature.Source) url.Values {
	switch source {
	case signature.Header:
		return url.Values(r.Header)
	case signature.Query:
		if r.query == nil {
			r.query = parseParameters(r.RawQuery)
		}
		return r.query
	case signature.Form:
		if r.form == nil {
			r.form = r.parseForm()
		}
		return r.form
	case signature.JSON:
		return r.members()
	default:
		return nil
	}
}

func parseParameters(text string) url.Values {
	values, err := url.ParseQuery(text)
	if err != nil {
		return url.Values{}
	}
	return values
}

func (r *reading) parseForm() url.Values {
	switch r.mediaType() {
	case mediaForm:
		return parseParameters(string(r.Delivery.Body))
	case mediaMultipart:
		return r.parseMultipart()
	}
	return url.Values{}
}

// maxParts bounds the parts of a multipart body.
const maxParts = 256

// parseMultipart takes a file for a parameter like any other, for the same reason
// for which nothing is left out elsewhere.
func (r *reading) parseMultipart() url.Values {
	values := url.Values{}
	_, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !endsWith(r.Delivery.Body, "--"+params["boundary"]+"--") {
		return values
	}
	parts := multipart.NewReader(bytes.NewReader(r.Delivery.Body), params["boundary"])
	for range maxParts {
		part, err := parts.NextRawPart()
		if errors.Is(err, io.EOF) {
			return values
		}
		if err != nil || part.FormName() == "" {
			break
		}
		text, err := io.ReadAll(part) // bounded by the body, which is in memory
		if err != nil {
			break
		}
		values.Add(part.FormName(), string(text))
	}
	return url.Values{}
}

// endsWith tells whether a body holds the mark, and nothing but white space behind it.
func endsWith(body []byte, mark string) bool {
	_, behind, found := bytes.Cut(body, []byte(mark))
	return found && len(bytes.TrimSpace(behind)) == 0
}

func (r *reading) hash() string {
	if r.bodySHA256 == "" {
		sum := sha256.Sum256(r.Delivery.Body)
		r.bodySHA256 = hex.EncodeToString(sum[:])
	}
	return r.bodySHA256
}
