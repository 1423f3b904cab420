package provider_test

import (
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

func TestBearer(t *testing.T) {
	t.Parallel()
	none := func(name string) string { return "name: acme\nsignature: {type: hmac, header: " + name + "}\n" }
	tests := map[string]struct {
		yaml             string
		headers, queries []string
	}{
		"a signature is none": {none("X-Signature"), nil, nil},
		"a shared secret": {
			"name: acme\nsignature: {type: secret, header: [x-token, X-Api-Key], query: token}\n",
			[]string{"X-Api-Key", "X-Token"},
			[]string{"token"},
		},
		"basic":                     {"name: acme\nsignature: {type: basic}\n", []string{"Authorization"}, nil},
		"basic in another header":   {"name: acme\nsignature: {type: basic, header: x-auth}\n", []string{"X-Auth"}, nil},
		"what is listed":            {none("X-Signature") + "strip: {header: [cookie, Cookie], query: [k, K, k]}\n", []string{"Cookie"}, []string{"K", "k"}},
		"a handshake by header":     {none("X-Signature") + "handshake: {secret: 'header:x-hook-secret', match: {body: ''}}\n", []string{"X-Hook-Secret"}, nil},
		"a handshake by query":      {none("X-Signature") + "handshake: {secret: 'query:secret', match: {body: ''}}\n", nil, []string{"secret"}},
		"a handshake by body":       {none("X-Signature") + "handshake: {secret: 'json:secret', match: {body: ''}}\n", nil, nil},
		"a secret in the body":      {"name: acme\nsignature: {type: secret, json: passcode}\n", nil, nil},
		"the same in several ways":  {"name: acme\nsignature: {type: secret, header: X-T}\nstrip: {header: x-t}\n", []string{"X-T"}, nil},
		"a provider without scheme": {"name: acme\n", nil, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := parse(t, test.yaml)
			for range 2 { // the second time shows whether the first changed anything
				headers, queries := p.Bearer()
				if diff := cmp.Diff([][]string{test.headers, test.queries}, [][]string{headers, queries}); diff != "" {
					t.Error(diff)
				}
			}
		})
	}
}

func TestCatalogueBearer(t *testing.T) {
	t.Parallel()
	tests := map[string][]string{
		"github":     nil,
		"repliers":   {"X-Api-Key", "X-Hook-Secret"},
		"asana":      {"X-Hook-Secret"},
		"rest-hooks": {"X-Hook-Secret"},
		"gitlab":     {"X-Gitlab-Token"},
	}
	for name, want := range tests {
		headers, queries := lookup(t, name).Bearer()
		if diff := cmp.Diff(want, headers); diff != "" || len(queries) > 0 {
			t.Errorf("%s: %v, %v", name, headers, queries)
		}
	}
}

func TestSignatureHeaders(t *testing.T) {
	t.Parallel()
	p := parse(t, "name: acme\nsignature: [{type: basic}, {type: hmac, header: [x-b, X-A]}, {type: hmac, header: X-A, query: sig}]\n")
	headers, queries := p.SignatureHeaders()
	if diff := cmp.Diff([]string{"Authorization", "X-A", "X-B"}, headers); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"sig"}, queries); diff != "" {
		t.Error(diff)
	}
}

func TestReads(t *testing.T) {
	t.Parallel()
	reads := map[string]string{
		"content":         "signature: {type: hmac, header: X, content: '{url}{body}'}",
		"when":            "signature: {type: hmac, header: X, when: {field: url, exists: true}}",
		"require":         "require: {field: method, equals: '{url}'}",
		"challenge":       "challenge: {name: c, match: {where: {field: url, exists: true}}}",
		"challenge value": "challenge: {name: c, match: {body: ''}, value: url}",
		"handshake":       "handshake: {secret: 'header:X', match: {body: '', where: {field: url, exists: true}}}",
		"id":              "event: {id: '{url}{json:id}'}",
		"type":            "event: {type: '{method}{url}'}",
		"source":          "event: {source: [method, url]}",
	}
	for name, yaml := range reads {
		p := parse(t, "name: acme\n"+yaml+"\n")
		if !p.Reads(signature.URL) || p.Reads(signature.Path) {
			t.Errorf("%s: URL %v, path %v", name, p.Reads(signature.URL), p.Reads(signature.Path))
		}
	}
	for name, want := range map[string]bool{"viasto": true, "github": false} {
		if got := lookup(t, name).Reads(signature.URL); got != want {
			t.Errorf("%s reads the URL: %v", name, got)
		}
	}
}

