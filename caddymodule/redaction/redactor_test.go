package redaction

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestRedactText(t *testing.T) {
	t.Parallel()
	r := newRedactor([]Item{
		{byValue, "s3cret"},
		{byValue, `qu"ote<&>`},
		{byValue, "two words"},
		{byValue, "pin"},
		{byHeader, "X-Hook-Secret"},
		{byQuery, "token"},
		{byQuery, "a b"},
		{byPath, "/hooks/{event}/{token}/in"},
		{byPath, "/other/{token}"},
	})
	for _, test := range []struct{ name, text, want string }{
		{"empty", "", ""},
		{"nothing", "handled request", "handled request"},

		{"value", "key s3cret refused", "key REDACTED refused"},
		{"value alone", "s3cret", "REDACTED"},
		{"value in other case", "S3CRET", "S3CRET"},
		{"values side by side", "s3crets3cret", "REDACTEDREDACTED"},
		{"value within a word", "as3crets", "aREDACTEDs"},
		{"short value", "spinning pin", "spinning pin"},
		{"value quoted", `parse "qu\"ote<&>": bad`, `parse "REDACTED": bad`},
		{"value in JSON", `{"v":"qu\"ote\u003c\u0026\u003e"}`, `{"v":"REDACTED"}`},
		{"value in a query", "/?x=two+words", "/?x=REDACTED"},
		{"value escaped", "/two%20words/%733cret", "/REDACTED/REDACTED"},
		{"value escaped twice", "/?next=%2F%3Fx%3Dtwo%252520words", "/?next=%2F%3Fx%3DREDACTED"},

		{"parameter", "/in?id=7&token=x&n=1", "/in?id=7&token=REDACTED&n=1"},
		{"parameter first", "/in?token=x", "/in?token=REDACTED"},
		{"parameter twice", "/in?token=x&token=y", "/in?token=REDACTED&token=REDACTED"},
		{"parameter without value", "/in?token=&n=1", "/in?token=&n=1"},
		{"parameter without equals sign", "/in?token&n=1", "/in?token&n=1"},
		{"parameter of a longer name", "/in?mytoken=x&token2=y", "/in?mytoken=x&token2=y"},
		{"parameter in other case", "/in?Token=x", "/in?Token=x"},
		{"parameter with its name escaped", "/in?t%6Fken=x&a+b=y&a%20b=z", "/in?t%6Fken=REDACTED&a+b=REDACTED&a%20b=REDACTED"},
		{"parameter with odd characters", "/in?token=a?b=c'd#e/f;g&n=1", "/in?token=REDACTED&n=1"},
		{"parameter in a bare query", "token=x&n=1", "token=REDACTED&n=1"},
		{"parameter in a fragment", "/in#token=x", "/in#token=REDACTED"},
		{"parameter in a message", `Get "http://a.example/?token=x": EOF`, `Get "http://a.example/?token=REDACTED": EOF`},
		{"parameter of a URL in a parameter", "/in?next=/?token=x", "/in?next=/?token=REDACTED"},
		{"parameter whose value has spaces", "token=two words, token=x", "token=REDACTED, token=REDACTED"},
		{"path with a value in it", "/other/two words?n=1", "/other/REDACTED?n=1"},
		{"many equals signs", "====token====x", "====token=REDACTED"},

		{"path", "/hooks/created/x/in", "/hooks/created/REDACTED/in"},
		{"path with query", "/other/x?n=1", "/other/REDACTED?n=1"},
		{"path in other case", "/OTHER/x", "/OTHER/REDACTED"},
		{"path with more behind", "/hooks/created/x/out/", "/hooks/created/REDACTED/out/"},
		{"path without what is behind", "/hooks/created/x", "/hooks/created/REDACTED"},
		{"path without token", "/hooks/created", "/hooks/created"},
		{"path with an empty token", "/hooks/created//in", "/hooks/created//in"},
		{"path of another", "/site/other/x", "/site/other/x"},
		{"path in a query", "/in?n=/other/x", "/in?n=/other/x"},
		{"path in a URL", "https://a.example/other/x", "https://a.example/other/REDACTED"},
		{"path in messages", `http://a.example and "http://b.example/other/x": EOF`, `http://a.example and "http://b.example/other/REDACTED": EOF`},
		{"host without path", "https://other/x", "https://other/x"},

		{"all at once", "/other/x?token=y&z=s3cret", "/other/REDACTED?token=REDACTED&z=REDACTED"},
		{"invalid UTF-8", "\xff\xfes3cret\xff", "\xff\xfeREDACTED\xff"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := r.text(test.text); got != test.want {
				t.Errorf("text(%q)\n got %q\nwant %q", test.text, got, test.want)
			}
		})
	}
}

