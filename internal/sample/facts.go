package sample

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// setFacts writes into the delivery what the rules look for in it.
func (d *Delivery) setFacts(id string) error {
	rules := &d.Provider.Event
	d.setFact(rules.ID, id)
	d.setFact(rules.Time, timeText(d.at, rules.TimeUnit))
	if len(rules.Type) > 0 && !d.setFact(rules.Type, d.Event) {
		d.Route = d.Event
		if got, _ := rules.Type.Expand(request{d}); got != d.Event {
			return fmt.Errorf("event %q: %w", d.Event, ErrEvent)
		}
	}
	if len(rules.ID) == 0 && len(rules.Time) == 0 {
		d.set(signature.Field{Source: signature.JSON, Name: "sample"}, id) // or it would be a copy of the last sample
	}
	for i := range d.Provider.Signature {
		d.setSigned(&d.Provider.Signature[i].Scheme, id)
	}
	for i := range d.Provider.Require {
		if err := d.meet(&d.Provider.Require[i]); err != nil {
			return err
		}
	}
	return nil
}

func timeText(at time.Time, unit signature.Unit) string {
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
func (d *Delivery) setFact(list provider.Templates, value string) bool {
	if got, found := list.Expand(request{d}); found && got == value {
		return true
	}
	for i := range list {
		attempt := *d
		attempt.Header = d.Header.Clone()
		if !attempt.fill(&list[i], value) {
			continue
		}
		if got, found := list.Expand(request{&attempt}); found && got == value {
			*d = attempt
			return true
		}
	}
	return false
}

var templatePart = regexp.MustCompile(`\{[^}]*\}`)

// fill cuts the value up by the template's literals and gives each field its part.
func (d *Delivery) fill(t *signature.Template, value string) bool {
	fields := t.Fields()
	text := t.String()
	if !strings.Contains(text, "{") {
		return len(fields) == 1 && d.set(fields[0], value)
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
		if !d.set(f, parts[i+1]) {
			return false
		}
	}
	return true
}

// set gives a field its value, where it has a place of its own in a request.
func (d *Delivery) set(f signature.Field, value string) bool {
	switch f.Source {
	case signature.Header:
		d.Header.Set(f.Name, value)
		return true
	case signature.Query:
		if f.Name == "" {
			return false
		}
		query := d.URL.Query()
		query.Set(f.Name, value)
		d.URL.RawQuery = query.Encode()
		return true
	case signature.JSON:
		if d.bodyFixed {
			return slices.Equal(request{d}.All(f), []string{value})
		}
		changed, done := setJSON(d.Body, f.Name, jsonValue(d.Body, f.Name, value))
		d.Body = changed
		return done
	default:
		return false
	}
}

// setSigned fills in the fields that a scheme signs beside the body.
func (d *Delivery) setSigned(scheme *signature.Scheme, id string) {
	fields := scheme.Content.Fields()
	if !scheme.ID.IsZero() {
		fields = append(fields, scheme.ID)
	}
	for _, f := range fields {
		if _, count := (request{d}).Lookup(f); count == 0 {
			d.set(f, id)
		}
	}
}

// meet makes the delivery meet one of the provider's conditions.
func (d *Delivery) meet(c *provider.Condition) error {
	if c.Holds(request{d}) {
		return nil
	}
	value := d.Event
	if len(c.Equals) > 0 {
		value, _ = c.Equals.Expand(request{d})
	} else if len(c.Host) > 0 {
		value = "https://" + c.Host[0] + "/"
	}
	// Of a path that stands for many values, one is made up.
	one := c.Field
	if above, _, many := strings.Cut(one.Name, ".@"); many {
		one.Name = above + ".sample"
	}
	if !d.set(one, value) || !c.Holds(request{d}) {
		return fmt.Errorf("%s wants more of %s %w", d.Provider.Name, c.Field, ErrNeedsBody)
	}
	return nil
}
