package redaction

import (
	"fmt"
	"strings"
	"testing"

	"github.com/tidwall/gjson"
	"pgregory.net/rapid"
)

func TestPathsMeet(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		one, other string
		want       bool
	}{
		{"data.password", "data.password", true},
		{"data.password", "data", true}, // a template reads what it is a part of
		{"data", "data.password", true},
		{"data.password", "data.id", false},
		{"data.password", "password", false},
		{"data.password", "datum.password", false},
		{"id", "id2", false},

		{"0.agentid", "0.agentid", true},
		{"#.agentid", "0.agentid", true},
		{"#.agentid", "12.agentid", true},
		{"#.agentid", "00.agentid", true},
		{"0.agentid", "00.agentid", true},
		{"0.agentid", "1.agentid", false},
		{"0.agentid", "18446744073709551616.agentid", true}, // gjson counts in 64 bits
		{"#.agentid", "#", true},
		{"#.agentid", "#.id", false},
		{"#.agentid", "data.mlsNumber", false},
		{"#", "operation", false}, // a position is in an array, a name in an object

		{"*.agentid", "data.agentid", true},
		{"*.agentid", "data.agentid.x", true},
		{"*.agentid", "data.id", false},
		{"data.pass*", "data.password", true},
		{"data.p?ssword", "data.password", true},
		{"*", "#", true},

		{"@this", "id", true},
		{"@values", "id", true},
		{"data.@values", "data.id", true},
		{"data.@values.0", "data", true},
		{"data.@values", "id", false},
		{"data|password", "data.password", true},
		{`data\.password`, "data", true},
		{`pass\word`, "password", true},
		{"..0.password", "password", true},
		{`users.#(name=="a.b").password`, "users.0.password", true},
		{`users.#(name=="a.b")#.password`, "groups.0.password", false},
		{"{id,password}", "password", true},
		{"[password]", "password", true},
		{"data.{id,password}", "data.password", true},
		{"", "id", true},
	} {
		one, other := parsePath(test.one), parsePath(test.other)
		if got := one.meets(other); got != test.want {
			t.Errorf("%s meets %s: %v", test.one, test.other, got)
		}
		if got := other.meets(one); got != test.want {
			t.Errorf("%s meets %s: %v", test.other, test.one, got)
		}
	}
}

// Whatever the paths and the document: if one leads to a text that the other leads to
// as well, they meet.
func TestPathsMeetAsInGJSON(t *testing.T) {
	t.Parallel()
	shared := 0
	rapid.Check(t, func(t *rapid.T) {
		n := 0
		doc := drawJSON(t, 3, &n)
		ledBy := map[string][]string{} // the paths that lead to each text
		for range 50 {
			path := drawPath(t)
			for leaf := range strings.FieldsSeq(leaves(gjson.Get(doc, path))) {
				ledBy[leaf] = append(ledBy[leaf], path)
			}
		}
		for leaf, paths := range ledBy {
			for i, one := range paths {
				for _, other := range paths[:i] {
					shared++
					if !parsePath(one).meets(parsePath(other)) {
						t.Fatalf("%s and %s lead to %s in %s", one, other, leaf, doc)
					}
				}
			}
		}
	})
	if shared == 0 {
		t.Error("no two paths led to the same text")
	}
}

var pathNames = []string{"a", "b", "0", "1", "#"}

// drawJSON makes a document of which each text is like no other.
func drawJSON(t *rapid.T, depth int, n *int) string {
	kind := rapid.IntRange(0, 3).Draw(t, "kind")
	if depth == 0 || kind == 0 {
		*n++
		return fmt.Sprintf(`"leaf%d;"`, *n)
	}
	var members []string
	for i := range rapid.IntRange(1, 3).Draw(t, "members") {
		value := drawJSON(t, depth-1, n)
		if kind > 1 {
			value = fmt.Sprintf("%q:%s", pathNames[i], value)
			if rapid.Bool().Draw(t, "position") {
				value = fmt.Sprintf("%q:", pathNames[4-i]) + value[strings.Index(value, ":")+1:]
			}
		}
		members = append(members, value)
	}
	if kind > 1 {
		return "{" + strings.Join(members, ",") + "}"
	}
	return "[" + strings.Join(members, ",") + "]"
}

func drawPath(t *rapid.T) string {
	part := rapid.SampledFrom(append([]string{
		"a*", "*", "?", "00", "@values", "@this", "@flatten", "@reverse", `\a`, "{a,b}", "[a]", `#(a!="x")`, `#(a!="x")#`, "..0", "#|0", "a|0", "a|@values",
	}, append(pathNames, pathNames...)...))
	return strings.Join(rapid.SliceOfN(part, 1, 4).Draw(t, "path"), ".")
}

// leaves lists the texts in a value, with spaces around each.
func leaves(value gjson.Result) string {
	if !value.IsArray() && !value.IsObject() {
		return " " + strings.TrimSuffix(value.Str, ";") + " "
	}
	var all strings.Builder
	value.ForEach(func(_, member gjson.Result) bool {
		all.WriteString(leaves(member))
		return true
	})
	return all.String()
}

func TestCheckPath(t *testing.T) {
	t.Parallel()
	for text, good := range map[string]bool{
		"data.password":        true,
		"#.agentid":            true,
		"data.@values":         true,
		`users.#(a.b=="])").c`: true,
		`users.#(a=="\")").c`:  true,
		`a\.b\]`:               true,
		"{id,data.name}":       true,
		"[id,data.name].0":     true,
		"über.name":            true,

		"":             false,
		"][":           false,
		"a]":           false,
		"a[":           false,
		"#(a":          false,
		"#(a]":         false,
		`#(a=="x`:      false,
		".a":           false,
		"a.":           false,
		"a..b":         false,
		".":            false,
		"data. .b..id": false,
	} {
		if err := CheckPath(text); (err == nil) != good {
			t.Errorf("%q: error %v", text, err)
		}
	}
}

// FuzzCheckPath: no text makes it, or what follows from it, panic.
func FuzzCheckPath(f *testing.F) {
	for _, seed := range []string{"", "][", `#(a=="\`, "a.#.b", `\`, `{"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_ = CheckPath(text)
		if path := parsePath(text); !path.meets(path) {
			t.Errorf("%q does not meet itself", text)
		}
	})
}
