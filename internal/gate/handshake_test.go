package gate

import (
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/signature"
)

// The stranger's secret is as well formed as the provider's.
const (
	providers = "provider-4b57fg1ck4i2"
	strangers = "stranger-9d0c1a7e55b1"
)

func TestHandshake(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, teller))
	wants(t, g.deliver(hello(providers)), Reject, HandshakeUnarmed)
	g.arm("listing.created")
	v := g.deliver(hello(providers))
	wants(t, v, Answer, "")
	if v.Kind != Handshake || v.Status != http.StatusOK || v.Header.Get("X-Hook-Secret") != providers || len(v.Body) > 0 {
		t.Errorf("answer is %d %v %q", v.Status, v.Header, v.Body)
	}
	if v.Slot != "listing.created" || v.Event != nil || v.Claim != nil {
		t.Errorf("a handshake is an event: %+v", v)
	}
	if v.Result != "learned" || v.Fingerprint != handshake.Fingerprint(providers) {
		t.Errorf("a first handshake is told as %q %s", v.Result, v.Fingerprint)
	}
	v = g.accepts(note(providers))
	if v.Event.Type != "com.teller.listing.created" || v.Event.KeyID != handshake.Fingerprint(providers) {
		t.Errorf("type %s, key %s", v.Event.Type, v.Event.KeyID)
	}
	wants(t, g.deliver(note(strangers)), Reject, signature.Mismatch)
}

// TestStrangerAtTheDoor sends what a stranger would send to an armed endpoint to get
// his own secret into a slot, or into one that he can then use.
func TestStrangerAtTheDoor(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		d    Delivery
		want Reason
	}{
		{"other case", Delivery{Path: "/Hooks/listing.created"}, WrongPath},
		{"event in other case", Delivery{Path: "/hooks/Listing.created"}, UnknownEvent},
		{"extra segment", Delivery{Path: "/hooks/listing.created/x"}, WrongPath},
		{"trailing slash", Delivery{Path: "/hooks/listing.created/"}, WrongPath},
		{"encoded slash", Delivery{Path: "/hooks%2Flisting.created"}, WrongPath},
		{"encoded letter", Delivery{Path: "/hooks/l%69sting.created"}, UnknownEvent},
		{"parameter", Delivery{Path: "/hooks/listing.created;x"}, UnknownEvent},
		{"unknown event", Delivery{Path: "/hooks/listing.exploded"}, UnknownEvent},
		{"no event", Delivery{Path: "/hooks/"}, UnknownEvent},
		{"unclaimed event", Delivery{Path: "/hooks/listing.deleted"}, HandshakeUnarmed},
		{"by GET", Delivery{Method: http.MethodGet, Path: "/hooks/listing.created"}, WrongMethod},
		{"with a body", Delivery{Path: "/hooks/listing.created", Body: []byte("x")}, signature.NoKey},
		{"with a zero byte", Delivery{Path: "/hooks/listing.created", Body: []byte{0}}, signature.NoKey},
		{"secret twice", Delivery{Path: "/hooks/listing.created", Header: header("X-Hook-Secret", strangers, "X-Hook-Secret", strangers)}, HandshakeRefused},
		{"empty secret", Delivery{Path: "/hooks/listing.created", Header: header("X-Hook-Secret", "")}, HandshakeRefused},
		{"secret of spaces", Delivery{Path: "/hooks/listing.created", Header: header("X-Hook-Secret", "a b")}, HandshakeRefused},
		{"secret beyond ASCII", Delivery{Path: "/hooks/listing.created", Header: header("X-Hook-Secret", "sécret")}, HandshakeRefused},
		{"secret with a control character", Delivery{Path: "/hooks/listing.created", Header: header("X-Hook-Secret", "a\tb")}, HandshakeRefused},
		{"long secret", Delivery{Path: "/hooks/listing.created", Header: header("X-Hook-Secret", strings.Repeat("a", 513))}, HandshakeRefused},
		{"secret in another header", Delivery{Path: "/hooks/listing.created", Header: header("X-Api-Key", strangers)}, signature.NoKey},
		{"secret in the query", Delivery{Path: "/hooks/listing.created", RawQuery: "X-Hook-Secret=s", Header: http.Header{}}, signature.NoKey},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			storage := newMemory()
			g := buildOn(t, config(t, teller), storage, newClock())
			g.arm("listing.created")
			written := storage.written()
			if test.d.Header == nil {
				test.d.Header = header("X-Hook-Secret", strangers)
			}
			v := g.deliver(test.d)
			wants(t, v, Reject, test.want)
			if len(v.Header) > 0 || len(v.Body) > 0 {
				t.Errorf("something is echoed: %v %q", v.Header, v.Body)
			}
			if storage.written() != written {
				t.Error("something was stored")
			}
			// The provider finds its slot as it was.
			wants(t, g.deliver(hello(providers)), Answer, "")
			wants(t, g.deliver(note(strangers)), Reject, signature.Mismatch)
		})
	}
}

