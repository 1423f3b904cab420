package gate

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/dedupe"
	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/signature"
)

func TestAnEvent(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, acme))
	d := acmeDelivery(`{"id":"w-1","type":"widget.made","at":"2026-03-01T11:59:00.5+01:00","subject":"a widget"}`)
	d.Header.Set("Content-Type", "application/json")
	v := g.deliver(d)
	wants(t, v, Accept, "")
	want := &event.Event{
		ID: "w-1", Source: "https://acme.example", Type: "com.acme.widget.created", Subject: "a widget",
		Time: time.Date(2026, 3, 1, 10, 59, 0, 5e8, time.UTC), ContentType: "application/json",
		Provider: "acme", Endpoint: "acme", RawType: "widget.made",
		Scheme: "hmac", Covers: "body", KeyID: "main", DedupeKey: "w-1",
	}
	if diff := cmp.Diff(want, v.Event); diff != "" {
		t.Error(diff)
	}
	if v.Slot != "default" || v.Claim == nil || v.ByBody {
		t.Errorf("slot %q, claim %v, by body %v", v.Slot, v.Claim, v.ByBody)
	}
}

func TestTheConfiguredSourceCounts(t *testing.T) {
	t.Parallel()
	cfg := config(t, acme)
	cfg.Source = "https://eu.acme.example"
	v := build(t, cfg).deliver(acmeDelivery(`{"id":"1","type":"t"}`))
	if v.Event.Source != cfg.Source {
		t.Errorf("source is %q", v.Event.Source)
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	const other = "ffffffffffffffffffffffffffffffff"
	inQuery := Token{Place: TokenInQuery, Name: "key", Value: token}
	inHeader := Token{Place: TokenInHeader, Name: "x-token", Value: token}
	inPath := Token{Place: TokenInPath, Value: token}
	for _, test := range []struct {
		name   string
		tokens []Token
		d      Delivery
		want   Reason
	}{
		{"query", []Token{inQuery}, Delivery{RawQuery: "key=" + token}, ""},
		{"among others", []Token{inQuery}, Delivery{RawQuery: "a=1&key=" + token + "&b"}, ""},
		{"escaped", []Token{inQuery}, Delivery{RawQuery: "k%65y=%30" + token[1:]}, ""},
		{"missing", []Token{inQuery}, Delivery{}, TokenMissing},
		{"empty", []Token{inQuery}, Delivery{RawQuery: "key="}, TokenMismatch},
		{"wrong", []Token{inQuery}, Delivery{RawQuery: "key=" + other}, TokenMismatch},
		{"beginning", []Token{inQuery}, Delivery{RawQuery: "key=" + token[:16]}, TokenMismatch},
		{"longer", []Token{inQuery}, Delivery{RawQuery: "key=" + token + "0"}, TokenMismatch},
		{"upper case", []Token{inQuery}, Delivery{RawQuery: "key=" + strings.ToUpper(token)}, TokenMismatch},
		{"name in upper case", []Token{inQuery}, Delivery{RawQuery: "KEY=" + token}, TokenMissing},
		{"twice", []Token{inQuery}, Delivery{RawQuery: "key=" + token + "&key=" + token}, TokenMismatch},
		{"right and wrong", []Token{inQuery}, Delivery{RawQuery: "key=" + token + "&key=" + other}, TokenMismatch},
		{"in a broken query", []Token{inQuery}, Delivery{RawQuery: "key=" + token + "&%zz"}, TokenMissing},
		{"behind a semicolon", []Token{inQuery}, Delivery{RawQuery: "a=1;key=" + token}, TokenMissing},
		{"in the body", []Token{inQuery}, Delivery{
			Header: header("Content-Type", mediaForm), Body: []byte("key=" + token),
		}, TokenMissing},
		{"header", []Token{inHeader}, Delivery{Header: header("X-Token", token)}, ""},
		{"header twice", []Token{inHeader}, Delivery{Header: header("X-Token", token, "X-Token", token)}, TokenMismatch},
		{"header wrong", []Token{inHeader}, Delivery{Header: header("X-Token", other)}, TokenMismatch},
		{"header with spaces", []Token{inHeader}, Delivery{Header: header("X-Token", " "+token)}, TokenMismatch},
		{"header missing", []Token{inHeader}, Delivery{RawQuery: "x-token=" + token}, TokenMissing},
		{"path", []Token{inPath}, Delivery{Path: "/" + token + "/in"}, ""},
		{"path wrong", []Token{inPath}, Delivery{Path: "/" + other + "/in"}, TokenMismatch},
		{"path escaped", []Token{inPath}, Delivery{Path: "/%30" + token[1:] + "/in"}, TokenMismatch},
		{"any of two", []Token{inQuery, inHeader}, Delivery{Header: header("X-Token", token)}, ""},
		{"one of two is wrong", []Token{inQuery, inHeader}, Delivery{RawQuery: "key=" + other, Header: header("X-Token", token)}, ""},
		{"both are wrong", []Token{inQuery, inHeader}, Delivery{RawQuery: "key=" + other, Header: header("X-Token", other)}, TokenMismatch},
		{"while the token is changed", []Token{{Place: TokenInQuery, Name: "key", Value: other}, inQuery}, Delivery{RawQuery: "key=" + token}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t, "name: plain\nevent:\n  type: json:event\n")
			cfg.Tokens = test.tokens
			if test.tokens[0].Place == TokenInPath {
				cfg.Path = "/{token}/in"
			}
			if test.d.Body == nil {
				test.d.Body = []byte(`{"event":"e"}`)
			}
			v := build(t, cfg).deliver(test.d)
			if test.want != "" {
				wants(t, v, Reject, test.want)
				return
			}
			wants(t, v, Accept, "")
			if e := v.Event; e.Scheme != "token" || e.Covers != signature.CoversOrigin || e.KeyID != "token" {
				t.Errorf("proved by %s, covering %s, with %s", e.Scheme, e.Covers, e.KeyID)
			}
		})
	}
}

