package signature_test

import (
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/hookward/hookward/signature"
)

func templateRequest() *request {
	return &request{
		method: "PATCH", path: "/a%2Fb", url: "https://h.example/a", rawQuery: "x=1&y=",
		header: headers("X-Id", "42", "X-Twice", "a", "X-Twice", "b", "X-Empty", "", "X-Long", strings.Repeat("a", 4097),
			"X-One", " 1 ", "X-List", "X-Id,X-One", "X-Lists-Twice", "X-Twice"),
		query: url.Values{"x": {"1"}, "y": {""}}, form: url.Values{"n": {"v"}},
		body: `{"id":"j1","n":12345678901234567890,"d":{"e":[{"f":"g"}]}}`,
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	tests := []struct {
		text, want string
		missing    bool
	}{
		{text: "", want: ""},
		{text: "literal", want: "literal"},
		{text: "https://api.example.com", want: "https://api.example.com"}, // not a field, though it has a colon
		{text: "json:id", want: "j1"},
		{text: "{json:id}", want: "j1"},
		{text: "header:x-id", want: "42"},
		{text: "json:d.e.0.f", want: "g"},
		{text: "json:n", want: "12345678901234567890"},
		{text: "query", want: "x=1&y="},
		{text: "query:x", want: "1"},
		{text: "form:n", want: "v"},
		{text: "method", want: "PATCH"},
		{text: "path", want: "/a%2Fb"},
		{text: "url", want: "https://h.example/a"},
		{text: "{header:X-Id}.{json:id}", want: "42.j1"},
		{text: "{header:X-None?}.{json:id}", want: ".j1"},
		{text: "{header:X-None?}", want: ""},
		{text: "{header:X-None?|lower}", want: ""},
		{text: "{header:X-None?|md5|hex}!", want: "!"},
		{text: "{method|lower}", want: "patch"},
		{text: "{json:id|sha1|hex}", want: "67921242516c48ac712807f98c98ee138e64a471"},
		{text: "{json:id|base64}", want: "ajE="},
		{text: "{json:id|sha512|base64}", want: "CgD95mG6gx50LcVBdWZ0RdZOVTCwEnquj1oz5k2WcCPOwaW7w8+tzlIB6YcHjNGItm+L3b8BBr1DC6v4/oTXIg=="},
		{text: "{query:sorted}", want: "x1y"},
		{text: "{query:sorted:=&}", want: "x=1&y="},
		{text: "{json:sorted:=&}", want: "d={\"e\":[{\"f\":\"g\"}]}&id=j1&n=12345678901234567890"},
		{text: "json:sorted", missing: true}, // a path like any other
		{text: "{json:sorted_by?}", want: ""},
		{text: "{url|before:?}", want: "https://h.example/a"},
		{text: "{url|before:/a}", want: "https://h.example"},
		{text: "{json:id|before:1}!", want: "j!"},
		{text: "{json:id|before:j}!", want: "!"},
		{text: "{listed:header:X-List}", want: "42. 1 "},
		{text: "{listed:header:X-List::;}", want: "x-id:42;x-one:1"},
		{text: "{listed:header:X-List:= }", want: "x-id=42 x-one=1"},
		{text: "{http.request.method} {http.request.uri.path}?{http.request.uri.query}", want: "PATCH /a%2Fb?x=1&y="},
		{text: "{http.request.header.X-Id}{http.request.uri.query.x}", want: "421"},

		{text: "json:none", missing: true},
		{text: "{json:none}", missing: true},
		{text: "a{json:none}", missing: true},
		{text: "query:y", missing: true},
		{text: "header:X-Empty", missing: true},
		{text: "header:X-Twice", missing: true},
		{text: "{header:X-Twice}", missing: true},
		{text: "a{header:X-Twice?}", missing: true},
		{text: "header:X-Long", missing: true},
		{text: "a{header:X-Long}", missing: true},
		{text: "host", missing: true},
		{text: "route:slot", missing: true},
		{text: "const:x", missing: true},

		// Parts that only a scheme has.
		{text: "{timestamp}", missing: true},
		{text: "{id}", missing: true},
		{text: "{secret}", missing: true},
		{text: "item:h", missing: true},
		{text: "a{item:h}", missing: true},
		{text: "{listed:h}", missing: true},
		{text: "{listed:header:X-None}", missing: true},
		{text: "{listed:header:X-Lists-Twice}", missing: true},
	}
	for _, test := range tests {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			got, ok := content(test.text).Expand(templateRequest())
			if ok == test.missing || got != test.want {
				t.Errorf("got %q, %t, want %q, %t", got, ok, test.want, !test.missing)
			}
		})
	}
}

func TestInvalidTemplates(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"{", "}", "{}", "a{b", "a}b", "{{body}}", "{body}}", "{bodi}", "{?}", "{|hex}", "{body|}", "{body|sha3}", "{body||hex}",
		"{body|hex|}", "{header}", "{header:}", "{json:}", "{form}", "{method:x}", "{url:x}", "{listed:}", "{listed}", "{query:}",
		"{query:sorted:}", "{query:sorted:=}", "{query:sorted:=&_x}", "{query:sortedx}x{", "{form:sorted:é}", "{query:sorted=&}", "{cookie:a}",
		"{json:sorted:}", "{json:sorted:=}", "{xml:}", "{url|before:}", "{url|before}", "{body|before:x}", "{body|hex|before:x}",
		"{listed:header:}", "{listed:header:X:;}", "{listed:header:X:=&_x}",
	} {
		if template, err := signature.ParseTemplate(text); err == nil {
			t.Errorf("%q was read as %+v", text, template)
		} else if !strings.Contains(err.Error(), text) && len(text) > 2 {
			t.Errorf("%v does not name %q", err, text)
		}
	}
}

