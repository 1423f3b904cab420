package gate

import (
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/internal/dedupe"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/signature"
)

// subscribing is a configuration whose slots are made at run time.
func subscribing(t *testing.T, text string) Config {
	t.Helper()
	cfg := config(t, text)
	cfg.Path, cfg.MadeSlots, cfg.Keys = "/hooks/{slot}", true, nil
	return cfg
}

// node is an endpoint on storage that others use too. It is used where the time is
// synthetic.
func node(t *testing.T, cfg Config, storage handshake.Storage) gateway {
	t.Helper()
	e, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	claims, err := dedupe.New(dedupe.Options{Entries: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(claims.Close)
	slots, err := handshake.New(handshake.Options{Endpoint: cfg.Name, Slots: e.HandshakeSlots(), Made: true, Storage: storage})
	if err != nil {
		t.Fatal(err)
	}
	e.Use(Stores{Dedupe: claims, Slots: slots})
	return gateway{Endpoint: e, t: t, clock: newClock(), slots: slots}
}

// makes adds a slot and locks it with a secret.
func (g gateway) makes(slot, event, secret string) {
	g.t.Helper()
	ctx, maker := g.t.Context(), g.slots.Maker()
	if err := maker.Add(ctx, slot, event, false); err != nil {
		g.t.Fatal(err)
	}
	if err := maker.Teach(ctx, slot, secret); err != nil {
		g.t.Fatal(err)
	}
}

func toSlot(slot, secret, body string) Delivery {
	return Delivery{Path: "/hooks/" + slot, Header: header("X-Hook-Secret", secret), Body: []byte(body)}
}

// The event of a delivery is what its slot was made for.
func TestMadeSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := node(t, subscribing(t, teller), newMemory())
		g.makes("SLOT-1", "listing.created", providers)
		g.makes("SLOT-2", "listing.deleted", "another-secret")
		v := g.accepts(toSlot("SLOT-1", providers, `{"n":1}`))
		if v.Slot != "SLOT-1" || v.Event.Type != "com.teller.listing.created" || v.Event.RawType != "listing.created" {
			t.Errorf("slot %s, type %s, raw type %s", v.Slot, v.Event.Type, v.Event.RawType)
		}
		if v = g.accepts(toSlot("SLOT-2", "another-secret", `{"n":1}`)); v.Event.Type != "com.teller.listing.deleted" {
			t.Errorf("type %s", v.Event.Type)
		}
		wants(t, g.deliver(toSlot("SLOT-1", "another-secret", `{"n":1}`)), Reject, signature.Mismatch)
	})
}

func TestUnknownMadeSlot(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := node(t, subscribing(t, teller), newMemory())
		g.makes("SLOT-1", "listing.created", providers)
		for _, slot := range []string{"SLOT-2", "slot-1", "SLOT-1x", "SLOT-", "", "default", "listing.created", "+listing.created", "SLOT%2D1"} {
			v := g.deliver(toSlot(slot, providers, `{"n":1}`))
			wants(t, v, Reject, UnknownSlot)
			if v.Status != http.StatusNotFound || v.Slot != "" {
				t.Errorf("%s: status %d, slot %q", slot, v.Status, v.Slot)
			}
		}
		wants(t, g.deliver(toSlot("SLOT-1/", providers, "{}")), Reject, WrongPath)
		wants(t, g.deliver(toSlot("a/SLOT-1", providers, "{}")), Reject, WrongPath)
	})
}

// While a slot that nobody armed is all that there is, a stranger gets nothing in.
func TestMadeSlotLearnsOnlyWhileArmed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := node(t, subscribing(t, teller), newMemory())
		maker := g.slots.Maker()
		if err := maker.Add(t.Context(), "SLOT-1", "listing.created", false); err != nil {
			t.Fatal(err)
		}
		wants(t, g.deliver(toSlot("SLOT-1", strangers, "")), Reject, HandshakeUnarmed)
		if err := maker.Arm(t.Context(), "SLOT-1", time.Minute); err != nil {
			t.Fatal(err)
		}
		wants(t, g.deliver(toSlot("SLOT-2", strangers, "")), Reject, UnknownSlot)
		wants(t, g.deliver(toSlot("SLOT-1", providers, "")), Answer, "")
		wants(t, g.deliver(toSlot("SLOT-1", strangers, "")), Reject, HandshakeLocked)
		g.accepts(toSlot("SLOT-1", providers, "{}"))
	})
}

