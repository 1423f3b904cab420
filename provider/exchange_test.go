package provider_test

import (
	"encoding/json"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// parsed reads a provider that is valid.
func parsed(t *testing.T, text string) *provider.Provider {
	t.Helper()
	p, err := provider.Parse([]byte("name: acme\n"+text), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

const (
	hmacBody   = "signature: {type: hmac, header: X-Sig}\n"
	macByQuery = "challenge: {name: c, match: {method: GET, where: {field: query:c, exists: true}}, value: query:c, answer: {text: \"{mac}\"}}\n"
	macSigned  = "challenge: {name: c, verify: true, match: {where: {field: json:c, exists: true}}, value: json:c, answer: {json: {m: \"{mac}\"}}}\n"
)

// TestExchangeRules is about what does not load, because it would answer strangers, or
// take deliveries for handshakes, or run where it is shown.
func TestExchangeRules(t *testing.T) {
	t.Parallel()
	handshake := func(where string) string {
		return hmacBody + "handshake: {secret: json:token, match: {where: [" + where + "]}}\n"
	}
	answer := func(text string) string {
		return hmacBody + "challenge: {name: c, match: {body: \"\"}, value: query:c, answer: {" + text + "}}\n"
	}
	signs := func(content string) string {
		return "signature: {type: hmac, header: X-Sig, id: header:X-Id, timestamp: {from: header:X-Time}, content: \"" + content + "\"}\n" + macByQuery
	}
	const exists, absent = "{field: json:token, exists: true}", "{field: header:X-Sig, exists: false}"
	tests := map[string]struct {
		text string
		want string // what the error says; "" where it loads
	}{
		"handshake without body":          {handshake(exists), "handshake.match: body is missing, and where does not say that header:X-Sig is"},
		"handshake without a proof":       {handshake(exists + ", " + absent), ""},
		"handshake, another header":       {handshake(exists + ", {field: header:X-Other, exists: false}"), "handshake.match: body is missing"},
		"handshake, the proof is there":   {handshake("{field: header:X-Sig, exists: true}"), "handshake.match: body is missing"},
		"handshake, nothing is signed":    {"handshake: {secret: json:token, match: {where: {field: json:token, exists: true}}}\n", "handshake.match: body is missing"},
		"handshake, HTTP Basic":           {"signature: {type: basic}\nhandshake: {secret: json:t, match: {where: [{field: json:t, exists: true}, {field: header:authorization, exists: false}]}}\n", ""},
		"handshake, one proof of two":     {"signature: {type: hmac, header: [X-Sig, X-Sig-2]}\nhandshake: {secret: json:t, match: {where: " + absent + "}}\n", "that header:X-Sig-2 is"},
		"handshake, a proof in the body":  {"signature: {type: hmac, json: sig, content: \"{json:a}\"}\nhandshake: {secret: json:t, match: {where: {field: json:sig, exists: false}}}\n", ""},
		"handshake with a MAC":            {hmacBody + "handshake: {secret: header:S, match: {body: \"\"}, answer: {text: \"{mac}\"}}\n", "handshake.answer: {mac} is for challenges"},
		"handshake with a refusal":        {hmacBody + "handshake: {secret: header:S, match: {body: \"\"}, answer: {status: 404}}\n", "handshake.answer.status: 404 is no success status"},
		"challenge with a refusal":        {answer("status: 404"), ""},
		"challenge that unsubscribes":     {answer("status: 410"), "challenge.0.answer.status: 410 makes senders"},
		"challenge with a server error":   {answer("status: 500"), "challenge.0.answer.status: 500 is no success status"},
		"challenge with a redirect":       {answer("status: 301"), "challenge.0.answer.status: 301 is no success status"},
		"text as a page":                  {answer("text: \"{value}\", header: {content-type: text/html}"), "challenge.0.answer.header.content-type: a text that holds {value} is sent as text/plain alone"},
		"text as JSON":                    {answer("text: '{\"c\":\"{value}\"}', header: {Content-Type: application/json}"), "a text that holds {value} is sent as text/plain alone"},
		"text as text":                    {answer("text: \"{value}\", header: {Content-Type: text/plain}"), ""},
		"a text of ours as XML":           {answer("text: <ack/>, header: {Content-Type: text/xml}"), ""},
		"JSON as a page":                  {answer("json: {c: \"{value}\"}, header: {Content-Type: text/html}"), `"text/html" is no media type of JSON`},
		"JSON of a kind":                  {answer("json: {c: \"{value}\"}, header: {Content-Type: application/problem+json}"), ""},
		"no media type":                   {answer("header: {Content-Type: \"\"}"), `"" is no media type`},
		"a header twice":                  {answer("header: {X-A: a, x-a: b}"), "it is there twice"},
		"a MAC of nothing":                {hmacBody + "challenge: {name: c, match: {body: \"\"}, answer: {text: \"{mac}\"}}\n", "challenge.0.answer: it holds {mac} and value is not set"},
		"a MAC without a scheme":          {macByQuery, "challenge.0.answer: it holds {mac} and there is no scheme of type hmac"},
		"a MAC by a public key":           {"signature: {type: ed25519, header: X-Sig}\n" + macByQuery, "there is no scheme of type hmac"},
		"a MAC and the body":              {hmacBody + macByQuery, ""},
		"a MAC and a field":               {signs("{header:X-Token}"), ""},
		"a MAC and a bare field":          {signs("json:token"), ""},
		"a MAC and a dot":                 {signs("{timestamp}.{body}"), ""},
		"a MAC and parts side by side":    {signs("{timestamp}{body}"), "signature.0.content: it could be the text of a challenge"},
		"a MAC and parts with a hyphen":   {signs("{timestamp}-{body}"), "signature.0.content: it could be the text of a challenge"},
		"a MAC and an optional field":     {signs("{header:X-Token?}"), "signature.0.content: it could be the text of a challenge"},
		"a MAC and a digest of the body":  {signs("{body|sha256|hex}"), "signature.0.content: it could be the text of a challenge"},
		"a MAC and the body in base64":    {signs("{body|base64}"), "signature.0.content: it could be the text of a challenge"},
		"a MAC and sorted parameters":     {signs("{query:sorted}"), "signature.0.content: it could be the text of a challenge"},
		"a MAC and the id":                {signs("{id}"), "signature.0.content: it could be the text of a challenge"},
		"a MAC for proved requests alone": {"signature: {type: hmac, header: X-Sig, content: \"{body|sha256|hex}\"}\n" + macSigned, ""},
		"payload of a header":             {"payload: header:X\n", "payload: header:X: want a field of a form"},
		"payload in hex":                  {"payload: form:p\npayload_encoding: hex\n", `payload_encoding: "hex": want base64 or nothing`},
		"an encoding of no payload":       {"payload_encoding: base64\n", "payload_encoding: payload is missing"},
		"secrets in another form":         {"secret_form: nfc\n", `secret_form: "nfc": want nfkd or nothing`},
		"a success header of no field":    {"limits: {success_header: {X: \"{foo}\"}}\n", "limits.success_header.X: template"},
		"no JSON number":                  {answer("json: {a: 0x10}"), "challenge.0.answer.json.a: 0x10 is no number in JSON"},
		"no JSON number in a list":        {answer("json: {a: [1, .5]}"), "challenge.0.answer.json.a.1: .5 is no number in JSON"},
		"JSON with a name twice":          {answer("json: {a: 1, a: 2}"), "already defined"},
		"a list for an object":            {answer("json: [1]"), "challenge.0.answer.json: want a JSON object"},
		"a text that is no object":        {answer("json: \"[1]\""), "challenge.0.answer.json: want a JSON object"},
		"a text with two objects":         {answer("json: \"{}{}\""), "challenge.0.answer.json: want a JSON object"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := provider.Parse([]byte("name: acme\n"+test.text), "acme.yaml")
			switch {
			case test.want == "" && err != nil:
				t.Error(err)
			case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestAnswerFill(t *testing.T) {
	t.Parallel()
	p := parsed(t, `signature: {type: hmac, header: X-Sig}
challenge:
  name: c
  match: {body: ""}
  value: query:c
  answer:
    status: 202
    header: {X-C: "{value}", X-M: "sha256={mac}"}
    json: {type: 1, big: 12345678901234567890, rate: 1.50, ok: true, none: null, text: "1", list: ["{value}", 2, [{m: "{mac}"}]], "{value}": x}
`)
	rule := p.Challenge[0].Answer
	// What stands for a part is not looked through for parts again.
	got := rule.Fill("{mac}", "{value}")
	want := `{"big":12345678901234567890,"list":["{mac}",2,[{"m":"{value}"}]],"none":null,"ok":true,"rate":1.50,"text":"1","type":1,"{value}":"x"}`
	if body, err := json.Marshal(got.JSON); err != nil || string(body) != want {
		t.Errorf("got  %s (%v)\nwant %s", body, err, want)
	}
	if diff := cmp.Diff(map[string]string{"X-C": "{mac}", "X-M": "sha256={value}"}, got.Header); diff != "" || got.Status != 202 {
		t.Errorf("status %d, header %s", got.Status, diff)
	}
	text := provider.Answer{Text: "{value}|{mac}|{other}"}
	if got := text.Fill("a", "b"); got.Text != "a|b|{other}" || got.JSON != nil || got.Header != nil {
		t.Errorf("got %+v", got)
	}
	if rule.Header["X-C"] != "{value}" {
		t.Error("the rule itself was filled in")
	}
	checkRoundTrip(t, p)
}

func TestSetExchanges(t *testing.T) {
	t.Parallel()
	p := parsed(t, hmacBody)
	key, err := p.Open("challenge")
	if err != nil {
		t.Fatal(err)
	}
	for _, set := range [][2]string{
		{key + ".name", "c"},
		{key + ".match.body", ""},
		{key + ".value", "query:c"},
		{key + ".armed", "true"},
		{key + ".answer.json.challenge", "{value}"},
		{key + ".answer.json.a.b", "1"},
		{"limits.success_header.X-Client", "{header:X-Client}"},
		{"dedupe", "off"},
		{"secret_form", "nfkd"},
		{"payload", "form:p"},
		{"payload_encoding", "base64"},
	} {
		if err := p.Set(set[0], set[1]); err != nil {
			t.Fatal(err)
		}
	}
	c := p.Challenge[0]
	if diff := cmp.Diff(provider.JSON{"challenge": "{value}", "a.b": "1"}, c.Answer.JSON); diff != "" || !c.Armed || p.Dedupe != signature.Off {
		t.Error(diff, c.Armed, p.Dedupe)
	}
	header := p.Limits.SuccessHeader["X-Client"]
	if header.String() != "{header:X-Client}" || !p.Reads(signature.Header) {
		t.Errorf("success header %s", header)
	}
	if err := p.Validate(); err != nil {
		t.Error(err)
	}
	// A block in a Caddyfile has texts alone, so an object with others is one text.
	if err := p.Set(key+".answer.json", `{"type":1}`); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(provider.JSON{"type": json.Number("1")}, p.Challenge[0].Answer.JSON); diff != "" {
		t.Error(diff)
	}
	for _, wrong := range [][]string{{`{"type":1`}, {"1"}, {"{}", "{}"}, {}} {
		if err := p.Set(key+".answer.json", wrong...); err == nil {
			t.Errorf("%q was taken", wrong)
		}
	}
}

// TestMayMatch: without the body, only what surely is no exchange is known not to be.
func TestMayMatch(t *testing.T) {
	t.Parallel()
	exists := true
	where := func(field string, equals string) []provider.Condition {
		c := provider.Condition{Field: fieldOf(t, field), Exists: &exists}
		if equals != "" {
			c.Exists, c.Equals = nil, provider.Templates{template(t, equals)}
		}
		return []provider.Condition{c}
	}
	with := request{header: http.Header{"X-Hook-Secret": {"s"}}}
	for name, test := range map[string]struct {
		match provider.Match
		req   request
		want  bool
	}{
		"a header that is there":         {provider.Match{Where: where("header:X-Hook-Secret", "")}, with, true},
		"a header that is not":           {provider.Match{Where: where("header:X-Hook-Secret", "")}, request{}, false},
		"a header with another text":     {provider.Match{Where: where("header:X-Hook-Secret", "t")}, with, false},
		"a header and the body":          {provider.Match{Where: append(where("json:a", ""), where("header:X-Hook-Secret", "")...)}, request{}, false},
		"the body":                       {provider.Match{Where: where("json:a", "")}, request{}, true},
		"a digest of the body":           {provider.Match{Where: where("body-sha256", "")}, request{}, true},
		"a header that repeats the body": {provider.Match{Where: where("header:X-Hook-Secret", "{body}")}, with, true},
		"a body":                         {provider.Match{Body: signature.Strings{"{}"}}, request{}, true},
		"another method":                 {provider.Match{Method: signature.Strings{"GET"}, Body: signature.Strings{"{}"}}, request{}, false},
	} {
		if got := test.match.MayMatch(http.MethodPost, test.req); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func fieldOf(t *testing.T, text string) signature.Field {
	t.Helper()
	f, err := signature.ParseField(text)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestIsMACText(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]bool{
		"": false, "1234567": false, "12345678": true, "aZ_-0099": true, strings.Repeat("a", 128): true, strings.Repeat("a", 129): false,
		"12345678\n": false, "\n12345678": false, "1234 5678": false, "1234.5678": false, "12345678=": false, "äöüäöüäö": false, "{\"a\":12}": false,
	} {
		if provider.IsMACText(text) != want {
			t.Errorf("%q: want %v", text, want)
		}
	}
}

// TestMayBeAnswered: what a stranger can have signed is known again.
func TestMayBeAnswered(t *testing.T) {
	t.Parallel()
	signs := func(content string) string {
		return "signature: {type: hmac, header: X-Sig, content: '" + content + "'}\n" + macByQuery
	}
	long := strings.Repeat("1", 129)
	for name, test := range map[string]struct {
		text string
		req  request
		want bool
	}{
		"a number":                    {hmacBody + macByQuery, request{body: "12345678"}, true},
		"a short number":              {hmacBody + macByQuery, request{body: "1234567"}, false},
		"a long number":               {hmacBody + macByQuery, request{body: long}, false},
		"an object":                   {hmacBody + macByQuery, request{body: `{"a":123}`}, false},
		"the body, spelled out":       {signs("{body}"), request{body: "12345678"}, true},
		"a header":                    {signs("{header:X-Token}"), request{header: http.Header{"X-Token": {"12345678"}}, body: "{}"}, true},
		"a header, bare":              {signs("header:X-Token"), request{header: http.Header{"X-Token": {"12345678"}}, body: "{}"}, true},
		"another header":              {signs("{header:X-Token}"), request{header: http.Header{"X-Token": {"1.2.3.4.5"}}, body: "12345678"}, false},
		"beside a literal":            {signs("a={body}"), request{body: "12345678"}, false},
		"proved requests alone":       {hmacBody + macSigned, request{body: "12345678"}, false},
		"no MACs":                     {hmacBody, request{body: "12345678"}, false},
		"a scheme that is not in use": {"signature: {type: hmac, header: X-Sig, when: {field: header:X-V, exists: true}}\n" + macByQuery, request{body: "12345678"}, false},
		"a scheme that is":            {"signature: {type: hmac, header: X-Sig, when: {field: header:X-V, exists: true}}\n" + macByQuery, request{header: http.Header{"X-V": {"2"}}, body: "12345678"}, true},
		"a shared secret":             {"signature: [{type: secret, header: X-S}, {type: hmac, header: X-Sig, content: 'a.{body}'}]\n" + macByQuery, request{body: "12345678"}, false},
	} {
		if got := parsed(t, test.text).MayBeAnswered(test.req); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

func TestAnswerHeaders(t *testing.T) {
	t.Parallel()
	p := parsed(t, hmacBody+`handshake: {secret: header:S, match: {body: ""}, answer: {header: {x-hook-secret: "{value}", X-Other: a}}}
challenge:
  - {name: a, match: {body: ""}, value: query:c, answer: {header: {X-Echo: "{value}"}}}
  - {name: b, match: {method: GET, body: ""}, value: query:c, armed: true, answer: {header: {X-Mac: "m={mac}", X-Hook-Secret: "{mac}"}}}
`)
	if got, want := p.AnswerHeaders(), []string{"X-Hook-Secret", "X-Mac"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for text, want := range map[string]bool{hmacBody: false, hmacBody + macByQuery: false} {
		if parsed(t, text).Arms() != want {
			t.Errorf("%s: arms %v", text, !want)
		}
	}
	if p.Handshake = nil; !p.Arms() {
		t.Error("a challenge is armed, and the provider arms nothing")
	}
}

func TestSecretForm(t *testing.T) {
	t.Parallel()
	composed, decomposed := "s\u00e9cret", "se\u0301cret"
	for form, want := range map[string]string{"": composed, provider.NFKD: decomposed} {
		p := &provider.Provider{SecretForm: form}
		given := []signature.Key{{ID: "a", Secret: composed}, {ID: "b", Secret: "plain-0123"}}
		got := p.Keys(given)
		if got[0].Secret != want || got[0].ID != "a" || got[1] != given[1] || given[0].Secret != composed {
			t.Errorf("%q: %+q, want %+q", form, got[0].Secret, want)
		}
	}
}
