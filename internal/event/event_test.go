package event

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"go.uber.org/goleak"

	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when deliveries arrive.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// request is a delivery that has headers alone.
type request http.Header

func (request) Body() []byte { return nil }

func (r request) Lookup(f signature.Field) (string, int) {
	switch values := r[f.Name]; {
	case f.Source == signature.BodySHA256:
		return "hash-of-the-body", 1
	case f.Source == signature.Header && len(values) > 0:
		return values[0], len(values)
	}
	return "", 0
}

func (request) Values(signature.Source) url.Values { return nil }

func (request) Readable(signature.Source) bool { return true }

func templates(tb testing.TB, texts ...string) provider.Templates {
	tb.Helper()
	list := make(provider.Templates, len(texts))
	for i, text := range texts {
		if err := list[i].UnmarshalText([]byte(text)); err != nil {
			tb.Fatal(err)
		}
	}
	return list
}

// rules take each fact from a header of its name.
func rules(tb testing.TB) *provider.Event {
	tb.Helper()
	return &provider.Event{
		ID: templates(tb, "header:Id"), Type: templates(tb, "header:Type"), Time: templates(tb, "header:Time"),
		Subject: templates(tb, "header:Subject"), Source: templates(tb, "header:Source"),
		Prefix: "com.acme",
		Types:  map[string]string{"Widget.Made": "com.acme.widget.created"},
	}
}

func read(tb testing.TB, header ...string) *Event {
	tb.Helper()
	r := request{}
	for i := 0; i+1 < len(header); i += 2 {
		r[header[i]] = []string{header[i+1]}
	}
	return New(rules(tb), r, Facts{Provider: "acme", Endpoint: "acme-prod", Received: noon})
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	types := &provider.Event{Prefix: "com.acme", Types: map[string]string{
		"Deals/Created":   "com.acme.deal.created",
		"LISTING_CREATED": "com.acme.listing.created",
	}}
	for raw, want := range map[string]string{
		"Deals/Created":           "com.acme.deal.created",
		"LISTING_CREATED":         "com.acme.listing.created",
		"deals/created":           "com.acme.deals.created",
		"listing_created":         "com.acme.listing_created.received",
		"search.match.created":    "com.acme.search_match.created",
		"a.b.c.d":                 "com.acme.a_b_c.d",
		"user:created":            "com.acme.user.created",
		"user|created":            "com.acme.user.created",
		"user created":            "com.acme.user.created",
		"user":                    "com.acme.user.received",
		"":                        "com.acme.delivery.received",
		"..":                      "com.acme.delivery.received",
		" / ":                     "com.acme.delivery.received",
		"..user..created..":       "com.acme.user.created",
		"Über.größe":              "com.acme._ber.gr__e",
		"a-b.c-d":                 "com.acme.a_b.c_d",
		"x\r\nSet-Cookie: a=b":    "com.acme.x__set_cookie.a_b",
		"\xff.\x00":               "com.acme._._",
		strings.Repeat("a", 5000): "com.acme." + strings.Repeat("a", maxText) + ".received",
	} {
		if got := Canonical(types, raw); got != want {
			t.Errorf("%q becomes %q, want %q", raw, got, want)
		}
	}
	if got := Canonical(&provider.Event{}, "contact.create"); got != "contact.create" {
		t.Errorf("without a prefix: %q", got)
	}
}

func TestFacts(t *testing.T) {
	t.Parallel()
	e := read(t, "Id", "7", "Type", "Widget.Made", "Time", "2026-03-01T13:00:00.25+02:00", "Subject", "a widget",
		"Source", "https://eu.acme.example/shop", "Content-Type", "text/plain")
	want := Event{
		ID: "7", Source: "https://eu.acme.example/shop", Type: "com.acme.widget.created", Subject: "a widget",
		Time: time.Date(2026, 3, 1, 11, 0, 0, 25e7, time.UTC), ContentType: "text/plain",
		Provider: "acme", Endpoint: "acme-prod", RawType: "Widget.Made",
	}
	if *e != want {
		t.Errorf("got %+v", e)
	}
}

func TestWhatIsNotSaid(t *testing.T) {
	t.Parallel()
	e := read(t)
	want := Event{
		ID: "hash-of-the-body", Source: "urn:hookward:acme-prod", Type: "com.acme.delivery.received", Time: noon,
		Provider: "acme", Endpoint: "acme-prod",
	}
	if *e != want {
		t.Errorf("got %+v", e)
	}
}