// TestADeliveryIsNoHandshake: teller's deliveries carry the header of its handshake.
func TestADeliveryIsNoHandshake(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, teller))
	g.arm("listing.created")
	wants(t, g.deliver(note(strangers)), Reject, signature.NoKey)
	wants(t, g.deliver(hello(providers)), Answer, "")
	for _, body := range []string{"{}", "[]", "null", `""`, "x", "\x00", "\ufeff"} {
		d := hello(strangers)
		d.Body = []byte(body)
		wants(t, g.deliver(d), Reject, signature.Mismatch)
	}
}

// TestASignedDeliveryIsNoHandshake: with the signature's header there, even an empty
// body is a delivery.
func TestASignedDeliveryIsNoHandshake(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, signer))
	g.arm("default")
	both := Delivery{Header: header("X-Hook-Secret", strangers, "X-Hook-Signature", hexMAC(strangers, "{}")), Body: []byte("{}")}
	wants(t, g.deliver(both), Reject, signature.NoKey)
	v := g.deliver(Delivery{Header: header("X-Hook-Secret", providers), Body: []byte("{}")})
	wants(t, v, Answer, "")
	if v.Status != http.StatusNoContent || v.Header.Get("X-Hook-Secret") != providers {
		t.Errorf("answer is %d %v", v.Status, v.Header)
	}
	wants(t, g.deliver(both), Reject, signature.Mismatch)
}

func TestOnce(t *testing.T) {
	t.Parallel()
	cfg := config(t, teller)
	cfg.Handshake = handshake.Once
	storage, c := newMemory(), newClock()
	g := buildOn(t, cfg, storage, c)
	wants(t, g.deliver(hello(providers)), Answer, "")
	wants(t, g.deliver(hello(strangers)), Reject, HandshakeLocked)
	again := g.deliver(hello(providers)) // the provider did not get the first answer
	wants(t, again, Answer, "")
	if again.Result != "known" || again.Fingerprint != handshake.Fingerprint(providers) {
		t.Errorf("a repetition is told as %q %s", again.Result, again.Fingerprint)
	}

	// The other event's slot is armed by itself, and not for ever, restarts or not.
	c.advance(25 * time.Hour)
	g = buildOn(t, cfg, storage, c)
	late := hello(strangers)
	late.Path = "/hooks/listing.deleted"
	wants(t, g.deliver(late), Reject, HandshakeUnarmed)
}

func TestHandshakesOff(t *testing.T) {
	t.Parallel()
	cfg := config(t, teller)
	cfg.Handshake, cfg.Keys = handshake.Off, []signature.Key{{ID: "main", Secret: key}}
	g := build(t, cfg)
	wants(t, g.deliver(hello(strangers)), Reject, HandshakeUnarmed)
	wants(t, g.deliver(hello(key)), Reject, HandshakeUnarmed) // nor is it a delivery
	g.accepts(note(key))
}

// TestTheConfiguredSecretIsEchoed: where the secret is known from the provider's API,
// the handshake that brings it needs no arming, and no other gets in.
func TestTheConfiguredSecretIsEchoed(t *testing.T) {
	t.Parallel()
	cfg := config(t, teller)
	cfg.Keys = []signature.Key{{ID: "main", Secret: providers}}
	storage := newMemory()
	g := buildOn(t, cfg, storage, newClock())
	before := storage.written()
	wants(t, g.deliver(hello(providers)), Answer, "")
	wants(t, g.deliver(hello(strangers)), Reject, HandshakeUnarmed)
	if storage.written() > before {
		t.Error("a configured secret was stored")
	}
}

