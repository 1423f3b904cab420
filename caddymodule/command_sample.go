package caddymodule

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tidwall/gjson"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// sampleBodies holds one body for each founding provider.
//
//go:embed samples/*.json
var sampleBodies embed.FS

// sampleEvents says which event the provider's sample body tells of.
var sampleEvents = map[string]string{
	"asana":             "task.changed",
	"everreal":          "LISTING_CANDIDATE_APPLIED",
	"github":            "push",
	"gitlab":            "push",
	"rechat":            "Deals/Updated",
	"repliers":          "listing.updated",
	"rest-hooks":        "contact.created",
	"shopify":           "orders/paid",
	"slack":             "app_mention",
	"standard-webhooks": "invoice.paid",
	"stripe":            "payment_intent.succeeded",
	"viasto":            "project_changed/modified",
}

// sampleOptions describe a sample delivery.
type sampleOptions struct {
	provider  *provider.Provider
	event     string // raw type; empty: that of the sample body, else the first in the provider's table
	body      []byte // nil: the provider's sample body, else one that is made by its rules
	url       string // may hold {event}
	publicURL string // as registered with the provider; empty: url
	id        string
	at        time.Time
}

// sample is a delivery in the making. It can be read by the provider's rules, as
// the endpoint will read it.
type sample struct {
	provider  *provider.Provider
	event     string
	route     string // the event, where the path alone names it
	url       url.URL
	publicURL string
	method    string
	header    http.Header
	body      string
	bodyFixed bool // the body is the user's own
	at        time.Time
	proofs    []signature.Proof
}

var _ provider.Request = (*sample)(nil)

// newSample makes a delivery that says what the provider's rules look for. It is
// not signed yet.
func newSample(o sampleOptions) (*sample, error) {
	s := &sample{
		provider: o.provider, event: o.event, method: http.MethodPost, at: o.at,
		header: http.Header{"Content-Type": {"application/json"}},
	}
	if len(o.provider.Method) > 0 {
		s.method = o.provider.Method[0]
	}
	s.chooseEvent()
	if err := s.setURL(o); err != nil {
		return nil, err
	}
	s.setBody(o.body)
	return s, s.setFacts(o.id)
}

func (s *sample) chooseEvent() {
	if s.event == "" {
		s.event = sampleEvents[s.provider.Name]
	}
	if s.event == "" && len(s.provider.Event.Types) > 0 {
		s.event = s.provider.RawTypes()[0]
	}
	if s.event == "" {
		s.event = "sample.created"
	}
}

func (s *sample) setURL(o sampleOptions) error {
	const segment = "{event}"
	parsed, err := url.Parse(strings.ReplaceAll(o.url, segment, url.PathEscape(s.event)))
	if err != nil {
		return errors.Unwrap(err) // the whole error would quote the URL, with its token
	}
	if parsed.Scheme != "http" && parsed.Scheme != "https" || parsed.Host == "" {
		return errors.New("want an http or https URL")
	}
	s.url, s.publicURL = *parsed, o.publicURL
	if s.publicURL == "" {
		s.publicURL = o.url
	}
	s.publicURL = strings.ReplaceAll(s.publicURL, segment, s.event)
	return nil
}

func (s *sample) setBody(own []byte) {
	switch {
	case own != nil:
		s.body, s.bodyFixed = string(own), true
	case s.event == sampleEvents[s.provider.Name]:
		data, _ := sampleBodies.ReadFile("samples/" + s.provider.Name + ".json") // embedded, it is there
		s.body = strings.TrimSpace(string(data))
	default:
		s.body = "{}"
	}
}

// setFacts writes into the delivery what the rules look for in it.
func (s *sample) setFacts(id string) error {
	rules := &s.provider.Event
	s.setFact(rules.ID, id)
	s.setFact(rules.Time, sampleTime(s.at, rules.TimeUnit))
	if len(rules.Type) > 0 && !s.setFact(rules.Type, s.event) {
		s.route = s.event
		if got, _ := rules.Type.Expand(s); got != s.event {
			return fmt.Errorf("%s cannot send an event %q with this body", s.provider.Name, s.event)
		}
	}
	if len(rules.ID) == 0 && len(rules.Time) == 0 {
		s.set(signature.Field{Source: signature.JSON, Name: "sample"}, id) // or it would be a copy of the last sample
	}
	for i := range s.provider.Signature {
		s.setSigned(&s.provider.Signature[i].Scheme, id)
	}
	for i := range s.provider.Require {
		if err := s.meet(&s.provider.Require[i]); err != nil {
			return err
		}
	}
	return nil
}

