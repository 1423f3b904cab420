package signature_test

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/signature"
)

func TestInvalidSchemes(t *testing.T) {
	t.Parallel()
	timestamp := func(ts signature.Timestamp) func(*signature.Scheme) {
		return func(s *signature.Scheme) { s.Timestamp = &ts }
	}
	tests := []struct {
		name   string
		change func(*signature.Scheme)
		want   string // part of the error
	}{
		{"no type", func(s *signature.Scheme) { s.Type = "" }, "type is missing"},
		{"unknown type", func(s *signature.Scheme) { s.Type = "hmac-sha256" }, `"hmac-sha256"`},
		{"unknown hash", func(s *signature.Scheme) { s.Hash = "sha3" }, `"sha3"`},
		{"unknown key hash", func(s *signature.Scheme) { s.KeyHash = "sha3" }, `"sha3"`},
		{"unknown encoding", func(s *signature.Scheme) { s.Encoding = "base32" }, `"base32"`},
		{"text of an hmac", func(s *signature.Scheme) { s.Encoding = signature.Text }, "encoding text"},
		{"unknown key encoding", func(s *signature.Scheme) { s.Key = "base32" }, `"base32"`},
		{"hex around everything", func(s *signature.Scheme) { s.Wrapping = signature.Hex }, "wrapping"},
		{"PEM for an hmac", func(s *signature.Scheme) { s.Key = signature.KeyPEM }, "key pem"},
		{"key format without the secret", func(s *signature.Scheme) { s.KeyFormat = "client&" }, "key_format"},
		{"unknown padding", func(s *signature.Scheme) { s.Type, s.Padding = signature.RSA, "oaep" }, `"oaep"`},
		{"padding of an hmac", func(s *signature.Scheme) { s.Padding = "pss" }, `"pss"`},
		{"rsa with sha1", func(s *signature.Scheme) { s.Type, s.Hash = signature.RSA, signature.SHA1 }, "sha256 alone"},
		{"ecdsa with sha512", func(s *signature.Scheme) { s.Type, s.Hash = signature.ECDSA, signature.SHA512 }, "sha256 alone"},
		{"unknown covers", func(s *signature.Scheme) { s.Covers = "all" }, `"all"`},
		{"no holder", func(s *signature.Scheme) { s.Header = nil }, "holds the proof"},
		{"empty holder", func(s *signature.Scheme) { s.Header = signature.Strings{""} }, "needs a name"},
		{"empty query holder", func(s *signature.Scheme) { s.Query = signature.Strings{""} }, "needs a name"},
		{"items in no list", func(s *signature.Scheme) { s.Item = signature.Strings{"v1"} }, "item needs"},
		{"names without assign", func(s *signature.Scheme) { s.Separator, s.Item = ",", signature.Strings{"v1"} }, "positions"},
		{"position 10", func(s *signature.Scheme) { s.Separator, s.Item = ",", signature.Strings{"10"} }, "positions"},
		{"timestamp by name without assign", func(s *signature.Scheme) {
			s.Separator, s.Timestamp = ",", &signature.Timestamp{Item: "t"}
		}, "positions"},
		{"assign that separates", func(s *signature.Scheme) { s.Separator, s.Assign = ", =", "=" }, "share"},
		{"separator beyond ASCII", func(s *signature.Scheme) { s.Separator = "·" }, "ASCII"},
		{"content of a secret", func(s *signature.Scheme) { s.Type, s.Content = signature.Secret, content("{body}") }, "signs no content"},
		{"content of basic", func(s *signature.Scheme) { s.Type, s.Content = signature.Basic, content("{body}") }, "signs no content"},
		{"digest without the secret", func(s *signature.Scheme) { s.Type, s.Content = signature.Digest, content("{body}") }, "{secret}"},
		{"digest by default", func(s *signature.Scheme) { s.Type = signature.Digest }, "{secret}"},
		{"hmac with the secret", func(s *signature.Scheme) { s.Content = content("{secret}{body}") }, "{secret}"},
		{"constant content", func(s *signature.Scheme) { s.Content = content("body") }, "same for every request"},
		{"constant of the configuration", func(s *signature.Scheme) { s.Content = content("{const:webhook_id}") }, "same for every request"},
		{"digest of the secret alone", func(s *signature.Scheme) { s.Type, s.Content = signature.Digest, content("{secret}") }, "same for every request"},
		{"id that is not set", func(s *signature.Scheme) { s.Content = content("{id}.{body}") }, "id is not set"},
		{"timestamp that is not set", func(s *signature.Scheme) { s.Content = content("{timestamp}.{body}") }, "timestamp is not set"},
		{"timestamp from nowhere", timestamp(signature.Timestamp{}), "from or item"},
		{"timestamp from two places of a list", func(s *signature.Scheme) {
			s.Separator, s.Timestamp = ",", &signature.Timestamp{From: field("header:X"), Item: "0"}
		}, "from or item"},
		{"timestamp in no list", timestamp(signature.Timestamp{Item: "0"}), "needs separator"},
		{"timestamp that is a proof", func(s *signature.Scheme) {
			s.Separator, s.Item, s.Timestamp = ",", signature.Strings{"0"}, &signature.Timestamp{Item: "0"}
		}, "both the timestamp and the proof"},
		{"unknown unit", timestamp(signature.Timestamp{From: field("header:X"), Unit: "ns"}), `"ns"`},
		{"unknown direction", timestamp(signature.Timestamp{From: field("header:X"), Direction: "future"}), `"future"`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			scheme := with(bare(), test.change)
			err := scheme.Validate()
			if !errors.Is(err, signature.ErrInvalidScheme) || !strings.Contains(err.Error(), test.want) {
				t.Fatalf("got %v, want %q in it", err, test.want)
			}
			if _, err := signature.NewVerifier(schemes(bare(), scheme), keys("k")); !errors.Is(err, signature.ErrInvalidScheme) {
				t.Errorf("NewVerifier: %v", err)
			}
			if _, err := signature.NewSigner(schemes(bare(), scheme), keys("k")); !errors.Is(err, signature.ErrInvalidScheme) {
				t.Errorf("NewSigner: %v", err)
			}
		})
	}
	if _, err := signature.NewVerifier(nil, keys("k")); !errors.Is(err, signature.ErrInvalidScheme) {
		t.Errorf("no scheme: %v", err)
	}
}