func TestSecondNode(t *testing.T) {
	t.Parallel()
	storage, c := newMemory(), newClock()
	one := buildOn(t, config(t, teller), storage, c)
	two := buildOn(t, config(t, teller), storage, c)
	one.arm("listing.created")
	c.advance(2 * time.Second)
	wants(t, two.deliver(hello(providers)), Answer, "")
	c.advance(2 * time.Second)
	wants(t, one.deliver(hello(strangers)), Reject, HandshakeLocked)
	c.advance(2 * time.Second)
	one.accepts(note(providers))
	wants(t, one.deliver(hello(providers)), Answer, "")
	wants(t, one.deliver(note(strangers)), Reject, signature.Mismatch)
}

// TestANodeThatHasNotSeenTheSecretReadsIt: the first delivery may come to another
// node than the handshake.
func TestANodeThatHasNotSeenTheSecretReadsIt(t *testing.T) {
	t.Parallel()
	storage, c := newMemory(), newClock()
	one := buildOn(t, config(t, signer), storage, c)
	two := buildOn(t, config(t, signer), storage, c)
	wants(t, two.deliver(signerDelivery(providers)), Reject, signature.NoKey) // it has looked
	one.arm("default")
	wants(t, one.deliver(Delivery{Header: header("X-Hook-Secret", providers)}), Answer, "")
	c.advance(time.Second)
	two.accepts(signerDelivery(providers))
}

func signerDelivery(secret string) Delivery {
	const body = `{"type":"task.changed"}`
	return Delivery{Header: header("X-Hook-Signature", hexMAC(secret, body)), Body: []byte(body)}
}

func TestRestart(t *testing.T) {
	t.Parallel()
	storage, c := newMemory(), newClock()
	g := buildOn(t, config(t, teller), storage, c)
	g.arm("listing.created")
	wants(t, g.deliver(hello(providers)), Answer, "")
	g = buildOn(t, config(t, teller), storage, c)
	wants(t, g.deliver(hello(strangers)), Reject, HandshakeLocked)
	g.accepts(note(providers))
	wants(t, g.deliver(hello(providers)), Answer, "")
}

// TestRace: of many handshakes at once, on two nodes, exactly one secret gets in, and
// only who brought that one is told yes.
func TestRace(t *testing.T) {
	t.Parallel()
	storage, c := newMemory(), newClock()
	nodes := []gateway{buildOn(t, config(t, teller), storage, c), buildOn(t, config(t, teller), storage, c)}
	nodes[0].arm("listing.created")
	c.advance(2 * time.Second)

	secrets := make([]string, 32)
	for i := range secrets {
		secrets[i] = strings.Repeat(string(rune('a'+i%26)), 8+i)
	}
	echoed := make([]bool, len(secrets))
	var all sync.WaitGroup
	for i, secret := range secrets {
		all.Go(func() {
			d := hello(secret)
			d.Method, d.Received = http.MethodPost, c.Now()
			v := nodes[i%2].Judge(t.Context(), &d)
			echoed[i] = v.Outcome == Answer
			if !echoed[i] && v.Reason != HandshakeLocked && v.Reason != HandshakeUnarmed {
				t.Errorf("refused for %s (%v)", v.Reason, v.Err)
			}
		})
	}
	all.Wait()

	c.advance(2 * time.Second)
	winners := 0
	for i, secret := range secrets {
		for _, node := range nodes {
			accepted := node.deliver(note(secret)).Outcome == Accept
			if accepted != echoed[i] {
				t.Errorf("secret %d: echoed %v, verifies %v", i, echoed[i], accepted)
			}
		}
		if echoed[i] {
			winners++
		}
	}
	if winners != 1 {
		t.Errorf("%d secrets got in", winners)
	}
}