// TestManyMembersAreOneValue: an array with too many members to look at passes no
// host, however good they are. Members that no condition is about do not count.
func TestManyMembersAreOneValue(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, plain))
	members := func(n int, value string) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"m%d":%q`, i, value)
		}
		return b.String()[1:]
	}
	for name, test := range map[string]struct {
		looked, ignored int
		want            Reason
	}{
		"as many as are looked at": {maxMembers, 1, ""},
		"one too many":             {maxMembers + 1, 1, ContentMismatch},
		"many elsewhere":           {1, 5 * maxMembers, ""},
	} {
		body := fmt.Sprintf(`{"id":%q,"event":"e","endpoint":"https://hooks.example.com/hooks","data":{%s},"other":{%s}}`,
			name, members(test.looked, "https://plain.example/"), members(test.ignored, "x"))
		v := g.deliver(Delivery{RawQuery: "key=" + token, Body: []byte(body)})
		if v.Reason != test.want || (v.Outcome == Accept) != (test.want == "") {
			t.Errorf("%s: %s %s", name, v.Outcome, v.Reason)
		}
	}
}

// TestTokenIDs: while a token is being changed it can be seen which one is in use.
func TestTokenIDs(t *testing.T) {
	t.Parallel()
	cfg := config(t, "name: plain\nevent:\n  type: json:event\n")
	cfg.Tokens = []Token{
		{Place: TokenInQuery, Name: "key", Value: "the-old-token", ID: "old"},
		{Place: TokenInQuery, Name: "key", Value: "the-new-token", ID: "new"},
		{Place: TokenInHeader, Name: "x-token", Value: "another-token"},
	}
	g := build(t, cfg)
	body := []byte(`{"event":"e"}`)
	for want, d := range map[string]Delivery{
		"old":   {RawQuery: "key=the-old-token", Body: body},
		"new":   {RawQuery: "key=the-new-token", Body: body},
		"token": {Header: header("X-Token", "another-token"), Body: body},
	} {
		if e := g.accepts(d).Event; e.KeyID != want || e.Scheme != "token" {
			t.Errorf("proved by %s %q, want %q", e.Scheme, e.KeyID, want)
		}
	}
}

// TestATokenIsNoProof: where the provider signs, a token comes on top.
func TestATokenIsNoProof(t *testing.T) {
	t.Parallel()
	cfg := config(t, acme)
	cfg.Tokens = []Token{{Place: TokenInQuery, Name: "key", Value: token}}
	g := build(t, cfg)
	body := `{"id":"1","type":"t"}`
	wants(t, g.deliver(Delivery{RawQuery: "key=" + token, Body: []byte(body)}), Reject, signature.HeaderMissing)
	wants(t, g.deliver(acmeDelivery(body)), Reject, TokenMissing)
	both := acmeDelivery(body)
	both.RawQuery = "key=" + token
	v := g.deliver(both)
	wants(t, v, Accept, "")
	if v.Event.Scheme != "hmac" {
		t.Errorf("proved by %s", v.Event.Scheme)
	}
}

func TestAllowUnsigned(t *testing.T) {
	t.Parallel()
	cfg := config(t, "name: open\nevent:\n  type: json:event\n")
	cfg.Tokens, cfg.AllowUnsigned = nil, true
	v := build(t, cfg).deliver(Delivery{Body: []byte(`{"event":"e"}`)})
	wants(t, v, Accept, "")
	if e := v.Event; e.Scheme != "none" || e.Covers != "none" || e.KeyID != "" {
		t.Errorf("proved by %s, covering %s, with %q", e.Scheme, e.Covers, e.KeyID)
	}
}

func TestTolerance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		tolerance signature.Duration
		age       time.Duration
		want      Reason
	}{
		{0, 5 * time.Minute, ""},
		{0, 5*time.Minute + time.Second, signature.TimestampTooOld},
		{0, -5*time.Minute - time.Second, signature.TimestampTooNew},
		{signature.Duration(time.Minute), time.Minute, ""},
		{signature.Duration(time.Minute), time.Minute + time.Second, signature.TimestampTooOld},
		{signature.Duration(time.Hour), 59 * time.Minute, ""},
		{signature.Off, 1000 * time.Hour, ""},
		{signature.Off, -1000 * time.Hour, ""},
	} {
		t.Run(fmt.Sprint(time.Duration(test.tolerance), test.age), func(t *testing.T) {
			t.Parallel()
			cfg := config(t, chat)
			cfg.Tolerance = test.tolerance
			v := build(t, cfg).deliver(chatDelivery(noon.Add(-test.age), `{"event_id":"1","event":{"type":"t"}}`))
			if v.Reason != test.want {
				t.Errorf("got %q, want %q", v.Reason, test.want)
			}
		})
	}
}

// chatDelivery is a delivery from chat, signed.
func chatDelivery(at time.Time, body string) Delivery {
	stamp := fmt.Sprint(at.Unix())
	return Delivery{
		Header: header("X-Chat-Timestamp", stamp, "X-Chat-Signature", "v0="+hexMAC(key, "v0:"+stamp+":"+body)),
		Body:   []byte(body),
	}
}

func TestRequire(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, plain))
	const ours = `"id":"1","event":"e","endpoint":"https://hooks.example.com/hooks"`
	for _, test := range []struct {
		name, body string
		want       Reason
	}{
		{"met", `{` + ours + `,"data":{"a":"https://plain.example/1"}}`, ""},
		{"another endpoint", `{"id":"1","event":"e","endpoint":"https://hooks.example.com/other","data":{"a":"x"}}`, ContentMismatch},
		{"another host", `{` + ours + `,"data":{"a":"https://evil.example/1"}}`, ContentMismatch},
		{"one of two hosts", `{` + ours + `,"data":{"a":"https://plain.example/1","b":"https://evil.example"}}`, ContentMismatch},
		{"nothing to check", `{` + ours + `}`, ContentMismatch},
		{"a URL further down", `{` + ours + `,"data":{"a":{"b":"https://evil.example/1"}}}`, ContentMismatch},
		{"a URL in an array", `{` + ours + `,"data":{"a":["https://evil.example/1"]}}`, ContentMismatch},
		{"the same member again", `{` + ours + `,"data":{"a":"https://plain.example/1","a":"https://evil.example"}}`, ContentMismatch},
		{"the same object again", `{` + ours + `,"data":{"a":"x"},"data":{"a":"https://evil.example"}}`, ContentMismatch},
		{"again in other letters", `{` + ours + `,"data":{"a":"x"},"DATA":{"a":"https://evil.example"}}`, ContentMismatch},
		{"again in disguise", `{` + ours + `,"data":{"a":"x"},"d\u0061ta":{"a":"https://evil.example"}}`, ContentMismatch},
		{"too many to look at", `{` + ours + `,"data":{` + members2000() + `}}`, ContentMismatch},
		{"no JSON", `endpoint=https://hooks.example.com/hooks`, ContentMismatch},
		{"half of JSON", `{` + ours + `,"data":{"a":"https://plain.example/1"}`, ContentMismatch},
		{"nothing", ``, ContentMismatch},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := g.deliver(Delivery{RawQuery: "key=" + token, Body: []byte(test.body)})
			if v.Reason != test.want {
				t.Errorf("got %s %q, want %q", v.Outcome, v.Reason, test.want)
			}
		})
	}
}

