package profile_test

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
)

func TestProviders(t *testing.T) {
	t.Parallel()
	wantEqual(t, "the list", profile.Providers(), []string{"everreal", "rechat", "repliers", "rest-hooks", "viasto"})
	withAPI := slices.DeleteFunc(profile.Providers(), func(name string) bool { return !profile.HasAPI(name) })
	wantEqual(t, "those with an API", withAPI, []string{"everreal", "rechat", "repliers", "rest-hooks"})
	wantEqual(t, "one that is none", profile.HasAPI("none"), false)
}

func TestImpossibleServers(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		provider string
		option   profile.Option
	}{
		"another provider":        {"github", profile.WithLoopback()},
		"no provider":             {"", profile.WithLoopback()},
		"no credential":           {"repliers", profile.WithCredential("")},
		"a credential in words":   {"repliers", profile.WithCredential("two words")},
		"a credential with lines": {"repliers", profile.WithCredential("two\nlines")},
		"a long credential":       {"repliers", profile.WithCredential(strings.Repeat("x", 513))},
		"a credential for nobody": {"viasto", profile.WithCredential("demo")},
		"no account":              {"rechat", profile.WithAccount("")},
		"a path for an account":   {"rechat", profile.WithAccount("../x")},
		"a host for an account":   {"everreal", profile.WithAccount("acme.everreal")},
		"an account of Repliers":  {"repliers", profile.WithAccount("acme")},
		"an account of viasto":    {"viasto", profile.WithAccount("acme")},
		"an account of REST":      {"rest-hooks", profile.WithAccount("acme")},
		"a sender's own":          {"repliers", profile.WithSender(sender.WithTimeout(-1))},
	}
	for name, test := range tests {
		if server, err := profile.New(test.provider, test.option); !errors.Is(err, sender.ErrInvalid) || server != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestCredentials looks at those that are made up.
func TestCredentials(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, name := range profile.Providers() {
		for range 2 {
			server, err := profile.New(name)
			if err != nil {
				t.Fatal(err)
			}
			if err := server.Close(t.Context()); err != nil {
				t.Error(err)
			}
			wantEqual(t, "whether there is one for "+name, len(server.Credential()) >= 26, profile.HasAPI(name))
			seen[server.Credential()] = true
		}
	}
	wantEqual(t, "the number of credentials", len(seen), 8+1)
}

// TestTheProviderStaysAsItIs tries to make another of it by a sender's option.
func TestTheProviderStaysAsItIs(t *testing.T) {
	t.Parallel()
	s, target := simulate(t, "viasto", profile.WithSender(sender.WithProfile(sender.HookSignature()))), listen(t)
	if _, err := s.Subscribe(t.Context(), target.url+"/hooks", "note_changed"); err != nil {
		t.Fatal(err)
	}
	s.emit(t, "note_changed/modified")
	got := next(t, target.deliveries)
	accepted(t, "viasto", target.url+"/hooks", "", "note_changed/modified", got)
	none(t, target.handshakes)
}

func TestEmitRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range [][3]string{
		{"everreal", "LISTING_CREATED", `[]`},
		{"everreal", "LISTING_CREATED", `{`},
		{"everreal", "LISTING_CREATED", ``},
		{"everreal", "LISTING_CREATED", `{} {}`},
		{"everreal", "LISTING_EXPLODED", `{}`},
		{"rechat", "Deals", `{}`},
		{"rechat", "Deals/Exploded", `{}`},
		{"rechat", "Deals/Created", `"deal"`},
		{"repliers", "listing.created", `1`},
		{"repliers", "*", `{}`},
		{"viasto", "project_changed/deleted", `{}`},
		{"viasto", "project_changed/created", `{"action":"modified"}`},
		{"viasto", "project_changed", `{"action":"modified"}`},
		{"viasto", "project_changed", `null`},
		{"viasto", "project_changed", `{"project":{"url":"https://interview-suite.com/"}}`},
		{"rest-hooks", "contact.*", `{}`},
		{"rest-hooks", "", `{}`},
		{"rest-hooks", "two words", `{}`},
	} {
		server, err := profile.New(test[0])
		if err != nil {
			t.Fatal(err)
		}
		if _, err := server.Emit(t.Context(), test[1], []byte(test[2])); !errors.Is(err, sender.ErrInvalid) {
			t.Errorf("%v: %v", test, err)
		}
		if err := server.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// TestPayloadsStayAsTheyAre sends what Go's own encoder would write in another way.
func TestPayloadsStayAsTheyAre(t *testing.T) {
	t.Parallel()
	s, target := simulate(t, "everreal"), listen(t)
	if _, err := s.Subscribe(t.Context(), target.url, "UNIT_CREATED"); err != nil {
		t.Fatal(err)
	}
	const payload = "{\"a\":\"<b> & 'c' \u2028 \\u00e4 ä\",\"n\":1.50e+2,\"big\":12345678901234567890}"
	if _, err := s.Emit(t.Context(), "UNIT_CREATED", []byte(" "+payload+"\n")); err != nil {
		t.Fatal(err)
	}
	got := next(t, target.deliveries)
	if !strings.HasSuffix(got.body, `,"data":`+payload+"}") {
		t.Errorf("the body is %s", got.body)
	}
}

// TestAttemptsAreAlike lets an endpoint fail: what comes again is the same, byte by byte.
func TestAttemptsAreAlike(t *testing.T) {
	t.Parallel()
	for _, name := range profile.Providers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, target := simulate(t, name, profile.WithSender(sender.WithSchedule(0, 1, 1))), listen(t)
			eventType := profile.EventTypes(name)[0]
			event, _, _ := strings.Cut(eventType, "/")
			if _, err := s.Subscribe(t.Context(), target.url+"/hooks", event); err != nil {
				t.Fatal(err)
			}
			target.status.Store(http.StatusInternalServerError)
			s.emit(t, eventType)
			first := next(t, target.deliveries)
			for range 2 {
				again := next(t, target.deliveries)
				wantEqual(t, "the body", again.body, first.body)
				wantEqual(t, "the header", again.header, first.header)
			}
		})
	}
}

func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	s := simulate(t, "viasto")
	made, err := s.Subscribe(t.Context(), "https://example.com/", "note_changed")
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Unsubscribe(t.Context(), made.ID); err != nil {
		t.Fatal(err)
	}
	if err := s.Unsubscribe(t.Context(), made.ID); !errors.Is(err, sender.ErrNotFound) {
		t.Errorf("removed twice: %v", err)
	}
}
