package gate

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/hookward/hookward/signature"
)

// Names under which one reader or another finds the parameter a_b or [a_b].
var parameterTwins = []string{
	"A_B", "a.b", "a b", " a_b", "a_b[]", "a_b[x]", "A.b[x][y]", "a[b", "[a_b]", "a_b]", "a_b\x00x", "\ta_b",
}

func TestParameterTwins(t *testing.T) {
	t.Parallel()
	for _, name := range parameterTwins {
		if !isTwin(name, "a_b") {
			t.Errorf("%q is none of a_b", name)
		}
	}
	for of, names := range map[string][]string{
		"a_b":   {"ab", "a_b_c", "a", "a[bc]", "xa_b", "a_bc[]", "a-b", "x[a_b]", "", "[]", "\x00a_b"},
		"d[id]": {"d[name]", "d[ids]", "e[id]", "d", "d[]", "d[0][id]"},
		"x[]":   {"y[]", "xx"},
	} {
		for _, name := range names {
			if isTwin(name, of) {
				t.Errorf("%q is one of %q", name, of)
			}
		}
	}
	for of, names := range map[string][]string{
		"d[id]": {"D[ID]", "d.id]", "d[id][]", "d[id][x]", "d_id"},
		"x[]":   {"x", "x[0]", "x[][y]", "X"},
	} {
		for _, name := range names {
			if !isTwin(name, of) {
				t.Errorf("%q is none of %q", name, of)
			}
		}
	}
}

// A stranger's name must not take longer than it is long: with steps by its square this
// test would not end.
func TestTwinOfAMillionBrackets(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a" + strings.Repeat("[", 1<<20), strings.Repeat("]", 1<<20) + "a"} {
		if isTwin(name, "a_b") {
			t.Errorf("%.10q... is one of a_b", name)
		}
	}
}

// TestASignedParameterByAnotherName: where the proof is of single parameters, nobody may
// add one that another reader takes for a signed one.
func TestASignedParameterByAnotherName(t *testing.T) {
	t.Parallel()
	for _, source := range []string{"form", "query"} {
		for _, scheme := range []string{
			"content: '{%s:a_b}.{%[1]s:t}'",
			"content: '{%s:a_b}.{%[1]s:t}', covers: body",
			"content: '{id}.{%s:t}', id: '%[1]s:a_b'",
			"content: '{%[1]s:a_b}.{timestamp}', timestamp: {from: '%[1]s:t', tolerance: off}",
		} {
			g := build(t, config(t, "name: acme\nsignature: {type: hmac, header: X-Sig, "+fmt.Sprintf(scheme, source)+"}\n"))
			proof := hexMAC(key, "1.1700000000")
			deliver := func(more string) Delivery {
				d := parametersIn(source, "a_b=1&t=1700000000"+more)
				d.Header.Set("X-Sig", proof)
				return d
			}
			g.accepts(deliver("&ab=2&c[]=3&c[]=4&C=5"))
			for _, name := range parameterTwins {
				v := g.deliver(deliver("&" + url.QueryEscape(name) + "=2"))
				if v.Outcome != Reject || v.Reason != ContentMismatch {
					t.Errorf("%s, %s: %q: %s %s", source, scheme, name, v.Outcome, v.Reason)
				}
			}
		}
	}
}

// TestAllParametersSigned: of parameters that are all signed, what they are called is the
// provider's own affair.
func TestAllParametersSigned(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ source, content, signed string }{
		{"form", "{body}{form:a}", "a=1&a[]=21"},
		{"form", "{body-sha256}{form:a}", hexSHA256("a=1&a[]=2") + "1"},
		{"form", "{form:sorted:=&}{form:a}", "a=1&a[]=21"},
		{"query", "{query}{query:a}", "a=1&a[]=21"},
		{"query", "{query:sorted:=&}{query:a}", "a=1&a[]=21"},
	} {
		g := build(t, config(t, fmt.Sprintf("name: acme\nsignature: {type: hmac, header: X-Sig, content: %q}\n", test.content)))
		d := parametersIn(test.source, "a=1&a[]=2")
		d.Header.Set("X-Sig", hexMAC(key, test.signed))
		g.accepts(d)
	}
}

