package reconcile

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/subscription"
)

// eachDialect runs a test with every way in which providers make subscriptions.
func eachDialect(t *testing.T, test func(*testing.T, *world)) {
	t.Helper()
	for name, d := range dialects {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, d, test)
		})
	}
}

// inWorld runs a test with a provider that makes subscriptions in one way.
func inWorld(t *testing.T, d dialect, test func(*testing.T, *world)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) { test(t, newWorld(t.Context(), t, d)) })
}

func TestMakesWhatIsMissing(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, w *world) {
		other := w.provider.add("https://elsewhere.example.com/", "a")
		n := w.start(w.wanting("a", "b"))
		n.run()
		w.isSettled("a", "b")
		w.noneArmed()
		if got := n.Status(); got.Active != 2 || got.Wanted != 2 || len(got.Drift) != 0 || len(got.Subscriptions) != 2 {
			t.Errorf("the status is %+v", got)
		}
		created := w.provider.count("create")
		n.run()
		w.start(w.wanting("a", "b")).run()
		if got := w.provider.count("create"); got != created {
			t.Errorf("%d more were made", got-created)
		}
		if w.provider.count("delete") != 0 || w.provider.has()[0].ID != other.ID {
			t.Error("what others made was touched")
		}
	})
}

func TestEachHasASlotOfItsOwn(t *testing.T) {
	t.Parallel()
	inWorld(t, repliers, func(t *testing.T, w *world) {
		w.start(w.wanting("a", "b")).run()
		has := w.provider.has()
		first, second := slotOf(t, has[0].URL), slotOf(t, has[1].URL)
		if first == second {
			t.Error("two subscriptions share a slot")
		}
		for _, slot := range []string{first, second} {
			if got := w.stranger(slot); got != handshake.Locked {
				t.Errorf("a stranger's secret is %v", got)
			}
		}
	})
}

// While the provider is asked, whoever does not know the token gets nothing in:
// neither by the slots of other subscriptions, nor by those of the past.
func TestStrangerDuringTheCall(t *testing.T) {
	t.Parallel()
	inWorld(t, repliers, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a"))
		n.run()
		old := slotOf(t, w.provider.has()[0].URL)
		w.provider.remove(w.provider.has()[0].ID)

		var known []string
		shake := w.provider.shake
		w.provider.shake = func(url, secret string) bool {
			for _, slot := range append(known, old, "default", "a", "b", "", "TOKEN", slotOf(t, url)+"x", strings.ToLower(slotOf(t, url))) {
				if got := w.stranger(slot); got.Echo() {
					t.Errorf("the stranger's secret is %v in slot %q", got, slot)
				}
			}
			known = append(known, slotOf(t, url))
			return shake(url, secret)
		}
		w.start(w.wanting("a", "b")).run()
		w.hasOne("a", "b")
		if len(known) != 2 {
			t.Errorf("%d handshakes were made", len(known))
		}
		w.noneArmed()
	})
}

// An arming is for the call alone: once that has ended the token is of no use.
func TestTokenIsOfNoUseAfterTheCall(t *testing.T) {
	t.Parallel()
	for name, kind := range map[string]error{"refused": subscription.ErrRejected, "lost": subscription.ErrUnavailable} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, repliers, func(t *testing.T, w *world) {
				var asked string
				w.provider.shake = func(url, _ string) bool { asked = slotOf(t, url); return true }
				w.provider.fault("created", failing(kind))
				n := w.start(w.wanting("a"))
				_ = n.runFails()
				if got := w.stranger(asked); got.Echo() {
					t.Errorf("the stranger's secret is %v", got)
				}
				w.noneArmed()
			})
		})
	}
}

func TestSubscriptionWithoutAHandshakeIsTakenBack(t *testing.T) {
	t.Parallel()
	inWorld(t, repliers, func(t *testing.T, w *world) {
		w.provider.shake = func(string, string) bool { return true } // to another gateway
		n := w.start(w.wanting("a"))
		if err := n.runFails(); !errors.Is(err, ErrNoHandshake) {
			t.Errorf("the error is %v", err)
		}
		if has := w.provider.has(); len(has) != 0 {
			t.Errorf("there still is %v", has)
		}
		w.isSettled()
	})
}

