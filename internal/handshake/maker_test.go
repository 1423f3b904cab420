package handshake

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/document/documenttest"
)

const (
	madeName  = "5PKQT2XZ3JH7M4ANVBCDEFGHIJ"
	madeEvent = "listing.created"
)

// maker starts a node whose slots are made at run time, beside one that is listed.
func maker(t *testing.T, storage Storage, mode Mode) node {
	t.Helper()
	s, err := New(Options{Endpoint: endpoint, Slots: []string{slotName}, Made: true, Mode: mode, Storage: storage})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Open(t.Context()); err != nil {
		t.Fatal(err)
	}
	return node{Slots: s, t: t}
}

// does checks that a change of a slot works.
func (n node) does(err error) {
	n.t.Helper()
	if err != nil {
		n.t.Fatal(err)
	}
}

func (n node) add(slot string) {
	n.t.Helper()
	n.does(n.Maker().Add(n.t.Context(), slot, madeEvent, false))
}

// learned checks the fingerprints of all slots that were made.
func (n node) learned(want map[string]string) {
	n.t.Helper()
	got, err := n.Maker().Learned(n.t.Context())
	if err != nil {
		n.t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		n.t.Fatalf("learned (-want +got):\n%s", diff)
	}
}

// isFor checks what a slot was made for; "" where it is to be unknown.
func (n node) isFor(slot, want string) {
	n.t.Helper()
	got, err := n.Event(n.t.Context(), slot)
	if got != want || (want == "") != errors.Is(err, ErrUnknownSlot) {
		n.t.Fatalf("Event = %q, %v; want %q", got, err, want)
	}
}

func TestMadeSlotsAreLikeOthers(t *testing.T) {
	t.Parallel()
	for _, mode := range []Mode{Armed, Once} {
		t.Run(mode.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				n, ctx := maker(t, documenttest.New(), mode), t.Context()
				n.isFor(madeName, "")
				n.add(madeName)
				n.isFor(madeName, madeEvent)
				n.learned(map[string]string{madeName: ""})
				n.offersTo(t, madeName, strangers, Unarmed) // even with mode once

				n.does(n.Maker().Arm(ctx, madeName, time.Minute))
				n.offersTo(t, madeName, providers, Learned)
				n.offersTo(t, madeName, strangers, Locked)
				n.learned(map[string]string{madeName: Fingerprint(providers)})
				set, err := n.Secrets(ctx, madeName)
				if err != nil || !equalStrings(reveal(set), []string{providers}) {
					t.Errorf("secrets %v, %v", set, err)
				}

				n.does(n.Maker().Arm(ctx, madeName, time.Minute))
				n.does(n.Maker().Disarm(ctx, madeName))
				n.does(n.Maker().Disarm(ctx, madeName))
				n.offersTo(t, madeName, strangers, Locked)

				n.does(n.Maker().Remove(ctx, madeName))
				n.does(n.Maker().Remove(ctx, madeName))
				n.isFor(madeName, "")
				n.learned(map[string]string{})
				if _, err := n.Offer(ctx, madeName, providers); !errors.Is(err, ErrUnknownSlot) {
					t.Errorf("Offer: %v", err)
				}
			})
		})
	}
}

func TestArmingOfAMadeSlotEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := maker(t, documenttest.New(), Armed)
		n.add(madeName)
		n.does(n.Maker().Arm(t.Context(), madeName, time.Minute))
		time.Sleep(time.Minute)
		n.offersTo(t, madeName, strangers, Unarmed)
	})
}

