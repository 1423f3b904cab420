package gate

import (
	"strings"
	"testing"
)

func TestTarget(t *testing.T) {
	t.Parallel()
	inQuery := Token{Place: TokenInQuery, Name: "a key", Value: "t&1"}
	inPath := Token{Place: TokenInPath, Value: "path-token"}
	inHeader := Token{Place: TokenInHeader, Name: "X-Key", Value: "x"}
	for _, test := range []struct {
		name, path, url string
		tokens          []Token
		want            string // the URL, or part of the error
	}{
		{"as it is", "/hooks", "https://h.example/hooks", nil, "https://h.example/hooks"},
		{"an event", "/hooks/{event}", "https://h.example/hooks/{event}", nil, "https://h.example/hooks/an.event"},
		{"a slot where nothing is learned", "/hooks/{slot}", "https://h.example/hooks/{slot}", nil, "take {slot} out of path"},
		{"a token in the path", "/{token}/{event}", "https://h.example/{token}/{event}", []Token{inHeader, inPath}, "https://h.example/path-token/an.event"},
		{"a token in the query", "/hooks", "https://h.example/hooks", []Token{inHeader, inQuery}, "https://h.example/hooks?a+key=t%261"},
		{"a token beside a query", "/hooks", "https://h.example/hooks?x=1", []Token{inQuery}, "https://h.example/hooks?x=1&a+key=t%261"},
		{"the first of two", "/hooks", "https://h.example/hooks", []Token{inQuery, {Place: TokenInQuery, Name: "b", Value: "2"}}, "https://h.example/hooks?a+key=t%261"},
		{"a token that is there already", "/hooks", "https://h.example/hooks?a+key=1", []Token{inQuery}, "leave it out"},
		{"a token in a header alone", "/hooks", "https://h.example/hooks", []Token{inHeader}, "in a header"},
		{"no URL", "/hooks", "", nil, "add `public_url <url>`"},
		{"a URL without the event", "/hooks/{event}", "https://h.example/hooks", nil, "lacks {event}"},
		{"a URL without the slot", "/hooks/{slot}", "https://h.example/hooks", nil, "lacks {slot}"},
		{"a URL without the token", "/hooks/{token}", "https://h.example/hooks", []Token{inPath}, "lacks {token}"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t, plain)
			cfg.Path, cfg.PublicURL, cfg.Tokens, cfg.AllowUnsigned = test.path, test.url, test.tokens, true
			cfg.Provider.Require = nil
			if strings.Contains(test.path, eventSegment) {
				cfg.Events = []string{"an.event"}
			}
			if strings.Contains(test.path, slotSegment) {
				cfg.Slots = []string{"a-slot"}
			}
			e, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			target, err := e.Target()
			if err != nil {
				if !strings.Contains(err.Error(), test.want) {
					t.Errorf("got %v, want %q", err, test.want)
				}
				return
			}
			got := target.URL("an.event", "a-slot")
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
			if len(test.tokens) > 0 {
				checkLeadsHere(t, e, got)
			}
		})
	}
}

// Each subscription of a provider that signs has a slot of its own.
func TestTargetOfMadeSlots(t *testing.T) {
	t.Parallel()
	cfg := subscribing(t, teller)
	cfg.PublicURL = "https://h.example/hooks/{slot}"
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	target, err := e.Target()
	if err != nil {
		t.Fatal(err)
	}
	if got := target.URL("listing.created", "SLOT-1"); got != "https://h.example/hooks/SLOT-1" || !target.Takes("whatever") {
		t.Errorf("got %s, and it takes any event: %t", got, target.Takes("whatever"))
	}
}

func TestTargetTakesWhatThePathCaptures(t *testing.T) {
	t.Parallel()
	cfg := config(t, teller)
	cfg.PublicURL = "https://h.example/hooks/{event}"
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	target, err := e.Target()
	if err != nil || !target.Takes("listing.created") || target.Takes("listing.exploded") {
		t.Errorf("error %v, takes %t and %t", err, target.Takes("listing.created"), target.Takes("listing.exploded"))
	}
}

// checkLeadsHere checks that the endpoint takes what it is sent at the URL.
func checkLeadsHere(t *testing.T, e *Endpoint, target string) {
	t.Helper()
	path, query, _ := strings.Cut(strings.TrimPrefix(target, "https://h.example"), "?")
	v, refused := e.Precheck(t.Context(), &Delivery{Method: "POST", Path: path, RawQuery: query})
	if refused {
		t.Errorf("a delivery to %s is refused: %s", target, v.Reason)
	}
}