// Validating and preparing a scheme leaves it as it was.
func TestSchemeIsNotChanged(t *testing.T) {
	t.Parallel()
	scheme := signature.Scheme{Type: signature.Basic, Timestamp: &signature.Timestamp{From: field("header:X")}}
	if err := scheme.Validate(); err != nil {
		t.Fatal(err)
	}
	newVerifier(t, schemes(scheme), keys("user:password"))
	want := signature.Scheme{Type: signature.Basic, Timestamp: &signature.Timestamp{From: field("header:X")}}
	if !reflect.DeepEqual(scheme, want) {
		t.Errorf("changed to %+v", scheme)
	}
}

func TestCovers(t *testing.T) {
	t.Parallel()
	origin, body := signature.CoversOrigin, signature.CoversBody
	of := func(text string) signature.Scheme {
		return with(bare(), func(s *signature.Scheme) { s.Content = content(text) })
	}
	tests := []struct {
		name   string
		scheme signature.Scheme
		want   string
	}{
		{"default", bare(), body},
		{"digest of the body", of("{body|sha256|hex}"), body},
		{"the other digest of the body", of("{body-sha256}"), body},
		{"two fields", of("{json:a}{json:b}"), origin},
		{"form", of("{form:sorted}"), origin},
		{"form, said to be", with(of("{form:sorted}"), func(s *signature.Scheme) { s.Covers = body }), body},
		{"token", signature.Scheme{Type: signature.Secret, Header: signature.Strings{"X"}}, origin},
		{"basic", signature.Scheme{Type: signature.Basic}, origin},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := newVerifier(t, schemes(test.scheme), nil).Covers(0); got != test.want {
				t.Errorf("covers %s, want %s", got, test.want)
			}
		})
	}
}

func TestCoversAll(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"{body}{query:a}":               "form json xml",
		"{body-sha256}":                 "form json xml",
		"{form:sorted}":                 "form",
		"{json:sorted}":                 "json",
		"{query:sorted}{form:a}":        "query",
		"{query}{json:a}":               "query",
		"{query|before:x}{header:X}":    "",
		"{body-sha256|before:a}":        "",
		"{form:a}{json:a}{query:a}{id}": "",
		"{path}{method}":                "",
	} {
		s := with(bare(), func(s *signature.Scheme) {
			s.Content, s.Covers, s.ID = content(text), signature.CoversBody, field("query:id")
		})
		var got []string
		for _, source := range []signature.Source{signature.Query, signature.Form, signature.JSON, signature.XML} {
			if s.CoversAll(source) {
				got = append(got, string(source))
			}
		}
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %v, want %s", text, got, want)
		}
	}
	if whole := bare(); !whole.CoversAll(signature.Form) {
		t.Error("the body is covered, and a form in it is not")
	}
	if (&signature.Scheme{Type: signature.HMAC}).CoversAll(signature.Form) {
		t.Error("a scheme that is none covers something")
	}
}

