package dedupe

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"testing/synctest"
	"time"
)

// waited is what a waiting copy was told.
type waited struct {
	Result
	err error
}

// wait has a copy wait for the first, and returns once it does.
func wait(ctx context.Context, flight *Flight) <-chan waited {
	told := make(chan waited, 1)
	go func() {
		result, err := flight.Wait(ctx)
		told <- waited{result, err}
	}()
	synctest.Wait()
	return told
}

func TestCopiesShareTheOutcome(t *testing.T) {
	answer := &Answer{Status: http.StatusTeapot, Header: http.Header{"X": {"y"}}, Body: make([]byte, MaxSharedBody)}
	long := &Answer{Status: http.StatusOK, Body: make([]byte, MaxSharedBody+1)}
	for name, tc := range map[string]struct {
		end    func(*Claim)
		state  State
		answer *Answer
		later  State
	}{
		"commit":             {func(c *Claim) { c.Commit(sharing(answer)) }, Done, answer, Done},
		"commit bare":        {func(c *Claim) { c.Commit(nil) }, Done, nil, Done},
		"commit, too long":   {func(c *Claim) { c.Commit(sharing(long)) }, Done, nil, Done},
		"release":            {func(c *Claim) { c.Release(sharing(answer)) }, Failed, answer, Fresh},
		"release, no answer": {func(c *Claim) { c.Release(nil) }, Failed, nil, Fresh},
		"release, too long":  {func(c *Claim) { c.Release(sharing(long)) }, Failed, nil, Fresh},
		"panic": {func(c *Claim) {
			defer func() { _ = recover() }()
			defer c.Release(nil)
			panic("the upstream broke")
		}, Failed, nil, Fresh},
		"a panic over the answer": {func(c *Claim) {
			defer func() { _ = recover() }()
			c.Commit(func() *Answer { panic("it cannot be read") })
		}, Done, nil, Done},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStore(t, Options{Entries: 10})
				told := make(chan waited, MaxWaiting+1)
				for range MaxWaiting + 1 {
					go func() {
						result, err := s.Claim(numbered(1), day)
						if err == nil && result.State == InFlight {
							result, err = result.Flight.Wait(t.Context())
						}
						told <- waited{result, err}
					}()
				}
				synctest.Wait()
				first := <-told
				if first.err != nil || first.State != Fresh || len(told) > 0 {
					t.Fatalf("first: %+v, and %d more did not wait", first, len(told))
				}
				tc.end(first.Claim)
				for range MaxWaiting {
					got := <-told
					if got.err != nil || got.State != tc.state || got.Answer != tc.answer || got.Claim != nil {
						t.Fatalf("copy was told %+v, want state %v, answer %p", got, tc.state, tc.answer)
					}
				}
				if got := claim(t, s, numbered(1), day, tc.later); got.Answer != nil {
					t.Errorf("a later copy was given the answer %+v", got.Answer)
				}
			})
		})
	}
}

func TestAbandonMakesOneCopyTheOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, Options{Entries: 10})
		owner := claim(t, s, numbered(1), day, Fresh).Claim
		told := make(chan waited, MaxWaiting)
		for range MaxWaiting {
			flight := claim(t, s, numbered(1), day, InFlight).Flight
			go func() {
				result, err := flight.Wait(t.Context())
				told <- waited{result, err}
			}()
		}
		synctest.Wait()
		for left := MaxWaiting; left > 3; left-- {
			owner.Abandon()
			synctest.Wait()
			if len(told) != 1 {
				t.Fatalf("%d copies were told something, want 1", len(told))
			}
			next := <-told
			if next.err != nil || next.State != Fresh {
				t.Fatalf("the next owner was told %+v", next)
			}
			owner.Commit(nil) // as a deferred call would: must not count
			owner = next.Claim
		}
		answer := &Answer{Status: http.StatusOK}
		owner.Commit(sharing(answer))
		for range 3 {
			if got := <-told; got.err != nil || got.State != Done || got.Answer != answer {
				t.Errorf("copy was told %+v", got)
			}
		}
		claim(t, s, numbered(1), day, Done)
	})
}

func TestAbandonWithoutCopiesForgets(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{Entries: 10})
	claim(t, s, numbered(1), day, Fresh).Claim.Abandon()
	if n := inTable(s); n != 0 {
		t.Errorf("%d keys left in the table", n)
	}
	claim(t, s, numbered(1), day, Fresh)
}

// A new owner's window is its own, not the one of the copy that left.
func TestAbandonKeepsTheNextOwnersWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, Options{Entries: 10})
		first := claim(t, s, numbered(1), day, Fresh).Claim
		told := wait(t.Context(), claim(t, s, numbered(1), time.Minute, InFlight).Flight)
		first.Abandon()
		(<-told).Claim.Commit(nil)
		time.Sleep(time.Minute - 1)
		claim(t, s, numbered(1), day, Done)
		time.Sleep(time.Nanosecond)
		claim(t, s, numbered(1), day, Fresh)
	})
}

// A copy may begin to wait when the first has ended already.
func TestWaitAfterTheEnd(t *testing.T) {
	t.Parallel()
	answer := &Answer{Status: http.StatusOK}
	for name, tc := range map[string]struct {
		end   func(*Claim)
		state State
	}{
		"commit":  {func(c *Claim) { c.Commit(sharing(answer)) }, Done},
		"release": {func(c *Claim) { c.Release(sharing(answer)) }, Failed},
		"abandon": {(*Claim).Abandon, Fresh},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStore(t, Options{Entries: 10})
			first := claim(t, s, numbered(1), day, Fresh).Claim
			flight := claim(t, s, numbered(1), day, InFlight).Flight
			tc.end(first)
			got, err := flight.Wait(t.Context())
			if err != nil || got.State != tc.state {
				t.Fatalf("told %+v, error %v, want state %v", got, err, tc.state)
			}
			if tc.state == Fresh {
				got.Claim.Release(nil)
			} else if got.Answer != answer {
				t.Errorf("answer %p, want %p", got.Answer, answer)
			}
		})
	}
}

