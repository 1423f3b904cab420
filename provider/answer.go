package provider

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
)

// Answer is a response to a handshake or challenge. In its texts "{value}" stands
// for the exchange's value and "{mac}" for a MAC of it.
type Answer struct {
	// Status of the response. Default: 200.
	Status int `json:"status,omitempty"`
	// Header fields of the response. A Content-Type replaces that of the body.
	Header map[string]string `json:"header,omitempty"`
	// Text is a text/plain body.
	Text string `json:"text,omitempty"`
	// JSON is an object, sent as an application/json body.
	JSON JSON `json:"json,omitempty"`
}

// The parts of an answer's texts.
const (
	valuePart = "{value}"
	macPart   = "{mac}"
)

// Fill puts the value and its MAC in the places of "{value}" and "{mac}".
func (a *Answer) Fill(value, mac string) Answer {
	fill := strings.NewReplacer(valuePart, value, macPart, mac).Replace
	filled := Answer{Status: a.Status, Text: fill(a.Text), JSON: a.JSON.fill(fill)}
	if a.Header != nil {
		filled.Header = make(map[string]string, len(a.Header))
	}
	for name, text := range a.Header {
		filled.Header[name] = fill(text)
	}
	return filled
}

// holds tells whether the part is in any text of the answer.
func (a *Answer) holds(part string) bool {
	return strings.Contains(a.Text, part) || a.JSON.holds(part) || len(a.headersWith(part)) > 0
}

func (a *Answer) headersWith(part string) []string {
	var names []string
	for name, text := range a.Header {
		if strings.Contains(text, part) {
			names = append(names, name)
		}
	}
	return names
}

// check is told whether there is a value, and whether the answer may be a refusal.
func (a *Answer) check(hasValue, mayRefuse bool) error {
	switch {
	case a.Status == 0, isSuccess(a.Status):
	case a.Status == http.StatusGone:
		return keyed("status", errGone)
	case !mayRefuse || a.Status < 400 || a.Status > 499:
		return keyed("status", fmt.Errorf("%d is no success status", a.Status))
	}
	if a.Text != "" && len(a.JSON) > 0 {
		return errors.New("text and json exclude each other")
	}
	for _, part := range []string{valuePart, macPart} {
		if !hasValue && a.holds(part) {
			return fmt.Errorf("it holds %s and value is not set", part)
		}
	}
	return a.checkHeader()
}

func (a *Answer) checkHeader() error {
	given := make(map[string]bool, len(a.Header))
	for name, text := range a.Header {
		canonical := http.CanonicalHeaderKey(name)
		if given[canonical] {
			return keyed(below("header", name), errors.New("it is there twice"))
		}
		given[canonical] = true
		if canonical != "Content-Type" {
			continue
		}
		if err := a.checkContentType(text); err != nil {
			return keyed(below("header", name), err)
		}
	}
	return nil
}

// checkContentType sees to it that a caller's text is never sent as something that
// is run where it is shown.
func (a *Answer) checkContentType(text string) error {
	media, _, err := mime.ParseMediaType(text)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no media type", text)
	case strings.Contains(a.Text, valuePart) && media != "text/plain":
		return errors.New("a text that holds {value} is sent as text/plain alone")
	case len(a.JSON) > 0 && media != "application/json" && !strings.HasSuffix(media, "+json"):
		return fmt.Errorf("%q is no media type of JSON", text)
	}
	return nil
}
