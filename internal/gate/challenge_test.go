package gate

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// shapeConfig configures one of the shapes as an endpoint with one key.
func shapeConfig(t *testing.T, name string) Config {
	t.Helper()
	own, err := shape(t, name).Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	return Config{Name: name, Provider: own, Keys: []signature.Key{{ID: "main", Secret: key}}}
}

// crc is X's challenge: whoever asks gets a MAC.
func crc(token string) Delivery {
	return Delivery{Method: http.MethodGet, RawQuery: "crc_token=" + token}
}

const crcToken = "MDUxMzA5ZTEtMzE5NC00MmY5"

// verification is Wrike's challenge, which arming alone lets through.
func verification() Delivery {
	return Delivery{
		Header: header("X-Hook-Secret", wrikeText, "Content-Type", "application/json"),
		Body:   []byte(`{"requestType":"WebHook secret verification"}`),
	}
}

const wrikeText = "c1f2d4f8a95e4b2fa1bd7f6ff8a17f73"

func TestArmedChallenge(t *testing.T) {
	t.Parallel()
	storage := newMemory()
	g := buildOn(t, shapeConfig(t, "wrike"), storage, newClock())
	opened := storage.written()
	wants(t, g.deliver(verification()), Reject, HandshakeUnarmed)
	if storage.written() != opened {
		t.Error("a stranger's challenge is written down")
	}

	g.arm(defaultSlot)
	armed := storage.written()
	for range 2 { // the first answer may have been lost
		v := g.deliver(verification())
		wants(t, v, Answer, "")
		if got := v.Header.Get("X-Hook-Secret"); v.Kind != Challenge || got != hexMAC(key, wrikeText) {
			t.Errorf("%s: %q", v.Kind, got)
		}
	}
	if storage.written() != armed {
		t.Error("a challenge is written down")
	}
	// It teaches nothing, armed or not.
	forged := Delivery{Header: header("X-Hook-Signature", hexMAC(wrikeText, `[{"eventType":"x"}]`)), Body: []byte(`[{"eventType":"x"}]`)}
	wants(t, g.deliver(forged), Reject, signature.Mismatch)

	g.clock.advance(time.Hour)
	wants(t, g.deliver(verification()), Reject, HandshakeUnarmed)
}

func TestArmedChallengeFailsClosed(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change  func(*Config)
		outcome Outcome
		want    Reason
	}{
		"handshakes are off": {func(c *Config) { c.Handshake = handshake.Off }, Reject, HandshakeUnarmed},
		"only reporting":     {func(c *Config) { c.ReportOnly, c.Handshake = true, handshake.Once }, Unproved, signature.HeaderMissing},
		"once":               {func(c *Config) { c.Handshake = handshake.Once }, Answer, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := shapeConfig(t, "wrike")
			test.change(&cfg)
			wants(t, build(t, cfg).deliver(verification()), test.outcome, test.want)
		})
	}
	t.Run("once, too late", func(t *testing.T) {
		t.Parallel()
		cfg := shapeConfig(t, "wrike")
		cfg.Handshake = handshake.Once
		g := build(t, cfg)
		g.clock.advance(24 * time.Hour)
		wants(t, g.deliver(verification()), Reject, HandshakeUnarmed)
	})
	t.Run("no storage", func(t *testing.T) {
		t.Parallel()
		storage := newMemory()
		g := buildOn(t, shapeConfig(t, "wrike"), storage, newClock())
		g.arm(defaultSlot)
		storage.setBroken(true)
		g.clock.advance(2 * time.Second)
		v := g.deliver(verification())
		wants(t, v, Reject, StoreUnavailable)
		if v.Status != http.StatusServiceUnavailable {
			t.Errorf("status %d", v.Status)
		}
	})
	t.Run("another slot is armed", func(t *testing.T) {
		t.Parallel()
		cfg := shapeConfig(t, "wrike")
		cfg.Path, cfg.Slots = "/hooks/{slot}", []string{"one", "two"}
		g := build(t, cfg)
		g.arm("one")
		d := verification()
		d.Path = "/hooks/two"
		wants(t, g.deliver(d), Reject, HandshakeUnarmed)
		d.Path = "/hooks/one"
		wants(t, g.deliver(d), Answer, "")
	})
}

