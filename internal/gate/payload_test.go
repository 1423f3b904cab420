package gate

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/signature"
)

func TestEncodedPayload(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		form, want string
	}{
		"base64":             {"p=" + url.QueryEscape("eyJhIjoiYiJ9"), `{"a":"b"}`},
		"in lines":           {"p=" + url.QueryEscape("eyJh\nIjoi\r\nYiJ9\n"), `{"a":"b"}`},
		"a plus as a space":  {"p=eyJ+Ijoi", ""},
		"no base64":          {"p=%7B%22a%22%3A%22b%22%7D", ""},
		"cut off":            {"p=eyJhIjoiYiJ9e", ""},
		"none":               {"q=eyJhIjoiYiJ9", ""},
		"a form of nonsense": {"p=%zz", ""},
	} {
		r := &reading{
			Delivery: &Delivery{Header: header("Content-Type", mediaForm), Body: []byte(test.form)},
			payload:  signature.Field{Source: signature.Form, Name: "p"}, encoding: signature.Base64,
		}
		if got := string(r.content()); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
	plain := &reading{
		Delivery: &Delivery{Header: header("Content-Type", "application/json"), Body: []byte(`{"a":"b"}`)},
		payload:  signature.Field{Source: signature.Form, Name: "p"}, encoding: signature.Base64,
	}
	if got := string(plain.content()); got != `{"a":"b"}` {
		t.Errorf("a body that is no form became %q", got)
	}
}

func TestMembers(t *testing.T) {
	t.Parallel()
	many := `{"a":1` + strings.Repeat(`,"a":1`, maxMembers) + "}"
	for name, test := range map[string]struct {
		body string
		want url.Values
	}{
		"texts and numbers": {`{"b":"x\u0041","a":1.50,"t":true,"n":null}`, url.Values{"b": {"xA"}, "a": {"1.50"}, "t": {"true"}, "n": {""}}},
		"a name twice":      {`{"a":"1","a":"2"}`, url.Values{"a": {"1", "2"}}},
		"none":              {`{}`, url.Values{}},
		"an object within":  {`{"a":"1","b":{"c":"2"}}`, nil},
		"a list within":     {`{"a":"1","b":["2"]}`, nil},
		"a list":            {`["a"]`, nil},
		"a text":            {`"a"`, nil},
		"no JSON":           {`{"a":`, nil},
		"too many":          {many, nil},
	} {
		r := &reading{Delivery: &Delivery{Body: []byte(test.body)}}
		if diff := cmp.Diff(test.want, r.Values(signature.JSON)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}
