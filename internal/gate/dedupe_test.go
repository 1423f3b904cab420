package gate

import (
	"errors"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/internal/dedupe"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

func templates(t *testing.T, texts ...string) provider.Templates {
	t.Helper()
	list := make(provider.Templates, len(texts))
	for i, text := range texts {
		if err := list[i].UnmarshalText([]byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	return list
}

func TestCopies(t *testing.T) {
	t.Parallel()
	one, same := `{"id":"1","type":"a"}`, `{"id":"1","type":"b"}`
	for _, test := range []struct {
		name          string
		provider      string
		change        func(*Config)
		first, second string
		copy, byBody  bool
		key           string
	}{
		{"the same id", acme, nil, one, same, true, false, "1"},
		{"another id", acme, nil, one, `{"id":"2","type":"a"}`, false, false, "1"},
		{"an id and the same number", acme, nil, one, `{"id":1,"type":"a"}`, true, false, "1"},
		{"no id, the same body", acme, nil, `{"type":"a"}`, `{"type":"a"}`, true, true, bodyHash(`{"type":"a"}`)},
		{"no id, another body", acme, nil, `{"type":"a"}`, `{"type":"a" }`, false, true, bodyHash(`{"type":"a"}`)},
		{"an empty id, the same body", acme, nil, `{"id":"","type":"a"}`, `{"id":"","type":"b"}`, false, true, bodyHash(`{"id":"","type":"a"}`)},
		{"a null id", acme, nil, `{"id":null,"type":"a"}`, `{"id":null,"type":"b"}`, false, true, bodyHash(`{"id":null,"type":"a"}`)},
		{"an id that reads like a body's hash", acme, nil, `{"type":"a"}`, `{"type":"c","id":"` + bodyHash(`{"type":"a"}`) + `"}`, false, true, bodyHash(`{"type":"a"}`)},
		{"two ids in one", acme, nil, `{"id":["1","2"],"type":"a"}`, `{"id":["1","2"],"type":"b"}`, false, true, bodyHash(`{"id":["1","2"],"type":"a"}`)},
		{"another key", acme, func(c *Config) { c.Dedupe.Key = templates(t, "json:type") }, one, `{"id":"2","type":"a"}`, true, false, "a"},
		{"an optional key that is not there", acme, func(c *Config) { c.Dedupe.Key = templates(t, "{header:X-Id?}") }, one, same, false, true, bodyHash(one)},
		{"the second of two keys", acme, func(c *Config) { c.Dedupe.Key = templates(t, "json:x", "json:type") }, one, `{"id":"2","type":"a"}`, true, false, "a"},
		{"not looked for", acme, func(c *Config) { c.Dedupe.Off = true }, one, one, false, false, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t, test.provider)
			if test.change != nil {
				test.change(&cfg)
			}
			g := build(t, cfg)
			v := g.deliver(acmeDelivery(test.first))
			wants(t, v, Accept, "")
			if v.ByBody != test.byBody || v.Event.DedupeKey != test.key {
				t.Errorf("by body %v, key %q", v.ByBody, v.Event.DedupeKey)
			}
			if cfg.Dedupe.Off != (v.Claim == nil) {
				t.Fatalf("claim is %v", v.Claim)
			}
			if v.Claim != nil {
				v.Claim.Commit(nil)
			}
			v = g.deliver(acmeDelivery(test.second))
			if copied := v.Kind == Duplicate; copied != test.copy {
				t.Errorf("judged as %s %s", v.Outcome, v.Kind)
			}
		})
	}
}

// TestOneBodyTwoEvents: where the type is said beside the body, equal bodies of
// different types are different events.
func TestOneBodyTwoEvents(t *testing.T) {
	t.Parallel()
	cfg := config(t, acme)
	cfg.Provider.Event.ID, cfg.Provider.Event.Type = nil, templates(t, "header:X-Topic")
	g := build(t, cfg)
	deliver := func(topic string) Verdict {
		d := acmeDelivery(`{"order":1}`)
		d.Header.Set("X-Topic", topic)
		return g.deliver(d)
	}
	for _, topic := range []string{"orders.created", "orders.paid"} {
		v := deliver(topic)
		wants(t, v, Accept, "")
		v.Claim.Commit(nil)
		if v := deliver(topic); v.Kind != Duplicate {
			t.Errorf("the second %s is judged as %s", topic, v.Outcome)
		}
	}
}

func bodyHash(body string) string {
	r := reading{Delivery: &Delivery{Body: []byte(body)}}
	return r.hash()
}

func TestWindows(t *testing.T) {
	t.Parallel()
	withID, without, timed := `{"id":"1","type":"t"}`, `{"type":"t"}`, `{"type":"t","at":"2026-03-01T11:00:00Z"}`
	timeless := strings.Replace(acme, "  time: json:at\n", "", 1)
	inHeader := strings.Replace(acme, "  time: json:at\n", "  time: [header:Date, json:at]\n", 1)
	for _, test := range []struct {
		name, provider, body string
		configured, want     time.Duration
	}{
		{"by id", acme, withID, 0, 24 * time.Hour},
		{"by a body that says its time", acme, timed, 0, 24 * time.Hour},
		{"by a body that could say its time", acme, without, 0, 10 * time.Minute},
		{"by a body whose time is in a header", inHeader, timed, 0, 10 * time.Minute},
		{"by id, without a time", timeless, withID, 0, 24 * time.Hour},
		{"by body, without a time", timeless, without, 0, 10 * time.Minute},
		{"by id, configured", acme, withID, time.Hour, time.Hour},
		{"by body, configured", timeless, without, time.Hour, time.Hour},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := config(t, test.provider)
			cfg.Dedupe.Window = test.configured
			g := build(t, cfg)
			d := acmeDelivery(test.body)
			d.Header.Set("Date", "2026-03-01T11:00:00Z")
			v := g.deliver(d)
			wants(t, v, Accept, "")
			v.Claim.Commit(nil)
			g.clock.advance(test.want - time.Second)
			wants(t, g.deliver(d), Answer, "")
			g.clock.advance(2 * time.Second)
			wants(t, g.deliver(d), Accept, "")
		})
	}
}