func TestTemplateText(t *testing.T) {
	t.Parallel()
	var template signature.Template
	if !template.IsZero() {
		t.Error("the zero template is not zero")
	}
	if err := template.UnmarshalText([]byte("{header:x-id}{json:a|hex}{body}{id}{listed:h}")); err != nil {
		t.Fatal(err)
	}
	if text, err := template.MarshalText(); err != nil || string(text) != "{header:x-id}{json:a|hex}{body}{id}{listed:h}" {
		t.Errorf("written as %s, %v", text, err)
	}
	if got, want := template.Fields(), []signature.Field{field("header:X-Id"), field("json:a")}; !slices.Equal(got, want) {
		t.Errorf("fields %v, want %v", got, want)
	}
	if err := template.UnmarshalText([]byte("{")); err == nil || template.IsZero() {
		t.Errorf("a bad text gives %v and %q", err, template)
	}
}

func TestVaries(t *testing.T) {
	t.Parallel()
	fixed := func(f signature.Field) bool { return f.Source == signature.Method || f == field("header:X-Token") }
	for text, want := range map[string]bool{
		"":                               false,
		"heartbeat":                      false,
		"data.id":                        false, // json: forgotten
		"const:region":                   false,
		"method":                         false,
		"header:x-token":                 false,
		"{method} {header:X-Token}":      false,
		"order-{json:id?}":               false, // without an id, always "order-"
		"{method}{json:id?}":             false,
		"json:id":                        true,
		"header:X-Id":                    true,
		"order-{json:id}":                true,
		"{method}{json:id}{json:more?}":  true,
		"{json:id?}":                     true, // absent, it is no text at all
		"{json:id?}{header:X-Id?|lower}": true,
		"{body}":                         true,
		"body-sha256":                    true,
		"{form:sorted}":                  true,
	} {
		if got := parseTemplate(t, text).Varies(fixed); got != want {
			t.Errorf("%q varies: %v", text, got)
		}
	}
}

func TestHoldsBody(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": false, "json:id": false, "body-sha256": false, "{query:sorted}": false, "{form:a}": false,
		"{body}": true, "a-{body|sha256|hex}": true, "{form:sorted}": true, "{json:sorted:=&}": true, "{body-sha256}{body}": true,
	} {
		if got := parseTemplate(t, text).HoldsBody(); got != want {
			t.Errorf("%q holds the body: %v", text, got)
		}
	}
}

func parseTemplate(t *testing.T, text string) signature.Template {
	t.Helper()
	template, err := signature.ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return template
}

func TestFields(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]signature.Field{
		"header:x-hub-signature-256": {Source: signature.Header, Name: "X-Hub-Signature-256"},
		"json:a:b":                   {Source: signature.JSON, Name: "a:b"},
		"query":                      {Source: signature.Query},
		"query:a":                    {Source: signature.Query, Name: "a"},
		"route":                      {Source: signature.Route},
		"route:slot":                 {Source: signature.Route, Name: "slot"},
		"http.request.method":        {Source: signature.Method},
		"http.request.host":          {Source: signature.Host},
		"http.request.uri.path":      {Source: signature.Path},
		"http.request.uri.query":     {Source: signature.Query},
		"http.request.uri.query.a":   {Source: signature.Query, Name: "a"},
		"http.request.header.x-id":   {Source: signature.Header, Name: "X-Id"},
	} {
		got, err := signature.ParseField(text)
		if err != nil || got != want {
			t.Errorf("%s: %+v, %v, want %+v", text, got, err, want)
		}
		again, err := signature.ParseField(got.String())
		if err != nil || again != got {
			t.Errorf("%s was written as %s and read as %+v, %v", text, got, again, err)
		}
		if err := again.UnmarshalText([]byte("cookie:a")); err == nil || again != got {
			t.Errorf("a bad text gives %v and %v", err, again)
		}
	}
	for _, text := range []string{
		"", ":", "header", "header:", "HEADER:x", "query:", "route:", "method:", "method:x", "body", "http.request.body",
		"http.request.header.", "http.request.uri.query.", "http.request.remote", " query", "json:",
	} {
		if got, err := signature.ParseField(text); err == nil {
			t.Errorf("%q was read as %+v", text, got)
		}
	}
	if !(signature.Field{}).IsZero() || field("query").IsZero() {
		t.Error("IsZero")
	}
}

// TestExpandWhatCannotBeTold: a text that proves nothing may leave out what is optional,
// though another reader may find it.
func TestExpandWhatCannotBeTold(t *testing.T) {
	t.Parallel()
	if text, ok := content("a{form:x?}").Expand(&request{body: "x=2;y=1"}); !ok || text != "a" {
		t.Errorf("%q, %v", text, ok)
	}
}