func sampleTime(at time.Time, unit signature.Unit) string {
	switch unit {
	case signature.Seconds:
		return strconv.FormatInt(at.Unix(), 10)
	case signature.Milliseconds:
		return strconv.FormatInt(at.UnixMilli(), 10)
	default:
		return at.UTC().Truncate(time.Millisecond).Format(time.RFC3339Nano)
	}
}

// setFact makes the templates yield the value, by way of the first of them that can.
func (s *sample) setFact(list provider.Templates, value string) bool {
	if got, found := list.Expand(s); found && got == value {
		return true
	}
	for i := range list {
		attempt := *s
		attempt.header = s.header.Clone()
		if !attempt.fill(&list[i], value) {
			continue
		}
		if got, found := list.Expand(&attempt); found && got == value {
			*s = attempt
			return true
		}
	}
	return false
}

var templatePart = regexp.MustCompile(`\{[^}]*\}`)

// fill cuts the value up by the template's literals and gives each field its part.
func (s *sample) fill(t *signature.Template, value string) bool {
	fields := t.Fields()
	text := t.String()
	if !strings.Contains(text, "{") {
		return len(fields) == 1 && s.set(fields[0], value)
	}
	literals := templatePart.Split(text, -1)
	for i := range literals {
		literals[i] = regexp.QuoteMeta(literals[i])
	}
	parts := regexp.MustCompile("^" + strings.Join(literals, "(.+?)") + "$").FindStringSubmatch(value)
	if len(parts) != len(fields)+1 {
		return false
	}
	for i, f := range fields {
		if !s.set(f, parts[i+1]) {
			return false
		}
	}
	return true
}

// set gives a field its value, where it has a place of its own in a request.
func (s *sample) set(f signature.Field, value string) bool {
	switch f.Source {
	case signature.Header:
		s.header.Set(f.Name, value)
		return true
	case signature.Query:
		query := s.url.Query()
		query.Set(f.Name, value)
		s.url.RawQuery = query.Encode()
		return f.Name != ""
	case signature.JSON:
		if s.bodyFixed {
			return slices.Equal(s.All(f), []string{value})
		}
		changed, done := setJSON(s.body, f.Name, jsonValue(s.body, f.Name, value))
		s.body = changed
		return done
	default:
		return false
	}
}

// setSigned fills in the fields that a scheme signs beside the body.
func (s *sample) setSigned(scheme *signature.Scheme, id string) {
	fields := scheme.Content.Fields()
	if !scheme.ID.IsZero() {
		fields = append(fields, scheme.ID)
	}
	for _, f := range fields {
		if _, count := s.Lookup(f); count == 0 {
			s.set(f, id)
		}
	}
}

// meet makes the delivery meet one of the provider's conditions.
func (s *sample) meet(c *provider.Condition) error {
	if c.Holds(s) {
		return nil
	}
	value := s.event
	if len(c.Equals) > 0 {
		value, _ = c.Equals.Expand(s)
	} else if len(c.Host) > 0 {
		value = "https://" + c.Host[0] + "/"
	}
	// Of a path that stands for many values, one is made up.
	one := c.Field
	if above, _, many := strings.Cut(one.Name, ".@"); many {
		one.Name = above + ".sample"
	}
	if !s.set(one, value) || !c.Holds(s) {
		return fmt.Errorf("%s wants more of %s than can be made up: give a --body", s.provider.Name, c.Field)
	}
	return nil
}

var errSignedInBody = errors.New("its proof is a part of the body, which cannot be made here")

// sign proves the delivery with the keys.
func (s *sample) sign(keys []signature.Key) error {
	if len(s.provider.Signature) == 0 {
		if len(keys) > 0 {
			return fmt.Errorf("%s signs nothing: leave the secret out, and make its token part of --url", s.provider.Name)
		}
		return nil
	}
	if len(keys) == 0 {
		return fmt.Errorf("%s signs its deliveries: give its secret by --secret-env or --secret-file", s.provider.Name)
	}
	var schemes []signature.Scheme
	for i := range s.provider.Signature {
		if provider.HoldAll(s.provider.Signature[i].When, s) {
			schemes = append(schemes, s.provider.Signature[i].Scheme)
		}
	}
	signer, err := signature.NewSigner(schemes, keys)
	if err != nil {
		return err
	}
	s.proofs, err = signer.Sign(s, s.at)
	if err != nil {
		return err
	}
	for _, p := range s.proofs {
		if p.Field.Source != signature.Header && p.Field.Source != signature.Query {
			return fmt.Errorf("%s cannot be imitated: %w", s.provider.Name, errSignedInBody)
		}
		s.set(p.Field, p.Value)
	}
	return nil
}