func TestReliesOnMembers(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"signature: {type: hmac, header: X}":                                                     false,
		"signature: {type: hmac, header: X, content: '{json:id}'}":                               true,
		"signature: {type: hmac, header: X, content: '{json:id}{body}'}":                         false,
		"signature: {type: hmac, header: X, content: '{json:id}{body-sha256}'}":                  false,
		"signature: {type: hmac, header: X, content: '{header:Y}'}":                              false,
		"signature: {type: hmac, header: X, content: '{id}', id: json:id}":                       true,
		"signature: {type: hmac, header: X, content: '{timestamp}', timestamp: {from: json:at}}": true,
		"signature: {type: hmac, header: X, timestamp: {from: json:at}}":                         false,
		"signature: [{type: hmac, header: X}, {type: hmac, header: Y, content: '{json:id}'}]":    true,
		"signature: {type: secret, header: X}":                                                   false,
		"signature: {type: hmac, json: sig, content: '{json:sorted}', covers: body}":             false,
		"signature: {type: hmac, header: X, content: '{json:id}', covers: body}":                 true,
		"signature: {type: secret, header: X, when: {field: json:a, equals: b}}":                 true,
		"signature: {type: secret, header: X, when: {field: header:A, equals: b}}":               false,
		"signature: {type: hmac, header: X, when: {field: json:a, equals: b}}":                   false,
		"require: {field: json:a, equals: b}":                                                    true,
		"require: {field: header:A, equals: '{json:b}'}":                                         true,
		"require: {field: header:A, equals: b}":                                                  false,
	} {
		if got := parse(t, "name: acme\n"+text+"\n").ReliesOnMembers(); got != want {
			t.Errorf("%s: %v", text, got)
		}
	}
}

func TestSingleParts(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"signature: {type: hmac, header: X}\nrequire: {field: form:a, exists: false}\npayload: form:p":                                "",
		"signature: {type: hmac, header: X}\nrequire: {field: query:a, exists: false}":                                                "query:a",
		"signature: {type: hmac, header: X, content: '{form:a}{id}{timestamp}', id: form:b, timestamp: {from: form:c}, covers: body}": "form:a form:b form:c",
		"signature: {type: secret, header: X, when: {field: json:a, equals: '{query:b}'}}":                                            "json:a query:b",
		"signature: [{type: hmac, header: X}, {type: hmac, header: Y, content: '{form:a}'}]\npayload: form:p":                         "form:p form:a",
		"require: [{field: json:a.b, exists: true}, {field: header:A, equals: '{form:b}{query}{body-sha256}'}]":                       "json:a.b form:b",
		"payload: form:p": "form:p",
	} {
		var got []string
		for _, f := range parse(t, "name: acme\n"+text+"\n").SingleParts() {
			got = append(got, string(f.Source)+":"+f.Name)
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", text, got, want)
		}
	}
}

func TestTemplates(t *testing.T) {
	t.Parallel()
	tests := []struct {
		texts                           string
		onlyJSON, readBody, readOutside bool
	}{
		{"[json:a]", true, true, false},
		{"[json:a, '{json:b}.{json:c}']", true, true, false},
		{"['{header:X}.{json:a}']", true, true, true},
		{"[json:a, route]", false, true, true},
		{"[header:X]", false, false, true},
		{"[form:a]", false, true, false},
		{"[constant]", false, false, false},
	}
	for _, test := range tests {
		list := parse(t, "name: acme\nevent:\n  type: "+test.texts+"\n").Event.Type
		if list.OnlyJSON() != test.onlyJSON || list.ReadsBody() != test.readBody || list.ReadsOutside() != test.readOutside {
			t.Errorf("%s: only JSON %v, reads the body %v, reads outside of it %v", test.texts, list.OnlyJSON(), list.ReadsBody(), list.ReadsOutside())
		}
	}
	if provider.Templates(nil).OnlyJSON() {
		t.Error("no template reads only JSON")
	}
}