// TestIDs: an id that would have to be changed to be written might become another's.
func TestIDs(t *testing.T) {
	t.Parallel()
	const hash = "hash-of-the-body"
	for id, want := range map[string]string{
		"msg_1":                        "msg_1",
		"a b":                          "a b",
		"ä":                            "ä",
		strings.Repeat("x", maxText):   strings.Repeat("x", maxText),
		strings.Repeat("x", maxText+1): hash,
		"a\x01":                        hash,
		"a\xff":                        hash,
		"a\ufffe":                      hash,
		"":                             hash,
		"   ":                          hash,
	} {
		if got := read(t, "Id", id).ID; got != want {
			t.Errorf("id %q becomes %q", id, got)
		}
	}
	optional := &provider.Event{ID: templates(t, "{header:Id?}")}
	if got := New(optional, request{}, Facts{}).ID; got != hash {
		t.Errorf("an id of nothing becomes %q", got)
	}
}

// TestIDsOfOneBody: equal bodies of different types are different events, which no
// receiver may take for one.
func TestIDsOfOneBody(t *testing.T) {
	t.Parallel()
	outside := &provider.Event{Type: templates(t, "header:Type")}
	inside := &provider.Event{Type: templates(t, "{body-sha256}")}
	id := func(rules *provider.Event, raw string) string {
		return New(rules, request{"Type": {raw}}, Facts{}).ID
	}
	made, changed := id(outside, "made"), id(outside, "changed")
	if made == changed || made != id(outside, "made") || len(made) != 64 {
		t.Errorf("ids %q and %q", made, changed)
	}
	if got := id(outside, ""); got != "hash-of-the-body" {
		t.Errorf("without a type: %q", got)
	}
	if got := id(inside, "made"); got != "hash-of-the-body" {
		t.Errorf("with a type in the body: %q", got)
	}
}

func TestSources(t *testing.T) {
	t.Parallel()
	const fallback = "urn:hookward:acme-prod"
	for source, want := range map[string]string{
		"https://acme.example":        "https://acme.example",
		"/shops/1":                    "/shops/1",
		"acme":                        "acme",
		"urn:acme:1":                  "urn:acme:1",
		"https://acme.example/a%20b":  "https://acme.example/a%20b",
		"https://acme.example/a b":    fallback,
		"https://ac me.example":       fallback,
		"https://acme.example/%zz":    fallback,
		"https://acme.example/ä":      fallback,
		"https://acme.example/\"><a>": fallback,
		"a\r\nb":                      fallback,
		"://":                         fallback,
		"#":                           fallback, "HTTPS://acme.example": fallback, " ": fallback,
		"x" + strings.Repeat("y", 512): fallback,
	} {
		if got := read(t, "Source", source).Source; got != want {
			t.Errorf("source %q becomes %q", source, got)
		}
	}
}