// members2000 are the members of an object, the last of which leads elsewhere.
func members2000() string {
	var b strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&b, `"m%d":"x",`, i)
	}
	return b.String() + `"last":"https://evil.example"`
}

// TestTheURLAsRegistered: what captures stand for is filled into the public URL.
func TestTheURLAsRegistered(t *testing.T) {
	t.Parallel()
	cfg := config(t, plain)
	cfg.Path, cfg.Events, cfg.Slots = "/{slot}/{event}/{token}", []string{"a"}, []string{"s"}
	cfg.Tokens = []Token{{Place: TokenInPath, Value: "t"}}
	cfg.PublicURL = "https://hooks.example.com/{slot}/{event}/{token}"
	v := build(t, cfg).deliver(Delivery{
		Path: "/s/a/t", Body: []byte(`{"id":"1","event":"e","endpoint":"https://hooks.example.com/s/a/t","data":{"a":"x"}}`),
	})
	wants(t, v, Accept, "")
}

func TestReportOnly(t *testing.T) {
	t.Parallel()
	cfg := config(t, acme)
	cfg.ReportOnly = true
	g := build(t, cfg)
	body := `{"id":"1","type":"t"}`
	unproved := Delivery{Header: header("X-Acme-Signature", hexMAC("wrong", body)), Body: []byte(body)}
	for range 2 { // not claimed, so it is no copy the second time
		v := g.deliver(unproved)
		wants(t, v, Unproved, signature.Mismatch)
		if v.Claim != nil || v.Flight != nil || v.Event != nil {
			t.Errorf("an unproved delivery has an event or a claim: %+v", v)
		}
	}
	v := g.deliver(acmeDelivery(body))
	wants(t, v, Accept, "")
	v.Claim.Commit(nil)
	wants(t, g.deliver(acmeDelivery(body)), Answer, "")

	wrongPath := acmeDelivery(body)
	wrongPath.Path = "/other"
	wants(t, g.deliver(wrongPath), Reject, WrongPath)
	wants(t, g.deliver(Delivery{Method: http.MethodGet}), Reject, WrongMethod)
}