// A stranger who does know the token is found out where the provider tells the
// secret too.
func TestSecretOfAnotherIsFoundOut(t *testing.T) {
	t.Parallel()
	for name, deletable := range map[string]bool{"and deleted": true, "and deleted later": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, asana, func(t *testing.T, w *world) {
				shake := w.provider.shake
				var slot string
				w.provider.shake = func(url, _ string) bool {
					slot = slotOf(t, url)
					return shake(url, "the-strangers")
				}
				if !deletable {
					w.provider.fault("delete", failing(subscription.ErrUnavailable))
				}
				n := w.start(w.wanting("a"))
				if err := n.runFails(); !errors.Is(err, ErrMismatch) {
					t.Errorf("the error is %v", err)
				}
				time.Sleep(time.Minute) // for which another node may not have noticed
				if got := w.stranger(slot); got.Echo() {
					t.Errorf("the stranger's secret is still %v", got)
				}
				w.provider.fault("delete", nil)
				w.provider.shake = shake
				n.run()
				w.isSettled("a")
			})
		})
	}
}

// Until the secret of the handshake was compared no node takes it for proof, so there
// is no time in which a stranger's counts.
func TestSecretIsComparedBeforeItCounts(t *testing.T) {
	t.Parallel()
	inWorld(t, asana, func(t *testing.T, w *world) {
		shake := w.provider.shake
		w.provider.shake = func(url, _ string) bool {
			learned := shake(url, "the-strangers")
			for name, node := range map[string]*handshake.Slots{"that got it": w.door, "another": w.slots(nil)} {
				slot := slotOf(t, url)
				if _, err := node.Event(t.Context(), slot); err != nil {
					t.Error(err)
				}
				if set, err := node.Refresh(t.Context(), slot); err != nil || set.Len() != 0 {
					t.Errorf("the node %s takes it for proof: %v", name, err)
				}
			}
			return learned
		}
		if err := w.start(w.wanting("a")).runFails(); !errors.Is(err, ErrMismatch) {
			t.Errorf("the error is %v", err)
		}
		w.isSettled()
	})
}

// The secret was told and could not be compared, for storage failed: then the next
// run does not take the handshake's for it.
func TestSecretIsComparedLater(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		secret string
		stays  bool
	}{"the provider's": {"", true}, "a stranger's": {"the-strangers", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, asana, func(t *testing.T, w *world) {
				shake := w.provider.shake
				w.provider.shake = func(url, secret string) bool {
					if c.secret != "" {
						secret = c.secret
					}
					return shake(url, secret)
				}
				n := w.start(w.wanting("a"))
				n.Reconciler.Slots = failsOnce{Slots: n.Reconciler.Slots, on: "Disarm"}.init()
				_ = n.runFails()
				first := w.provider.has()[0].ID
				w.provider.shake = shake
				n.run()
				w.isSettled("a")
				if stays := w.provider.has()[0].ID == first; stays != c.stays {
					t.Errorf("the first stays: %t", stays)
				}
			})
		})
	}
}

func TestProviderWithoutASecretIsOfNoUse(t *testing.T) {
	t.Parallel()
	inWorld(t, rechat, func(t *testing.T, w *world) {
		w.provider.tells = false
		n := w.start(w.wanting("a"))
		if err := n.runFails(); !errors.Is(err, ErrNoSecret) {
			t.Errorf("the error is %v", err)
		}
		w.isSettled()
	})
}

// The key of a subscription was changed at the provider.
func TestNewKeyIsTaken(t *testing.T) {
	t.Parallel()
	inWorld(t, rechat, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a"))
		n.run()
		w.provider.subs[0].Secret = subscription.NewSecret("another")
		n.run()
		time.Sleep(25 * time.Hour)
		w.isSettled("a")
		if got := w.provider.count("create"); got != 1 {
			t.Errorf("%d were made", got)
		}
	})
}

func TestPrune(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, w *world) {
		other := w.provider.add("https://elsewhere.example.com/", "b")
		w.start(w.wanting("a", "b")).run()

		n := w.start(w.wanting("a"))
		n.run()
		w.hasOne("a", "b")
		if diff := cmp.Diff([]Difference{{Unwanted, "b", "3"}}, n.Status().Drift); diff != "" {
			t.Errorf("drift (-want +got):\n%s", diff)
		}

		wanted := w.wanting("a")
		wanted.Prune = true
		n = w.start(wanted)
		n.run()
		w.isSettled("a")
		if len(n.Status().Drift) != 0 || w.provider.has()[0].ID != other.ID {
			t.Errorf("drift %v, and there is %v", n.Status().Drift, w.provider.has())
		}
	})
}

