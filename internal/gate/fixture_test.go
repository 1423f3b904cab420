package gate

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"net/http"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hookward/hookward/internal/dedupe"
	"github.com/hookward/hookward/internal/document/documenttest"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// noon is when deliveries arrive.
var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// clock is set by hand.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: noon} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

var errBroken = errors.New("disk on fire")

// memory is storage that nodes share. Broken, it fails every call.
type memory struct {
	*documenttest.Memory

	mu     sync.Mutex
	broken bool
	stores int
}

func newMemory() *memory { return &memory{Memory: documenttest.New()} }

func (m *memory) setBroken(broken bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = broken
}

// written counts the writes that were asked for.
func (m *memory) written() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.stores
}

func (m *memory) fault() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.broken {
		return errBroken
	}
	return nil
}

func (m *memory) Lock(ctx context.Context, name string) error {
	if err := m.fault(); err != nil {
		return err
	}
	return m.Memory.Lock(ctx, name)
}

func (m *memory) Store(ctx context.Context, key string, value []byte) error {
	m.mu.Lock()
	m.stores++
	m.mu.Unlock()
	if err := m.fault(); err != nil {
		return err
	}
	return m.Memory.Store(ctx, key, value)
}

func (m *memory) Load(ctx context.Context, key string) ([]byte, error) {
	if err := m.fault(); err != nil {
		return nil, err
	}
	return m.Memory.Load(ctx, key)
}

// The providers that the tests are written for: one of each kind.
const (
	// acme signs body and delivers JSON.
	acme = `
name: acme
signature:
  - type: hmac
    header: X-Acme-Signature
    encoding: hex
event:
  id: json:id
  type: json:type
  time: json:at
  subject: json:subject
  source: https://acme.example
  prefix: com.acme
  types:
    widget.made: com.acme.widget.created
`
	// teller makes handshakes; the secret comes back in each delivery.
	teller = `
name: teller
signature:
  - type: secret
    header: [X-Hook-Secret, X-Api-Key]
handshake:
  match:
    body: ""
  secret: header:X-Hook-Secret
  answer:
    header:
      X-Hook-Secret: "{value}"
event:
  type: route
  prefix: com.teller
  types:
    listing.created: com.teller.listing.created
    listing.deleted: com.teller.listing.deleted
`
	// signer makes handshakes; the secret signs the deliveries.
	signer = `
name: signer
signature:
  - type: hmac
    header: X-Hook-Signature
    encoding: hex
handshake:
  match:
    body: ["", "{}"]
    where:
      - field: header:X-Hook-Signature
        exists: false
  secret: header:X-Hook-Secret
  answer:
    status: 204
    header:
      X-Hook-Secret: "{value}"
event:
  type: json:type
  prefix: com.signer
`
	// chat challenges, and signs its challenges.
	chat = `
name: chat
signature:
  - type: hmac
    header: X-Chat-Signature
    prefix: v0=
    encoding: hex
    content: v0:{timestamp}:{body}
    timestamp:
      from: header:X-Chat-Timestamp
challenge:
  - name: url_verification
    verify: true
    match:
      where:
        - field: json:type
          equals: url_verification
    value: json:challenge
    answer:
      json:
        challenge: "{value}"
event:
  id: json:event_id
  type: json:event.type
  prefix: com.chat
`
	// pages challenges by GET, with a word that both sides know.
	pages = `
name: pages
const:
  verify_token: ""
signature:
  - type: hmac
    header: X-Hub-Signature-256
    prefix: sha256=
    encoding: hex
challenge:
  - name: hub
    match:
      method: GET
      where:
        - field: query:hub.verify_token
          equals: const:verify_token
    value: query:hub.challenge
    answer:
      text: "{value}"
event:
  type: json:object
  prefix: com.pages
`
	// plain signs nothing and says things that can be checked.
	plain = `
name: plain
require:
  - field: json:endpoint
    equals: "{url}"
  - field: json:data.@values
    host: plain.example
event:
  id: json:id
  type: json:event
  prefix: com.plain
`
	// former signs a form's parameters, and so not its bytes.
	former = `
name: former
signature:
  - type: hmac
    hash: sha1
    header: X-Former-Signature
    encoding: base64
    content: "{url}?{form:sorted:=&%}"
    covers: body
event:
  id: form:MessageSid
  type: form:Status
  prefix: com.former
`
)

// constants are the providers' constants.
var constants = map[string][]string{pages: {"verify_token", "a-word-that-both-know"}}

