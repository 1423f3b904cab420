package handshake

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/hookward/hookward/internal/document/documenttest"
)

// TestMachine plays operators, providers and strangers on two nodes, with
// restarts and a store that breaks, against a model that knows one truth.
func TestMachine(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(map[string]func(*rapid.T){
			"offer":    w.offer,
			"arm":      w.arm,
			"disarm":   w.disarm,
			"remove":   w.removeSecret,
			"verified": w.verified,
			"restart":  w.restart,
			"break":    w.breakStore,
			"repair":   w.repairStore,
			"wait":     w.wait,
			"":         w.check,
		})
	})
}

type world struct {
	mode    Mode
	clock   *clock
	storage []*faulty // one for each node
	nodes   []*Slots
	broken  string // "", "writing" or "all"
	model   map[string]*modelSlot
}

// modelSlot is what everybody should agree on. Zero times are never.
type modelSlot struct {
	held     bool // ever, or disarmed while it could still be armed by appearing
	onceEnd  time.Time
	armedEnd time.Time
	secrets  []modelSecret
}

type modelSecret struct {
	text string
	end  time.Time
}

var machineSlots = []string{"one", "two"}

func newWorld(t *rapid.T) *world {
	w := &world{
		mode:  rapid.SampledFrom([]Mode{Armed, Once}).Draw(t, "mode"),
		clock: newClock(),
		model: map[string]*modelSlot{},
	}
	m := documenttest.New()
	for range 2 {
		w.storage = append(w.storage, newFaulty(m))
		w.nodes = append(w.nodes, nil)
	}
	for _, slot := range machineSlots {
		w.model[slot] = &modelSlot{}
		if w.mode == Once {
			w.model[slot].onceEnd = w.clock.Now().Add(24 * time.Hour)
		}
	}
	for i := range w.nodes {
		w.boot(t, i)
	}
	return w
}