// With another URL there is no time without a subscription: the old one goes once
// the new one is there.
func TestNewURL(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, w *world) {
		w.start(w.wanting("a")).run()
		old := w.provider.has()[0]

		wanted := w.wanting("a")
		wanted.Prune = true
		wanted.Target = func(_, slot string) string { return base + slot + "?new" }
		w.provider.fault("create", failing(subscription.ErrRejected))
		n := w.start(wanted)
		_ = n.runFails()
		if has := w.provider.has(); len(has) != 1 || has[0].ID != old.ID {
			t.Errorf("without the new one there is %v", has)
		}
		w.provider.fault("create", nil)
		shake := w.provider.shake
		w.provider.shake = func(url, secret string) bool { return shake(strings.TrimSuffix(url, "?new"), secret) }
		n.run()
		if has := w.provider.has(); len(has) != 1 || !strings.HasSuffix(has[0].URL, "?new") {
			t.Errorf("there is %v", has)
		}
	})
}

func TestAnotherAccountIsLeftAlone(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, w *world) {
		w.start(w.wanting("a")).run()
		here := w.provider

		w.provider = newProvider(here.dialect)
		w.provider.shake = here.shake
		wanted := w.wanting("a")
		wanted.Account, wanted.Prune = "there", true
		n := w.start(wanted)
		n.run()
		if len(here.has()) != 1 || here.count("delete") != 0 {
			t.Error("the subscription of the other account was touched")
		}
		w.hasOne("a")
		if diff := cmp.Diff([]Difference{{Elsewhere, "a", "1"}}, n.Status().Drift); diff != "" {
			t.Errorf("drift (-want +got):\n%s", diff)
		}
	})
}

// What the provider no longer has is made again.
func TestGoneIsMadeAgain(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a"))
		n.run()
		w.provider.remove("1")
		n.run()
		w.hasOne("a")
		time.Sleep(remembered)
		n.run()
		w.isSettled("a")
	})
}

// A list that once lacks a subscription does not cost its deliveries: its slot
// stays, and of the two that there are then one goes.
func TestListThatLacksOne(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a"))
		n.run()
		w.provider.conceal()
		n.run()
		for _, s := range append(w.provider.has(), w.provider.late...) {
			w.proves(s)
		}
		n.run()
		w.isSettled("a")
		n.run()
		w.isSettled("a")
	})
}

// The answer was lost, and the subscription turns up only after another was made.
func TestLateSubscriptionIsDeleted(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a"))
		w.provider.fault("created", failing(subscription.ErrUnavailable))
		_ = n.runFails()
		w.provider.fault("created", nil)
		w.provider.conceal()
		n.run()
		n.run()
		w.isSettled("a")
		if got := w.provider.count("create"); got != 2 {
			t.Errorf("%d were made", got)
		}
	})
}

func TestLostAnswerIsRecognised(t *testing.T) {
	t.Parallel()
	for _, kind := range []error{subscription.ErrUnavailable, subscription.ErrUnexpected, subscription.ErrConflict} {
		t.Run(kind.Error(), func(t *testing.T) {
			t.Parallel()
			eachDialect(t, func(t *testing.T, w *world) {
				n := w.start(w.wanting("a", "b"))
				w.provider.fault("created", failing(kind))
				_ = n.runFails()
				w.provider.fault("created", nil)
				w.start(w.wanting("a", "b")).run()
				w.isSettled("a", "b")
				if got := w.provider.count("delete"); got != 0 {
					t.Errorf("%d were deleted", got)
				}
			})
		})
	}
}