// TestMACsAreFew: a flood of challenges gets few MACs, and costs the deliveries nothing.
func TestMACsAreFew(t *testing.T) {
	t.Parallel()
	g := build(t, shapeConfig(t, "x"))
	for range 100 {
		wants(t, g.deliver(crc("not.of.the.kind")), Reject, ChallengeRefused) // and does not count
	}
	for range macBurst {
		wants(t, g.deliver(crc(crcToken)), Answer, "")
	}
	v := g.deliver(crc(crcToken))
	wants(t, v, Reject, TooManyChallenges)
	if v.Status != http.StatusServiceUnavailable { // the provider itself is to try again
		t.Errorf("status %d", v.Status)
	}
	body := `{"favorite_events":[]}`
	mac, err := hexToBase64(hexMAC(key, body))
	if err != nil {
		t.Fatal(err)
	}
	g.accepts(Delivery{Header: header("X-Twitter-Webhooks-Signature", "sha256="+mac), Body: []byte(body)})
	g.clock.advance(time.Second)
	wants(t, g.deliver(crc(crcToken)), Answer, "")
	wants(t, g.deliver(crc(crcToken)), Reject, TooManyChallenges)
}

// TestOracle: with MACs of texts of his choice, a stranger can send nothing.
func TestOracle(t *testing.T) {
	t.Parallel()
	g := build(t, shapeConfig(t, "x"))
	for _, text := range []string{"12345678", "-1234567", "123456e7", "AAAAAAAA", strings.Repeat("9", 128)} {
		v := g.deliver(crc(text))
		wants(t, v, Answer, "")
		var answered map[string]string
		if err := json.Unmarshal(v.Body, &answered); err != nil {
			t.Fatal(err)
		}
		d := Delivery{Header: header("X-Twitter-Webhooks-Signature", answered["response_token"]), Body: []byte(text)}
		wants(t, g.deliver(d), Reject, ContentMismatch)
	}
}

// TestMACKey: the key that proved a challenge answers it; the first one, where none did.
func TestMACKey(t *testing.T) {
	t.Parallel()
	const second = "a-newer-secret"
	keys := []signature.Key{{ID: "main", Secret: key}, {ID: "new", Secret: second}}

	cfg := shapeConfig(t, "zoom")
	cfg.Keys = keys
	g := build(t, cfg)
	const body = `{"event":"endpoint.url_validation","payload":{"plainToken":"qgg8vlvZRS6UYooatFL8Aw"}}`
	for _, secret := range []string{key, second} {
		stamp := "1772366400"
		v := g.deliver(Delivery{
			Header: header("X-Zm-Request-Timestamp", stamp, "X-Zm-Signature", "v0="+hexMAC(secret, "v0:"+stamp+":"+body)),
			Body:   []byte(body),
		})
		wants(t, v, Answer, "")
		if want := hexMAC(secret, "qgg8vlvZRS6UYooatFL8Aw"); !strings.Contains(string(v.Body), want) {
			t.Errorf("%s: want %s", v.Body, want)
		}
	}

	cfg = shapeConfig(t, "linkedin")
	cfg.Keys = keys
	v := build(t, cfg).deliver(Delivery{Method: http.MethodGet, RawQuery: "challengeCode=" + wrikeText})
	if want := hexMAC(key, wrikeText); !strings.Contains(string(v.Body), want) {
		t.Errorf("%s: want %s", v.Body, want)
	}
}

// TestMACNeedsASecret: one that a handshake teaches is not there to answer with.
func TestMACNeedsASecret(t *testing.T) {
	t.Parallel()
	p := parse(t, signer+`challenge:
  - name: c
    match: {method: GET, body: ""}
    value: query:c
    answer: {text: "{mac}"}
`)
	if _, err := New(Config{Name: "c", Provider: p}); err == nil || !strings.Contains(err.Error(), "add `secret <value>`") {
		t.Errorf("error %v", err)
	}
	if _, err := New(Config{Name: "c", Provider: p, Keys: []signature.Key{{ID: "main", Secret: key}}}); err != nil {
		t.Error(err)
	}
	cfg := shapeConfig(t, "wrike")
	cfg.Keys = nil
	if _, err := New(cfg); err == nil {
		t.Error("an endpoint whose challenges arm it needs no secret")
	}
}

