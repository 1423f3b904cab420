package provider_test

import (
	"net/http"
	"testing"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

func TestMatch(t *testing.T) {
	t.Parallel()
	empty, emptyOrObject := signature.Strings{""}, signature.Strings{"", "{}"}
	tests := map[string]struct {
		match  provider.Match
		method string
		body   string
		want   bool
	}{
		"POST by default":             {provider.Match{Body: empty}, http.MethodPost, "", true},
		"GET is not the default":      {provider.Match{Body: empty}, http.MethodGet, "", false},
		"GET where it is listed":      {provider.Match{Body: empty, Method: signature.Strings{"GET", "HEAD"}}, http.MethodGet, "", true},
		"POST where others are":       {provider.Match{Body: empty, Method: signature.Strings{"GET", "HEAD"}}, http.MethodPost, "", false},
		"method in lower case":        {provider.Match{Body: empty}, "post", "", false},
		"white space is empty":        {provider.Match{Body: empty}, http.MethodPost, " \r\n\t", true},
		"a body is not empty":         {provider.Match{Body: empty}, http.MethodPost, "{}", false},
		"a zero byte is not empty":    {provider.Match{Body: empty}, http.MethodPost, "\x00", false},
		"one body or the other":       {provider.Match{Body: emptyOrObject}, http.MethodPost, "{}", true},
		"the other":                   {provider.Match{Body: emptyOrObject}, http.MethodPost, "", true},
		"white space around":          {provider.Match{Body: emptyOrObject}, http.MethodPost, "\n{}\n", true},
		"white space within":          {provider.Match{Body: emptyOrObject}, http.MethodPost, "{ }", false},
		"more than the object":        {provider.Match{Body: emptyOrObject}, http.MethodPost, "{}{}", false},
		"any body where none is said": {provider.Match{Method: signature.Strings{"POST"}}, http.MethodPost, "anything", true},
	}
	for name, test := range tests {
		if got := test.match.Matches(test.method, request{body: test.body}); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// TestHandshakeShapes is about the exchanges of the catalogue, which no delivery
// must be taken for.
func TestHandshakeShapes(t *testing.T) {
	t.Parallel()
	secret := http.Header{"X-Hook-Secret": {"s"}}
	signed := http.Header{"X-Hook-Secret": {"s"}, "X-Hook-Signature": {"00"}}
	tests := []struct {
		provider string
		request  request
		want     bool
	}{
		{"repliers", request{header: secret}, true},
		{"repliers", request{header: secret, body: "\n"}, true},
		{"repliers", request{header: secret, body: "{}"}, false},
		{"repliers", request{header: secret, body: `{"data":{}}`}, false},
		{"repliers", request{header: http.Header{"X-Api-Key": {"s"}}}, false},
		{"repliers", request{}, false},
		{"asana", request{header: secret}, true},
		{"asana", request{header: secret, body: "{}"}, true},
		{"asana", request{header: secret, body: `{"events":[]}`}, false},
		{"asana", request{header: signed}, false},
		{"asana", request{header: signed, body: "{}"}, false},
		{"asana", request{body: "{}"}, false},
		{"rest-hooks", request{header: secret, body: "{}"}, true},
		{"rest-hooks", request{header: signed, body: "{}"}, false},
	}
	for _, test := range tests {
		h := lookup(t, test.provider).Handshake
		if got := h.Match.Matches(http.MethodPost, test.request); got != test.want {
			t.Errorf("%s with %+v: %v, want %v", test.provider, test.request, got, test.want)
		}
		if h.Match.Matches(http.MethodGet, test.request) {
			t.Errorf("%s takes GET for a handshake", test.provider)
		}
	}
}