// TestBrokenStore: what we cannot know is our fault, and never the provider's.
func TestBrokenStore(t *testing.T) {
	t.Parallel()
	for name, learn := range map[string]bool{"a fresh slot": false, "a locked slot": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storage, c := newMemory(), newClock()
			cfg := config(t, teller)
			cfg.Handshake = handshake.Once
			if learn {
				wants(t, buildOn(t, cfg, storage, c).deliver(hello(providers)), Answer, "")
			}
			storage.setBroken(true)
			g := buildOn(t, cfg, storage, c)
			for _, d := range []Delivery{hello(providers), hello(strangers), note(providers), note(strangers)} {
				v := g.deliver(d)
				wants(t, v, Reject, StoreUnavailable)
				if v.Status != http.StatusServiceUnavailable || len(v.Header) > 0 {
					t.Errorf("got %d %v", v.Status, v.Header)
				}
			}
			storage.setBroken(false)
			c.advance(2 * time.Second)
			wants(t, g.deliver(hello(providers)), Answer, "")
			g.accepts(note(providers))
			wants(t, g.deliver(hello(strangers)), Reject, HandshakeLocked)
		})
	}
}

// TestBrokenStoreAfterward: what was read before stays good. What does not verify may
// be signed with a secret that another node has learned, so it is not refused for good.
func TestBrokenStoreAfterward(t *testing.T) {
	t.Parallel()
	storage, c := newMemory(), newClock()
	g := buildOn(t, config(t, teller), storage, c)
	g.arm("listing.created")
	wants(t, g.deliver(hello(providers)), Answer, "")
	storage.setBroken(true)
	c.advance(time.Hour)
	g.accepts(note(providers))
	wants(t, g.deliver(hello(providers)), Answer, "")
	c.advance(2 * time.Second)
	wants(t, g.deliver(note(strangers)), Reject, StoreUnavailable)
	wants(t, g.deliver(hello(strangers)), Reject, StoreUnavailable)
}

// TestAConfiguredKeyNeedsNoStore: with the store gone, what a configured key proves is
// proved.
func TestAConfiguredKeyNeedsNoStore(t *testing.T) {
	t.Parallel()
	storage := newMemory()
	storage.setBroken(true)
	cfg := config(t, teller)
	cfg.Keys = []signature.Key{{ID: "main", Secret: providers}}
	g := buildOn(t, cfg, storage, newClock())
	g.accepts(note(providers))
	wants(t, g.deliver(note(strangers)), Reject, StoreUnavailable)
}

// TestWithoutAStoreNothingIsLearned: nothing is echoed that cannot be stored.
func TestWithoutAStoreNothingIsLearned(t *testing.T) {
	t.Parallel()
	cfg := config(t, teller)
	cfg.Keys = []signature.Key{{ID: "main", Secret: key}}
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	g := gateway{Endpoint: e, t: t, clock: newClock()}
	wants(t, g.deliver(hello(strangers)), Reject, StoreUnavailable)
	wants(t, g.deliver(hello(key)), Answer, "")
	wants(t, g.deliver(note(key)), Accept, "")
	wants(t, g.deliver(note(strangers)), Reject, signature.Mismatch)
}

// TestRotation: a second secret is let in by arming again. Both are good until the new
// one has verified a delivery.
func TestRotation(t *testing.T) {
	t.Parallel()
	const newer = "newer-5f1e77c0ffee"
	g := build(t, config(t, signer))
	introduce := func(secret string) Verdict {
		return g.deliver(Delivery{Header: header("X-Hook-Secret", secret)})
	}
	g.arm("default")
	wants(t, introduce(providers), Answer, "")
	wants(t, introduce(newer), Reject, HandshakeLocked)
	g.arm("default")
	wants(t, introduce(newer), Answer, "")
	wants(t, introduce(strangers), Reject, HandshakeLocked) // one arming, one secret

	v := g.accepts(signerDelivery(providers))
	if v.Event.KeyID != handshake.Fingerprint(providers) {
		t.Errorf("proved by %s", v.Event.KeyID)
	}
	v = g.accepts(signerDelivery(newer))
	if v.Event.KeyID != handshake.Fingerprint(newer) {
		t.Errorf("proved by %s", v.Event.KeyID)
	}
	g.clock.advance(2 * time.Second)
	wants(t, g.deliver(signerDelivery(providers)), Reject, signature.Mismatch)
	wants(t, introduce(providers), Reject, HandshakeLocked)
}