// TestConditionsFindOtherNames: what another reader finds by another name is neither
// absent nor tested.
func TestConditionsFindOtherNames(t *testing.T) {
	t.Parallel()
	for _, source := range []string{"form", "query"} {
		for _, test := range []string{"exists: false", `equals: "1", optional: true`, "host: acme.example, optional: true"} {
			require := build(t, config(t, fmt.Sprintf("name: acme\nsignature: {type: secret, header: X-Sig}\nrequire: {field: '%s:a_b', %s}\n", source, test)))
			when := build(t, config(t, fmt.Sprintf("name: acme\nsignature:\n"+
				"  - {type: secret, header: X-Sig, when: {field: '%s:a_b', %s}}\n  - {type: hmac, header: X-Other}\n", source, test)))
			for _, g := range []gateway{require, when} {
				deliver := func(text string) Delivery {
					d := parametersIn(source, text)
					d.Header.Set("X-Sig", key)
					return d
				}
				g.accepts(deliver("c=1"))
				for _, name := range parameterTwins {
					if v := g.deliver(deliver("c=1&" + url.QueryEscape(name) + "=2")); v.Outcome != Reject || v.Reason != ContentMismatch {
						t.Errorf("%s %s: %q: %s %s", source, test, name, v.Outcome, v.Reason)
					}
				}
			}
		}
	}
}

// TestAPayloadByAnotherName: the document that is tested is the one that is read.
func TestAPayloadByAnotherName(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, "name: acme\nsignature: {type: secret, header: X-Sig}\npayload: form:payload\nrequire: {field: json:a, equals: good}\n"))
	deliver := func(more string) Delivery {
		d := parametersIn("form", "payload="+url.QueryEscape(`{"a":"good"}`)+more)
		d.Header.Set("X-Sig", key)
		return d
	}
	g.accepts(deliver("&b=1"))
	wants(t, g.deliver(deliver("&+payload="+url.QueryEscape(`{"a":"evil"}`))), Reject, ContentMismatch)
}

// TestAMemberInAnotherCase: some readers find a member whatever the case of its letters.
func TestAMemberInAnotherCase(t *testing.T) {
	t.Parallel()
	for path, bodies := range map[string]struct{ absent, found []string }{
		"x": {
			[]string{`{}`, `[{"X":1}]`, `{"y":{"X":1}}`, `{"X":null}`, `{"X":""}`, `7`},
			[]string{`{"X":1}`, `{"\u0058":1}`, `{"X":{"a":1}}`, `{"X":[1]}`, `{"X":false}`, `{"X":1,"y":2}`},
		},
		"kiss": {nil, []string{"{\"\u212aiss\":1}", `{"ki\u017fs":1}`, `{"KISS":1}`}},
		"o.x": {
			[]string{`{"o":{"y":1}}`, `{"O":{"y":1}}`, `{"X":1}`, `{"o":[{"X":1}]}`},
			[]string{`{"O":{"x":1}}`, `{"o":{"X":1}}`, `{"O":{"X":1}}`},
		},
		"o.0.x": {[]string{`{"o":[{},{"X":1}]}`}, []string{`{"o":[{"X":1}]}`, `{"O":{"0":{"x":1}}}`}},
		"o.#.x": {[]string{`{"o":[]}`, `{"o":[{"y":1}]}`}, []string{`{"o":[{},{"X":1}]}`, `{"O":[{"x":1}]}`, `{"o":[{"X":1},{}]}`}},
	} {
		g := build(t, config(t, fmt.Sprintf("name: acme\nsignature: {type: secret, header: X-Sig}\nrequire: {field: 'json:%s', exists: false}\n", path)))
		deliver := func(body string) Delivery { return Delivery{Header: header("X-Sig", key), Body: []byte(body)} }
		for _, body := range bodies.absent {
			g.accepts(deliver(body))
		}
		for _, body := range bodies.found {
			if v := g.deliver(deliver(body)); v.Outcome != Reject || v.Reason != ContentMismatch {
				t.Errorf("%s: %s: %s %s", path, body, v.Outcome, v.Reason)
			}
		}
	}
}

// TestAnOptionalMemberInAnotherCase: a proof of what was missing proves nothing of it.
func TestAnOptionalMemberInAnotherCase(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, "name: acme\nsignature: {type: hmac, header: X-Sig, content: '{json:id}{json:amount?}'}\n"))
	deliver := func(body string) Delivery {
		return Delivery{Header: header("X-Sig", hexMAC(key, "a")), Body: []byte(body)}
	}
	g.accepts(deliver(`{"id":"a"}`))
	wants(t, g.deliver(deliver(`{"id":"a","amount":1}`)), Reject, signature.Mismatch)
	wants(t, g.deliver(deliver(`{"id":"a","Amount":1}`)), Reject, ContentMismatch)
}

func parametersIn(source, text string) Delivery {
	if source == "query" {
		return Delivery{Header: header(), RawQuery: text}
	}
	return ofType(mediaForm, text)
}

func hexSHA256(text string) string {
	sum := sha256.Sum256([]byte(text))
	return hex.EncodeToString(sum[:])
}