func TestCoversField(t *testing.T) {
	t.Parallel()
	mailgun := signature.Scheme{
		Type: signature.HMAC, JSON: signature.Strings{"signature.signature"},
		Content:   content("{timestamp}{json:signature.token}"),
		Timestamp: &signature.Timestamp{From: field("json:signature.timestamp")},
	}
	of := func(text string) signature.Scheme {
		return with(bare(), func(s *signature.Scheme) { s.Content = content(text) })
	}
	sorted := of("{url}{form:sorted}")
	tests := []struct {
		name   string
		scheme signature.Scheme
		yes    []string
		no     []string
	}{
		{"body", bare(), []string{"json:id", "form:id", "body-sha256", "url", "const:x"}, []string{"header:X-Id", "query:a", "method"}},
		{"standard webhooks", standardV1, []string{"header:webhook-id", "header:Webhook-Timestamp", "json:type"}, []string{"header:X-Id"}},
		{"fields", mailgun, []string{"json:signature.token", "json:signature.timestamp"}, []string{"json:event-data.id", "body-sha256"}},
		{"sorted form", sorted, []string{"form:To"}, []string{"query:To", "json:id"}},
		{"sorted members", of("{json:sorted:=&}"), []string{"json:id"}, []string{"form:id", "xml:id"}},
		{"an XML body", bare(), []string{"xml:notification.kind"}, nil},
		{"the beginning of a field", of("{header:X-Id|before:-}{method}"), []string{"method"}, []string{"header:X-Id"}},
		{"the beginning of a form", of("{form:sorted|before:&}{method}"), nil, []string{"form:To"}},
		{"token", signature.Scheme{Type: signature.Secret, Header: signature.Strings{"X"}}, []string{"url"}, []string{"json:id", "header:X"}},
		{"invalid", signature.Scheme{}, nil, []string{"json:id", "url"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			for _, name := range test.yes {
				if !test.scheme.CoversField(field(name)) {
					t.Errorf("%s is not covered", name)
				}
			}
			for _, name := range test.no {
				if test.scheme.CoversField(field(name)) {
					t.Errorf("%s is covered", name)
				}
			}
		})
	}
}

func TestUnsignedTimestamp(t *testing.T) {
	t.Parallel()
	in := func(text, from string) signature.Scheme {
		return with(bare(), func(s *signature.Scheme) {
			s.Content, s.Timestamp = content(text), &signature.Timestamp{From: field(from)}
		})
	}
	token := signature.Scheme{
		Type: signature.Secret, Header: signature.Strings{"X-Token"},
		Timestamp: &signature.Timestamp{From: field("json:at")},
	}
	item := with(stripe(), func(s *signature.Scheme) { s.Content = content("{body}") })
	for name, test := range map[string]struct {
		scheme signature.Scheme
		want   bool
	}{
		"none":             {bare(), false},
		"signed":           {standardV1, false},
		"item":             {stripe(), false},
		"unsigned item":    {item, true},
		"unsigned header":  {in("{body}", "header:X-Time"), true},
		"by its own name":  {in("{header:X-Time}{body}", "header:X-Time"), false},
		"in a signed body": {in("{body}", "json:at"), false},
		"beside a token":   {token, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := test.scheme.UnsignedTimestamp(); got != test.want {
				t.Errorf("got %t", got)
			}
		})
	}
}

// A sender does not put a timestamp into a body that is signed: it is there.
func TestSignerTakesTimestampOfBody(t *testing.T) {
	t.Parallel()
	scheme := with(bare(), func(s *signature.Scheme) {
		s.Content = content("{timestamp}.{body}")
		s.Timestamp = &signature.Timestamp{From: field("json:at"), Unit: signature.Milliseconds}
	})
	signer := newSigner(t, schemes(scheme), keys("secret"))
	r := &request{body: `{"at":1700000000123}`}
	signed := sign(t, signer, r, noon)
	if want := hexMAC("secret", "1700000000123."+r.body); signed.header.Get("X-Signature") != want || signed.document != "" {
		t.Errorf("signed as %+v", signed)
	}
	wantProved(t, newVerifier(t, schemes(scheme), keys("secret")), signed, noon)
	if _, err := signer.Sign(&request{body: "{}"}, noon); !errors.Is(err, signature.ErrCannotSign) || !errors.Is(err, signature.HeaderMissing) {
		t.Errorf("signed without a timestamp: %v", err)
	}
}

