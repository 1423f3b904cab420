package reconcile

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/subscription"
)

// secretDialects are those that have something to rotate.
func secretDialects(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	eachDialect(t, func(t *testing.T, w *world) {
		if w.provider.slots {
			test(t, w)
		}
	})
}

func TestRotate(t *testing.T) {
	t.Parallel()
	secretDialects(t, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a", "b"))
		n.run()
		first := w.provider.has()
		if err := n.Rotate(t.Context(), time.Hour); err != nil {
			t.Fatal(err)
		}
		w.noneArmed()
		w.hasOne("a", "a", "b", "b") // deliveries of both are proved
		if got := n.Status(); got.Active != 2 || len(got.Drift) != 0 || len(got.Subscriptions) != 4 {
			t.Errorf("the status is %+v", got)
		}
		time.Sleep(59 * time.Minute)
		w.start(w.wanting("a", "b")).run()
		w.hasOne("a", "a", "b", "b")
		time.Sleep(time.Minute)
		w.start(w.wanting("a", "b")).run()
		w.isSettled("a", "b")
		for _, s := range w.provider.has() {
			if s.ID == first[0].ID || s.ID == first[1].ID {
				t.Errorf("the first of %s is still there", s.Event)
			}
		}
	})
}

func TestRotateAtOnce(t *testing.T) {
	t.Parallel()
	secretDialects(t, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a"))
		if err := n.Rotate(t.Context(), 0); err != nil { // makes what is missing
			t.Fatal(err)
		}
		w.isSettled("a")
		if err := n.Rotate(t.Context(), 0); err != nil {
			t.Fatal(err)
		}
		w.isSettled("a")
		if got := w.provider.count("create"); got != 2 {
			t.Errorf("%d were made", got)
		}
	})
}

// A secret that is over proves nothing any more, whether the provider can be told to
// delete its subscription or not.
func TestSecretEndsWithoutTheProvider(t *testing.T) {
	t.Parallel()
	secretDialects(t, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a"))
		n.run()
		w.provider.fault("delete", failing(subscription.ErrUnavailable))
		if err := n.Rotate(t.Context(), 0); !errors.Is(err, subscription.ErrUnavailable) {
			t.Errorf("the error is %v", err)
		}
		first, second := w.provider.has()[0], w.provider.has()[1]
		w.proves(second)
		if _, err := w.maker().Holds(t.Context(), slotOf(t, first.URL), first.Secret.Reveal()); !errors.Is(err, handshake.ErrUnknownSlot) {
			t.Errorf("the slot of the first: %v", err)
		}
		w.provider.fault("delete", nil)
		n.run()
		w.isSettled("a")
	})
}

// A rotation that fails on the way costs nothing: what was not replaced stays.
func TestRotateFails(t *testing.T) {
	t.Parallel()
	for name, operation := range map[string]string{"refused": "create", "without an answer": "created"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			secretDialects(t, func(t *testing.T, w *world) {
				n := w.start(w.wanting("a", "b"))
				n.run()
				calls := 0
				w.provider.fault(operation, func() error {
					if calls++; calls == 2 {
						return refusal(subscription.ErrUnavailable)
					}
					return nil
				})
				if err := n.Rotate(t.Context(), 0); !errors.Is(err, subscription.ErrUnavailable) {
					t.Errorf("the error is %v", err)
				}
				w.provider.fault(operation, nil)
				n.run()
				w.hasOne("a", "b")
				if has := w.provider.has(); has[0].ID == "1" || has[0].ID != "2" && has[1].ID != "2" {
					t.Errorf("there is %v", has)
				}
				if err := n.Rotate(t.Context(), 0); err != nil {
					t.Error(err)
				}
				w.hasOne("a", "b")
			})
		})
	}
}

// The second does not work, so the first stays although its time is up.
func TestRetiringStaysWithoutAnother(t *testing.T) {
	t.Parallel()
	w := newPlanWorld()
	retiring := w.made("a", Retiring, w.Now.Add(-time.Second))
	w.listed(retiring)
	p := NewPlan(&w.Wanted, &w.Found)
	if len(p.Delete) != 0 {
		t.Error("it is deleted")
	}
	if diff := cmp.Diff([]string{"a"}, p.Create); diff != "" {
		t.Errorf("create (-want +got):\n%s", diff)
	}
}

func TestRotateRefusals(t *testing.T) {
	t.Parallel()
	w := newWorld(t.Context(), t, everreal)
	if err := w.start(w.wanting("a")).Rotate(t.Context(), 0); !errors.Is(err, ErrNothingToRotate) {
		t.Errorf("without secrets: %v", err)
	}
	w = newWorld(t.Context(), t, repliers)
	n := w.start(w.wanting("a"))
	for _, overlap := range []time.Duration{-1, MaxOverlap + 1} {
		if err := n.Rotate(t.Context(), overlap); !errors.Is(err, ErrOverlap) {
			t.Errorf("an overlap of %v: %v", overlap, err)
		}
	}
	n.Stop()
	if err := n.Rotate(t.Context(), 0); !errors.Is(err, ErrStopped) {
		t.Errorf("once stopped: %v", err)
	}
}