// While one subscription replaces another, both bring the same event: it is
// forwarded once.
func TestCopiesOverSlotsOfAnEvent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := node(t, subscribing(t, teller), newMemory())
		g.makes("SLOT-1", "listing.created", "first-secret")
		g.makes("SLOT-2", "listing.created", "second-secret")
		g.makes("SLOT-3", "listing.deleted", "third-secret")
		v := g.deliver(toSlot("SLOT-1", "first-secret", `{"n":1}`))
		wants(t, v, Accept, "")
		v.Claim.Commit(nil)
		if v = g.deliver(toSlot("SLOT-2", "second-secret", `{"n":1}`)); v.Kind != Duplicate {
			t.Errorf("by the other slot: %s %s", v.Outcome, v.Kind)
		}
		wants(t, g.deliver(toSlot("SLOT-3", "third-secret", `{"n":1}`)), Accept, "") // another event
	})
}

// A slot that another node has just made is known here too.
func TestSlotMadeElsewhere(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		storage, cfg := newMemory(), subscribing(t, teller)
		here, there := node(t, cfg, storage), node(t, cfg, storage)
		wants(t, here.deliver(toSlot("SLOT-1", providers, "{}")), Reject, UnknownSlot)
		there.makes("SLOT-1", "listing.created", providers)
		here.accepts(toSlot("SLOT-1", providers, "{}"))
		if err := there.slots.Maker().Remove(t.Context(), "SLOT-1"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		wants(t, here.deliver(toSlot("SLOT-1", providers, "{}")), Reject, UnknownSlot)
	})
}

// Where nothing can be said about a slot, the provider is to try again.
func TestMadeSlotWithoutTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		storage := newMemory()
		g := node(t, subscribing(t, teller), storage)
		g.makes("SLOT-1", "listing.created", providers)
		storage.setBroken(true)
		time.Sleep(2 * time.Minute)
		g.accepts(toSlot("SLOT-1", providers, "{}"))
		v := g.deliver(toSlot("SLOT-2", providers, "{}"))
		wants(t, v, Reject, StoreUnavailable)
		if v.Status != http.StatusServiceUnavailable {
			t.Errorf("status %d", v.Status)
		}

		e, err := New(subscribing(t, teller))
		if err != nil {
			t.Fatal(err)
		}
		v = e.Judge(t.Context(), &Delivery{Method: http.MethodPost, Path: "/hooks/SLOT-1", Header: http.Header{}, Received: noon})
		wants(t, v, Reject, StoreUnavailable)
	})
}

// Slots of the configuration work beside those that are made.
func TestMadeSlotsBesideListedOnes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := subscribing(t, signer)
		cfg.Slots = []string{"listed"}
		g := node(t, cfg, newMemory())
		g.makes("SLOT-1", "thing", providers)
		if _, err := g.slots.Arm(t.Context(), "listed", time.Minute); err != nil {
			t.Fatal(err)
		}
		wants(t, g.deliver(toSlot("listed", "listed-secret", "")), Answer, "")
		for slot, secret := range map[string]string{"listed": "listed-secret", "SLOT-1": providers} {
			body := `{"type":"thing","slot":"` + slot + `"}`
			v := g.accepts(Delivery{Path: "/hooks/" + slot, Header: header("X-Hook-Signature", hexMAC(secret, body)), Body: []byte(body)})
			if v.Slot != slot {
				t.Errorf("slot %q", v.Slot)
			}
		}
	})
}