// What is not the maker's he leaves alone, and what is his nobody else arms.
func TestMakerAndConfigurationKeepApart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, ctx := maker(t, documenttest.New(), Armed), t.Context()
		m := n.Maker()
		n.arm(time.Hour)
		n.offers(providers, Learned)
		for name, err := range map[string]error{
			"Arm": m.Arm(ctx, slotName, time.Minute), "Disarm": m.Disarm(ctx, slotName), "Teach": m.Teach(ctx, slotName, strangers),
		} {
			if !errors.Is(err, ErrUnknownSlot) {
				t.Errorf("%s of a listed slot: %v", name, err)
			}
		}
		if _, err := m.Holds(ctx, slotName, providers); !errors.Is(err, ErrUnknownSlot) {
			t.Errorf("Holds of a listed slot: %v", err)
		}
		if err := m.Add(ctx, slotName, madeEvent, false); err == nil {
			t.Error("a listed slot is made")
		}
		n.does(m.Remove(ctx, slotName))
		n.holds(providers)
		n.isFor(slotName, "")

		n.add(madeName)
		if _, err := n.Arm(ctx, madeName, time.Minute); !errors.Is(err, ErrMade) {
			t.Errorf("Arm of a made slot: %v", err)
		}
		if err := n.Disarm(ctx, madeName); !errors.Is(err, ErrMade) {
			t.Errorf("Disarm of a made slot: %v", err)
		}
		n.offersTo(t, madeName, strangers, Unarmed)
	})
}

func TestTeach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, ctx := maker(t, documenttest.New(), Armed), t.Context()
		m := n.Maker()
		n.add(madeName)
		for _, text := range []string{"", "a b", "ä", strings.Repeat("x", maxSecret+1)} {
			if err := m.Teach(ctx, madeName, text); err == nil || text != "" && strings.Contains(err.Error(), text) {
				t.Errorf("Teach %.10q: %v", text, err)
			}
		}
		if got, err := m.Holds(ctx, madeName, ""); err != nil || got {
			t.Errorf("without a secret Holds = %t, %v", got, err)
		}
		n.does(m.Teach(ctx, madeName, "first"))
		n.does(m.Teach(ctx, madeName, "first"))
		n.offersTo(t, madeName, strangers, Locked)
		for secret, want := range map[string]bool{"first": true, "second": false, "": false} {
			if got, err := m.Holds(ctx, madeName, secret); err != nil || got != want {
				t.Errorf("Holds %q = %t, %v", secret, got, err)
			}
		}
		n.does(m.Teach(ctx, madeName, "second"))
		n.learned(map[string]string{madeName: Fingerprint("second")})
		if got, err := m.Holds(ctx, madeName, "second"); err != nil || got {
			t.Errorf("with two secrets Holds = %t, %v", got, err)
		}
		time.Sleep(overlap)
		if got, err := m.Holds(ctx, madeName, "second"); err != nil || !got {
			t.Errorf("a day later Holds = %t, %v", got, err)
		}
		for i := range maxSecrets - 1 {
			n.does(m.Teach(ctx, madeName, fmt.Sprint("more-", i)))
		}
		if err := m.Teach(ctx, madeName, "one-too-many"); !errors.Is(err, ErrFull) {
			t.Errorf("Teach: %v", err)
		}
	})
}

func TestMakerRefusals(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n, ctx := maker(t, documenttest.New(), Armed), t.Context()
		m := n.Maker()
		n.add(madeName)
		for name, err := range map[string]error{
			"twice":           m.Add(ctx, madeName, madeEvent, false),
			"no name":         m.Add(ctx, "", madeEvent, false),
			"no segment":      m.Add(ctx, "a/b", madeEvent, false),
			"too long a name": m.Add(ctx, strings.Repeat("x", maxName+1), madeEvent, false),
			"too long":        m.Add(ctx, "x", strings.Repeat("x", maxEvent+1), false),
		} {
			if err == nil || strings.Contains(err.Error(), madeName) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for _, d := range []time.Duration{0, -1, MaxArm + 1} {
			if err := m.Arm(ctx, madeName, d); !errors.Is(err, ErrDuration) {
				t.Errorf("Arm for %v: %v", d, err)
			}
		}
		for i := range maxMade - 1 {
			n.add(fmt.Sprint("slot-", i))
		}
		if err := m.Add(ctx, "one-too-many", madeEvent, false); !errors.Is(err, ErrFull) {
			t.Errorf("Add: %v", err)
		}
		off := prepare(t, documenttest.New(), newClock(), Off)
		off.unknown = newUnknown()
		if err := off.Maker().Add(ctx, madeName, madeEvent, false); !errors.Is(err, ErrOff) {
			t.Errorf("Add with handshakes off: %v", err)
		}
		if prepare(t, documenttest.New(), newClock(), Armed).Maker() != nil {
			t.Error("there is a maker of slots that nobody looks for")
		}
	})
}

