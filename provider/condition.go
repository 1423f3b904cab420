package provider

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/hookward/hookward/signature"
)

// Request is what conditions read of a request.
type Request interface {
	signature.Request
	// All returns every value of a field: each value of a repeated header or
	// parameter, each member where a JSON path gives an array. The list is not
	// changed.
	All(f signature.Field) []string
}

// Condition is a test of one field. Where the field has several values, each of
// them must pass. Empty values count as absent. What is missing where not all can
// be read, as in a broken form, does not.
type Condition struct {
	// Field is what is tested.
	Field signature.Field `json:"field"`
	// Equals lists texts of which the value must be one. They may hold parts in
	// braces, such as "{url}".
	Equals Templates `json:"equals,omitempty"`
	// Host lists host names: the value must be an http or https URL on one of
	// them or below. Values that are plain words, and so no URLs, pass.
	Host signature.Strings `json:"host,omitempty"`
	// Exists tells whether the field must be there (true) or must not (false).
	Exists *bool `json:"exists,omitempty"`
	// Optional lets a request pass that does not have the field.
	Optional bool `json:"optional,omitempty"`
}

var hostName = regexp.MustCompile(`^[a-z0-9-]+(\.[a-z0-9-]+)*$`)

func (c *Condition) check() error {
	tests := 0
	for _, given := range []bool{len(c.Equals) > 0, len(c.Host) > 0, c.Exists != nil} {
		if given {
			tests++
		}
	}
	switch {
	case c.Field.IsZero():
		return errors.New("field is missing")
	case tests != 1:
		return fmt.Errorf("condition on %s: want one of equals, host and exists", c.Field)
	case c.Exists != nil && c.Optional:
		return keyed("optional", errors.New("it contradicts exists"))
	}
	for i, host := range c.Host {
		if !hostName.MatchString(host) {
			return keyed(member("host", i), fmt.Errorf("%q is no host name in lower case", host))
		}
	}
	return nil
}

func checkConditions(key string, conditions []Condition) error {
	for i := range conditions {
		if err := conditions[i].check(); err != nil {
			return keyed(member(key, i), err)
		}
	}
	return nil
}

// Holds tells whether the request meets the condition.
func (c *Condition) Holds(req Request) bool {
	found := false
	for _, value := range req.All(c.Field) {
		if value == "" {
			continue
		}
		found = true
		if c.Exists == nil && !c.passes(value, req) {
			return false
		}
	}
	if found {
		return c.Exists == nil || *c.Exists
	}
	return c.mayBeAbsent() && req.Readable(c.Field.Source)
}

func (c *Condition) mayBeAbsent() bool { return c.Optional || c.Exists != nil && !*c.Exists }

// readsBody tells whether the body is needed to know whether it holds.
func (c *Condition) readsBody() bool { return inBody(c.Field) || c.Equals.ReadsBody() }

// HoldAll tells whether the request meets every condition.
func HoldAll(conditions []Condition, req Request) bool {
	for i := range conditions {
		if !conditions[i].Holds(req) {
			return false
		}
	}
	return true
}

func (c *Condition) passes(value string, req Request) bool {
	if len(c.Host) > 0 {
		return isWord(value) || c.hasHost(value)
	}
	for i := range c.Equals {
		// The value may be a secret, so every comparison takes constant time.
		if want, ok := c.Equals[i].Expand(req); ok && signature.Equal(value, want) {
			return true
		}
	}
	return false
}

// hasHost is strict in what it takes for a URL. It refuses all that another
// client might read differently: "//host/", user information, backslashes,
// spaces, and letters beyond ASCII, some of which turn into slashes and dots.
func (c *Condition) hasHost(value string) bool {
	if strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r > '~' || r == '\\' }) {
		return false
	}
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "https" && u.Scheme != "http" || u.User != nil {
		return false
	}
	host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
	return hostName.MatchString(host) && slices.ContainsFunc(c.Host, func(listed string) bool {
		return host == listed || strings.HasSuffix(host, "."+listed)
	})
}

var word = regexp.MustCompile(`^[A-Za-z0-9_-]*$`)

// isWord tells whether the value can be no URL.
func isWord(value string) bool { return word.MatchString(value) }