func TestBlank(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		parts []span
		want  string
	}{
		{"nothing", nil, "0123456789"},
		{"all", []span{{0, 10}}, "REDACTED"},
		{"no characters", []span{{0, 0}, {5, 5}, {10, 10}}, "0123456789"},
		{"in any order", []span{{7, 8}, {1, 2}, {4, 5}}, "0REDACTED23REDACTED56REDACTED89"},
		{"side by side", []span{{1, 2}, {2, 3}}, "0REDACTEDREDACTED3456789"},
		{"overlapping", []span{{1, 4}, {3, 6}}, "0REDACTED6789"},
		{"within another", []span{{1, 8}, {3, 5}}, "0REDACTED89"},
		{"twice", []span{{1, 8}, {1, 8}}, "0REDACTED89"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			if got := blank("0123456789", test.parts); got != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestRedactorHides(t *testing.T) {
	t.Parallel()
	r := newRedactor([]Item{{byHeader, "X-Hook-Secret"}, {byHeader, "Authorization"}})
	for name, want := range map[string]bool{
		"X-Hook-Secret": true, "x-hook-secret": true, "X-HOOK-SECRET": true, "Authorization": true,
		"X-Hook-Secre": false, "X-Hook-Secrets": false, "X_Hook_Secret": false, "authority": false, "": false,
	} {
		if got := r.hides(name); got != want {
			t.Errorf("hides(%q) = %v", name, got)
		}
	}
}

// However a secret is escaped, and wherever it stands, it is gone.
func TestRedactTextRemovesSecrets(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.StringMatching(`[!-~]{4,12}( [!-~]{1,4})?`).Draw(t, "secret")
		inText := secret
		for range rapid.IntRange(0, timesEscaped).Draw(t, "times") {
			inText = escapeSome(t, inText)
		}
		surroundings := rapid.StringMatching(`([a-z/?&= ]|%2F|%3d){0,12}`)
		before, after := surroundings.Draw(t, "before"), surroundings.Draw(t, "after")
		r := newRedactor([]Item{{byValue, secret}, {byQuery, "a"}, {byPath, "/a/{token}"}})
		got := r.text(before + inText + after)
		// What the surroundings hold by chance does not count.
		if strings.Contains(got, inText) && !strings.Contains(before+Hidden+after, inText) {
			t.Errorf("%q as %q is still in %q", secret, inText, got)
		}
	})
}

func escapeSome(t *rapid.T, text string) string {
	var b strings.Builder
	for i := range len(text) {
		switch rapid.IntRange(0, 2).Draw(t, "how") {
		case 0:
			fmt.Fprintf(&b, "%%%02X", text[i])
		case 1:
			fmt.Fprintf(&b, "%%%02x", text[i])
		default:
			if text[i] == '%' {
				b.WriteString("%25") // or it would not be the same text
				continue
			}
			b.WriteByte(text[i])
		}
	}
	return b.String()
}

// FuzzRedactText: nothing panics, and a text without secrets stays as it is.
func FuzzRedactText(f *testing.F) {
	for _, seed := range []string{"", "a=b", "://", "http://a/hooks/b?c=d%2", "%%%", "\xff=\xff/\xff"} {
		f.Add(seed)
	}
	none := newRedactor(nil)
	some := newRedactor([]Item{{byValue, "s3cret"}, {byQuery, "token"}, {byPath, "/hooks/{token}"}})
	f.Fuzz(func(t *testing.T, text string) {
		if got := none.text(text); got != text {
			t.Errorf("without redactions %q became %q", text, got)
		}
		got := some.text(text)
		if got != text && !strings.Contains(got, Hidden) {
			t.Errorf("%q became %q", text, got)
		}
		if strings.Contains(got, "s3cret") {
			t.Errorf("the secret is still in %q", got)
		}
	})
}

