package provider_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// acme is a provider to change. Each call makes a new one.
func acme(t testing.TB) *provider.Provider {
	t.Helper()
	p, err := provider.Parse([]byte(`
name: acme
const: {region: eu}
signature:
  - type: secret
    header: X-Token
  - type: hmac
    header: [X-Signature, X-Signature-2]
    timestamp: {from: "header:X-Time"}
require:
  - field: json:url
    host: acme.example
event:
  id: [json:id, header:X-Id]
  prefix: com.acme
  types: {user.made: com.acme.user.created}
limits: {body: 2MiB}
`), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestSet(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		values []string
		want   func(p *provider.Provider)
	}{
		"title":              {[]string{"Acme"}, func(p *provider.Provider) { p.Title = "Acme" }},
		"docs":               {[]string{"a", "b"}, func(p *provider.Provider) { p.Docs = signature.Strings{"a", "b"} }},
		"signature.0.header": {[]string{"X-Other"}, func(p *provider.Provider) { p.Signature[0].Header = signature.Strings{"X-Other"} }},
		"signature.1.header": {[]string{"X-A", "X-B"}, func(p *provider.Provider) { p.Signature[1].Header = signature.Strings{"X-A", "X-B"} }},
		"signature.1.hash":   {[]string{"sha1"}, func(p *provider.Provider) { p.Signature[1].Hash = signature.SHA1 }},
		"signature.1.content": {[]string{"{timestamp}.{body}"}, func(p *provider.Provider) {
			if err := p.Signature[1].Content.UnmarshalText([]byte("{timestamp}.{body}")); err != nil {
				t.Error(err)
			}
		}},
		"signature.1.timestamp.tolerance": {[]string{"90s"}, func(p *provider.Provider) {
			p.Signature[1].Timestamp.Tolerance = signature.Duration(90e9)
		}},
		"signature.0.timestamp.from": {[]string{"query:t"}, func(p *provider.Provider) {
			p.Signature[0].Timestamp = &signature.Timestamp{From: signature.Field{Source: signature.Query, Name: "t"}}
		}},
		"require.host":     {[]string{"a.example", "b.example"}, func(p *provider.Provider) { p.Require[0].Host = signature.Strings{"a.example", "b.example"} }},
		"require.optional": {[]string{"true"}, func(p *provider.Provider) { p.Require[0].Optional = true }},
		"require.0.exists": {[]string{"false"}, func(p *provider.Provider) { p.Require[0].Exists = new(bool) }},
		"event.id": {[]string{"json:uuid", "{header:X}-{header:Y}"}, func(p *provider.Provider) {
			p.Event.ID = provider.Templates{template(t, "json:uuid"), template(t, "{header:X}-{header:Y}")}
		}},
		"event.types.user.made":     {[]string{"com.acme.user.made"}, func(p *provider.Provider) { p.Event.Types["user.made"] = "com.acme.user.made" }},
		"event.types.user.v2.renew": {[]string{"com.acme.user.renewed"}, func(p *provider.Provider) { p.Event.Types["user.v2.renew"] = "com.acme.user.renewed" }},
		"const.region":              {[]string{"us"}, func(p *provider.Provider) { p.Const["region"] = "us" }},
		"handshake.match.body": {[]string{"", "{}"}, func(p *provider.Provider) {
			p.Handshake = &provider.Handshake{Match: provider.Match{Body: signature.Strings{"", "{}"}}}
		}},
		"handshake.secret": {[]string{"header:x-hook-secret"}, func(p *provider.Provider) {
			p.Handshake = &provider.Handshake{Secret: signature.Field{Source: signature.Header, Name: "X-Hook-Secret"}}
		}},
		"handshake.answer.header.X-Hook-Secret": {[]string{"{value}"}, func(p *provider.Provider) {
			p.Handshake = &provider.Handshake{Answer: provider.Answer{Header: map[string]string{"X-Hook-Secret": "{value}"}}}
		}},
		"limits.body":    {[]string{"512KiB"}, func(p *provider.Provider) { p.Limits.Body = 512 << 10 }},
		"limits.success": {[]string{"202"}, func(p *provider.Provider) { p.Limits.Success = 202 }},
		"strip.query":    {[]string{"token"}, func(p *provider.Provider) { p.Strip.Query = signature.Strings{"token"} }},
		"payload":        {[]string{"form:payload"}, func(p *provider.Provider) { p.Payload = signature.Field{Source: signature.Form, Name: "payload"} }},
	}
	for key, test := range tests {
		t.Run(key, func(t *testing.T) {
			t.Parallel()
			got, want := acme(t), acme(t)
			test.want(want)
			if err := got.Set(key, test.values...); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got, compareTemplates); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestSetErrors(t *testing.T) {
	t.Parallel()
	tests := []struct {
		key    string
		values []string
		want   string
	}{
		{"", []string{"x"}, "it is a block and takes no value"},
		{".", []string{"x"}, ".: unknown key"},
		{"titel", []string{"x"}, "titel: unknown key"},
		{"Title", []string{"x"}, "Title: unknown key"},
		{"title.", []string{"x"}, "title.: unknown key"},
		{"title.en", []string{"x"}, "title.en: unknown key"},
		{".title", []string{"x"}, ".title: unknown key"},
		{"title", nil, "title: it needs a value"},
		{"title", []string{"a", "b"}, "title: it takes one value and got 2"},
		{"docs", nil, "docs: it needs a value"},
		{"docs.0", []string{"x"}, "docs.0: unknown key"},
		{"event.id", nil, "event.id: it needs a value"},
		{"event.id", []string{"json:a", "{"}, `event.id.1: template "{"`},
		{"event.id.0", []string{"json:a"}, "event.id.0: unknown key"},
		{"event.types", []string{"x"}, "event.types: it is a block and takes no value"},
		{"event.types.a", []string{"x", "y"}, "event.types.a: it takes one value and got 2"},
		{"event.types.a", nil, "event.types.a: it needs a value"},
		{"signature", []string{"hmac"}, "signature: it is a block and takes no value"},
		{"signature.0", []string{"hmac"}, "signature.0: it is a block and takes no value"},
		{"signature.header", []string{"X"}, "signature.header: the list has 2 members: name one by its index, from 0"},
		{"signature.2.header", []string{"X"}, "signature.2.header: the list has 2 members"},
		{"signature.-1.header", []string{"X"}, "signature.-1.header: the list has 2 members"},
		{"signature.99999999999999999999.header", []string{"X"}, "the list has 2 members: name one"},
		{"signature.0.Scheme.type", []string{"X"}, "signature.0.Scheme.type: unknown key"},
		{"challenge.name", []string{"x"}, "challenge.name: the list has 0 members"},
		{"handshake", []string{"x"}, "handshake: it is a block and takes no value"},
		{"handshake.secret", []string{"header:"}, "handshake.secret: field"},
		{"limits.ack", []string{"soon"}, "limits.ack: want a duration"},
		{"limits.body", []string{"-1"}, `limits.body: "-1" is no size`},
		{"limits.body", []string{"9EiB"}, `limits.body: size "9EiB" is too large`},
		{"limits.success", []string{"1e2"}, `limits.success: "1e2" is no whole number`},
		{"require.optional", []string{"1"}, `require.optional: "1" is neither true nor false`},
	}
	for _, test := range tests {
		err := acme(t).Set(test.key, test.values...)
		var wrong *provider.KeyError
		switch {
		case err == nil:
			t.Errorf("%q %q: no error", test.key, test.values)
		case !errors.Is(err, provider.ErrInvalid) || !errors.As(err, &wrong):
			t.Errorf("%q %q: error %v is of no kind", test.key, test.values, err)
		case !strings.HasPrefix(wrong.Key, test.key) || !strings.Contains(err.Error(), test.want):
			t.Errorf("%q %q: got %v, want %s", test.key, test.values, err, test.want)
		}
	}
}

func TestSetKeepsNoValues(t *testing.T) {
	t.Parallel()
	p, values := acme(t), []string{"a", "b"}
	if err := p.Set("docs", values...); err != nil {
		t.Fatal(err)
	}
	values[0] = "changed"
	if p.Docs[0] != "a" {
		t.Error("the caller's list became the provider's")
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	tests := map[string]string{
		"":                      "",
		"limits":                "limits",
		"event.types":           "event.types",
		"handshake":             "handshake",
		"handshake.match":       "handshake.match",
		"handshake.match.where": "handshake.match.where.0",
		"signature":             "signature.2",
		"signature.0":           "signature.0",
		"signature.0.when":      "signature.0.when.0",
		"signature.1.timestamp": "signature.1.timestamp",
		"challenge":             "challenge.0",
	}
	for key, want := range tests {
		if got, err := acme(t).Open(key); got != want || err != nil {
			t.Errorf("%q: %q, error %v; want %q", key, got, err, want)
		}
	}
	for _, key := range []string{"title", "docs", "event.id", "event.types.a", "limits.ack", "require.0.exists", "payload", "nothing", "signature.2"} {
		if _, err := acme(t).Open(key); !errors.Is(err, provider.ErrInvalid) || !strings.Contains(err.Error(), key) {
			t.Errorf("%q: error %v", key, err)
		}
	}
}

// TestBlocks makes a provider as a configuration does, key by key.
func TestBlocks(t *testing.T) {
	t.Parallel()
	want, err := provider.Parse([]byte(`
name: acme
signature:
  - {type: secret, header: X-A}
  - {type: hmac, header: X-B, when: [{field: method, equals: POST}, {field: "header:X", exists: true}]}
event:
  prefix: com.acme
  types: {a.b: com.acme.a.made}
`), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	got := new(provider.Provider)
	set := func(key string, values ...string) {
		t.Helper()
		if err := got.Set(key, values...); err != nil {
			t.Fatal(err)
		}
	}
	open := func(key string) string {
		t.Helper()
		inner, err := got.Open(key)
		if err != nil {
			t.Fatal(err)
		}
		return inner + "."
	}
	set("name", "acme")
	block := open("signature")
	set(block+"type", "secret")
	set(block+"header", "X-A")
	block = open("signature")
	set(block+"type", "hmac")
	set(block+"header", "X-B")
	when := open(block + "when")
	set(when+"field", "method")
	set(when+"equals", "POST")
	when = open(block + "when")
	set(when+"field", "header:X")
	set(when+"exists", "true")
	block = open("event")
	set(block+"prefix", "com.acme")
	set(open(block+"types")+"a.b", "com.acme.a.made")

	if diff := cmp.Diff(want, got, compareTemplates, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

func FuzzSet(f *testing.F) {
	f.Add("signature.1.timestamp.from", "header:X", "")
	f.Add("event.types.a..b", "com.acme.a.b", "x")
	f.Add("vectors.0.header.X", "a", "b")
	f.Add("require.0.exists", "true", "")
	f.Add("handshake.match.where.0.equals", "{url}", "{")
	f.Fuzz(func(t *testing.T, key, first, second string) {
		values := []string{first}
		if second != "" {
			values = append(values, second)
		}
		p := acme(t)
		if err := p.Set(key, values...); err == nil {
			_ = p.Validate()
			if _, err := p.Resolve(nil); err != nil && !errors.Is(err, provider.ErrInvalid) {
				t.Errorf("after %q: %v", key, err)
			}
		} else if !errors.Is(err, provider.ErrInvalid) {
			t.Errorf("error of no kind: %v", err)
		}
		p = acme(t)
		inner, err := p.Open(key)
		if err != nil {
			return
		}
		if _, err := p.Open(inner); err != nil && inner != key {
			t.Errorf("%q was opened as %q, which cannot be: %v", key, inner, err)
		}
	})
}
