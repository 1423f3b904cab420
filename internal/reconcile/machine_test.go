package reconcile

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/subscription"
)

// TestMachine plays users, providers, strangers and crashes on nodes that share a
// storage. Whatever happened, a quiet day later things are as they are wanted.
func TestMachine(t *testing.T) {
	t.Parallel()
	for name, d := range dialects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rapid.Check(t, func(rt *rapid.T) {
				inBubble(t, func(t *testing.T) {
					m := &machine{world: newWorld(t.Context(), rt, d), wanted: []string{"a"}}
					rt.Repeat(map[string]func(*rapid.T){
						"run":      m.run,
						"crash":    m.crash,
						"rotate":   m.rotate,
						"want":     m.want,
						"wait":     m.wait,
						"refuse":   m.refuse,
						"lose":     m.lose,
						"conceal":  m.hide,
						"foreign":  m.foreign,
						"stranger": m.strangers,
						"":         m.check,
					})
					m.settle(rt)
				})
			})
		})
	}
}

// inBubble runs a part of a check where the time is synthetic. What ends the check,
// for which rapid panics, ends it outside of that too.
func inBubble(t *testing.T, do func(*testing.T)) {
	t.Helper()
	var ended any
	synctest.Test(t, func(t *testing.T) {
		defer func() { ended = recover() }()
		do(t)
	})
	if ended != nil {
		panic(ended)
	}
}

type machine struct {
	*world
	wanted  []string
	others  []string // ids of what was not made here
	crashed time.Time
}

// node is the process of this moment, which may crash.
func (m *machine) node(t *rapid.T, f *fuse) *node {
	wanted := m.wanting(m.wanted...)
	wanted.Prune = true
	n := m.startWith(wanted, f)
	n.t = t
	return n
}

func (m *machine) run(t *rapid.T) { _ = m.node(t, nil).Run(m.ctx) }

func (m *machine) crash(t *rapid.T) {
	f := &fuse{left: rapid.IntRange(1, 30).Draw(t, "step"), after: rapid.Bool().Draw(t, "after")}
	_ = m.node(t, f).Run(m.ctx)
	m.crashed = time.Now()
}

func (m *machine) rotate(t *rapid.T) {
	_ = m.node(t, nil).Rotate(m.ctx, time.Duration(rapid.IntRange(0, 60).Draw(t, "overlap"))*time.Minute)
}

func (m *machine) want(t *rapid.T) {
	m.wanted = rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 3, rapid.ID[string]).Draw(t, "events")
}

func (m *machine) wait(t *rapid.T) {
	time.Sleep(time.Duration(rapid.IntRange(1, 10*60).Draw(t, "minutes")) * time.Minute)
}

// refuse has the provider fail in some way, or work again.
func (m *machine) refuse(t *rapid.T) {
	m.mend()
	operation := rapid.SampledFrom([]string{"create", "created", "list", "delete", "deleted", ""}).Draw(t, "operation")
	kind := rapid.SampledFrom([]error{subscription.ErrUnavailable, subscription.ErrRejected}).Draw(t, "kind")
	if operation == "created" || operation == "deleted" {
		kind = subscription.ErrUnavailable
	}
	m.provider.fault(operation, failing(kind))
}

func (m *machine) mend() {
	for operation := range m.provider.faults {
		m.provider.fault(operation, nil)
	}
}

func (m *machine) lose(t *rapid.T) {
	ours := slices.DeleteFunc(m.provider.has(), func(s subscription.Subscription) bool { return slices.Contains(m.others, s.ID) })
	if len(ours) > 0 {
		m.provider.remove(rapid.SampledFrom(ours).Draw(t, "lost").ID)
	}
}

// hide has the newest subscription missing from the list of one run.
func (m *machine) hide(t *rapid.T) {
	if has := m.provider.has(); len(has) > 0 && !slices.Contains(m.others, has[len(has)-1].ID) {
		m.provider.conceal()
		m.run(t)
		m.provider.reveal()
	}
}

func (m *machine) foreign(t *rapid.T) {
	url := rapid.SampledFrom([]string{"https://elsewhere.example.com/", base + "x"}).Draw(t, "url")
	m.others = append(m.others, m.provider.add(url, "a").ID)
}

// strangers knows every URL that there is, and gets nothing in.
func (m *machine) strangers(t *rapid.T) {
	for _, s := range m.provider.has() {
		slot := s.URL[min(len(s.URL), len(base)):]
		if got := m.stranger(slot); got == handshake.Learned {
			t.Errorf("a stranger's secret is %v", got)
		}
	}
}

func (m *machine) check(t *rapid.T) {
	m.t = t
	has := m.provider.has()
	for _, id := range m.others {
		if !slices.ContainsFunc(has, func(s subscription.Subscription) bool { return s.ID == id }) {
			t.Errorf("%s is gone, which others had made", id)
		}
	}
	if time.Since(m.crashed) > createTimeout {
		m.noneArmed()
	}
}

func (m *machine) settle(t *rapid.T) {
	m.mend()
	for range 4 {
		m.node(t, nil).run()
		time.Sleep(24 * time.Hour)
	}
	m.isSettled(m.wanted...)
}
