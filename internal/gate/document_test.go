package gate

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"

	"github.com/hookward/hookward/internal/event"
)

// What the list of members finds is what a search from the start would find.
func FuzzFind(f *testing.F) {
	many := make([]string, 0, 2*maxMembersKept)
	for i := range 2 * maxMembersKept {
		many = append(many, fmt.Sprintf(`"m%d":{"id":%d}`, i, i))
	}
	for _, doc := range []string{
		`{"a":1,"b":{"c":["x",{"d":null}]},"a":2}`, ` {"\u0061":"escaped","":{"":3}}`, `[{"a":1},{"a":2}]`, `"{\"a\":1}"`,
		`{"a":"{\"b\":1}"}`, "{ \"a\" : -1.5e3 ,\n\"b\"\t:\r[ ] , \"c\":{ \"d\" : \"}\" } }", `{"a\\":"\\\"","b":"\""}`, `{"a":["{",{"b":2}],"b":true}`, `{}`, `7`, `{"a":{"b":{"b":{"c":1}}}}`,
		"{" + strings.Join(many, ",") + "}",
	} {
		for _, path := range []string{"a", "a.b", "b.c", "b.c.1.d", "b.c.#", "0.a", "#.a", "", ".", "a.", "..0", "a..b", "m63.id", "m64.id", "m127.id", "m128", "@this", "a|b", "*"} {
			f.Add([]byte(doc), path)
		}
	}
	f.Fuzz(func(t *testing.T, doc []byte, path string) {
		if !event.ValidJSON(doc) {
			return
		}
		d := document{json: doc}
		for range 2 {
			got, want := d.find(path), gjson.GetBytes(doc, path)
			if got.Type != want.Type || got.Raw != want.Raw || got.String() != want.String() {
				t.Fatalf("%q in %s: got %s %q, want %s %q", path, doc, got.Type, got.Raw, want.Type, want.Raw)
			}
		}
	})
}