func TestReportOnlyTellsOfTokensAndContent(t *testing.T) {
	t.Parallel()
	cfg := config(t, plain)
	cfg.ReportOnly = true
	g := build(t, cfg)
	wants(t, g.deliver(Delivery{}), Unproved, TokenMissing)
	wants(t, g.deliver(Delivery{RawQuery: "key=x"}), Unproved, TokenMismatch)
	wants(t, g.deliver(Delivery{RawQuery: "key=" + token, Body: []byte("{}")}), Unproved, ContentMismatch)
}

// TestReportOnlyLearnsNothing: a handshake is none, not even on an armed slot.
func TestReportOnlyLearnsNothing(t *testing.T) {
	t.Parallel()
	cfg := config(t, teller)
	cfg.ReportOnly, cfg.Handshake = true, handshake.Once
	storage := newMemory()
	g := buildOn(t, cfg, storage, newClock())
	g.arm("listing.created")
	written := storage.written()
	v := g.deliver(Delivery{Path: "/hooks/listing.created", Header: header("X-Hook-Secret", "stranger")})
	wants(t, v, Unproved, signature.NoKey)
	if v.Header != nil || v.Body != nil {
		t.Errorf("it is answered: %v %q", v.Header, v.Body)
	}
	if storage.written() != written {
		t.Error("something was stored")
	}
}

// TestReportOnlyDoesNotHideFaults: that the store is gone says nothing about the
// delivery.
func TestReportOnlyDoesNotHideFaults(t *testing.T) {
	t.Parallel()
	cfg := config(t, teller)
	cfg.ReportOnly = true
	storage := newMemory()
	storage.setBroken(true)
	g := buildOn(t, cfg, storage, newClock())
	v := g.deliver(Delivery{Path: "/hooks/listing.created", Header: header("X-Api-Key", "s"), Body: []byte("{}")})
	wants(t, v, Reject, StoreUnavailable)
}

