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

// MayMatch tells whether the request could have the shape, as far as that can be
// known without its body.
func (m *Match) MayMatch(method string, req Request) bool {
	return m.matchesMethod(method) && !slices.ContainsFunc(m.Where, func(c Condition) bool {
		return !c.readsBody() && !c.Holds(req)
	})
}

// Matches tells whether the request has the shape.
func (m *Match) Matches(method string, req Request) bool {
	return m.matchesMethod(method) && m.matchesBody(req.Body()) && HoldAll(m.Where, req)
}

func (m *Match) matchesMethod(method string) bool {
	if len(m.Method) == 0 {
		return method == http.MethodPost
	}
	return slices.Contains(m.Method, method)
}

func (m *Match) matchesBody(body []byte) bool {
	if len(m.Body) == 0 {
		return true
	}
	body = bytes.TrimSpace(body)
	return slices.ContainsFunc(m.Body, func(want string) bool { return string(body) == want })
}

// excludes tells whether no request that has the field can have the shape.
func (m *Match) excludes(f signature.Field) bool {
	return slices.ContainsFunc(m.Where, func(c Condition) bool {
		return c.Field == f && c.Exists != nil && !*c.Exists
	})
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
