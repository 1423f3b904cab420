package handshake

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/internal/document/documenttest"
)

// A secret that was removed on another node is known here no longer than it is trusted:
// an echo would tell the provider that its deliveries will be taken.
func TestRemovedSecretIsNotEchoedOnOtherNodes(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	a, b := start(t, newFaulty(m), c, Armed), start(t, newFaulty(m), c, Armed)
	a.arm(time.Hour)
	a.offers(providers, Learned)
	c.advance(time.Second)
	b.offers(providers, Known)

	if err := a.Remove(t.Context(), slotName, Fingerprint(providers)); err != nil {
		t.Fatal(err)
	}
	c.advance(cacheAge)
	b.offers(providers, Unarmed)

	a.arm(time.Hour)
	c.advance(cacheAge)
	b.offers(providers, Learned) // and is stored anew
	start(t, newFaulty(m), c, Armed).holds(providers)
}

// twoNodes start with an armed slot, of which both know. Their clock is the real one.
func twoNodes(t *testing.T) (here, there node, storage *faulty) {
	t.Helper()
	m := documenttest.New()
	storage = newFaulty(m)
	for i, s := range []Storage{newFaulty(m), storage} {
		slots, err := New(Options{Endpoint: endpoint, Slots: []string{slotName}, Storage: s})
		if err != nil {
			t.Fatal(err)
		}
		if here = there; i == 0 {
			here = node{Slots: slots, t: t}
		}
		there = node{Slots: slots, t: t}
	}
	here.arm(time.Hour)
	there.mustRefresh()
	return here, there, storage
}

// The secret that one node has just learned is known to another when the first delivery
// comes there, however many strangers make that node look for it just before; and those
// do not reach storage more than once a second.
func TestDeliveryOnAnotherNodeInAFlood(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		here, there, storage := twoNodes(t)
		loads := storage.calls().Load
		start := time.Now()
		stop := make(chan struct{})
		var group sync.WaitGroup
		for range 100 {
			group.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						there.mustRefresh()
						time.Sleep(10 * time.Millisecond)
					}
				}
			})
		}
		time.Sleep(2500 * time.Millisecond)
		here.offers(providers, Learned)
		if set := there.mustRefresh(); set.Len() != 1 {
			t.Errorf("there are %d secrets", set.Len())
		}
		close(stop)
		group.Wait()
		if took, got := time.Since(start), storage.calls().Load-loads; got > 1+int(took/time.Second) {
			t.Errorf("storage was read %d times in %v", got, took)
		}
	})
}

// A read that began before the secret was stored is not the one to wait for.
func TestDeliveryOnAnotherNodeDuringARead(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		here, there, storage := twoNodes(t)
		time.Sleep(2 * time.Second)
		release := make(chan struct{})
		storage.hooks(func() { <-release }, nil)
		var group sync.WaitGroup
		group.Go(func() { there.mustRefresh() })
		synctest.Wait()
		storage.hooks(nil, nil)
		here.offers(providers, Learned)
		group.Go(func() {
			if set := there.mustRefresh(); set.Len() != 1 {
				t.Errorf("there are %d secrets", set.Len())
			}
		})
		synctest.Wait()
		close(release)
		group.Wait()
	})
}

// Where no secret is expected, or too many wait for one, nobody waits.
func TestWaitForASecretIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		here, there, _ := twoNodes(t)
		var group sync.WaitGroup
		for range maxWaiting {
			group.Go(func() { there.mustRefresh() })
		}
		synctest.Wait()
		start := time.Now()
		there.mustRefresh()
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v although too many wait", took)
		}
		group.Wait()

		if err := here.Disarm(t.Context(), slotName); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		there.mustRefresh() // still waits, and learns that it need not
		start = time.Now()
		for range 10 {
			there.mustRefresh()
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("it took %v although the slot is not armed", took)
		}
	})
}