// forge makes the proofs wrong, and leaves them well formed.
func (s *sample) forge() error {
	if len(s.proofs) == 0 {
		return fmt.Errorf("%s signs nothing that could be forged: try a wrong token in --url", s.provider.Name)
	}
	for _, p := range s.proofs {
		scheme := s.schemeOf(p.Field)
		switch {
		case scheme == nil: // a timestamp
		case isBearer(scheme):
			s.set(p.Field, bearerPrefix(scheme)+"forged")
		default:
			s.set(p.Field, forged(p.Value))
		}
	}
	return nil
}

// schemeOf returns the scheme whose proof the field holds, or nil.
func (s *sample) schemeOf(f signature.Field) *signature.Scheme {
	for i := range s.provider.Signature {
		scheme := &s.provider.Signature[i].Scheme
		names := scheme.Header
		if f.Source == signature.Query {
			names = scheme.Query
		}
		if scheme.Type == signature.Basic && f.Name == "Authorization" ||
			slices.ContainsFunc(names, func(name string) bool { return strings.EqualFold(name, f.Name) }) {
			return scheme
		}
	}
	return nil
}

// signsTime tells whether one of the proofs covers the time of sending.
func (s *sample) signsTime() bool {
	return slices.ContainsFunc(s.proofs, func(p signature.Proof) bool {
		scheme := s.schemeOf(p.Field)
		return scheme != nil && scheme.Timestamp != nil
	})
}

// isBearer tells whether a proof by the scheme is the secret itself.
func isBearer(scheme *signature.Scheme) bool {
	return scheme.Type == signature.Secret || scheme.Type == signature.Basic
}

// bearerPrefix is what stands before the secret.
func bearerPrefix(scheme *signature.Scheme) string {
	if scheme.Type == signature.Basic && scheme.Prefix == "" {
		return "Basic "
	}
	return scheme.Prefix
}

var signatureWord = regexp.MustCompile(`[A-Za-z0-9]+`)

// forged changes one character of the longest word, which is the signature or a
// part of it. The new one is valid in hex and base64 alike.
func forged(proof string) string {
	start, longest := 0, 0
	for _, at := range signatureWord.FindAllStringIndex(proof, -1) {
		if length := at[1] - at[0]; length > longest {
			start, longest = at[0], length
		}
	}
	if longest == 0 {
		return proof + "0"
	}
	replacement := "0"
	if proof[start] == '0' {
		replacement = "1"
	}
	return proof[:start] + replacement + proof[start+1:]
}

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
		var texts []string
		for _, member := range result.Array() {
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

// jsonValue writes a value as JSON: as a number if it looks like one and does not
// take the place of a text.
func jsonValue(doc, path, value string) string {
	if _, err := strconv.ParseInt(value, 10, 64); err == nil && gjson.Get(doc, path).Type != gjson.String {
		return value
	}
	text, _ := json.Marshal(value) // a text always has a JSON form
	return string(text)
}

var plainPath = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*$`)

// setJSON puts a value, which is JSON, at a path of a document. All else in the
// document stays as it is written.
func setJSON(doc, path, value string) (changed string, done bool) {
	if !plainPath.MatchString(path) {
		return doc, false
	}
	if old := gjson.Get(doc, path); old.Exists() {
		return doc[:old.Index] + value + doc[old.Index+len(old.Raw):], true
	}
	parent, name := "", path
	if i := strings.LastIndexByte(path, '.'); i >= 0 {
		parent, name = path[:i], path[i+1:]
	}
	member := strconv.Quote(name) + ":" + value
	holder := gjson.Parse(doc)
	if parent != "" {
		holder = gjson.Get(doc, parent)
	}
	switch {
	case !holder.Exists() && name == "0":
		return setJSON(doc, parent, "["+value+"]")
	case !holder.Exists():
		return setJSON(doc, parent, "{"+member+"}")
	case !holder.IsObject():
		return doc, false
	}
	if len(holder.Map()) > 0 {
		member = "," + member
	}
	end := holder.Index + strings.LastIndexByte(holder.Raw, '}')
	return doc[:end] + member + doc[end:], true
}