func TestTemplatesExpand(t *testing.T) {
	t.Parallel()
	list := lookup(t, "viasto").Event.Type
	tests := map[string]string{
		`{"event":"project_changed","data":{"action":"created"}}`: "project_changed/created",
		`{"event":"project_changed","data":{"action":""}}`:        "project_changed",
		`{"event":"project_changed","data":{}}`:                   "project_changed",
		`{"data":{"action":"created"}}`:                           "",
		`{}`:                                                      "",
	}
	for body, want := range tests {
		if got, ok := list.Expand(request{body: body}); got != want || ok != (want != "") {
			t.Errorf("%s: %q, %v; want %q", body, got, ok, want)
		}
	}
}

func TestDefaults(t *testing.T) {
	t.Parallel()
	p := &provider.Provider{}
	if p.SuccessStatus() != 200 || p.FailureStatus() != 401 || p.MaxBody() != 1<<20 {
		t.Errorf("got %d, %d, %d", p.SuccessStatus(), p.FailureStatus(), p.MaxBody())
	}
	p.Limits = provider.Limits{Success: 202, Failure: 403, Body: 5}
	if p.SuccessStatus() != 202 || p.FailureStatus() != 403 || p.MaxBody() != 5 {
		t.Errorf("got %d, %d, %d", p.SuccessStatus(), p.FailureStatus(), p.MaxBody())
	}
}

func TestSize(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		size provider.Size
		text string
	}{
		"0":       {0, "0"},
		"1":       {1, "1"},
		"1000":    {1000, "1000"},
		"1kB":     {1000, "1000"},
		"1KiB":    {1 << 10, "1KiB"},
		"1.5MiB":  {3 << 19, "1536KiB"},
		"25MiB":   {25 << 20, "25MiB"},
		"1048577": {1<<20 + 1, "1048577"},
		"2 GiB":   {2 << 30, "2GiB"},
	}
	for text, want := range tests {
		var got provider.Size
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want.size || got.String() != want.text {
			t.Errorf("%s: %d, written %s, error %v", text, got, got, err)
		}
	}
	for _, size := range []provider.Size{0, 1, 1023, 1 << 10, 1<<20 + 1, 1 << 52, 1<<53 - 1, math.MaxInt32} {
		var back provider.Size
		if err := back.UnmarshalText([]byte(size.String())); err != nil || back != size {
			t.Errorf("%d came back as %d, error %v", size, back, err)
		}
	}
}

// TestSignedFirst: a place that is signed is looked at before one that is not.
func TestSignedFirst(t *testing.T) {
	t.Parallel()
	hmac := "signature: {type: hmac, header: X}"
	withID := "signature: {type: hmac, header: X, content: '{id}.{body}', id: 'header:X-Id'}"
	tests := []struct {
		signature, list string
		good            bool
	}{
		{hmac, "[json:id, header:X-Id]", true},
		{hmac, "[header:X-Id, json:id]", false},
		{hmac, "['{header:X-Id}.{json:a}', json:id]", false},
		{hmac, "[header:X-Id, '{body|sha256|hex}']", false},
		{hmac, "[header:X-Id, body-sha256]", false},
		{hmac, "[route, json:id]", false},
		{hmac, "[json:id, form:id, route, query:id, header:X-Id, path]", true},
		{hmac, "[header:X-Id, header:X-Other]", true},
		{hmac, "[header:X-Id, constant]", true},
		{hmac, "[constant, json:id]", true},
		{hmac, "[header:X-Id, url]", false},
		{withID, "[header:X-Id, json:id]", true},
		{withID, "[header:X-Other, header:X-Id]", false},
		{"signature: {type: secret, header: X}", "[header:X-Id, json:id]", true},                            // nothing is signed
		{"signature: [{type: secret, header: X}, {type: hmac, header: Y}]", "[header:X-Id, json:id]", true}, // not always
		{"signature: [{type: hmac, header: X}, {type: hmac, header: Y}]", "[header:X-Id, json:id]", false},
		{"title: Acme", "[header:X-Id, json:id]", true},
	}
	for _, test := range tests {
		for _, key := range []string{"id", "type"} {
			yaml := "name: acme\n" + test.signature + "\nevent:\n  " + key + ": " + test.list + "\n"
			_, err := provider.Parse([]byte(yaml), "acme.yaml")
			if err != nil && key == "id" && strings.Contains(err.Error(), "can be the same in every delivery") {
				continue // no id at all
			}
			if (err == nil) != test.good {
				t.Errorf("%s with %s: error %v", test.list, test.signature, err)
			}
		}
	}
}