func (w *world) boot(t *rapid.T, i int) {
	slots, err := New(Options{Endpoint: endpoint, Slots: machineSlots, Mode: w.mode, Storage: w.storage[i], Now: w.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	w.nodes[i] = slots
	if err := slots.Open(t.Context()); (err != nil) != (w.broken == "all") {
		t.Fatalf("Open with store broken %q: %v", w.broken, err)
	}
}

func (m *modelSlot) expire(now time.Time) {
	m.secrets = slices.DeleteFunc(m.secrets, func(s modelSecret) bool { return !s.end.IsZero() && !now.Before(s.end) })
}

func (m *modelSlot) armed(now time.Time) bool {
	return now.Before(m.armedEnd) || !m.held && now.Before(m.onceEnd)
}

func (m *modelSlot) texts() []string {
	var texts []string
	for _, s := range slices.Backward(m.secrets) {
		texts = append(texts, s.text)
	}
	return texts
}

// pick lets every node look at storage again, then picks one and a slot. Time
// moves by a little, so that the looking is not held back.
func (w *world) pick(t *rapid.T) (*Slots, string, *modelSlot) {
	w.clock.advance(rereadInterval)
	slot := rapid.SampledFrom(machineSlots).Draw(t, "slot")
	for _, n := range w.nodes {
		if _, err := n.Refresh(t.Context(), slot); (err != nil) != (w.broken == "all") {
			t.Fatalf("Refresh with store broken %q: %v", w.broken, err)
		}
	}
	for _, m := range w.model {
		m.expire(w.clock.Now())
	}
	// A failure holds the next try back, too.
	if w.broken == "all" {
		w.clock.advance(rereadInterval)
	}
	return rapid.SampledFrom(w.nodes).Draw(t, "node"), slot, w.model[slot]
}

func drawSecret(t *rapid.T) string {
	return rapid.SampledFrom([]string{"a", "b", "c", "d"}).Draw(t, "secret")
}

func (w *world) offer(t *rapid.T) {
	n, slot, m := w.pick(t)
	secret, now := drawSecret(t), w.clock.Now()
	var want Outcome
	switch {
	case slices.Contains(m.texts(), secret):
		want = Known
	case m.armed(now):
		want = Learned
	case len(m.secrets) == 0:
		want = Unarmed
	default:
		want = Locked
	}

	got, err := n.Offer(t.Context(), slot, secret)
	if w.broken == "all" || w.broken == "writing" && want == Learned {
		// What is known may still be echoed; nothing else is.
		if got != Known && (!errors.Is(err, ErrStore) || got.Echo()) || got == Known && want != Known {
			t.Fatalf("Offer %s with store broken %q = %v, %v", secret, w.broken, got, err)
		}
		return
	}
	if err != nil || got != want {
		t.Fatalf("Offer %s = %v, %v; want %v", secret, got, err, want)
	}
	if got != Learned {
		return
	}
	for i := range m.secrets {
		if m.secrets[i].end.IsZero() {
			m.secrets[i].end = now.Add(24 * time.Hour)
		}
	}
	m.secrets = append(m.secrets, modelSecret{text: secret})
	m.armedEnd, m.held = time.Time{}, true
}

func (w *world) arm(t *rapid.T) {
	n, slot, m := w.pick(t)
	d := rapid.SampledFrom([]time.Duration{time.Second, time.Hour, 24 * time.Hour}).Draw(t, "for")
	until, err := n.Arm(t.Context(), slot, d)
	if w.mustFail(t, err) {
		return
	}
	if want := w.clock.Now().Add(d); !until.Equal(want) {
		t.Fatalf("armed until %v, want %v", until, want)
	}
	m.armedEnd = until
}

func (w *world) disarm(t *rapid.T) {
	n, slot, m := w.pick(t)
	changes := !m.armedEnd.IsZero() || w.mode == Once && !m.held
	err := n.Disarm(t.Context(), slot)
	if changes && w.mustFail(t, err) || !changes && w.broken != "" {
		return
	}
	if err != nil {
		t.Fatalf("Disarm: %v", err)
	}
	m.armedEnd = time.Time{}
	m.held = m.held || w.mode == Once
}

func (w *world) removeSecret(t *rapid.T) {
	n, slot, m := w.pick(t)
	secret := drawSecret(t)
	i := slices.Index(m.texts(), secret)
	err := n.Remove(t.Context(), slot, Fingerprint(secret))
	if i < 0 {
		if w.broken != "all" && !errors.Is(err, ErrUnknownSecret) {
			t.Fatalf("Remove of an unknown secret: %v", err)
		}
		return
	}
	if w.mustFail(t, err) {
		return
	}
	m.secrets = slices.DeleteFunc(m.secrets, func(s modelSecret) bool { return s.text == secret })
	if len(m.secrets) > 0 {
		m.secrets[len(m.secrets)-1].end = time.Time{}
	}
}

func (w *world) verified(t *rapid.T) {
	n, slot, m := w.pick(t)
	secret := drawSecret(t)
	err := n.Verified(t.Context(), slot, Fingerprint(secret))
	settles := len(m.secrets) > 1 && m.texts()[0] == secret
	if w.broken != "" {
		if err != nil && !errors.Is(err, ErrStore) {
			t.Fatalf("Verified: %v", err)
		}
		return
	}
	if err != nil {
		t.Fatalf("Verified: %v", err)
	}
	if settles {
		m.secrets = m.secrets[len(m.secrets)-1:]
	}
}

// mustFail reports whether the store is broken, and checks that err says so.
func (w *world) mustFail(t *rapid.T, err error) bool {
	if (w.broken != "") != errors.Is(err, ErrStore) {
		t.Fatalf("with store broken %q: %v", w.broken, err)
	}
	return w.broken != ""
}

func (w *world) restart(t *rapid.T) {
	w.boot(t, rapid.IntRange(0, len(w.nodes)-1).Draw(t, "node"))
}

func (w *world) breakStore(t *rapid.T) {
	w.broken = rapid.SampledFrom([]string{"writing", "all"}).Draw(t, "broken")
	for _, s := range w.storage {
		s.breakAll(nil)
		if w.broken == "all" {
			s.breakAll(errInjected)
		}
		s.breakStore(errInjected)
	}
}

func (w *world) repairStore(*rapid.T) {
	w.broken = ""
	for _, s := range w.storage {
		s.breakAll(nil)
	}
}

func (w *world) wait(t *rapid.T) {
	hours := rapid.SampledFrom([]int{1, 6, 12, 23, 24, 30}).Draw(t, "hours")
	w.clock.advance(time.Duration(hours) * time.Hour)
}

// check holds what every node shows against the model.
func (w *world) check(t *rapid.T) {
	if w.broken == "all" {
		return
	}
	w.pick(t)
	for i, n := range w.nodes {
		status, err := n.Status(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, got := range status {
			m := w.model[got.Slot]
			set, err := n.Secrets(t.Context(), got.Slot)
			if err != nil {
				t.Fatal(err)
			}
			want := StateUnarmed
			switch {
			case len(m.secrets) > 0:
				want = StateLocked
			case m.armed(w.clock.Now()):
				want = StateArmed
			}
			seen := fmt.Sprintf("%s, armed %v, %q", got.State, !got.ArmedUntil.IsZero(), reveal(set))
			expected := fmt.Sprintf("%s, armed %v, %q", want, m.armed(w.clock.Now()), m.texts())
			if seen != expected {
				t.Fatalf("node %d, slot %s: %s; want %s", i, got.Slot, seen, expected)
			}
		}
	}
}
