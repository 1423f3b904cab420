package provider_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/hookward/hookward/provider"
)

func condition(t *testing.T, yaml string) provider.Condition {
	t.Helper()
	return parse(t, "name: acme\nrequire: ["+yaml+"]\n").Require[0]
}

func TestConditionHost(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		"https://interview-suite.com/api/v3/":             true,
		"http://interview-suite.com":                      true,
		"https://acme.interview-suite.com/":               true,
		"https://a.b.interview-suite.com/":                true,
		"https://INTERVIEW-Suite.com/":                    true,
		"HTTPS://interview-suite.com/":                    true,
		"https://interview-suite.com./":                   true,
		"https://interview-suite.com:443/":                true,
		"https://interview-suite.com?next=//evil.example": true,
		"https://interview-suite.com#@evil.example":       true,
		"https://example.org/":                            true, // the second host of the list
		"created":                                         true,
		"modified_2":                                      true,
		"17":                                              true,

		"https://evil.example/":                                 false,
		"https://evil.example/interview-suite.com":              false,
		"https://evil.example?https://interview-suite.com":      false,
		"https://interview-suite.com.evil.example/":             false,
		"https://evilinterview-suite.com/":                      false,
		"https://interview-suite.com@evil.example/":             false,
		"https://user:pw@interview-suite.com/":                  false,
		"https://@interview-suite.com/":                         false,
		`https://evil.example\@interview-suite.com/`:            false,
		`https://interview-suite.com\.evil.example/`:            false,
		`https:\\interview-suite.com/`:                          false,
		"https://interview-suite.com../":                        false,
		"https://.interview-suite.com/":                         false,
		"https://com/":                                          false,
		"https://interview-suite.com:x/":                        false,
		"https://interview-suite.com:443@evil.example/":         false,
		"https://[::1]/":                                        false,
		"https://127.0.0.1/":                                    false,
		"//interview-suite.com/":                                false,
		"//evil.example/":                                       false,
		"/etc/passwd":                                           false,
		"interview-suite.com":                                   false,
		"evil.example":                                          false,
		"https:interview-suite.com":                             false,
		"https:///interview-suite.com/":                         false,
		"javascript:alert(1)":                                   false,
		"ftp://interview-suite.com/":                            false,
		"file:///etc/passwd":                                    false,
		"data:,https://interview-suite.com":                     false,
		" https://interview-suite.com/":                         false,
		"https://interview-suite.com/\r\nHost: evil.example":    false,
		"https://evil.example\t.interview-suite.com/":           false,
		"ht\ttps://evil.example/":                               false,
		"https://evil.example\uff0f.interview-suite.com/":       false, // a slash, full width
		"https://evil.example\uff03.interview-suite.com/":       false, // a number sign, full width
		"https://evil.example\u3002interview-suite.com/":        false, // a full stop, ideographic
		"https://\u0456nterview-suite.com/":                     false, // an i, Cyrillic
		"https://evil.example%EF%BC%8F.interview-suite.com/":    false,
		"https://evil.example%2f.interview-suite.com/":          false,
		"https://evil.example%23.interview-suite.com/":          false,
		"https://xn--nterview-suite-uvg.com/":                   false,
		"https://evil_example,.interview-suite.com/":            false,
		"https://interview-suite.com/\u00fc":                    false,
		"<https://interview-suite.com>":                         false,
		"https://interview-suite.com/ https://evil.example":     false,
		`{"url":"https://interview-suite.com/"}`:                false,
		`["https://interview-suite.com/"]`:                      false,
		"created https://evil.example":                          false,
		"ausf\u00fchren":                                        false,
		"https://interview-suite.com/\x00":                      false,
		"https://interview-suite.com%00.evil.example/":          false,
		"https://interview-suite.com,evil.example/":             false,
		"https://interview-suite.com;evil.example/":             false,
		"https://interview-suite.com&evil.example/":             false,
		"https://evil.example;interview-suite.com/":             false,
		"https://evil.example;.interview-suite.com/":            false,
		"https://evil.example&.interview-suite.com/":            false,
		"https://0x7f000001/":                                   false,
		"https:/interview-suite.com/":                           false,
		"https//interview-suite.com/":                           false,
		"://interview-suite.com/":                               false,
		"https://interview-suite.com\u200b.evil.example/":       false,
		"https://interview-suite.com\u00ad/":                    false,
		"view-source:https://interview-suite.com/":              false,
		"https://https://interview-suite.com/":                  false,
		"gopher://interview-suite.com:25/_EHLO":                 false,
		"jar:https://interview-suite.com!/":                     false,
		"https://interview-suite.com.":                          true,
		"https://interview-suite.com:8443/api":                  true,
		"https://interview-suite.com/redirect?u=//evil.example": true,
	}
	c := condition(t, "{field: json:data.@values, host: [interview-suite.com, example.org]}")
	for value, want := range tests {
		body, err := json.Marshal(map[string]any{"data": map[string]string{"project": value}})
		if err != nil {
			t.Fatal(err)
		}
		if got := c.Holds(request{body: string(body)}); got != want {
			t.Errorf("%q: %v, want %v", value, got, want)
		}
	}
}

