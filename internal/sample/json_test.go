package sample

import (
	"testing"

	"github.com/tidwall/gjson"
)

func TestSetJSON(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ doc, path, value, want string }{
		{`{ "a": 1, "b": 2 }`, "a", `"x"`, `{ "a": "x", "b": 2 }`},
		{`{"a":{"b":[{"c":1}]}}`, "a.b.0.c", `2`, `{"a":{"b":[{"c":2}]}}`},
		{`{}`, "a", `1`, `{"a":1}`},
		{"{\n  \"a\": 1\n}", "b", `2`, "{\n  \"a\": 1\n,\"b\":2}"},
		{`{}`, "a.0.b", `1`, `{"a":[{"b":1}]}`},
		{`{"a":{"b":1}}`, "a.c.d", `1`, `{"a":{"b":1,"c":{"d":1}}}`},
		{`{"a":null}`, "a", `1`, `{"a":1}`},
		{`[{"a":1}]`, "0.a", `2`, `[{"a":2}]`},
	} {
		got, done := setJSON(test.doc, test.path, test.value)
		if !done || got != test.want {
			t.Errorf("setJSON(%s, %s, %s) = %s, %v; want %s", test.doc, test.path, test.value, got, done, test.want)
		}
		if !gjson.Valid(got) || gjson.Get(got, test.path).Raw != test.value {
			t.Errorf("%s does not hold %s at %s", got, test.value, test.path)
		}
	}
	for _, test := range []struct{ doc, path string }{
		{`{"a":1}`, "a.b"},
		{`[]`, "a"},
		{`{}`, "a.#.b"},
		{`{}`, "@values"},
		{`{}`, ""},
	} {
		if got, done := setJSON(test.doc, test.path, `1`); done || got != test.doc {
			t.Errorf("setJSON(%s, %s) = %s, %v; want it unchanged", test.doc, test.path, got, done)
		}
	}
}
