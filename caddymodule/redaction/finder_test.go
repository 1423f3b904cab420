package redaction

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

var compareSpans = cmp.AllowUnexported(span{})

func TestFind(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long", 100)
	for _, test := range []struct {
		name, text string
		values     []string
		want       []span
	}{
		{"no values", "anything", nil, nil},
		{"empty text", "", []string{"abcd"}, nil},
		{"shorter text", "abc", []string{"abcd"}, nil},
		{"the text is the value", "abcd", []string{"abcd"}, []span{{0, 4}}},
		{"at the start", "abcd-", []string{"abcd"}, []span{{0, 4}}},
		{"at the end", "-abcd", []string{"abcd"}, []span{{1, 5}}},
		{"cut off", "-abc", []string{"abcd"}, nil},
		{"twice", "abcdabcd", []string{"abcd"}, []span{{0, 4}, {4, 8}}},
		{"the longest", "-abcdef-", []string{"abcd", "abcdef", "abcde"}, []span{{1, 7}}},
		{"overlapping", "abcdef", []string{"abcd", "cdef"}, []span{{0, 4}, {2, 6}}},
		{"overlapping itself", "aaaaa", []string{"aaaa"}, []span{{0, 4}, {1, 5}}},
		{"of different lengths", "-long secret-", []string{"long secret", "cret"}, []span{{1, 12}, {8, 12}}},
		{"wider than a window can be", "-" + long + "-", []string{long}, []span{{1, 401}}},
		{"as wide but not the same", long[1:] + "-", []string{long}, nil},
		{"case matters", "ABCD", []string{"abcd"}, nil},
		{"any bytes", "\xff\x00\xfe\x01", []string{"\xff\x00\xfe\x01"}, []span{{0, 4}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := newFinder(test.values).find(test.text)
			if diff := cmp.Diff(test.want, got, compareSpans); diff != "" {
				t.Errorf("find(%q) of %q (-want +got):\n%s", test.text, test.values, diff)
			}
		})
	}
}

// The finder finds what looking at every place of the text finds.
func TestFindAgrees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.StringMatching(`[ab\x00]{2,6}`), 0, 8).Draw(t, "values")
		text := rapid.StringMatching(`[ab\x00]{0,40}`).Draw(t, "text")
		got := newFinder(values).find(text)
		if diff := cmp.Diff(findSlowly(values, text), got, compareSpans); diff != "" {
			t.Errorf("find(%q) of %q (-want +got):\n%s", text, values, diff)
		}
	})
}

func findSlowly(values []string, text string) []span {
	var found []span
	for start := range len(text) {
		longest := 0
		for _, value := range values {
			if strings.HasPrefix(text[start:], value) {
				longest = max(longest, len(value))
			}
		}
		if longest > 0 {
			found = append(found, span{start, start + longest})
		}
	}
	return found
}

func TestFindEscaped(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, text string
		times      int
		want       []span
	}{
		{"nothing escaped", "a+b/", 3, nil},
		{"nothing but a percent sign", "100% a+b/", 3, nil},
		{"all", "-%61%2B%62%2F-", 3, []span{{1, 13}}},
		{"some", "a%2Bb/", 3, []span{{0, 6}}},
		{"lower case", "a%2bb%2f", 3, []span{{0, 8}}},
		{"twice", "a%252Bb%252F", 3, []span{{0, 12}}},
		{"in different ways", "a%252Bb/", 3, []span{{0, 8}}},
		{"more often than looked for", "a%25252Bb/", 2, nil},
		{"as often as looked for", "a%25252Bb/", 3, []span{{0, 10}}},
		{"behind a broken one", "%%2%zz%a%2Bb/", 3, []span{{7, 13}}},
		{"broken at the end", "a%2Bb/%", 3, []span{{0, 6}}},
		{"cut off in the middle", "a%2Bb%2", 3, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			got := newFinder([]string{"a+b/"}).findEscaped(test.text, test.times)
			if diff := cmp.Diff(test.want, got, compareSpans); diff != "" {
				t.Errorf("findEscaped(%q) (-want +got):\n%s", test.text, diff)
			}
		})
	}
}

// BenchmarkFind looks for a hundred values in a text that holds none of them.
func BenchmarkFind(b *testing.B) {
	var values []string
	for i := range 100 {
		values = append(values, fmt.Sprintf("%02dwhsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS", i))
	}
	f := newFinder(values)
	text := strings.Repeat("Mozilla/5.0 (compatible; a user agent of some sort) ", 20)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		if f.find(text) != nil {
			b.Fatal("found")
		}
	}
}