func TestRedactionListCounts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newRedactionList()
		shows := func(text string) bool { return l.redactor().text(text) == text }

		old := l.add([]Item{{byValue, "secret-1"}, {byValue, "secret-2"}})
		fresh := l.add([]Item{{byValue, "secret-2"}, {byValue, "secret-3"}})
		for _, secret := range []string{"secret-1", "secret-2", "secret-3"} {
			if shows(secret) {
				t.Errorf("%s is shown", secret)
			}
		}

		old()
		old() // a second time changes nothing
		time.Sleep(linger - time.Second)
		synctest.Wait()
		if shows("secret-1") {
			t.Error("a request still in flight would show secret-1")
		}
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if !shows("secret-1") {
			t.Error("secret-1 is never forgotten")
		}
		if shows("secret-2") || shows("secret-3") {
			t.Error("what the newer configuration wants is gone")
		}

		fresh()
		time.Sleep(linger)
		synctest.Wait()
		if len(l.wanted) != 0 {
			t.Errorf("%d redactions are left", len(l.wanted))
		}
	})
}

// A configuration that is loaded again unchanged costs no new redactor.
func TestRedactionListKeepsRedactor(t *testing.T) {
	t.Parallel()
	l := newRedactionList()
	items := []Item{{byValue, "secret"}, {byHeader, "X-Secret"}}
	l.count(items, 1)
	before := l.redactor()
	l.count(items, 1)
	l.count(items, -1)
	if l.redactor() != before {
		t.Error("the redactor was built anew")
	}
}

func TestRedactionListConcurrently(t *testing.T) {
	t.Parallel()
	l := newRedactionList()
	l.count([]Item{{byValue, "always here"}}, 1)
	var wg sync.WaitGroup
	for i := range 8 {
		item := Item{byValue, fmt.Sprintf("secret %d", i)}
		wg.Go(func() {
			for range 50 {
				l.count([]Item{item}, 1)
				if got := l.redactor().text(item.text); got != Hidden {
					t.Errorf("got %q", got)
				}
				l.count([]Item{item}, -1)
			}
		})
		wg.Go(func() {
			for range 200 {
				if got := l.redactor().text("always here"); got != Hidden {
					t.Errorf("got %q", got)
				}
			}
		})
	}
	wg.Wait()
	if len(l.wanted) != 1 {
		t.Errorf("%d redactions are left, want 1", len(l.wanted))
	}
}

func TestSpellings(t *testing.T) {
	t.Parallel()
	if got := spellings("plain-s3cret"); !slices.Equal(got, []string{"plain-s3cret"}) {
		t.Errorf("got %q", got)
	}
	if got := spellings("pin"); len(got) != 0 {
		t.Errorf("a short value is looked for as %q", got)
	}
	// What is quoted or encoded in the usual ways is found again.
	for _, value := range []string{"a\"b\\c", "<a&b>", "two words", "über\nmorgen", "a\x00b\xffc", "a+b/c=="} {
		inJSON, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		r := newRedactor([]Item{{byValue, value}})
		for _, text := range []string{
			value, string(inJSON), fmt.Sprintf("%q", value), url.QueryEscape(value), url.PathEscape(value),
		} {
			if got := strings.Trim(r.text(text), `"`); got != Hidden {
				t.Errorf("%q: %q became %q", value, text, got)
			}
		}
	}
}

// At debug level Caddy logs the whole configuration before it knows any endpoint.
func TestConfigurationInLog(t *testing.T) {
	t.Parallel()
	r := newRedactor(nil)
	clean, err := r.reflected("config", map[string]any{"handle": []any{map[string]any{
		"handler": "hookward", "name": "in", "override": map[string]any{"const.verify_token": []any{"zq-override"}},
		"provider_definition": map[string]any{"name": "acme", "const": map[string]any{"verify_token": "zq-const"}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"handle": []any{map[string]any{
		"handler": "hookward", "name": "in", "override": Hidden,
		"provider_definition": map[string]any{"name": "acme", "const": Hidden},
	}}}
	if diff := cmp.Diff(want, clean); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// BenchmarkRedactionListAdd loads a configuration of many endpoints.
func BenchmarkRedactionListAdd(b *testing.B) {
	for _, endpoints := range []int{10, 1000} {
		b.Run(fmt.Sprint(endpoints), func(b *testing.B) {
			items := manyRedactions(endpoints)
			for b.Loop() {
				l := newRedactionList()
				for own := range slices.Chunk(items, 3) {
					l.count(own, 1)
				}
				l.redactor()
			}
		})
	}
}