// An endpoint whose provider makes no handshake knows the secrets that it was told.
func TestMadeSlotWithoutHandshakes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := node(t, subscribing(t, acme), newMemory())
		g.makes("SLOT-1", "thing", providers)
		const body = `{"id":"1","type":"widget.made"}`
		d := func(secret string) Delivery {
			return Delivery{Path: "/hooks/SLOT-1", Header: header("X-Acme-Signature", hexMAC(secret, body)), Body: []byte(body)}
		}
		g.accepts(d(providers))
		wants(t, g.deliver(d(strangers)), Reject, signature.Mismatch)
		if err := g.slots.Maker().Add(t.Context(), "SLOT-2", "thing", false); err != nil {
			t.Fatal(err)
		}
		empty := d("")
		empty.Path = "/hooks/SLOT-2"
		if v := g.deliver(empty); v.Outcome != Reject {
			t.Errorf("without a secret a delivery is %s", v.Outcome)
		}
	})
}

// The provider may send the first delivery before we have stored the secret that it
// has told in its answer. It is to send that again.
func TestMadeSlotWhoseSecretIsAwaited(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cfg := subscribing(t, acme)
		cfg.Slots = []string{"listed"}
		storage := newMemory()
		here, there := node(t, cfg, storage), node(t, cfg, storage)
		maker := there.slots.Maker()
		if err := maker.Add(t.Context(), "SLOT-1", "thing", false); err != nil {
			t.Fatal(err)
		}
		const body = `{"id":"1","type":"widget.made"}`
		d := func(slot, secret string) Delivery {
			return Delivery{Path: "/hooks/" + slot, Header: header("X-Acme-Signature", hexMAC(secret, body)), Body: []byte(body)}
		}
		v := here.deliver(d("SLOT-1", providers))
		wants(t, v, Reject, SecretAwaited)
		if v.Status != http.StatusServiceUnavailable {
			t.Errorf("status %d", v.Status)
		}
		wants(t, here.deliver(d("listed", providers)), Reject, signature.NoKey) // it learns nothing
		if err := maker.Teach(t.Context(), "SLOT-1", providers); err != nil {
			t.Fatal(err)
		}
		wants(t, there.deliver(d("SLOT-1", strangers)), Reject, signature.Mismatch)
		time.Sleep(time.Second)
		here.accepts(d("SLOT-1", providers))
	})
}

func TestMadeSlotsRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, provider string
		change         func(*Config)
		want           string
	}{
		{"no slot in the path", acme, func(c *Config) { c.Path = "/hooks" }, "add {slot} to path"},
		{"no path", acme, func(c *Config) { c.Path = "" }, "add {slot} to path"},
		{"an event in the path", teller, func(c *Config) { c.Path = "/hooks/{slot}/{event}" }, "each {slot} knows its event"},
		{"nothing is signed", plain, func(c *Config) { c.PublicURL = "https://h.example/hooks/{slot}" }, "signs nothing"},
		{"handshakes off", acme, func(c *Config) { c.Handshake = handshake.Off }, "handshake off"},
		{"only reporting", teller, func(c *Config) { c.ReportOnly = true }, "report_only answers no handshakes"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := subscribing(t, test.provider)
			test.change(&cfg)
			if _, err := New(cfg); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want an error with %q", err, test.want)
			}
		})
	}
}

// What is kept of slots that come and go is bounded.
func TestLearnedVerifiersAreBounded(t *testing.T) {
	t.Parallel()
	var l learnedVerifiers
	set, other := new(handshake.Set), new(handshake.Set)
	verifiers := []*signature.Verifier{nil}
	for n := range 2*maxLearned + 5 {
		slot := strings.Repeat("x", n%7) + http.StatusText(n) + time.Duration(n).String()
		l.keep(slot, learned{set: set, verifiers: verifiers})
		if len(l.of(slot, set).verifiers) != 1 || l.of(slot, other).verifiers != nil {
			t.Fatal("what was kept is not found, or with another set too")
		}
		if len(l.bySlot) > maxLearned {
			t.Fatalf("%d are kept", len(l.bySlot))
		}
	}
}
