package signature

import (
	"strings"
	"testing"
)

// FuzzSyntax cuts headers into items: it always ends, every item is a piece of the
// header without separators in it, and counting agrees with cutting.
func FuzzSyntax(f *testing.F) {
	f.Add("t=1,v1=00,v1=11", "", ",", "=", "t")
	f.Add("v1,abc v1a,def", "", " ", ",", "v1")
	f.Add("sha256=00", "sha256=", "", "", "0")
	f.Add("1700000000000,00,11", "", ",", "", "0")
	f.Add("key|00&key|11", "", "&", "|", "key")
	f.Add(" , ;, ", "", ",; ", "=", "")
	f.Add("Basic \xff\x00", "Basic ", " \xff", "\x00", "9+")
	f.Fuzz(func(t *testing.T, header, prefix, separators, assign, name string) {
		x := syntax{prefix: prefix, separators: separators, assign: assign}
		rest, found := x.strip(header)
		if found != strings.HasPrefix(header, prefix) {
			t.Fatalf("prefix %q of %q: %t", prefix, header, found)
		}
		if !found {
			return
		}
		seen := map[string]bool{}
		for position := 0; rest != ""; {
			var n, value, remaining string
			n, value, remaining = x.next(rest, &position)
			if len(remaining) >= len(rest) {
				t.Fatalf("no step was made in %q", rest)
			}
			if !strings.Contains(rest[:len(rest)-len(remaining)], value) {
				t.Fatalf("%q does not stand at the beginning of %q", value, rest)
			}
			if isASCII(separators) && separators != "" && strings.ContainsAny(value, separators) {
				t.Fatalf("item %q holds one of the separators %q", value, separators)
			}
			if n == name && n != "" {
				seen[value] = true
			}
			rest = remaining
		}
		value, count := x.item(header, name)
		if name == "" {
			return // what has no name is passed over
		}
		if (count == 0) != (len(seen) == 0) || len(seen) == 1 && count != 1 {
			t.Fatalf("item %q: %d, want %d", name, count, len(seen))
		}
		if count > 0 && !seen[value] {
			t.Fatalf("item %q is %q, which is not in %q", name, value, header)
		}
	})
}