func TestConditionMembers(t *testing.T) {
	t.Parallel()
	tests := map[string]bool{
		`{"data":{"a":"https://x.example/1","b":"https://x.example/2","action":"created"}}`: true,
		`{"data":{"a":"https://x.example/1","b":"https://evil.example/"}}`:                  false,
		`{"data":{"a":"https://evil.example/","b":"https://x.example/1"}}`:                  false,
		`{"data":{"a":{"b":"https://x.example/"}}}`:                                         false,
		`{"data":{"a":["https://x.example/"]}}`:                                             false,
		`{"data":{"a":[]}}`:                                                                 false,
		`{"data":{"a":"https://x.example/","a":"https://evil.example/"}}`:                   false,
		`{"data":["https://x.example/","https://evil.example/"]}`:                           false,
		`{"data":"https://evil.example/"}`:                                                  false,
		`{"data":{}}`:                                                                       false,
		`{"data":{"a":""}}`:                                                                 false,
		`{"data":null}`:                                                                     false,
		`{}`:                                                                                false,
		``:                                                                                  false,
		`{"data":{"a":"","b":"https://x.example/"}}`:                                        true,
		`{"data":{"a":17,"b":true,"c":null}}`:                                               true,
	}
	c := condition(t, "{field: json:data.@values, host: x.example}")
	for body, want := range tests {
		if got := c.Holds(request{body: body}); got != want {
			t.Errorf("%s: %v, want %v", body, got, want)
		}
	}
}