// What a slot learns that is withheld proves nothing on any node before it is
// released, and then does so on all of them. It is known all the while, so that it can
// be compared, and lets no other secret in.
func TestWithheldSecret(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		storage, ctx := documenttest.New(), t.Context()
		here, there := maker(t, storage, Armed), maker(t, storage, Armed)
		m := here.Maker()
		here.does(m.Add(ctx, madeName, madeEvent, true))
		here.does(m.Arm(ctx, madeName, time.Minute))
		there.isFor(madeName, madeEvent)
		there.offersTo(t, madeName, providers, Learned)
		there.offersTo(t, madeName, providers, Known)
		there.offersTo(t, madeName, strangers, Locked)
		proves := func(n node, want ...string) {
			t.Helper()
			time.Sleep(rereadInterval)
			if set, err := n.Refresh(ctx, madeName); err != nil || !equalStrings(reveal(set), want) {
				t.Errorf("deliveries are proved by %q, %v; want %q", reveal(set), err, want)
			}
		}
		proves(here)
		proves(there)
		here.learned(map[string]string{madeName: Fingerprint(providers)})
		if holds, err := m.Holds(ctx, madeName, providers); err != nil || !holds {
			t.Errorf("Holds = %t, %v", holds, err)
		}
		proves(maker(t, storage, Armed)) // it comes back withheld

		here.does(m.Release(ctx, madeName))
		here.does(m.Release(ctx, madeName))
		proves(here, providers)
		proves(there, providers)
		proves(maker(t, storage, Armed), providers)
		if err := m.Release(ctx, "unknown"); !errors.Is(err, ErrUnknownSlot) {
			t.Errorf("Release: %v", err)
		}
	})
}

// Made slots come back with the process, and are not those of an endpoint that makes none.
func TestMadeSlotsArePersistent(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		storage := documenttest.New()
		n := maker(t, storage, Armed)
		n.add(madeName)
		n.does(n.Maker().Teach(t.Context(), madeName, providers))

		n = maker(t, storage, Armed)
		n.isFor(madeName, madeEvent)
		n.learned(map[string]string{madeName: Fingerprint(providers)})

		c := newClock()
		other := start(t, storage, c, Armed)
		if _, err := other.Event(t.Context(), madeName); !errors.Is(err, ErrUnknownSlot) {
			t.Errorf("Event: %v", err)
		}
		if _, err := other.Secrets(t.Context(), madeName); !errors.Is(err, ErrUnknownSlot) {
			t.Errorf("Secrets: %v", err)
		}
		other.arm(time.Hour)
		n.learned(map[string]string{madeName: Fingerprint(providers)}) // it keeps them
	})
}

func TestStatusOfMadeSlots(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := maker(t, documenttest.New(), Armed)
		n.add("second-by-name")
		time.Sleep(time.Second)
		n.add("first-by-name")
		n.does(n.Maker().Arm(t.Context(), "first-by-name", time.Minute))
		status, err := n.Status(t.Context())
		if err != nil || len(status) != 3 {
			t.Fatalf("%d slots, %v", len(status), err)
		}
		if s := status[0]; s.Slot != slotName || s.Event != "" || !s.MadeAt.IsZero() {
			t.Errorf("first is %+v", s)
		}
		if s := status[1]; s.Slot != "second-by-name" || s.Event != madeEvent || s.State != StateUnarmed || !s.MadeAt.Equal(time.Now().Add(-time.Second)) {
			t.Errorf("second is %+v", s)
		}
		if s := status[2]; s.State != StateArmed || s.ArmedUntil.IsZero() {
			t.Errorf("third is %+v", s)
		}
	})
}

