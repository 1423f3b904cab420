package provider_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

func TestParseErrors(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		yaml string
		want string // what the error says after "invalid provider: acme.yaml:"
	}{
		"unknown key":                {"name: acme\nsignatur: []\n", "2:1: signatur: unknown key"},
		"unknown key in a list":      {"name: acme\nsignature:\n  - type: hmac\n    heder: X-A\n", "4:5: signature.0.heder: unknown key"},
		"unknown key in a block":     {"name: acme\nlimits:\n  ack: 5s\n  ackk: 5s\n", "4:3: limits.ackk: unknown key"},
		"key below a text":           {"name: acme\ntitle:\n  en: Acme\n", "2:1: title: it is no block"},
		"dotted key":                 {"name: acme\nlimits.ack: 5s\n", "2:1: limits.ack: unknown key"},
		"repeated key":               {"name: acme\ntitle: Acme\nname: emca\n", `3:1: mapping key "name" already defined`},
		"repeated key, quoted":       {"name: acme\n'name': emca\n", `2:1: mapping key "name" already defined`},
		"repeated key in a map":      {"name: acme\nevent:\n  types:\n    a: b\n    a: c\n", `5:5: mapping key "a" already defined`},
		"list for a text":            {"name: acme\ntitle: [a, b]\n", "2:1: title: it takes one value and got 2"},
		"text for a block":           {"name: acme\nlimits: 5s\n", "2:1: limits: it is a block and takes no value"},
		"text for a list of blocks":  {"name: acme\nsignature: hmac\n", "2:1: signature: it is a block and takes no value"},
		"texts for a list of blocks": {"name: acme\nsignature:\n  - hmac\n", "3:5: signature.0: want keys and values"},
		"list of blocks for one":     {"name: acme\nlimits:\n  - ack: 5s\n", "3:8: limits.0: want a text"},
		"block in a list of texts":   {"name: acme\ndocs:\n  - a\n  - b: c\n", "4:6: docs.1: want a text"},
		"list in a list of texts":    {"name: acme\ndocs:\n  - [a]\n", "3:5: docs.0: want a text"},
		"no value":                   {"name: acme\ntitle:\n", "2:1: title: want a text"},
		"empty list":                 {"name: acme\ndocs: []\n", "2:1: docs: it needs a value"},
		"text for a number":          {"name: acme\nlimits:\n  success: OK\n", `3:3: limits.success: "OK" is no whole number`},
		"fraction for a number":      {"name: acme\nlimits:\n  success: 200.0\n", `3:3: limits.success: "200.0" is no whole number`},
		"text for a truth":           {"name: acme\nrequire:\n  - field: method\n    exists: yes\n", `4:5: require.0.exists: "yes" is neither true nor false`},
		"bad template":               {"name: acme\nsignature:\n  - type: hmac\n    header: X-A\n    content: \"{foo}\"\n", `5:5: signature.0.content: template "{foo}"`},
		"bad template in a list":     {"name: acme\nevent:\n  type:\n    - json:a\n    - \"{json:b\"\n", `5:7: event.type.1: template "{json:b": unpaired brace`},
		"empty template":             {"name: acme\nevent:\n  id: \"\"\n", "3:3: event.id.0: a template must not be empty"},
		"bad field":                  {"name: acme\nhandshake:\n  secret: heder:X\n", `3:3: handshake.secret: field "heder:X"`},
		"bad duration":               {"name: acme\nlimits:\n  ack: 5\n", "3:3: limits.ack: want a duration"},
		"bad size":                   {"name: acme\nlimits:\n  body: big\n", `3:3: limits.body: "big" is no size`},
		"bad time":                   {"name: acme\nvectors:\n  - at: yesterday\n", "3:5: vectors.0.at: "},
		"syntax":                     {"name: acme\ndocs: [a\n", "2:7: sequence end token ']' not found"},
		"tab":                        {"name: acme\nlimits:\n\tack: 5s\n", "3:1: "},
		"second document":            {"name: acme\n---\nname: emca\n", `2:1: "---" has no use in a provider's file`},
		"end of document":            {"name: acme\n...\nname: emca\n", `2:1: "..." has no use in a provider's file`},
		"anchor":                     {"name: &n acme\n", `1:7: "&" has no use in a provider's file`},
		"alias":                      {"name: acme\ntitle: *n\n", `2:8: "*" has no use in a provider's file`},
		"merge":                      {"name: acme\n<<: {title: x}\n", `2:1: "<<" has no use in a provider's file`},
		"tag":                        {"name: !!str acme\n", `1:7: "!!str" has no use in a provider's file`},
		"directive":                  {"%YAML 1.2\n---\nname: acme\n", `1:1: "%" has no use in a provider's file`},
		"compound key":               {"? name\n: acme\n", `1:1: "?" has no use in a provider's file`},
		"nested brackets":            {"name: acme\ndocs: " + strings.Repeat("[", 1000), "2:23: nested too deep"},
		"nested lists":               {"name: acme\ndocs:\n  " + strings.Repeat("- ", 1000), "3:35: nested too deep"},
		"nested objects":             {strings.Repeat("{a: ", 100_000), "1:65: nested too deep"},
		"empty":                      {"", "1:1: want keys and values"},
		"a comment alone":            {"# nothing\n", "1:1: want keys and values"},
		"a header alone":             {"---\n", "1:1: want keys and values"},
		"a list":                     {"- name: acme\n", "1:1: want keys and values"},
		"too large":                  {"# " + strings.Repeat("x", 1<<20) + "\nname: acme\n", "1:1: the file has 1048590 bytes, at most 1048576 are read"},

		"name missing":               {"title: Acme\n", `1:1: name: "": want lower-case letters`},
		"name":                       {"title: Acme\nname: Acme Corp\n", `2:1: name: "Acme Corp": want lower-case letters`},
		"confidence":                 {"name: acme\nconfidence: high\n", `2:1: confidence: "high": want confirmed or unconfirmed`},
		"answer":                     {"name: acme\nanswer: ours\n", `2:1: answer: "ours": want upstream or nothing`},
		"method":                     {"name: acme\nmethod: [POST, put]\n", `2:16: method.1: "put" is no method in upper case`},
		"scheme":                     {"name: acme\nsignature:\n  - type: secret\n    header: X-A\n  - type: rot13\n    header: X-A\n", `5:9: signature.1: invalid scheme: unknown type "rot13"`},
		"condition of a scheme":      {"name: acme\nsignature:\n  - type: secret\n    header: X-A\n    when:\n      - field: method\n", "6:14: signature.0.when.0: condition on method: want one of equals, host and exists"},
		"condition without field":    {"name: acme\nrequire:\n  - exists: true\n", "3:11: require.0: field is missing"},
		"condition with two tests":   {"name: acme\nrequire:\n  - field: method\n    equals: POST\n    exists: true\n", "3:10: require.0: condition on method: want one of"},
		"condition, both ways":       {"name: acme\nrequire:\n  - field: method\n    exists: true\n    optional: true\n", "5:5: require.0.optional: it contradicts exists"},
		"condition with a host":      {"name: acme\nrequire:\n  - field: json:url\n    host:\n      - example.com\n      - https://example.com\n", `6:9: require.0.host.1: "https://example.com" is no host name`},
		"handshake without secret":   {"name: acme\nhandshake:\n  match:\n    body: \"\"\n", "2:1: handshake: secret is missing"},
		"handshake without body":     {"name: acme\nhandshake:\n  secret: header:X\n  match:\n    where:\n      - field: header:X\n        exists: true\n", "4:3: handshake.match: body is missing"},
		"handshake without match":    {"name: acme\nhandshake:\n  secret: header:X\n", "2:1: handshake.match: body or where is needed"},
		"handshake, white space":     {"name: acme\nhandshake:\n  secret: header:X\n  match:\n    body: [\"{}\", \" \"]\n", "5:18: handshake.match.body.1: white space around it never matches"},
		"handshake, answer":          {"name: acme\nhandshake:\n  secret: header:X\n  match:\n    body: \"\"\n  answer:\n    status: 302\n", "7:5: handshake.answer.status: 302 is no success status"},
		"challenge without name":     {"name: acme\nchallenge:\n  - value: query:c\n", "3:10: challenge.0: name is missing"},
		"challenge for all requests": {"name: acme\nchallenge:\n  - name: c\n    match:\n      method: GET\n", "4:5: challenge.0.match: body or where is needed"},
		"challenge, method":          {"name: acme\nchallenge:\n  - name: c\n    match:\n      method: get\n      body: \"\"\n", `5:7: challenge.0.match.method.0: "get" is no method`},
		"challenge, two answers":     {"name: acme\nchallenge:\n  - name: c\n    match:\n      body: \"\"\n    answer:\n      text: a\n      json:\n        a: b\n", "6:5: challenge.0.answer: text and json exclude each other"},
		"challenge, no value":        {"name: acme\nchallenge:\n  - name: c\n    match:\n      body: \"\"\n    answer:\n      json:\n        a: \"{value}\"\n", "6:5: challenge.0.answer: it holds {value} and value is not set"},
		"challenge, no value, text":  {"name: acme\nchallenge:\n  - name: c\n    match:\n      body: \"\"\n    answer:\n      text: \"{value}\"\n", "6:5: challenge.0.answer: it holds {value} and value is not set"},
		"time unit":                  {"name: acme\nevent:\n  time_unit: us\n", `3:3: event.time_unit: "us": want s, ms or rfc3339`},
		"prefix":                     {"name: acme\nevent:\n  prefix: Acme\n", `3:3: event.prefix: "Acme": want a reverse DNS name`},
		"types without prefix":       {"name: acme\nevent:\n  types:\n    a.b: c.d.e.f\n", "3:3: event.types: prefix is missing"},
		"type of another prefix":     {"name: acme\nevent:\n  prefix: com.acme\n  types:\n    a.b: org.acme.a.b\n", `5:5: event.types.a.b: "org.acme.a.b": want com.acme.<resource>.<verb>`},
		"type of three parts":        {"name: acme\nevent:\n  prefix: com.acme\n  types:\n    a.b: com.acme.a.b.c\n", "5:5: event.types.a.b: "},
		"type of one part":           {"name: acme\nevent:\n  prefix: com.acme\n  types:\n    a.b: com.acme.a\n", "5:5: event.types.a.b: "},
		"type with a hyphen":         {"name: acme\nevent:\n  prefix: com.acme\n  types:\n    a.b: com.acme.a-b.c\n", "5:5: event.types.a.b: "},
		"type in upper case":         {"name: acme\nevent:\n  prefix: com.acme\n  types:\n    a.b: com.acme.A.b\n", "5:5: event.types.a.b: "},
		"success":                    {"name: acme\nlimits:\n  success: 302\n", "3:3: limits.success: 302 is no success status"},
		"failure":                    {"name: acme\nlimits:\n  failure: 500\n", "3:3: limits.failure: 500 is no client error status"},
		"failure that unsubscribes":  {"name: acme\nlimits:\n  failure: 410\n", "3:3: limits.failure: 410 makes senders give the subscription up"},
		"ack off":                    {"name: acme\nlimits:\n  ack: off\n", "3:3: limits.ack: want a duration"},
		"vector from nowhere":        {"name: acme\nvectors:\n  - name: v\n    want: accept\n", `3:9: vectors.0.from: "": want published or computed`},
		"vector from elsewhere":      {"name: acme\nvectors:\n  - name: v\n    from: memory\n", `4:5: vectors.0.from: "memory": want published or computed`},
		"vector published nowhere":   {"name: acme\nvectors:\n  - name: v\n    from: published\n", "3:9: vectors.0.published: it is needed"},
		"vector computed, published": {"name: acme\nvectors:\n  - name: v\n    from: computed\n    published: https://acme.example\n", "5:5: vectors.0.published: a vector that was computed was not published"},
		"retry off":                  {"name: acme\nlimits:\n  retry: off\n", "3:3: limits.retry: want a duration"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := provider.Parse([]byte(test.yaml), "acme.yaml")
			if !errors.Is(err, provider.ErrInvalid) {
				t.Fatalf("error %v does not wrap ErrInvalid", err)
			}
			if want := "invalid provider: acme.yaml:" + test.want; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got  %s\nwant %s", err, want)
			}
		})
	}
}

