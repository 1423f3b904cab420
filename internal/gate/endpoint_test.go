package gate

import (
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/signature"
)

// TestConfigErrors: settings under which an endpoint would be open, or would never
// accept anything, are refused, and the error says what to do.
func TestConfigErrors(t *testing.T) {
	t.Parallel()
	manyKeys := make([]signature.Key, maxKeys+1)
	for i := range manyKeys {
		manyKeys[i] = signature.Key{Secret: fmt.Sprint("secret-", i)}
	}
	for _, test := range []struct {
		name     string
		provider string
		change   func(*Config)
		want     string // part of the message
	}{
		{"no key", acme, func(c *Config) { c.Keys = nil }, "add `secret <value>`"},
		{"no key and handshakes off", teller, func(c *Config) { c.Handshake = handshake.Off }, "add `secret <value>`"},
		{"an empty key", acme, func(c *Config) { c.Keys[0].Secret = "" }, "it is empty"},
		{"one of two keys is empty", acme, func(c *Config) { c.Keys = append(c.Keys, signature.Key{ID: "new"}) }, "it is empty"},
		{"nothing is signed, no token", plain, func(c *Config) { c.Tokens = nil }, "add `token query <name> <value>`"},
		{"nothing is signed, with a secret", plain, func(c *Config) { c.Keys = []signature.Key{{Secret: "s"}} }, "use `token query"},
		{"allow_unsigned where it is signed", acme, func(c *Config) { c.AllowUnsigned = true }, "allow_unsigned is for providers that do not"},
		{"an empty token", plain, func(c *Config) { c.Tokens[0].Value = "" }, "the token is empty"},
		{"a token nowhere", plain, func(c *Config) { c.Tokens[0].Place = "cookie" }, "want query, header or path"},
		{"a token without name", plain, func(c *Config) { c.Tokens[0].Name = "" }, "needs a name"},
		{"a token in a path without one", plain, func(c *Config) { c.Tokens[0] = Token{Place: TokenInPath, Value: "t"} }, "needs {token} in path"},
		{"a token that a path cannot hold", plain, func(c *Config) {
			c.Path, c.Tokens[0] = "/{token}", Token{Place: TokenInPath, Value: "a/b"}
		}, "not sent in a path as they are"},
		{"a path with a token that is not configured", acme, func(c *Config) { c.Path = "/{token}" }, "add `token path <value>`"},
		{"a path without slash", acme, func(c *Config) { c.Path = "hooks" }, "does not start with a slash"},
		{"an unknown capture", acme, func(c *Config) { c.Path = "/{user}" }, "only {event}, {slot} and {token}"},
		{"part of a segment", acme, func(c *Config) { c.Path = "/x-{event}" }, "as a whole segment"},
		{"the same capture twice", teller, func(c *Config) { c.Path = "/{event}/{event}" }, "there twice"},
		{"a segment that is never sent so", acme, func(c *Config) { c.Path = "/hooks/ä" }, "percent-encoded"},
		{"a space in the path", acme, func(c *Config) { c.Path = "/my hooks" }, "percent-encoded"},
		{"events without a capture", acme, func(c *Config) { c.Events = []string{"a"} }, "needs {event} in path"},
		{"a capture without events", chat, func(c *Config) { c.Path = "/{event}" }, "add `events <names...>`"},
		{"an event that is no segment", teller, func(c *Config) { c.Events = []string{"a/b"} }, "want 1 to 128 letters"},
		{"an empty event", teller, func(c *Config) { c.Events = []string{""} }, "want 1 to 128 letters"},
		{"an event with a plus", teller, func(c *Config) { c.Events = []string{"a+b"} }, "want 1 to 128 letters"},
		{"a capture without slots", acme, func(c *Config) { c.Path = "/{slot}" }, "add `slots <names...>`"},
		{"slots without a capture", acme, func(c *Config) { c.Slots = []string{"a"} }, "path does not hold {slot}"},
		{"no public URL", plain, func(c *Config) { c.PublicURL = "" }, "add `public_url <url>`"},
		{"a public URL that is none", plain, func(c *Config) { c.PublicURL = "/hooks" }, "no http or https URL"},
		{"a public URL with a capture too many", plain, func(c *Config) { c.PublicURL = "https://x.example/{event}" }, "path does not"},
		{"a public URL with a placeholder", plain, func(c *Config) { c.PublicURL = "https://x.example/{env.X}" }, "no http or https URL"},
		{"a tolerance without timestamp", acme, func(c *Config) { c.Tolerance = signature.Duration(time.Minute) }, "signs no timestamp"},
		{"a negative window", acme, func(c *Config) { c.Dedupe.Window = -time.Second }, "would remember nothing"},
		{"off, with a window", acme, func(c *Config) { c.Dedupe.Off, c.Dedupe.Window = true, time.Hour }, "off takes neither"},
		{"off, with a key", acme, func(c *Config) { c.Dedupe.Off, c.Dedupe.Key = true, templates(t, "json:id") }, "off takes neither"},
		{"a key without its source", acme, func(c *Config) { c.Dedupe.Key = templates(t, "data.id") }, `"data.id" can be the same in every delivery`},
		{"a second key without its source", acme, func(c *Config) { c.Dedupe.Key = templates(t, "json:id", "none") }, `"none" can be the same in every delivery`},
		{"a key that is the address", acme, func(c *Config) { c.Dedupe.Key = templates(t, "{method} {host}{path}") }, "want a field such as json:data.id or header:"},
		{"a key that is the event", teller, func(c *Config) { c.Dedupe.Key = templates(t, "route") }, "the same in every delivery"},
		{"a key that is the secret", teller, func(c *Config) { c.Dedupe.Key = templates(t, "header:x-api-key") }, "the same in every delivery"},
		{"a key that is the token", plain, func(c *Config) { c.Dedupe.Key = templates(t, "query:key") }, "the same in every delivery"},
		{"an id that is the token", plain, func(c *Config) {
			c.Tokens[0] = Token{Place: TokenInHeader, Name: "x-id", Value: token}
			c.Provider.Event.ID = templates(t, "json:id", "header:X-Id")
		}, "the same in every delivery"},
		{"once without handshakes", acme, func(c *Config) { c.Handshake = handshake.Once }, "makes no handshakes"},
		{"more keys than a verifier takes", teller, func(c *Config) { c.Keys = manyKeys }, "beside those that handshakes teach"},
		{"no name", acme, func(c *Config) { c.Name = "" }, "name: want"},
		{"a name that is none", acme, func(c *Config) { c.Name = "a b" }, "name: want"},
		{"a source that is no URI", acme, func(c *Config) { c.Source = "our shop" }, "is no URI"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t, test.provider)
			test.change(&cfg)
			_, err := New(cfg)
			if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

// Settings that look like some of these, and are good ones.
func TestConfigIsGood(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		provider string
		change   func(*Config)
	}{
		{"dedupe off", acme, func(c *Config) { c.Dedupe.Off = true }},
		{"a key beside a token", plain, func(c *Config) { c.Dedupe.Key = templates(t, "query:id", "{query:key}-{json:id}") }},
		{"a key of the body", teller, func(c *Config) { c.Dedupe.Key = templates(t, "body-sha256") }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t, test.provider)
			test.change(&cfg)
			if _, err := New(cfg); err != nil {
				t.Error(err)
			}
		})
	}
}