// A slot that was just made on one node gets its handshake on another, however many
// strangers ask there for slots that do not exist; and those do not reach storage
// more than once a second.
func TestHandshakeOnAnotherNodeInAFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		m := documenttest.New()
		here, storage := maker(t, m, Armed), newFaulty(m)
		there := maker(t, storage, Armed)
		loads := storage.calls().Load
		start := time.Now()

		var group sync.WaitGroup
		for i := range 100 {
			group.Go(func() {
				for n := range 50 {
					there.isFor(fmt.Sprintf("stranger-%d-%d", i, n), "")
				}
			})
		}
		time.Sleep(500 * time.Millisecond)
		here.add(madeName)
		here.does(here.Maker().Arm(t.Context(), madeName, time.Minute))
		there.isFor(madeName, madeEvent)
		there.offersTo(t, madeName, providers, Learned)
		here.learned(map[string]string{madeName: Fingerprint(providers)})
		group.Wait()
		if took, got := time.Since(start), storage.calls().Load-loads; got > 2+int(took/time.Second)+2 {
			t.Errorf("storage was read %d times in %v", got, took)
		}
	})
}

func TestWaitForAnUnknownSlotIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		n := maker(t, documenttest.New(), Armed)
		n.isFor("unknown", "")
		var group sync.WaitGroup
		for range maxWaiting {
			group.Go(func() { n.isFor("unknown", "") })
		}
		synctest.Wait()
		start := time.Now()
		n.isFor("unknown", "") // there is no room to wait
		n.isFor("a/b", "")     // it is none anyway
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v", took)
		}
		group.Wait()
	})
}

func TestUnknownSlotWithoutTheStore(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		storage := newFaulty(documenttest.New())
		n := maker(t, storage, Armed)
		n.add(madeName)
		storage.breakAll(errInjected)
		time.Sleep(2 * cacheAge)
		n.isFor(madeName, madeEvent) // what is known stays good
		if _, err := n.Event(t.Context(), "unknown"); !errors.Is(err, ErrStore) {
			t.Errorf("Event: %v", err)
		}
		m := n.Maker()
		_, learnedErr := m.Learned(t.Context())
		_, holdsErr := m.Holds(t.Context(), madeName, providers)
		for name, err := range map[string]error{
			"Learned": learnedErr, "Holds": holdsErr,
			"Add": m.Add(t.Context(), "x", "", false), "Arm": m.Arm(t.Context(), madeName, time.Minute),
			"Disarm": m.Disarm(t.Context(), madeName), "Teach": m.Teach(t.Context(), madeName, providers),
			"Release": m.Release(t.Context(), madeName),
			"Remove":  m.Remove(t.Context(), madeName),
		} {
			if !errors.Is(err, ErrStore) || strings.Contains(err.Error(), madeName) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}

func TestSoundnessOfMadeSlots(t *testing.T) {
	t.Parallel()
	const form = `{"version":1,"endpoint":"asana-prod","slots":{"%s":{"made":{"event":"%s","at":"2026-05-04T03:02:01Z"}}}}`
	for name, c := range map[string]struct {
		slot, event string
		sound       bool
	}{
		"sound":           {madeName, madeEvent, true},
		"no event":        {madeName, "", true},
		"no name":         {"", madeEvent, false},
		"no segment":      {"a/b", madeEvent, false},
		"an endless text": {madeName, strings.Repeat("x", maxEvent+1), false},
	} {
		if _, err := decodeRecord(fmt.Appendf(nil, form, c.slot, c.event), endpoint); (err == nil) != c.sound {
			t.Errorf("%s: %v", name, err)
		}
	}
}