func TestParseForms(t *testing.T) {
	t.Parallel()
	const block = `---
# all that a file may hold
name: acme
title: 1.50 # as it is written
docs: https://acme.example/a
notes: >-
  two
  lines
signature: # a list of one block
  type: hmac
  header:
    - X-A
    - X-B
  timestamp:
    from: header:X-Time
    tolerance: off
  content: "{timestamp}.{body}"
require:
  - {field: "json:a", exists: False, optional: false}
event:
  prefix: com.acme
  types: {"a.b": com.acme.a.made}
limits: {body: 2MiB, success: 202}
`
	_, err := provider.Parse([]byte(block), "acme.yaml")
	if err == nil || !strings.Contains(err.Error(), `"False" is neither true nor false`) {
		t.Errorf("another spelling of false: %v", err)
	}
	p, err := provider.Parse([]byte(strings.Replace(block, "False", "false", 1)), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	no := false
	want := &provider.Provider{
		Name: "acme", Title: "1.50",
		Docs:  signature.Strings{"https://acme.example/a"},
		Notes: signature.Strings{"two lines"},
		Signature: []provider.Scheme{{Scheme: signature.Scheme{
			Type: signature.HMAC, Header: signature.Strings{"X-A", "X-B"},
			Timestamp: &signature.Timestamp{
				From:      signature.Field{Source: signature.Header, Name: "X-Time"},
				Tolerance: signature.Off,
			},
			Content: template(t, "{timestamp}.{body}"),
		}}},
		Require: []provider.Condition{{Field: signature.Field{Source: signature.JSON, Name: "a"}, Exists: &no}},
		Event:   provider.Event{Prefix: "com.acme", Types: map[string]string{"a.b": "com.acme.a.made"}},
		Limits:  provider.Limits{Body: 2 << 20, Success: 202},
	}
	if diff := cmp.Diff(want, p, compareTemplates); diff != "" {
		t.Error(diff)
	}
}

// compareTemplates compares templates by their texts.
var compareTemplates = cmp.Comparer(func(a, b signature.Template) bool { return a.String() == b.String() })

func template(t *testing.T, text string) signature.Template {
	t.Helper()
	parsed, err := signature.ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"repliers", "standard-webhooks", "slack", "viasto"} {
		facts, _, _ := bytes.Cut(catalogueFile(f, name), []byte("vectors:")) // small, or the fuzzer stalls
		f.Add(facts)
	}
	f.Add([]byte("name: a\nvectors: [{name: x, from: computed, at: 2021-02-25T15:02:10+01:00, header: {a: [b, c]}, exists: true}]"))
	f.Add([]byte("name: a\nsignature: {type: secret, header: X, when: {field: method, equals: [a, \"{url}\"]}}"))
	f.Add([]byte("name: \"\\ud800\\xff\"\nlimits: {body: 1.5kB, ack: 1ns}\nconst: {\"\": x}"))
	f.Add([]byte("name: a\nchallenge: {name: c, match: {body: ''}, answer: {json: {a: [1.50, {b: ~}], c: true, d: '1'}}}"))
	f.Add([]byte("name: a\nlimits: {success_header: {X: '{header:X?|before:-}'}}\ndedupe: off\nevent: {id: xml:a.0.@b}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := provider.Parse(data, "fuzz.yaml")
		if err != nil {
			if !errors.Is(err, provider.ErrInvalid) || !strings.HasPrefix(err.Error(), "invalid provider: fuzz.yaml:") {
				t.Fatalf("error without its kind or file: %v", err)
			}
			return
		}
		checkRoundTrip(t, p)
	})
}

// checkRoundTrip sees to it that nothing is lost on the way through JSON, which is
// also how copies are made.
func checkRoundTrip(t *testing.T, p *provider.Provider) {
	t.Helper()
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var back provider.Provider
	if err := json.Unmarshal(data, &back); err != nil {
		t.Fatalf("%v in %s", err, data)
	}
	if diff := cmp.Diff(p, &back, compareTemplates, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}
