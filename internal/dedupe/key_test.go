package dedupe

import (
	"strings"
	"testing"
)

func TestKeyOfKeepsScopesApart(t *testing.T) {
	t.Parallel()
	seen := map[Key]int{}
	for i, key := range []Key{
		KeyOf("a", "b", ByID, []byte("c")),
		KeyOf("a", "b", ByBody, []byte("c")),
		KeyOf("a", "", ByID, []byte("bc")),
		KeyOf("ab", "", ByID, []byte("c")),
		KeyOf("", "ab", ByID, []byte("c")),
		KeyOf("a", "bc", ByID, nil),
		KeyOf("abc", "", ByID, nil),
		KeyOf("", "", ByID, []byte("abc")),
		KeyOf("", "", ByID, nil),
		KeyOf("", "\x00", ByID, nil),
		KeyOf("\x00", "", ByID, nil),
		KeyOf("a\x01b", "", ByID, []byte("c")),
		KeyOf(strings.Repeat("a", 300), "b", ByID, []byte("c")),
		KeyOf(strings.Repeat("a", 301), "b", ByID, []byte("c")),
		KeyOf("a", "b", ByBody, make([]byte, 1<<20)),
	} {
		if other, ok := seen[key]; ok {
			t.Errorf("keys %d and %d are both %v", other, i, key)
		}
		seen[key] = i
	}
	one, again := KeyOf("a", "b", ByID, []byte("c")), KeyOf("a", "b", ByID, []byte("c"))
	if one != again {
		t.Error("the same parts made different keys")
	}
}

func TestKeyText(t *testing.T) {
	t.Parallel()
	// Written down once: operators pass keys between nodes of different versions.
	const text = "7cc0ca03efa990f3a9b916f1ab9bf32e"
	key := KeyOf("repliers-prod", "", ByID, []byte("evt_1"))
	if key.String() != text {
		t.Errorf("got %v, want %v", key, text)
	}
	if parsed, err := ParseKey(text); err != nil || parsed != key {
		t.Errorf("parsed %v, error %v, want %v", parsed, err, key)
	}
	if parsed, err := ParseKey(strings.ToUpper(text)); err != nil || parsed != key {
		t.Errorf("upper case parsed %v, error %v, want %v", parsed, err, key)
	}
	for _, bad := range []string{"", text[1:], text + "00", text[:31] + "g", text[:31] + " ", strings.Repeat("é", 16)} {
		if parsed, err := ParseKey(bad); err == nil || parsed != (Key{}) {
			t.Errorf("%q: parsed %v, error %v, want an error", bad, parsed, err)
		}
	}
}

func TestKeyOfDoesNotAllocate(t *testing.T) {
	id := []byte("evt_1PqX3sLkdIwHu7ixABCDEFGH")
	if n := testing.AllocsPerRun(100, func() { KeyOf("repliers-prod", "tenant-17", ByID, id) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