func TestTimes(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		text string
		unit signature.Unit
		want string
	}{
		{"2015-03-16T15:32:34.174752+00:00", "", "2015-03-16T15:32:34.174752Z"},
		{"2015-03-16T15:32:34Z", signature.RFC3339, "2015-03-16T15:32:34Z"},
		{"2015-03-16T15:32:34-08:00", "", "2015-03-16T23:32:34Z"},
		{"0001-01-01T00:00:00Z", "", "0001-01-01T00:00:00Z"},
		{"9999-12-31T23:59:59.999999999Z", "", "9999-12-31T23:59:59.999999999Z"},
		{"1574080897", signature.Seconds, "2019-11-18T12:41:37Z"},
		{"-1", signature.Seconds, "1969-12-31T23:59:59Z"},
		{"1774173334258", signature.Milliseconds, "2026-03-22T09:55:34.258Z"},
		{"2015-03-16", "", "2015-03-16T00:00:00Z"},
		{"2015-03-16 15:32:34", "", "2015-03-16T15:32:34Z"},
		{"2015-03-16 15:32:34.174752", "", "2015-03-16T15:32:34.174752Z"},
		{"2015-03-16 15:32:34Z", "", "2015-03-16T15:32:34Z"},
		{"2015-03-16 15:32:34-08:00", "", "2015-03-16T23:32:34Z"},
		{"2015-03-16T15:32:34.1747", "", "2015-03-16T15:32:34.1747Z"},
		{"1529006854.329574", signature.Seconds, "2018-06-14T20:07:34.329574Z"},
		{"1529006854.", signature.Seconds, "2018-06-14T20:07:34Z"},
		{"1529006854.1234567891", signature.Seconds, "2018-06-14T20:07:34.123456789Z"},
		{"1529006854329.5", signature.Milliseconds, "2018-06-14T20:07:34.329Z"},

		{"2024-09-17T06:20:52.246Z", signature.Seconds, "2024-09-17T06:20:52.246Z"}, // Stripe's thin events
		{"2024-09-17T06:20:52.246+02:00", signature.Milliseconds, "2024-09-17T04:20:52.246Z"},

		{"9999-12-31T23:59:59-01:00", "", ""},
		{"0001-01-01T00:00:00+01:00", "", ""},
		{"2015-13-16T15:32:34Z", "", ""},
		{"1574080897", "", ""},
		{"1e9", signature.Seconds, ""},
		{"1.5e9", signature.Seconds, ""},
		{"1.-5", signature.Seconds, ""},
		{".5", signature.Seconds, ""},
		{"1.5.5", signature.Seconds, ""},
		{"2015-03", "", ""},
		{"16/03/2015 15:32:34", "", ""},
		{"9223372036854775807", signature.Seconds, ""},
		{"-9223372036854775808", signature.Milliseconds, ""},
		{"99999999999999999999", signature.Seconds, ""},
		{"now", signature.Seconds, ""},
		{"", "", ""},
	} {
		t.Run(test.text, func(t *testing.T) {
			t.Parallel()
			facts := rules(t)
			facts.TimeUnit = test.unit
			e := New(facts, request{"Time": {test.text}}, Facts{Received: noon})
			want := test.want
			if want == "" {
				want = "2026-03-01T12:00:00Z"
			}
			if got := e.formatTime(); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestText(t *testing.T) {
	t.Parallel()
	for s, want := range map[string]string{
		"":                        "",
		"  ":                      "",
		"\t\n":                    "\ufffd\ufffd",
		"plain":                   "plain",
		"ünï©ode 😀":               "ünï©ode 😀",
		"a\x00b\x1fc\x7fd\u0085e": "a\ufffdb\ufffdc\ufffdd\ufffde",
		"a\xffb\xc0\xafc":         "a\ufffdb\ufffd\ufffdc",
		"\ufffe\uffff\ufdd0\ufdef\U0001fffe\U0010ffff": strings.Repeat("\ufffd", 6),
		"\ufdcf\ufdf0\U0001fffd":                       "\ufdcf\ufdf0\U0001fffd",
		"\xed\xa0\x80":                                 "\ufffd\ufffd\ufffd",
		strings.Repeat("a", maxText+1):                 strings.Repeat("a", maxText),
		strings.Repeat("é", maxText):                   strings.Repeat("é", maxText/2),
		"a" + strings.Repeat("é", maxText):             "a" + strings.Repeat("é", maxText/2-1),
		strings.Repeat("\x80", maxText+9):              strings.Repeat("\ufffd", maxText/3),
	} {
		if got := text(s); got != want {
			t.Errorf("%.40q becomes %.40q, want %.40q", s, got, want)
		}
	}
}

// checkText holds a text against what CloudEvents demands of a string.
func checkText(t *testing.T, name, s string) {
	t.Helper()
	if len(s) > 2*maxText || !utf8.ValidString(s) {
		t.Errorf("%s is %d bytes, UTF-8: %v", name, len(s), utf8.ValidString(s))
	}
	for _, r := range s {
		if unicode.IsControl(r) || unicode.Is(unicode.Noncharacter_Code_Point, r) || unicode.Is(unicode.Cs, r) {
			t.Errorf("%s holds %U", name, r)
		}
	}
}

func TestConfiguredSourceCounts(t *testing.T) {
	t.Parallel()
	e := New(rules(t), request{"Source": {"https://theirs.example"}}, Facts{Source: "https://ours.example"})
	if e.Source != "https://ours.example" {
		t.Errorf("source is %q", e.Source)
	}
}

func TestWhatIsRepeatedIsNotTaken(t *testing.T) {
	t.Parallel()
	r := request{"Id": {"1", "2"}, "Type": {"a", "b"}, "Subject": {"x", "y"}}
	e := New(rules(t), r, Facts{Received: noon})
	if e.ID != "hash-of-the-body" || e.RawType != "" || e.Subject != "" {
		t.Errorf("got %+v", e)
	}
}

func ExampleEvent_SetHeaders() {
	e := Event{ID: "w-1", Source: "https://acme.example", Type: "com.acme.widget.created", Subject: "50% off", Time: noon}
	h := http.Header{}
	e.SetHeaders(h)
	fmt.Println(h.Get("ce-type"), h.Get("ce-subject"))
	// Output: com.acme.widget.created 50%25%20off
}