// TestOnlyTheProvedClaim: a stranger must not be able to use up an id.
func TestOnlyTheProvedClaim(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, acme))
	body := `{"id":"1","type":"t"}`
	for range 2 {
		wants(t, g.deliver(Delivery{Header: header("X-Acme-Signature", hexMAC("x", body)), Body: []byte(body)}), Reject, signature.Mismatch)
	}
	v := g.deliver(acmeDelivery(body))
	wants(t, v, Accept, "")
	v.Claim.Commit(nil)

	// A copy must be proved as well before it is answered.
	forged := Delivery{Header: header("X-Acme-Signature", hexMAC("x", body)), Body: []byte(body)}
	wants(t, g.deliver(forged), Reject, signature.Mismatch)
}

// TestClaimsAreApart: two slots, and two endpoints, never meet in one key.
func TestClaimsAreApart(t *testing.T) {
	t.Parallel()
	claims, err := dedupe.New(dedupe.Options{Entries: 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(claims.Close)
	at := func(name, path string) Verdict {
		cfg := config(t, acme)
		cfg.Name, cfg.Path, cfg.Slots = name, "/hooks/{slot}", []string{"a", "b"}
		e, err := New(cfg)
		if err != nil {
			t.Fatal(err)
		}
		e.Use(Stores{Dedupe: claims})
		d := acmeDelivery(`{"id":"1","type":"t"}`)
		d.Method, d.Path, d.Received = http.MethodPost, path, noon
		return e.Judge(t.Context(), &d)
	}
	wants(t, at("one", "/hooks/a"), Accept, "")
	wants(t, at("one", "/hooks/b"), Accept, "")
	wants(t, at("two", "/hooks/a"), Accept, "")
	wants(t, at("one", "/hooks/a"), Wait, "")
}

func TestALaterCopysAnswer(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, acme+"limits:\n  success: 202\n  success_body: '[accepted]'\n"))
	v := g.deliver(acmeDelivery(`{"id":"1","type":"t"}`))
	wants(t, v, Accept, "")
	v.Claim.Commit(func() *dedupe.Answer { return &dedupe.Answer{Status: 204} })
	v = g.deliver(acmeDelivery(`{"id":"1","type":"t"}`))
	wants(t, v, Answer, "")
	if v.Kind != Duplicate || v.Status != http.StatusAccepted || string(v.Body) != "[accepted]" {
		t.Errorf("answer is %s %d %q", v.Kind, v.Status, v.Body)
	}
	if v.Header.Get("Hookward-Duplicate") != "true" || v.Event == nil || v.Slot != "default" {
		t.Errorf("got %+v", v)
	}
}