// mixed is a provider whose schemes differ in what they take for a key.
const mixed = `
name: mixed
signature:
  - type: hmac
    header: X-Mac
    key_prefix: sk_
    when:
      - field: header:X-Kind
        equals: mac
  - type: ed25519
    header: X-Signature
    key: base64
`

// TestAPublicKeyIsNeverASecret: everybody knows a public key, so it must not verify
// as the secret of another scheme.
func TestAPublicKeyIsNeverASecret(t *testing.T) {
	t.Parallel()
	public, _, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	text := base64.StdEncoding.EncodeToString(public)
	_, err = New(Config{Name: "mixed", Provider: parse(t, mixed), Keys: []signature.Key{{ID: "public", Secret: text}}})
	if !errors.Is(err, ErrConfig) || !strings.Contains(err.Error(), "all take secrets or all take public keys") {
		t.Errorf("got %v, though this key's holder and everybody else could sign by X-Mac", err)
	}
}

func TestUncaptured(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		provider string
		change   func(*Config)
		want     string
	}{
		{"the path tells it", teller, func(*Config) {}, ""},
		{"only the path could tell it", teller, func(c *Config) { c.Path = "/hooks" }, "{event}"},
		{"only the path could tell it, and any will do", teller, func(c *Config) { c.Path = "" }, "{event}"},
		{"only the slot could tell it", acme, func(c *Config) { c.Provider.Event.Type = templates(t, "{route:slot}.{json:type}") }, "{slot}"},
		{"the path could tell it, too", acme, func(c *Config) { c.Provider.Event.Type = templates(t, "route", "json:type") }, ""},
		{"nothing tells it", acme, func(c *Config) { c.Provider.Event.Type = nil }, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t, test.provider)
			test.change(&cfg)
			e, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if got := e.Uncaptured(); got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestHandshakeSlots(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		provider string
		change   func(*Config)
		want     []string
	}{
		{"none", acme, func(*Config) {}, nil},
		{"by event", teller, func(*Config) {}, []string{"listing.created", "listing.deleted"}},
		{"the configured events", teller, func(c *Config) { c.Events = []string{"x"} }, []string{"x"}},
		{"one", signer, func(*Config) {}, []string{"default"}},
		{"by slot", signer, func(c *Config) { c.Path, c.Slots = "/{slot}", []string{"a", "b"} }, []string{"a", "b"}},
		{"off", signer, func(c *Config) {
			c.Handshake, c.Keys = handshake.Off, []signature.Key{{Secret: "s"}}
		}, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t, test.provider)
			test.change(&cfg)
			e, err := New(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if got := e.HandshakeSlots(); !slices.Equal(got, test.want) {
				t.Errorf("slots are %v, want %v", got, test.want)
			}
		})
	}
}

