package event

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

func nested(depth int) string { return strings.Repeat("[", depth) + strings.Repeat("]", depth) }

func TestValidJSON(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]bool{
		`{}`: true, ` [1, 2.5e3, -0, true, null, "\u00e9"] `: true, `"x"`: true, `0`: true,
		"": false, " ": false, "{": false, "}": false, "[1,]": false, `{"a"}`: false, `{a:1}`: false, "01": false,
		"+1": false, ".5": false, "1.": false, "-": false, "1e": false, `"\x"`: false, `"\u00g0"`: false, `"`: false,
		"\"a\nb\"": false, "\"\x00\"": false, "1 2": false, "nul": false, "NaN": false, "'a'": false, "\ufeff{}": false,
		"\"\xff\"":           true, // as for encoding/json; it is looked at where it matters
		nested(maxDepth):     true,
		nested(maxDepth + 1): false,
		"[" + nested(maxDepth-1) + "," + nested(maxDepth-1) + "]": true,
		"[" + nested(maxDepth) + "," + nested(1) + "]":            false,
		nested(1_000_000):              false,
		strings.Repeat("[", 1_000_000): false,
		strings.Repeat("]", 1_000_000) + strings.Repeat("[", 1_000_000): false,
		`["` + strings.Repeat(`[\"{`, 10_000) + `"]`:                    true,
		`[` + strings.Repeat(`{},`, 20_000) + `[]]`:                     true,
	} {
		if got := ValidJSON([]byte(body)); got != want {
			t.Errorf("%.40q: %v", body, got)
		}
	}
}

func TestUniqueNames(t *testing.T) {
	t.Parallel()
	object := func(members int) string {
		var b strings.Builder
		for i := range members {
			fmt.Fprintf(&b, `,"m%d":{"a":1}`, i)
		}
		return "{" + b.String()[1:] + "}"
	}
	for body, want := range map[string]bool{
		`{}`: true, `[]`: true, `"a"`: true, `1`: true,
		`{"a":1,"b":2}`:                                    true,
		`{"a":1,"a":2}`:                                    false,
		`{"a":1,"A":2}`:                                    false,
		`{"a":1,"\u0061":2}`:                               false,
		`{"k":1,"\u212a":2}`:                               false, // the Kelvin sign, a K
		`{"s":1,"\u017f":2}`:                               false, // the long s
		`{"\u03c3":1,"\u03c2":2}`:                          false, // the two small sigmas
		`{"a":{"a":{"a":1}}}`:                              true,
		`[{"a":1},{"a":2}]`:                                true,
		`{"a":{"b":1},"b":{"a":1}}`:                        true,
		`{"x":[{"a":1,"b":{"c":1,"c":2}}]}`:                false,
		`{"a":"a","b":"a"}`:                                true,
		`{"a":["a","a"]}`:                                  true,
		`{"a":":","b":"\":\"a\":"}`:                        true,
		`{"a" :1, "a"` + "\n\t\r " + `: 2}`:                false,
		`{"":1,"":2}`:                                      false,
		`{"a\"":1,"a\\":2,"a\\\"":3}`:                      true,
		`{"a":"\\","b":"x","a":1}`:                         false,
		nested(maxDepth):                                   true,
		object(5000):                                       true,
		strings.TrimSuffix(object(5000), "}") + `,"m7":0}`: false,
	} {
		if got := UniqueNames([]byte(body)); got != want {
			t.Errorf("%.60q: %v", body, got)
		}
	}
}

// FuzzJSON compares with the standard library, and looks for names twice in another way.
func FuzzJSON(f *testing.F) {
	for _, seed := range []string{
		`{"a":1,"b":[true,null,{"a":"\u00e9"}],"a":-0.5e+7}`, `["\ud800","\"\\"]`, "[[[]]]", "1.", "-", "{\"\xff\":\"\x7f\"}", ` {"a":{}} x`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		valid := ValidJSON(body)
		if valid != json.Valid(body) {
			t.Fatalf("%q: we say %v, the standard library %v", body, valid, !valid)
		}
		if !valid {
			return
		}
		decoder := json.NewDecoder(strings.NewReader(string(body)))
		decoder.UseNumber()
		if got, want := UniqueNames(body), uniqueByTokens(t, decoder); got != want {
			t.Errorf("%q: unique %v, want %v", body, got, want)
		}
	})
}

// uniqueByTokens reads one value, and tells whether no object in it names a member twice.
func uniqueByTokens(t *testing.T, decoder *json.Decoder) bool {
	t.Helper()
	token, err := decoder.Token()
	if err != nil {
		t.Fatal(err)
	}
	unique := true
	switch token {
	case json.Delim('{'):
		names := map[string]bool{}
		for decoder.More() {
			name, err := decoder.Token()
			if err != nil {
				t.Fatal(err)
			}
			folded := strings.ToLower(strings.ToUpper(name.(string)))
			unique = unique && !names[folded]
			names[folded] = true
			unique = uniqueByTokens(t, decoder) && unique
		}
		_, _ = decoder.Token()
	case json.Delim('['):
		for decoder.More() {
			unique = uniqueByTokens(t, decoder) && unique
		}
		_, _ = decoder.Token()
	}
	return unique
}