// TestMACByAnEncodedKey: the key becomes bytes for challenges as it does for deliveries.
func TestMACByAnEncodedKey(t *testing.T) {
	t.Parallel()
	p := parse(t, `
name: encoded
signature: {type: hmac, header: X-Sig, key: base64, key_prefix: whsec_, encoding: base64}
challenge: {name: c, match: {method: GET, body: ""}, value: query:c, answer: {text: "{value}={mac}"}}
`)
	secret := "whsec_" + base64.StdEncoding.EncodeToString([]byte(key))
	g := build(t, Config{Name: "c", Provider: p, Keys: []signature.Key{{ID: "main", Secret: secret}}})
	v := g.deliver(Delivery{Method: http.MethodGet, RawQuery: "c=" + crcToken})
	mac, err := hexToBase64(hexMAC(key, crcToken))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := string(v.Body), crcToken+"="+mac; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPrecheckOfExchanges(t *testing.T) {
	t.Parallel()
	wrike, notion := shapeConfig(t, "wrike"), shapeConfig(t, "notion")
	for name, test := range map[string]struct {
		cfg  Config
		d    Delivery
		want Reason // "" where the body is needed
	}{
		"a challenge's header":       {wrike, Delivery{Header: header("X-Hook-Secret", wrikeText)}, ""},
		"neither header":             {wrike, Delivery{}, signature.HeaderMissing},
		"no proof, maybe a secret":   {notion, Delivery{}, ""},
		"a proof, and so no secret":  {notion, Delivery{Header: header("X-Notion-Signature", "sha256=00")}, signature.WrongLength},
		"no delivery by that method": {shapeConfig(t, "x"), Delivery{Method: http.MethodGet}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, err := New(test.cfg)
			if err != nil {
				t.Fatal(err)
			}
			d := test.d
			d.Received = noon
			if d.Method == "" {
				d.Method = http.MethodPost
			}
			if v, refused := e.Precheck(t.Context(), &d); refused != (test.want != "") || v.Reason != test.want {
				t.Errorf("refused: %v, for %q; want %q", refused, v.Reason, test.want)
			}
		})
	}
}

// TestFirstPostTeaches: a secret in the body is learned as one in a header is.
func TestFirstPostTeaches(t *testing.T) {
	t.Parallel()
	cfg := shapeConfig(t, "notion")
	cfg.Keys = nil
	g := build(t, cfg)
	hello := func(secret string) Delivery {
		return Delivery{Body: []byte(`{"verification_token":"` + secret + `"}`)}
	}
	wants(t, g.deliver(hello("of-a-stranger")), Reject, HandshakeUnarmed)
	g.arm(defaultSlot)
	v := g.deliver(hello("secret_tMrlL1qK5vuQ"))
	wants(t, v, Answer, "")
	if v.Kind != Handshake || len(v.Body) > 0 {
		t.Errorf("%s: %q", v.Kind, v.Body)
	}
	wants(t, g.deliver(hello("of-a-stranger")), Reject, HandshakeLocked)
	const body = `{"id":"1","type":"page.created","verification_token":"of-a-stranger"}`
	g.accepts(Delivery{Header: header("X-Notion-Signature", "sha256="+hexMAC("secret_tMrlL1qK5vuQ", body)), Body: []byte(body)})
}

// TestAnswerHeaders: what a file says of an answer's type counts, nosniff always does.
func TestAnswerHeaders(t *testing.T) {
	t.Parallel()
	rule := provider.Answer{
		Text: "<ack/>", Header: map[string]string{"content-type": "text/xml", "x-content-type-options": "sniff", "X-A": "{value}"},
	}
	v := answer(Challenge, &rule, "b", "")
	if h := v.Header; h.Get("Content-Type") != "text/xml" || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("X-A") != "b" || len(h) != 3 {
		t.Errorf("header %v", h)
	}
	empty := answer(Challenge, &provider.Answer{Status: http.StatusNoContent}, "", "")
	if empty.Body != nil || empty.Status != http.StatusNoContent || empty.Header.Get("Content-Type") != "" {
		t.Errorf("%d %v %q", empty.Status, empty.Header, empty.Body)
	}
}
