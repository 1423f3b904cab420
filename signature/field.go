package signature

import (
	"fmt"
	"net/textproto"
	"strings"
)

// Source says in which part of a request a field is found.
type Source string

// The sources. Those in the first group need a name ("header:X-Id"), those in
// the second stand alone ("method").
const (
	Header Source = "header" // a request header
	Query  Source = "query"  // a query parameter, decoded; alone: the raw query
	Form   Source = "form"   // a field of a form body, decoded
	JSON   Source = "json"   // a path in a JSON body, in gjson's syntax
	XML    Source = "xml"    // a path in an XML body: names from the root on, joined by dots
	Route  Source = "route"  // a captured path segment; alone: the event's segment
	Const  Source = "const"  // a constant that package provider fills in before use
	Item   Source = "item"   // another item of the header that holds the signature

	Method     Source = "method"      // the request method
	Path       Source = "path"        // the path as it came, still escaped
	Host       Source = "host"        // the host the request was sent to
	URL        Source = "url"         // the URL as registered with the provider
	BodySHA256 Source = "body-sha256" // SHA-256 of the body, in hex
)

// Field names one value of a request, written as "source:name" or "source".
type Field struct {
	Source Source
	Name   string
}

// ParseField reads a field such as "header:X-Id", "json:data.id" or "method".
func ParseField(text string) (Field, error) {
	source, name, named := strings.Cut(expandShorthand(text), ":")
	f := Field{Source: Source(source), Name: name}
	switch f.Source {
	case Header:
		f.Name = textproto.CanonicalMIMEHeaderKey(name)
		fallthrough
	case Form, JSON, XML, Const, Item:
		if name == "" {
			return Field{}, fmt.Errorf("field %q needs a name after the colon", text)
		}
	case Query, Route:
		if named && name == "" {
			return Field{}, fmt.Errorf("field %q needs a name after the colon", text)
		}
	case Method, Path, Host, URL, BodySHA256:
		if named {
			return Field{}, fmt.Errorf("field %q takes no name", text)
		}
	default:
		return Field{}, fmt.Errorf("field %q: unknown source %q", text, source)
	}
	return f, nil
}

// expandShorthand undoes what Caddy's Caddyfile adapter does to placeholders
// that look like its own shorthands before a module sees them.
func expandShorthand(text string) string {
	rest, found := strings.CutPrefix(text, "http.request.")
	if !found {
		return text
	}
	switch rest {
	case "method", "host":
		return rest
	case "uri.path":
		return string(Path)
	case "uri.query":
		return string(Query)
	}
	if name, found := strings.CutPrefix(rest, "header."); found {
		return "header:" + name
	}
	if name, found := strings.CutPrefix(rest, "uri.query."); found {
		return "query:" + name
	}
	return text
}

// String returns the field as it is written in a scheme.
func (f Field) String() string {
	if f.Name == "" {
		return string(f.Source)
	}
	return string(f.Source) + ":" + f.Name
}

// IsZero tells whether the field is unset.
func (f Field) IsZero() bool { return f == Field{} }

// inBody tells whether the body must be read to find the field.
func (f Field) inBody() bool {
	return f.Source == Form || f.Source == JSON || f.Source == XML || f.Source == BodySHA256
}

// MarshalText implements [encoding.TextMarshaler].
func (f Field) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText implements [encoding.TextUnmarshaler].
func (f *Field) UnmarshalText(text []byte) error {
	parsed, err := ParseField(string(text))
	if err != nil {
		return err
	}
	*f = parsed
	return nil
}