func TestMethods(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		provider, method string
		want             Reason
	}{
		{acme, http.MethodPost, ""},
		{acme, http.MethodGet, WrongMethod},
		{acme, http.MethodPut, WrongMethod},
		{acme, "post", WrongMethod},
		{acme, "", WrongMethod},
		{"method: [PUT, GET]" + acme, http.MethodPut, ""},
		{"method: [PUT, GET]" + acme, http.MethodGet, ""},
		{"method: [PUT, GET]" + acme, http.MethodPost, WrongMethod},
	} {
		t.Run(test.method, func(t *testing.T) {
			t.Parallel()
			e, err := New(config(t, test.provider))
			if err != nil {
				t.Fatal(err)
			}
			d := acmeDelivery(`{"id":"1","type":"t"}`)
			d.Method, d.Path, d.Received = test.method, "/hooks", noon
			v := e.Judge(t.Context(), &d)
			if v.Reason != test.want || test.want != "" && v.Status != http.StatusMethodNotAllowed {
				t.Errorf("got %d %q, want %q", v.Status, v.Reason, test.want)
			}
			early, refused := e.Precheck(t.Context(), &d)
			if refused != (test.want != "") || early.Reason != test.want {
				t.Errorf("early: %v %q", refused, early.Reason)
			}
		})
	}
}

func TestWaitLimit(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]time.Duration{
		acme:                             5 * time.Second,
		acme + "limits:\n  ack: 10s\n":   10 * time.Second,
		acme + "limits:\n  retry: 24h\n": 5 * time.Second,
	} {
		e, err := New(config(t, text))
		if err != nil {
			t.Fatal(err)
		}
		if got := e.WaitLimit(); got != want {
			t.Errorf("limit is %s, want %s", got, want)
		}
	}
}

// TestStatuses holds every reason against the answers that are promised.
func TestStatuses(t *testing.T) {
	t.Parallel()
	e, err := New(config(t, acme))
	if err != nil {
		t.Fatal(err)
	}
	special := map[Reason]int{
		WrongPath: 404, UnknownEvent: 404, UnknownSlot: 404, WrongMethod: 405,
		BodyNotJSON: 400, BodyIncomplete: 400, ChallengeRefused: 400, BodyTooLarge: 413, BodyTooSlow: 408,
		StoreUnavailable: 503, TooManyInFlight: 503, TooManyWaiting: 503, WaitedTooLong: 503, FirstFailed: 503,
		BudgetExceeded: 503, UpstreamUnhandled: 503, Panicked: 503, TooManyChallenges: 503, SecretAwaited: 503,
	}
	for _, reason := range Reasons() {
		want, found := special[reason]
		if !found {
			want = http.StatusUnauthorized
		}
		cause := errors.New("cause")
		if v := e.Refuse(reason, cause); v.Outcome != Reject || v.Status != want || v.Reason != reason || !errors.Is(v.Err, cause) {
			t.Errorf("%s is refused with %d, want %d", reason, v.Status, want)
		}
	}
	if all := Reasons(); len(slices.Compact(slices.Sorted(slices.Values(all)))) != len(all) {
		t.Error("a reason is listed twice")
	}
}

func TestTheProvidersOwnFailureStatus(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, acme+"limits:\n  failure: 403\n"))
	v := g.deliver(Delivery{Body: []byte("{}")})
	wants(t, v, Reject, signature.HeaderMissing)
	if v.Status != http.StatusForbidden {
		t.Errorf("status is %d", v.Status)
	}
}