// TestDeliveriesWhileASecretIsAdded: no delivery is refused meanwhile.
func TestDeliveriesWhileASecretIsAdded(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, signer))
	g.arm("default")
	wants(t, g.deliver(Delivery{Header: header("X-Hook-Secret", providers)}), Answer, "")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 100 {
				d := signerDelivery(providers)
				d.Method, d.Path, d.Received = http.MethodPost, "/hooks", noon
				if v := g.Judge(t.Context(), &d); v.Outcome != Accept && v.Outcome != Wait {
					t.Errorf("judged as %s %s (%v)", v.Outcome, v.Reason, v.Err)
				} else if v.Claim != nil {
					v.Claim.Release(nil)
				}
			}
		})
	}
	for _, secret := range []string{"newer-1", "newer-2", "newer-3"} {
		g.arm("default")
		wants(t, g.deliver(Delivery{Header: header("X-Hook-Secret", secret)}), Answer, "")
	}
	all.Wait()
}

// TestAnUnusedSecretEnds: without a delivery by the new secret the old one is good for
// a day.
func TestAnUnusedSecretEnds(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, teller))
	for _, secret := range []string{providers, "newer-5f1e77c0ffee"} {
		g.arm("listing.created")
		wants(t, g.deliver(hello(secret)), Answer, "")
	}
	g.clock.advance(24*time.Hour - time.Second)
	g.accepts(note(providers))
	g.clock.advance(2 * time.Second)
	wants(t, g.deliver(note(providers)), Reject, signature.Mismatch)
	g.accepts(note("newer-5f1e77c0ffee"))
}

// TestSlotsDoNotShareSecrets: the secret of one subscription is none of another's.
func TestSlotsDoNotShareSecrets(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, teller))
	g.arm("listing.created")
	wants(t, g.deliver(hello(providers)), Answer, "")
	other := note(providers)
	other.Path = "/hooks/listing.deleted"
	wants(t, g.deliver(other), Reject, signature.NoKey)
}

// coded is a provider whose secrets are base64.
const coded = `
name: coded
signature:
  - type: hmac
    header: X-Coded-Signature
    key: base64
handshake:
  match:
    body: ""
  secret: header:X-Hook-Secret
  answer:
    header:
      X-Hook-Secret: "{value}"
`

// TestASecretThatIsNoKeyIsNotLearned: it would verify nothing, and stop the others
// from verifying.
func TestASecretThatIsNoKeyIsNotLearned(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, coded))
	g.arm("default")
	for _, secret := range []string{"not*base64", "====", "whpk_AAAA"} {
		wants(t, g.deliver(Delivery{Header: header("X-Hook-Secret", secret)}), Reject, HandshakeRefused)
	}
	wants(t, g.deliver(Delivery{Header: header("X-Hook-Secret", "c2VjcmV0")}), Answer, "")
	v := g.deliver(Delivery{Header: header("X-Coded-Signature", hexMAC("secret", "x")), Body: []byte("x")})
	wants(t, v, Accept, "")
}

// TestASecretThatIsNoKeyAnymore: an override may make a secret that was learned before
// unfit for a key. The others still verify, and what they do not prove may come again.
func TestASecretThatIsNoKeyAnymore(t *testing.T) {
	t.Parallel()
	storage := newMemory()
	before := config(t, strings.Replace(coded, "key: base64", "key: text", 1))
	g := buildOn(t, before, storage, newClock())
	g.arm("default")
	wants(t, g.deliver(Delivery{Header: header("X-Hook-Secret", "not*base64")}), Answer, "")
	g.accepts(Delivery{Header: header("X-Coded-Signature", hexMAC("not*base64", "x")), Body: []byte("x")})

	after := config(t, coded)
	after.Keys = []signature.Key{{ID: "main", Secret: "c2VjcmV0"}}
	g = buildOn(t, after, storage, newClock())
	g.accepts(Delivery{Header: header("X-Coded-Signature", hexMAC("secret", "x")), Body: []byte("x")})
	v := g.deliver(Delivery{Header: header("X-Coded-Signature", hexMAC("not*base64", "x")), Body: []byte("x")})
	wants(t, v, Reject, StoreUnavailable)
	if v.Status != http.StatusServiceUnavailable || v.Err == nil || strings.Contains(v.Err.Error(), "not*base64") {
		t.Errorf("%d: %v", v.Status, v.Err)
	}
}
