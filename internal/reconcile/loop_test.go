package reconcile

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/subscription"
)

// background prepares a reconciler that has not been started.
func (w *world) background(wanted Wanted) *Reconciler {
	w.t.Helper()
	o := Options{
		Endpoint: "test", Wanted: wanted, Client: w.provider, Storage: w.storage,
		Token: w.token(0), Interval: 10 * time.Minute,
	}
	if wanted.Slots {
		o.Slots = w.maker()
	}
	r, err := New(o)
	if err != nil {
		w.t.Fatal(err)
	}
	return r
}

func TestNothingIsDoneBeforeStart(t *testing.T) {
	t.Parallel()
	inWorld(t, repliers, func(t *testing.T, w *world) {
		r := w.background(w.wanting("a"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if err := r.Run(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Run: %v", err)
		}
		ended := make(chan error)
		go func() { ended <- r.Rotate(t.Context(), 0) }()
		synctest.Wait()
		r.Stop()
		if err := <-ended; !errors.Is(err, ErrStopped) {
			t.Errorf("Rotate: %v", err)
		}
		r.Start() // has no effect any more
		time.Sleep(time.Hour)
		if len(w.provider.asked) != 0 || len(w.storage.Keys()) != 0 {
			t.Errorf("the provider was asked for %v, and stored is %v", w.provider.asked, w.storage.Keys())
		}
	})
}

// Who asks before the start gets the answer after it.
func TestRunWaitsForStart(t *testing.T) {
	t.Parallel()
	inWorld(t, everreal, func(t *testing.T, w *world) {
		r := w.background(w.wanting("a"))
		ended := make(chan error)
		go func() { ended <- r.Run(t.Context()) }()
		synctest.Wait()
		r.Start()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
		w.hasOne("a")
		r.Stop()
	})
}

func TestTimer(t *testing.T) {
	t.Parallel()
	inWorld(t, everreal, func(t *testing.T, w *world) {
		r := w.background(w.wanting("a"))
		r.Start()
		r.Start() // once is enough
		synctest.Wait()
		if got := w.provider.count("list"); got != 1 {
			t.Fatalf("asked %d times at the start", got)
		}
		next := r.Status().NextRun
		if wait := time.Until(next); wait < 9*time.Minute || wait > 10*time.Minute {
			t.Errorf("the next run is in %v", wait)
		}
		w.provider.remove("1")
		time.Sleep(time.Until(next))
		synctest.Wait()
		if got := w.provider.count("list"); got != 2 {
			t.Errorf("asked %d times", got)
		}
		w.hasOne("a")
		r.Stop()
		time.Sleep(time.Hour)
		if got := w.provider.count("list"); got != 2 {
			t.Errorf("asked %d times after the end", got)
		}
	})
}

// A configuration that another has replaced may not be stopped for long, while
// requests end. It asks for nothing meanwhile, in a run that it is waiting for either.
func TestNothingIsDoneOutOfForce(t *testing.T) {
	t.Parallel()
	inWorld(t, everreal, func(t *testing.T, w *world) {
		r := w.background(w.wanting("a"))
		inForce := true
		r.InForce = func() bool { return inForce }
		r.Start()
		synctest.Wait()
		w.hasOne("a")
		_ = w.storage.Lock(t.Context(), r.ledger.key) // the other one acts
		ended := make(chan error)
		go func() { ended <- r.Run(t.Context()) }()
		synctest.Wait()
		inForce = false
		w.provider.remove("1")
		_ = w.storage.Unlock(t.Context(), r.ledger.key)
		if err := <-ended; !errors.Is(err, ErrStopped) {
			t.Errorf("Run: %v", err)
		}
		time.Sleep(time.Hour)
		if asked, made := w.provider.count("list"), w.provider.count("create"); asked != 1 || made != 1 {
			t.Errorf("it was asked %d times, and %d were made", asked, made)
		}
		if got := r.Status(); got.LastError != "" {
			t.Errorf("that is no failure: %s", got.LastError)
		}
		r.Stop()
	})
}

// After failures it asks again, at first soon and then ever less often, but at
// least at each interval; and not before the provider wants it to.
func TestBackoff(t *testing.T) {
	t.Parallel()
	inWorld(t, everreal, func(t *testing.T, w *world) {
		asked := time.Now()
		var waits []time.Duration
		w.provider.fault("list", func() error {
			waits = append(waits, time.Since(asked))
			asked = time.Now()
			return refusal(subscription.ErrUnavailable)
		})
		r := w.background(w.wanting("a"))
		r.Start()
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		for i, wait := range waits[1:] {
			longest := min(firstRetry<<i, r.Interval)
			if wait < longest/2 || wait > longest {
				t.Errorf("wait %d is %v, want %v to %v", i, wait, longest/2, longest)
			}
		}
		if len(waits) < 12 {
			t.Errorf("asked %d times in two hours", len(waits))
		}
		w.provider.fault("list", func() error {
			return fmt.Errorf("wrapped: %w", &subscription.Error{Err: subscription.ErrRateLimited, RetryAfter: 3 * time.Hour})
		})
		time.Sleep(r.Interval)
		synctest.Wait()
		count := w.provider.count("list")
		w.provider.fault("list", nil)
		time.Sleep(2 * time.Hour)
		if got := w.provider.count("list"); got != count {
			t.Errorf("asked %d times more than wanted", got-count)
		}
		time.Sleep(time.Hour)
		synctest.Wait()
		w.hasOne("a")
		r.Stop()
	})
}

// Of several failures the one counts that asks for the longest wait, be it the last.
func TestLongestRetryAfterCounts(t *testing.T) {
	t.Parallel()
	inWorld(t, everreal, func(t *testing.T, w *world) {
		kinds := []error{
			refusal(subscription.ErrRejected),
			&subscription.Error{Err: subscription.ErrRateLimited, RetryAfter: 3 * time.Hour},
		}
		w.provider.fault("create", func() error {
			kind := kinds[0]
			kinds = kinds[1:]
			return kind
		})
		r := w.background(w.wanting("a", "b"))
		r.Start()
		synctest.Wait()
		if wait := time.Until(r.Status().NextRun); wait < 3*time.Hour {
			t.Errorf("the next run is in %v", wait)
		}
		r.Stop()
	})
}

func TestJitter(t *testing.T) {
	t.Parallel()
	r := &Reconciler{Options: Options{Interval: 10 * time.Minute}}
	seen := map[time.Duration]bool{}
	for range 100 {
		seen[r.pause(0, nil)] = true
	}
	if len(seen) < 50 {
		t.Errorf("of 100 waits %d are different", len(seen))
	}
}

// Stop does not wait for a provider that does not answer, or for a lock.
func TestStopEndsPromptly(t *testing.T) {
	t.Parallel()
	for name, hang := range map[string]func(*world, *Reconciler, chan struct{}){
		"provider": func(w *world, r *Reconciler, reached chan struct{}) {
			w.provider.fault("list", func() error {
				close(reached)
				<-r.life.Done()
				return refusal(subscription.ErrUnavailable)
			})
		},
		"lock": func(w *world, r *Reconciler, reached chan struct{}) {
			_ = w.storage.Lock(w.ctx, r.ledger.key)
			close(reached)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, everreal, func(t *testing.T, w *world) {
				r := w.background(w.wanting("a"))
				reached := make(chan struct{})
				hang(w, r, reached)
				r.Start()
				<-reached
				synctest.Wait()
				ended := make(chan error)
				go func() { ended <- r.Run(t.Context()) }() // of somebody who asks for it
				synctest.Wait()
				start := time.Now()
				go r.Stop()
				r.Stop()
				if took := time.Since(start); took != 0 {
					t.Errorf("it took %v", took)
				}
				if err := <-ended; !errors.Is(err, ErrStopped) {
					t.Errorf("Run: %v", err)
				}
			})
		})
	}
}

func TestRunEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	inWorld(t, everreal, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a"))
		w.provider.fault("list", func() error { time.Sleep(time.Hour); return nil })
		go func() { _ = n.Run(t.Context()) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := n.Run(ctx); !errors.Is(err, context.DeadlineExceeded) || errors.Is(err, ErrStopped) {
			t.Errorf("Run: %v", err)
		}
		time.Sleep(time.Hour)
	})
}

// What is logged names the events, and neither a token nor a secret.
func TestLog(t *testing.T) {
	t.Parallel()
	secretDialects(t, func(t *testing.T, w *world) {
		var mu sync.Mutex
		var log strings.Builder
		r := w.background(w.wanting("an.event"))
		r.Logger = slog.New(slog.NewTextHandler(lockedWriter{&mu, &log}, nil))
		w.provider.fault("created", failing(subscription.ErrUnavailable))
		r.Start()
		synctest.Wait()
		w.provider.fault("created", nil)
		time.Sleep(time.Minute)
		w.provider.remove("1")
		time.Sleep(time.Hour)
		r.Stop()
		mu.Lock()
		defer mu.Unlock()
		written := log.String()
		for _, want := range []string{"not as wanted", "subscription adopted", "subscription is not listed", "subscription created", "an.event", "endpoint=test"} {
			if !strings.Contains(written, want) {
				t.Errorf("the log lacks %q", want)
			}
		}
		for _, never := range []string{"TOKEN", "secret-of", base} {
			if strings.Contains(written, never) {
				t.Errorf("the log has %q", never)
			}
		}
		if t.Failed() {
			t.Log(written)
		}
	})
}

type lockedWriter struct {
	mu *sync.Mutex
	to *strings.Builder
}

func (l lockedWriter) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.to.Write(b)
}
