package caddymodule

import (
	"embed"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

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

// sample is a delivery in the making.
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
		if f.Name == "" {
			return false
		}
		query := s.url.Query()
		query.Set(f.Name, value)
		s.url.RawQuery = query.Encode()
		return true
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