func TestChallengeThatIsSigned(t *testing.T) {
	t.Parallel()
	challenge := func(text string) string {
		quoted, _ := json.Marshal(text)
		return `{"type":"url_verification","challenge":` + string(quoted) + `}`
	}
	g := build(t, config(t, chat))
	signed := g.deliver(chatDelivery(noon, challenge("3eZb-rw1a_Bm2r")))
	wants(t, signed, Answer, "")
	if signed.Kind != Challenge || signed.Status != http.StatusOK || string(signed.Body) != `{"challenge":"3eZb-rw1a_Bm2r"}` {
		t.Errorf("answer is %d %s %q", signed.Status, signed.Kind, signed.Body)
	}
	if signed.Header.Get("Content-Type") != "application/json" || signed.Header.Get("X-Content-Type-Options") != "nosniff" {
		t.Errorf("header is %v", signed.Header)
	}
	if signed.Event != nil || signed.Claim != nil {
		t.Error("a challenge is an event")
	}

	unsigned := chatDelivery(noon, challenge("x"))
	unsigned.Header.Del("X-Chat-Signature")
	wants(t, g.deliver(unsigned), Reject, signature.HeaderMissing)
	forged := chatDelivery(noon, challenge("x"))
	forged.Body = []byte(challenge("y"))
	wants(t, g.deliver(forged), Reject, signature.Mismatch)
	wants(t, g.deliver(chatDelivery(noon.Add(-time.Hour), challenge("x"))), Reject, signature.TimestampTooOld)

	for _, text := range []string{
		"", " ", " a", "a ", "a\tb", "a\nb", "a\x00b", "a\x7f", "ä", "\u2028", strings.Repeat("a", maxEcho+1),
	} {
		wants(t, g.deliver(chatDelivery(noon, challenge(text))), Reject, ChallengeRefused)
	}
	wants(t, g.deliver(chatDelivery(noon, `{"type":"url_verification"}`)), Reject, ChallengeRefused)
	wants(t, g.deliver(chatDelivery(noon, `{"type":"url_verification","challenge":["a","b"]}`)), Reject, ChallengeRefused)

	markup := `</script><b>"\'&lt;{value}`
	v := g.deliver(chatDelivery(noon, challenge(markup)))
	wants(t, v, Answer, "")
	var object map[string]string
	if err := json.Unmarshal(v.Body, &object); err != nil || object["challenge"] != markup {
		t.Errorf("%q became %q (%v)", markup, v.Body, err)
	}
	if strings.ContainsAny(string(v.Body), "<>") {
		t.Errorf("markup is not escaped: %q", v.Body)
	}
}

func TestChallengeByGet(t *testing.T) {
	t.Parallel()
	const word = "a-word-that-both-know"
	g := build(t, config(t, pages, "verify_token", word))
	for _, test := range []struct {
		name, query string
		want        Reason
	}{
		{"right", "hub.mode=subscribe&hub.verify_token=" + word + "&hub.challenge=1158201444", ""},
		{"wrong word", "hub.verify_token=guess&hub.challenge=1", WrongMethod},
		{"no word", "hub.challenge=1", WrongMethod},
		{"empty word", "hub.verify_token=&hub.challenge=1", WrongMethod},
		{"right and wrong word", "hub.verify_token=" + word + "&hub.verify_token=x&hub.challenge=1", WrongMethod},
		{"no text", "hub.verify_token=" + word, ChallengeRefused},
		{"two texts", "hub.verify_token=" + word + "&hub.challenge=1&hub.challenge=2", ChallengeRefused},
		{"a line break", "hub.verify_token=" + word + "&hub.challenge=1%0d%0aX-Injected:+1", ChallengeRefused},
		{"a script", "hub.verify_token=" + word + "&hub.challenge=%3Cscript%3E", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := g.deliver(Delivery{Method: http.MethodGet, RawQuery: test.query})
			if test.want != "" {
				wants(t, v, Reject, test.want)
				return
			}
			wants(t, v, Answer, "")
			if v.Header.Get("Content-Type") != "text/plain; charset=utf-8" || v.Header.Get("X-Content-Type-Options") != "nosniff" {
				t.Errorf("header is %v", v.Header)
			}
		})
	}
	// The same words in a delivery are no challenge.
	v := g.deliver(Delivery{RawQuery: "hub.verify_token=" + word + "&hub.challenge=1", Body: []byte("{}")})
	wants(t, v, Reject, signature.HeaderMissing)
}