// Schemes may be alternatives, each for another shape of request.
func TestSignerPassesOverWhatTheRequestHasNot(t *testing.T) {
	t.Parallel()
	form := with(bare(), func(s *signature.Scheme) { s.Content = content("{form:payload}") })
	signer := newSigner(t, schemes(form, bare()), keys("secret"))
	signed := sign(t, signer, &request{body: "body"}, noon)
	if got, want := signed.header.Get("X-Signature"), hexMAC("secret", "body"); got != want {
		t.Errorf("signed as %s, want %s", got, want)
	}
	_, err := newSigner(t, schemes(form), keys("secret")).Sign(&request{body: "body"}, noon)
	if !errors.Is(err, signature.ErrCannotSign) || !errors.Is(err, signature.HeaderMissing) {
		t.Errorf("signed nothing: %v", err)
	}
}

func TestSchemeJSON(t *testing.T) {
	t.Parallel()
	scheme := signature.Scheme{
		Type: signature.RSA, Hash: signature.SHA256, Padding: "pss",
		Header: signature.Strings{"X-A", "X-B"}, Query: signature.Strings{"q"}, Form: signature.Strings{"f"}, JSON: signature.Strings{"a.b"},
		Wrapping: signature.Base64, Prefix: "sha256=", Separator: ", ", Assign: "=", Item: signature.Strings{"v1", "v2"}, Encoding: signature.Base64URL,
		Key: signature.KeyBase64, KeyPrefix: signature.Strings{"whsec_"}, KeyFormat: "a{secret}", KeyHash: signature.SHA1,
		Content: content("{id}.{timestamp}.{body|sha256}"), ID: field("header:X-Id"),
		Timestamp: &signature.Timestamp{
			From: field("query:t"), Item: "t", Unit: signature.Milliseconds,
			Tolerance: signature.Duration(90 * time.Second), Direction: signature.DirectionPast,
		},
		Covers: signature.CoversOrigin,
	}
	for i := range reflect.TypeFor[signature.Scheme]().NumField() {
		if reflect.ValueOf(scheme).Field(i).IsZero() {
			t.Errorf("field %s is not tested", reflect.TypeFor[signature.Scheme]().Field(i).Name)
		}
	}
	first, err := json.Marshal(scheme)
	if err != nil {
		t.Fatal(err)
	}
	var again signature.Scheme
	if err := json.Unmarshal(first, &again); err != nil {
		t.Fatal(err)
	}
	second, err := json.Marshal(again)
	if err != nil {
		t.Fatal(err)
	}
	if string(first) != string(second) {
		t.Errorf("\n%s became\n%s", first, second)
	}
	const want = `{"type":"rsa","hash":"sha256","padding":"pss","header":["X-A","X-B"],"query":["q"],"form":["f"],"json":["a.b"],` +
		`"wrapping":"base64","prefix":"sha256=","separator":", ","assign":"=","item":["v1","v2"],"encoding":"base64url","key":"base64","key_prefix":["whsec_"],` +
		`"key_format":"a{secret}","key_hash":"sha1","content":"{id}.{timestamp}.{body|sha256}","id":"header:X-Id",` +
		`"timestamp":{"from":"query:t","item":"t","unit":"ms","tolerance":"1m30s","direction":"past"},"covers":"origin"}`
	if string(first) != want {
		t.Errorf("got  %s\nwant %s", first, want)
	}
	again.Content, scheme.Content = signature.Template{}, signature.Template{} // functions do not compare
	if !reflect.DeepEqual(again, scheme) {
		t.Errorf("got  %+v\nwant %+v", again, scheme)
	}

	if text, err := json.Marshal(signature.Scheme{Type: signature.Basic}); err != nil || string(text) != `{"type":"basic"}` {
		t.Errorf("got %s, %v", text, err)
	}
}

func TestSchemeJSONErrors(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"header":    `{"header":5}`,
		"headers":   `{"header":["a",5]}`,
		"content":   `{"content":"{bodi}"}`,
		"field":     `{"id":"headers:X"}`,
		"tolerance": `{"timestamp":{"tolerance":"5 minutes"}}`,
		"negative":  `{"timestamp":{"tolerance":"-5m"}}`,
		"zero":      `{"timestamp":{"tolerance":"0s"}}`,
		"number":    `{"timestamp":{"tolerance":5}}`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s signature.Scheme
			if err := json.Unmarshal([]byte(text), &s); err == nil {
				t.Errorf("read as %+v", s)
			}
		})
	}
}
