package provider

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/hookward/hookward/signature"
)

// Match says by which shape a handshake or challenge is recognised.
type Match struct {
	// Method lists the request's methods. Default: POST.
	Method signature.Strings `json:"method,omitempty"`
	// Body lists bodies of which the request's must be one, but for white space
	// around it; "" is an empty body. Default: any.
	Body signature.Strings `json:"body,omitempty"`
	// Where lists further conditions.
	Where []Condition `json:"where,omitempty"`
}

// MatchesMethod tells whether requests with this method can have the shape.
func (m *Match) MatchesMethod(method string) bool {
	if len(m.Method) == 0 {
		return method == http.MethodPost
	}
	return slices.Contains(m.Method, method)
}

// Matches tells whether the request has the shape.
func (m *Match) Matches(method string, req Request) bool {
	return m.MatchesMethod(method) && m.matchesBody(req.Body()) && HoldAll(m.Where, req)
}

func (m *Match) matchesBody(body []byte) bool {
	if len(m.Body) == 0 {
		return true
	}
	body = bytes.TrimSpace(body)
	return slices.ContainsFunc(m.Body, func(want string) bool { return string(body) == want })
}

func (m *Match) check() error {
	if len(m.Body) == 0 && len(m.Where) == 0 {
		return errors.New("body or where is needed, or every request matches")
	}
	if err := checkMethods("method", m.Method); err != nil {
		return err
	}
	for i, body := range m.Body {
		if body != strings.TrimSpace(body) {
			return keyed(member("body", i), errors.New("white space around it never matches"))
		}
	}
	return checkConditions("where", m.Where)
}

func checkMethods(key string, methods []string) error {
	for i, method := range methods {
		if method == "" || method != strings.ToUpper(method) {
			return keyed(member(key, i), fmt.Errorf("%q is no method in upper case", method))
		}
	}
	return nil
}

// Handshake is the exchange that sets a subscription up and teaches its secret.
type Handshake struct {
	// Match is the shape of the request.
	Match Match `json:"match"`
	// Secret is the field that brings the secret.
	Secret signature.Field `json:"secret"`
	// Answer is sent once the secret is stored. "{value}" in it is the secret.
	Answer Answer `json:"answer"`
}

func (h *Handshake) check() error {
	if h.Secret.IsZero() {
		return errors.New("secret is missing")
	}
	if err := keyed("match", h.Match.check()); err != nil {
		return err
	}
	// A delivery may carry the secret too, so the shape must not rest on it alone.
	if len(h.Match.Body) == 0 {
		return keyed("match", errors.New("body is missing: a delivery may carry the same header"))
	}
	return keyed("answer", h.Answer.check(true))
}

// Challenge is an exchange that only proves that we own the URL.
type Challenge struct {
	// Name is what the exchange is called in logs.
	Name string `json:"name"`
	// Match is the shape of the request.
	Match Match `json:"match"`
	// Verify tells that the request's own proof is checked first.
	Verify bool `json:"verify,omitempty"`
	// Value is the field whose text the answer repeats: 1 to 512 visible ASCII characters.
	Value signature.Field `json:"value,omitzero"`
	// Answer is what is sent. "{value}" in it is the text.
	Answer Answer `json:"answer"`
}

func (c *Challenge) check() error {
	if c.Name == "" {
		return errors.New("name is missing")
	}
	if err := keyed("match", c.Match.check()); err != nil {
		return err
	}
	return keyed("answer", c.Answer.check(!c.Value.IsZero()))
}

// Answer is a response to a handshake or challenge.
type Answer struct {
	// Status of the response. Default: 200.
	Status int `json:"status,omitempty"`
	// Header fields of the response.
	Header map[string]string `json:"header,omitempty"`
	// Text is a text/plain body.
	Text string `json:"text,omitempty"`
	// JSON is an object of texts, sent as an application/json body.
	JSON map[string]string `json:"json,omitempty"`
}

const valuePart = "{value}"

// Fill puts the value in the place of "{value}".
func Fill(text, value string) string { return strings.ReplaceAll(text, valuePart, value) }

func (a *Answer) check(hasValue bool) error {
	if a.Status != 0 && !isSuccess(a.Status) {
		return keyed("status", fmt.Errorf("%d is no success status", a.Status))
	}
	if a.Text != "" && len(a.JSON) > 0 {
		return errors.New("text and json exclude each other")
	}
	if !hasValue && a.holdsValue() {
		return errors.New("it holds {value} and value is not set")
	}
	return nil
}

func (a *Answer) holdsValue() bool {
	if strings.Contains(a.Text, valuePart) {
		return true
	}
	for _, texts := range []map[string]string{a.Header, a.JSON} {
		for _, text := range texts {
			if strings.Contains(text, valuePart) {
				return true
			}
		}
	}
	return false
}