// parse reads a provider and resolves its constants.
func parse(tb testing.TB, text string, constants ...string) *provider.Provider {
	tb.Helper()
	p, err := provider.Parse([]byte(text), "test.yaml")
	if err != nil {
		tb.Fatal(err)
	}
	override := map[string][]string{}
	for i := 0; i+1 < len(constants); i += 2 {
		override["const."+constants[i]] = []string{constants[i+1]}
	}
	own, err := p.Resolve(override)
	if err != nil {
		tb.Fatal(err)
	}
	return own
}

// key is the secret of the configured key.
const key = "a-secret-that-is-configured"

// config is a configuration that works for the provider.
func config(tb testing.TB, text string, constants ...string) Config {
	tb.Helper()
	p := parse(tb, text, constants...)
	cfg := Config{Name: p.Name, Provider: p, Path: "/hooks"}
	if p.Reads(signature.URL) {
		cfg.PublicURL = "https://hooks.example.com/hooks"
	}
	if p.Reads(signature.Route) {
		cfg.Path = "/hooks/{event}"
	}
	if len(p.Signature) == 0 {
		cfg.Tokens = []Token{{Place: TokenInQuery, Name: "key", Value: token}}
	} else if p.Handshake == nil {
		cfg.Keys = []signature.Key{{ID: "main", Secret: key}}
	}
	return cfg
}

// token is the secret in a URL.
const token = "0123456789abcdef0123456789abcdef"

// gateway is one node's endpoint with its stores.
type gateway struct {
	*Endpoint
	t     testing.TB
	clock *clock
	slots *handshake.Slots
}

// build makes an endpoint with stores of its own.
func build(tb testing.TB, cfg Config) gateway {
	tb.Helper()
	return buildOn(tb, cfg, newMemory(), newClock())
}

// buildOn makes an endpoint on storage that other nodes use too.
func buildOn(tb testing.TB, cfg Config, storage handshake.Storage, c *clock) gateway {
	tb.Helper()
	e, err := New(cfg)
	if err != nil {
		tb.Fatal(err)
	}
	claims, err := dedupe.New(dedupe.Options{Entries: 1000, Now: c.Now})
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(claims.Close)
	g := gateway{Endpoint: e, t: tb, clock: c}
	if names := e.HandshakeSlots(); len(names) > 0 {
		g.slots, err = handshake.New(handshake.Options{
			Endpoint: cfg.Name, Slots: names, Mode: cfg.Handshake, Storage: storage, Now: c.Now,
		})
		if err != nil {
			tb.Fatal(err)
		}
		_ = g.slots.Open(context.Background()) // broken storage is what some tests are about
	}
	e.Use(Stores{Dedupe: claims, Slots: g.slots})
	return g
}

func (g gateway) arm(slot string) {
	g.t.Helper()
	if _, err := g.slots.Arm(context.Background(), slot, time.Hour); err != nil {
		g.t.Fatal(err)
	}
}

// deliver judges a delivery that arrives now. It goes through the check without
// the body first, as every delivery does, and fails the test where that refuses
// what the whole judgement does not.
func (g gateway) deliver(d Delivery) Verdict {
	g.t.Helper()
	if d.Method == "" {
		d.Method = http.MethodPost
	}
	if d.Path == "" {
		d.Path = "/hooks"
	}
	if d.Header == nil {
		d.Header = http.Header{}
	}
	d.Received = g.clock.Now()
	early := d
	early.Body = nil
	refusal, refused := g.Precheck(context.Background(), &early)
	v := g.Judge(context.Background(), &d)
	if refused && (v.Outcome != Reject || v.Status != refusal.Status) {
		g.t.Fatalf("refused early with %s, but judged as %s %s", refusal.Reason, v.Outcome, v.Reason)
	}
	return v
}

// accepts checks that a delivery is accepted, and forgets it, so that it can come again.
func (g gateway) accepts(d Delivery) Verdict {
	g.t.Helper()
	v := g.deliver(d)
	wants(g.t, v, Accept, "")
	if v.Claim != nil {
		v.Claim.Release(nil)
	}
	return v
}

// header makes canonical header fields of names and values.
func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i+1 < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

func hexMAC(secret, content string) string {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(content))
	return hex.EncodeToString(mac.Sum(nil))
}

// acmeDelivery is a delivery from acme, signed.
func acmeDelivery(body string) Delivery {
	return Delivery{Header: header("X-Acme-Signature", hexMAC(key, body)), Body: []byte(body)}
}

// wants checks the outcome, and the reason of one that has any.
func wants(tb testing.TB, v Verdict, outcome Outcome, reason Reason) {
	tb.Helper()
	if v.Outcome != outcome || v.Reason != reason {
		tb.Fatalf("got %s %d %q (%v), want %s %q", v.Outcome, v.Status, v.Reason, v.Err, outcome, reason)
	}
}
