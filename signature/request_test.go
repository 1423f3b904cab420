package signature_test

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/signature"
)

// request is a signature.Request that is made up of its parts.
type request struct {
	method   string
	path     string
	url      string // as registered with the provider
	rawQuery string
	query    url.Values
	form     url.Values
	header   http.Header
	body     string
	document string // the JSON; the body where it is not set
}

var _ signature.Request = (*request)(nil)

func (r *request) Body() []byte { return []byte(r.body) }

func (r *request) Lookup(f signature.Field) (string, int) {
	switch f.Source {
	case signature.Header:
		return first(r.header[f.Name])
	case signature.Query:
		if f.Name == "" {
			return single(r.rawQuery)
		}
		return first(r.query[f.Name])
	case signature.Form:
		return first(r.form[f.Name])
	case signature.JSON:
		return lookupJSON(r.json(), f.Name)
	case signature.Method:
		return single(r.method)
	case signature.Path:
		return single(r.path)
	case signature.URL:
		return single(r.url)
	case signature.BodySHA256:
		sum := sha256.Sum256(r.Body())
		return hex.EncodeToString(sum[:]), 1
	default:
		return "", 0
	}
}

func (r *request) Values(s signature.Source) url.Values {
	switch s {
	case signature.Header:
		return url.Values(r.header)
	case signature.Query:
		return r.query
	case signature.Form:
		return r.form
	case signature.JSON:
		return members(r.json())
	default:
		return nil
	}
}

func (r *request) Readable(s signature.Source) bool {
	switch s {
	case signature.Query:
		return r.rawQuery == "" || r.query != nil
	case signature.Form:
		return r.body == "" || r.form != nil
	case signature.JSON:
		return r.json() == "" || json.Valid([]byte(r.json()))
	default:
		return true
	}
}

// members are those of a JSON object: of a string what it says, else its JSON.
func members(document string) url.Values {
	var object map[string]json.RawMessage
	if json.Unmarshal([]byte(document), &object) != nil {
		return nil
	}
	values := url.Values{}
	for name, raw := range object {
		text := string(raw)
		if s := ""; json.Unmarshal(raw, &s) == nil {
			text = s
		}
		values.Set(name, text)
	}
	return values
}

func (r *request) json() string {
	if r.document != "" {
		return r.document
	}
	return r.body
}

// clone returns a copy whose fields can be changed one by one.
func (r *request) clone() *request {
	c := *r
	c.header = r.header.Clone()
	c.query, c.form = cloneValues(r.query), cloneValues(r.form)
	return &c
}

func cloneValues(v url.Values) url.Values { return url.Values(http.Header(v).Clone()) }

// fataler is what testing.TB and *rapid.T have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// set puts proofs where they say.
func (r *request) set(t fataler, proofs []signature.Proof) {
	t.Helper()
	for _, p := range proofs {
		switch p.Field.Source {
		case signature.Header:
			if r.header == nil {
				r.header = http.Header{}
			}
			r.header.Set(p.Field.Name, p.Value)
		case signature.Query:
			if r.query == nil {
				r.query = url.Values{}
			}
			r.query.Set(p.Field.Name, p.Value)
		case signature.Form:
			if r.form == nil {
				r.form = url.Values{}
			}
			r.form.Set(p.Field.Name, p.Value)
		case signature.JSON:
			r.document = setJSON(t, r.json(), p.Field.Name, p.Value)
		default:
			t.Fatalf("a proof for %s", p.Field)
		}
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

// lookupJSON follows a path such as "data.items.0.id".
func lookupJSON(document, path string) (string, int) {
	decoder := json.NewDecoder(strings.NewReader(document))
	decoder.UseNumber()
	var value any
	if decoder.Decode(&value) != nil {
		return "", 0
	}
	for key := range strings.SplitSeq(path, ".") {
		switch node := value.(type) {
		case map[string]any:
			value = node[key]
		case []any:
			i, err := strconv.Atoi(key)
			if err != nil || i < 0 || i >= len(node) {
				return "", 0
			}
			value = node[i]
		default:
			return "", 0
		}
	}
	switch leaf := value.(type) {
	case string:
		return leaf, 1
	case json.Number:
		return leaf.String(), 1
	default:
		return "", 0
	}
}

func setJSON(t fataler, document, path, value string) string {
	t.Helper()
	root := map[string]any{}
	if document != "" {
		if err := json.Unmarshal([]byte(document), &root); err != nil {
			t.Fatalf("the document is not a JSON object: %v", err)
		}
	}
	keys := strings.Split(path, ".")
	node := root
	for _, key := range keys[:len(keys)-1] {
		child, ok := node[key].(map[string]any)
		if !ok {
			child = map[string]any{}
			node[key] = child
		}
		node = child
	}
	node[keys[len(keys)-1]] = value
	text, err := json.Marshal(root)
	if err != nil {
		t.Fatalf("write the document: %v", err)
	}
	return string(text)
}

// headers makes a header of names and values.
func headers(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// keys makes keys of secrets, named k0, k1 and so on.
func keys(secrets ...string) []signature.Key {
	all := make([]signature.Key, len(secrets))
	for i, secret := range secrets {
		all[i] = signature.Key{ID: "k" + strconv.Itoa(i), Secret: secret}
	}
	return all
}

// schemes makes a list.
func schemes(all ...signature.Scheme) []signature.Scheme { return all }

// content parses a template that is known to be one.
func content(text string) signature.Template {
	t, err := signature.ParseTemplate(text)
	if err != nil {
		panic(err)
	}
	return t
}

// field parses a field that is known to be one.
func field(text string) signature.Field {
	f, err := signature.ParseField(text)
	if err != nil {
		panic(err)
	}
	return f
}

func newVerifier(t testing.TB, all []signature.Scheme, k []signature.Key) *signature.Verifier {
	t.Helper()
	v, err := signature.NewVerifier(all, k)
	if err != nil {
		t.Fatalf("NewVerifier: %v", err)
	}
	return v
}

func newSigner(t testing.TB, all []signature.Scheme, k []signature.Key) *signature.Signer {
	t.Helper()
	s, err := signature.NewSigner(all, k)
	if err != nil {
		t.Fatalf("NewSigner: %v", err)
	}
	return s
}

// sign returns a copy of the request with its proofs.
func sign(t testing.TB, s *signature.Signer, r *request, at time.Time) *request {
	t.Helper()
	proofs, err := s.Sign(r, at)
	if err != nil {
		t.Fatalf("Sign: %v", err)
	}
	signed := r.clone()
	signed.set(t, proofs)
	return signed
}

func wantProved(t testing.TB, v *signature.Verifier, r signature.Request, now time.Time) signature.Match {
	t.Helper()
	m, err := v.Verify(r, now)
	if err != nil {
		t.Fatalf("refused: %v", err)
	}
	if err := v.Precheck(r, now); err != nil {
		t.Fatalf("proved, and refused before: %v", err)
	}
	return m
}

func wantReason(t testing.TB, v *signature.Verifier, r signature.Request, now time.Time, want signature.Reason) {
	t.Helper()
	m, err := v.Verify(r, now)
	if err == nil {
		t.Fatalf("proved by %+v, want %s", m, want)
	}
	if err != want { //nolint:errorlint // a Reason is documented to be comparable
		t.Errorf("refused as %v, want %s", err, want)
	}
	if m != (signature.Match{}) {
		t.Errorf("refused, and yet a match: %+v", m)
	}
}

// noon is when the tests' deliveries are sent.
var noon = unix(1700000000)

func unix(seconds int64) time.Time { return time.Unix(seconds, 0) }