// TestWaitingCopies follows a copy that arrives while the first is in flight.
func TestWaitingCopies(t *testing.T) {
	t.Parallel()
	shared := &dedupe.Answer{Status: 201, Header: header("X-From", "upstream"), Body: []byte("made")}
	for _, test := range []struct {
		name    string
		end     func(*dedupe.Claim)
		outcome Outcome
		reason  Reason
		status  int
		body    string
	}{
		{"committed with an answer", func(c *dedupe.Claim) { c.Commit(func() *dedupe.Answer { return shared }) }, Answer, "", 201, "made"},
		{"committed without one", func(c *dedupe.Claim) { c.Commit(nil) }, Answer, "", 200, ""},
		{"failed with an answer", func(c *dedupe.Claim) { c.Release(func() *dedupe.Answer { return &dedupe.Answer{Status: 502} }) }, Answer, "", 502, ""},
		{"failed without one", func(c *dedupe.Claim) { c.Release(nil) }, Reject, FirstFailed, 503, ""},
		{"abandoned", func(c *dedupe.Claim) { c.Abandon() }, Accept, "", 0, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			g := build(t, config(t, acme))
			d := acmeDelivery(`{"id":"1","type":"t"}`)
			first := g.deliver(d)
			wants(t, first, Accept, "")
			v := g.deliver(d)
			wants(t, v, Wait, "")
			if v.Claim != nil || v.Flight == nil || v.Event == nil {
				t.Fatalf("got %+v", v)
			}
			test.end(first.Claim)
			result, err := v.Flight.Wait(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			v = g.Resume(v, result)
			wants(t, v, test.outcome, test.reason)
			if v.Status != test.status || string(v.Body) != test.body {
				t.Errorf("answer is %d %q", v.Status, v.Body)
			}
			if v.Slot != "default" {
				t.Errorf("slot is %q", v.Slot)
			}
			if accepted := v.Outcome == Accept; accepted != (v.Claim != nil) || v.Flight != nil {
				t.Errorf("claim %v, flight %v", v.Claim, v.Flight)
			}
			if v.Outcome == Answer && v.Header.Get("Hookward-Duplicate") != "true" {
				t.Errorf("header is %v", v.Header)
			}
			if len(shared.Header) != 1 {
				t.Errorf("the shared answer was changed: %v", shared.Header)
			}
		})
	}
}

// TestTheNextCopyTakesOver: where the first copy's client leaves, exactly one of those
// that wait becomes the owner, and the others wait for it.
func TestTheNextCopyTakesOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := build(t, config(t, acme))
		d := acmeDelivery(`{"id":"1","type":"t"}`)
		first := g.deliver(d)
		outcomes := make(chan Verdict, 3)
		for range cap(outcomes) {
			v := g.deliver(d)
			go func() {
				for v.Outcome == Wait {
					result, err := v.Flight.Wait(t.Context())
					if err != nil {
						t.Error(err)
						return
					}
					v = g.Resume(v, result)
				}
				if v.Outcome == Accept {
					v.Claim.Commit(nil)
				}
				outcomes <- v
			}()
		}
		synctest.Wait()
		first.Claim.Abandon()
		counted := map[Outcome]int{}
		for range cap(outcomes) {
			counted[(<-outcomes).Outcome]++
		}
		if counted[Accept] != 1 || counted[Answer] != 2 {
			t.Errorf("outcomes are %v", counted)
		}
	})
}

// TestTooManyInFlight: the provider is to try again.
func TestTooManyInFlight(t *testing.T) {
	t.Parallel()
	g := build(t, config(t, acme))
	for i := range dedupe.MaxInFlight {
		key := dedupe.KeyOf("other", "", dedupe.ByID, strconv.AppendInt(nil, int64(i), 10))
		if _, err := g.stores.Dedupe.Claim(key, time.Hour); err != nil {
			t.Fatal(err)
		}
	}
	v := g.deliver(acmeDelivery(`{"id":"1","type":"t"}`))
	wants(t, v, Reject, TooManyInFlight)
	if v.Status != http.StatusServiceUnavailable || !errors.Is(v.Err, dedupe.ErrTooManyInFlight) || v.Slot != "default" {
		t.Errorf("got %+v", v)
	}
}