func TestConditionEquals(t *testing.T) {
	t.Parallel()
	const url = "https://hooks.example.com/acme"
	header := func(values ...string) request { return request{url: url, header: http.Header{"X-A": values}} }
	tests := map[string]struct {
		condition string
		request   request
		want      bool
	}{
		"same":                        {"{field: header:X-A, equals: a}", header("a"), true},
		"one of several":              {"{field: header:X-A, equals: [b, a]}", header("a"), true},
		"none of several":             {"{field: header:X-A, equals: [b, c]}", header("a"), false},
		"other letter case":           {"{field: header:X-A, equals: a}", header("A"), false},
		"longer":                      {"{field: header:X-A, equals: a}", header("aa"), false},
		"white space":                 {"{field: header:X-A, equals: a}", header("a "), false},
		"absent":                      {"{field: header:X-A, equals: a}", header(), false},
		"empty":                       {"{field: header:X-A, equals: a}", header(""), false},
		"absent, optional":            {"{field: header:X-A, equals: a, optional: true}", header(), true},
		"empty, optional":             {"{field: header:X-A, equals: a, optional: true}", header(""), true},
		"other, optional":             {"{field: header:X-A, equals: a, optional: true}", header("b"), false},
		"repeated, the same":          {"{field: header:X-A, equals: a}", header("a", "a"), true},
		"repeated, one other":         {"{field: header:X-A, equals: a}", header("a", "b"), false},
		"repeated, each on the list":  {"{field: header:X-A, equals: [a, b]}", header("a", "b"), true},
		"words":                       {"{field: header:X-A, equals: interview suite webhook}", header("interview suite webhook"), true},
		"the URL":                     {`{field: header:X-A, equals: "{url}"}`, header(url), true},
		"another URL":                 {`{field: header:X-A, equals: "{url}"}`, header(url + "/"), false},
		"a part of the URL":           {`{field: header:X-A, equals: "{url}/x"}`, header(url + "/x"), true},
		"no URL is known":             {`{field: header:X-A, equals: "{url}"}`, request{header: http.Header{"X-A": {""}}}, false},
		"no URL is known, nor needed": {`{field: header:X-A, equals: ["{url}", a]}`, request{header: http.Header{"X-A": {"a"}}}, true},
		"array":                       {"{field: json:a, equals: x}", request{body: `{"a":["x","x"]}`}, true},
		"array with another":          {"{field: json:a, equals: x}", request{body: `{"a":["x","y"]}`}, false},
		"empty array":                 {"{field: json:a, equals: x}", request{body: `{"a":[]}`}, false},
		"number":                      {`{field: json:a, equals: "1"}`, request{body: `{"a":1}`}, true},

		"exists":             {"{field: header:X-A, exists: true}", header("a"), true},
		"exists, empty":      {"{field: header:X-A, exists: true}", header(""), false},
		"exists, absent":     {"{field: header:X-A, exists: true}", header(), false},
		"exists, repeated":   {"{field: header:X-A, exists: true}", header("", "a"), true},
		"exists not":         {"{field: header:X-A, exists: false}", header(), true},
		"exists not, empty":  {"{field: header:X-A, exists: false}", header(""), true},
		"exists not, does":   {"{field: header:X-A, exists: false}", header("a"), false},
		"exists not, second": {"{field: header:X-A, exists: false}", header("", "a"), false},

		"exists not, in a query":           {"{field: query:a, exists: false}", request{url: url + "?b=1"}, true},
		"exists not, in a broken query":    {"{field: query:a, exists: false}", request{url: url + "?b=1;a=2"}, false},
		"optional, in a broken query":      {"{field: query:a, equals: x, optional: true}", request{url: url + "?b=1;a=2"}, false},
		"exists, in a broken query":        {"{field: query:a, exists: true}", request{url: url + "?a=1;a=2"}, false},
		"exists not, in no form":           {"{field: form:a, exists: false}", request{}, true},
		"exists not, in a broken form":     {"{field: form:a, exists: false}", request{body: "b=1;a=2"}, false},
		"exists not, in JSON":              {"{field: json:a, exists: false}", request{body: `{"a":null}`}, true},
		"exists not, in broken JSON":       {"{field: json:a, exists: false}", request{body: `{"b":1`}, false},
		"exists not, beside a broken form": {"{field: header:X-A, exists: false}", request{body: "b=1;a=2"}, true},

		"host, absent, optional": {"{field: header:X-A, host: x.example, optional: true}", header(), true},
		"host, absent":           {"{field: header:X-A, host: x.example}", header(), false},
		"host, repeated":         {"{field: header:X-A, host: x.example}", header("https://x.example", "https://evil.example"), false},
	}
	for name, test := range tests {
		c := condition(t, test.condition)
		if got := c.Holds(test.request); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// TestConditionChangesNothing is about the list of values, which may be the
// request's own.
func TestConditionChangesNothing(t *testing.T) {
	t.Parallel()
	values := []string{"", "a", "", "b"}
	c := condition(t, "{field: header:X-A, equals: [a, b]}")
	if !c.Holds(request{header: http.Header{"X-A": values}}) || values[0] != "" || values[3] != "b" {
		t.Errorf("the request's header became %q", values)
	}
}

func TestHoldAll(t *testing.T) {
	t.Parallel()
	conditions := []provider.Condition{
		condition(t, "{field: header:X-A, exists: true}"),
		condition(t, "{field: header:X-B, exists: true}"),
	}
	if !provider.HoldAll(nil, request{}) {
		t.Error("no condition is not met")
	}
	if provider.HoldAll(conditions, request{header: http.Header{"X-A": {"a"}}}) {
		t.Error("one of two conditions is enough")
	}
	if !provider.HoldAll(conditions, request{header: http.Header{"X-A": {"a"}, "X-B": {"b"}}}) {
		t.Error("two conditions are not met")
	}
}