// A refusal leaves nothing behind, and one that is about an event alone does not
// keep the others from being made.
func TestRefusals(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind  error
		asked int
	}{
		{subscription.ErrRejected, 2},
		{subscription.ErrInvalid, 2},
		{subscription.ErrUnauthorized, 1},
		{subscription.ErrRateLimited, 1},
		{subscription.ErrNotFound, 1},
	} {
		t.Run(c.kind.Error(), func(t *testing.T) {
			t.Parallel()
			eachDialect(t, func(t *testing.T, w *world) {
				w.provider.fault("create", failing(c.kind))
				n := w.start(w.wanting("a", "b"))
				for range 3 {
					if err := n.runFails(); !errors.Is(err, c.kind) {
						t.Errorf("the error is %v", err)
					}
				}
				if got := w.provider.count("create"); got != 3*c.asked || len(n.failed) != got {
					t.Errorf("asked %d times, want %d; told of %v", got, 3*c.asked, n.failed)
				}
				w.isSettled()
				w.noneArmed()
				if got := n.Status(); len(got.Subscriptions) != 0 || got.Active != 0 || len(got.Drift) != 2 ||
					!strings.Contains(got.LastError, "a: test: create: "+c.kind.Error()) || !got.LastSuccess.IsZero() {
					t.Errorf("the status is %+v", got)
				}
				w.provider.fault("create", nil)
				n.run()
				w.isSettled("a", "b")
				if got := n.Status(); got.LastError != "" || got.LastSuccess.IsZero() {
					t.Errorf("the status is %+v", got)
				}
			})
		})
	}
}

func TestProviderIsDown(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a"))
		n.run()
		w.provider.fault("list", failing(subscription.ErrUnavailable))
		for range 3 {
			_ = n.runFails()
		}
		if w.provider.count("create") != 1 || w.provider.count("delete") != 0 {
			t.Error("something was done without the list")
		}
		if got := n.Status(); got.Active != 1 || got.LastError == "" {
			t.Errorf("the status is %+v", got)
		}
		w.provider.fault("list", nil)
		n.run()
		w.isSettled("a")
	})
}

// What somebody else made for the same URL is neither used up nor doubled.
func TestForeignWithTheSameURL(t *testing.T) {
	t.Parallel()
	inWorld(t, everreal, func(t *testing.T, w *world) {
		w.provider.add(base, "a")
		wanted := w.wanting("a", "b")
		wanted.Prune = true
		n := w.start(wanted)
		n.run()
		w.hasOne("a", "b")
		if diff := cmp.Diff([]Difference{{Foreign, "a", "1"}}, n.Status().Drift); diff != "" {
			t.Errorf("drift (-want +got):\n%s", diff)
		}
		wanted.Events = []string{"b"}
		w.start(wanted).run()
		w.hasOne("a", "b")
		if w.provider.count("delete") != 0 {
			t.Error("what somebody else made was deleted")
		}
	})
}

func TestForeignIsSeen(t *testing.T) {
	t.Parallel()
	inWorld(t, repliers, func(t *testing.T, w *world) {
		w.provider.add(base+"somebody", "a")
		w.provider.add("https://elsewhere.example.com/", "a")
		n := w.start(w.wanting("a"))
		n.run()
		if diff := cmp.Diff([]Difference{{Foreign, "a", "1"}}, n.Status().Drift); diff != "" {
			t.Errorf("drift (-want +got):\n%s", diff)
		}
	})
}

func TestDriftOfOurs(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a"))
		n.run()
		w.provider.subs[0].Inactive = true
		w.provider.subs[0].URL += "/"
		n.run()
		if diff := cmp.Diff([]Difference{{Changed, "a", "1"}, {Inactive, "a", "1"}}, n.Status().Drift); diff != "" {
			t.Errorf("drift (-want +got):\n%s", diff)
		}
		if got := w.provider.count("create"); got != 1 {
			t.Errorf("%d were made", got)
		}
	})
}

// A slot that lost its secret gets another subscription.
func TestLostSecrets(t *testing.T) {
	t.Parallel()
	inWorld(t, repliers, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a"))
		n.run()
		if err := w.maker().Remove(t.Context(), slotOf(t, w.provider.has()[0].URL)); err != nil {
			t.Fatal(err)
		}
		n.run()
		w.isSettled("a")
		if got := w.provider.has()[0].ID; got == "1" {
			t.Error("the first is still there")
		}
	})
}

func TestResource(t *testing.T) {
	t.Parallel()
	inWorld(t, asana, func(t *testing.T, w *world) {
		wanted := w.wanting("a")
		wanted.Prune, wanted.Resource = true, "one"
		w.start(wanted).run()
		wanted.Resource = "another"
		w.start(wanted).run()
		if has := w.provider.has(); len(has) != 1 || has[0].Resource != "another" {
			t.Errorf("there is %v", has)
		}
	})
}