// TestErrorsHoldNoSecret: whatever a refusal says, neither keys nor tokens nor
// learned secrets are in it.
func TestErrorsHoldNoSecret(t *testing.T) {
	t.Parallel()
	const learnt = "learnt-4b57fg1ck4i2"
	storage := newMemory()
	g := buildOn(t, config(t, teller), storage, newClock())
	g.arm("listing.created")
	wants(t, g.deliver(hello(learnt)), Answer, "")
	storage.setBroken(true)
	g.clock.advance(2 * time.Minute)
	for _, d := range []Delivery{hello("other-secret"), note("other-secret"), {Path: "/hooks/" + learnt}} {
		v := g.deliver(d)
		for _, secret := range []string{learnt, "other-secret"} {
			if v.Err != nil && strings.Contains(v.Err.Error(), secret) || strings.Contains(string(v.Reason), secret) {
				t.Errorf("%s: %v", v.Reason, v.Err)
			}
		}
	}
}

// hello is teller's handshake, and note a delivery, for one of its events.
func hello(secret string) Delivery {
	return Delivery{Path: "/hooks/listing.created", Header: header("X-Hook-Secret", secret)}
}

func note(secret string) Delivery {
	d := hello(secret)
	d.Body = []byte(`{"data":{}}`)
	return d
}

func TestAFullStoreIsOurFault(t *testing.T) {
	t.Parallel()
	claims, err := dedupe.New(dedupe.Options{Entries: 1})
	if err != nil {
		t.Fatal(err)
	}
	e, err := New(config(t, acme))
	if err != nil {
		t.Fatal(err)
	}
	e.Use(Stores{Dedupe: claims})
	claims.Close()
	d := acmeDelivery(`{"id":"1","type":"t"}`)
	d.Method, d.Path, d.Received = http.MethodPost, "/hooks", noon
	v := e.Judge(context.Background(), &d)
	wants(t, v, Reject, StoreUnavailable)
	if v.Status != http.StatusServiceUnavailable || !errors.Is(v.Err, dedupe.ErrClosed) || v.Slot != "default" {
		t.Errorf("got %+v", v)
	}
}

// TestTheURLAsRegisteredHoldsTheToken: the provider was given a URL with the token in
// it, so that is what it repeats. It may also be without.
func TestTheURLAsRegisteredHoldsTheToken(t *testing.T) {
	t.Parallel()
	cfg := config(t, plain)
	cfg.Tokens = append(cfg.Tokens, Token{Place: TokenInQuery, Name: "key", Value: "another token&"})
	g := build(t, cfg)
	deliver := func(query, endpoint string) Verdict {
		return g.deliver(Delivery{
			RawQuery: query, Body: []byte(`{"event":"e","endpoint":"` + endpoint + `","data":{"a":"x"},"id":"` + endpoint + `"}`),
		})
	}
	const url = "https://hooks.example.com/hooks"
	for _, endpoint := range []string{url, url + "?key=" + token} {
		v := deliver("key="+token, endpoint)
		wants(t, v, Accept, "")
		if e := v.Event; strings.Contains(e.Source+e.Subject, token) {
			t.Errorf("the token is part of %+v", e)
		}
	}
	wants(t, deliver("key=another+token%26", url+"?key=another+token%26"), Accept, "")
	for _, endpoint := range []string{
		url + "?key=another+token%26", url + "?key=", url + "?key=" + token + "0", url + "?token=" + token, url + "/?key=" + token,
		"https://evil.example/hooks?key=" + token,
	} {
		wants(t, deliver("key="+token, endpoint), Reject, ContentMismatch)
	}

	cfg = config(t, plain)
	cfg.PublicURL = url + "?a=b"
	g = build(t, cfg)
	wants(t, deliver("a=b&key="+token, url+"?a=b&key="+token), Accept, "")
	wants(t, deliver("a=b&key="+token, url+"?key="+token), Reject, ContentMismatch)
}