func TestWaitAfterAbandonMeetsAnotherOwner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, Options{Entries: 10})
		first := claim(t, s, numbered(1), day, Fresh).Claim
		flight := claim(t, s, numbered(1), day, InFlight).Flight
		first.Abandon()
		second := claim(t, s, numbered(1), day, Fresh).Claim
		told := wait(t.Context(), flight)
		if len(told) > 0 {
			t.Fatalf("told %+v while the second owner is in flight", <-told)
		}
		second.Commit(nil)
		if got := <-told; got.err != nil || got.State != Done {
			t.Errorf("told %+v", got)
		}
		// The flight stays true to what it was made for.
		if got, err := flight.Wait(t.Context()); err != nil || got.State != Done {
			t.Errorf("told %+v, error %v the second time", got, err)
		}
	})
}

func TestTooManyWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, Options{Entries: 10})
		first := claim(t, s, numbered(1), day, Fresh).Claim
		ctx, leave := context.WithCancel(t.Context())
		leaving := wait(ctx, claim(t, s, numbered(1), day, InFlight).Flight)
		var staying []<-chan waited
		for range MaxWaiting - 1 {
			staying = append(staying, wait(t.Context(), claim(t, s, numbered(1), day, InFlight).Flight))
		}
		flight := claim(t, s, numbered(1), day, InFlight).Flight
		if got, err := flight.Wait(t.Context()); !errors.Is(err, ErrTooManyWaiting) || got != (Result{}) {
			t.Fatalf("told %+v, error %v, want ErrTooManyWaiting", got, err)
		}
		// Other keys are not concerned.
		other := claim(t, s, numbered(2), day, Fresh).Claim
		staying = append(staying, wait(t.Context(), claim(t, s, numbered(2), day, InFlight).Flight))
		other.Commit(nil)

		leave()
		if got := <-leaving; !errors.Is(got.err, context.Canceled) {
			t.Fatalf("told %+v, want context.Canceled", got)
		}
		staying = append(staying, wait(t.Context(), flight))
		first.Commit(nil)
		for _, told := range staying {
			if got := <-told; got.err != nil || got.State != Done {
				t.Errorf("told %+v", got)
			}
		}
	})
}

func TestWaitEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStore(t, Options{Entries: 10})
		first := claim(t, s, numbered(1), day, Fresh).Claim
		flight := claim(t, s, numbered(1), day, InFlight).Flight

		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		if got, err := flight.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) || got != (Result{}) {
			t.Errorf("told %+v, error %v, want DeadlineExceeded", got, err)
		}
		gone := errors.New("the client has left")
		ctx, leave := context.WithCancelCause(t.Context())
		told := wait(ctx, flight)
		leave(gone)
		if got := <-told; !errors.Is(got.err, gone) {
			t.Errorf("told %+v, want the cause", got)
		}
		// The first is not disturbed, and a copy whose client has left as well
		// does not take over.
		claim(t, s, numbered(1), day, InFlight)
		first.Abandon()
		if got, err := flight.Wait(ctx); !errors.Is(err, gone) {
			t.Errorf("told %+v, error %v, want the cause", got, err)
		}
		claim(t, s, numbered(1), day, Fresh)
	})
}

// An outcome that is known is told even if the copy's time is up.
func TestOutcomeComesBeforeTheContext(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{Entries: 10})
	first := claim(t, s, numbered(1), day, Fresh).Claim
	flight := claim(t, s, numbered(1), day, InFlight).Flight
	first.Commit(nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got, err := flight.Wait(ctx); err != nil || got.State != Done {
		t.Errorf("told %+v, error %v", got, err)
	}
}

func TestOnlyTheFirstEndCounts(t *testing.T) {
	t.Parallel()
	ends := map[string]func(*Claim){
		"commit":  func(c *Claim) { c.Commit(nil) },
		"release": func(c *Claim) { c.Release(nil) },
		"abandon": (*Claim).Abandon,
	}
	for first, end := range ends {
		for second, again := range ends {
			t.Run(first+" then "+second, func(t *testing.T) {
				t.Parallel()
				s := newStore(t, Options{Entries: 10})
				c := claim(t, s, numbered(1), day, Fresh).Claim
				end(c)
				want := s.Stats()
				again(c)
				if got := s.Stats(); got != want || got.InFlight != 0 {
					t.Errorf("stats became %+v, were %+v", got, want)
				}
				if got := remembers(t, s, numbered(1)); got != (first == "commit") {
					t.Errorf("remembered: %v", got)
				}
			})
		}
	}
}

// A late call must not end the claim of whoever owns the key by then.
func TestLateEndSparesTheNextOwner(t *testing.T) {
	t.Parallel()
	s := newStore(t, Options{Entries: 10})
	first := claim(t, s, numbered(1), day, Fresh).Claim
	first.Release(nil)
	second := claim(t, s, numbered(1), day, Fresh).Claim
	first.Release(nil)
	first.Abandon()
	first.Commit(nil)
	claim(t, s, numbered(1), day, InFlight)
	second.Commit(nil)
	claim(t, s, numbered(1), day, Done)
}
