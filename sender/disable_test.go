package sender_test

import (
	"context"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/sender"
)

const day = 24 * time.Hour

// disabled collects what OnDisabled is told.
func disabled() (sender.Option, <-chan sender.Subscription) {
	told := make(chan sender.Subscription, 100)
	return sender.OnDisabled(func(s sender.Subscription) { told <- s }), told
}

func TestGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusGone))
		option, told := disabled()
		s := newSender(t, ends.option(), option, sender.WithConcurrency(1))
		subscription := subscribe(t, s, sender.Subscription{})
		first := send(t, s)
		second := send(t, s)
		time.Sleep(time.Hour)

		got := get(t, s, subscription.ID)
		if got.State != sender.Disabled || got.Reason != sender.Gone {
			t.Errorf("the subscription is %s because of %q", got.State, got.Reason)
		}
		if n := len(ends.got("")); n != 1 {
			t.Errorf("%d attempts, want 1", n)
		}
		if len(told) != 1 || (<-told).ID != subscription.ID {
			t.Error("the callback was not told once")
		}
		if r := attempts(t, s, sender.AttemptQuery{Event: first.ID})[0]; r.Status != http.StatusGone || !r.Next.IsZero() {
			t.Errorf("the record of the attempt: %+v", r)
		}
		// What it was still owed is settled, and the records say so.
		r := attempts(t, s, sender.AttemptQuery{Event: second.ID})
		if len(r) != 1 || r[0].Status != 0 || r[0].Error == "" || r[0].Number != 0 {
			t.Errorf("the records of what was not attempted: %+v", r)
		}
		third := send(t, s)
		time.Sleep(time.Hour)
		if r := attempts(t, s, sender.AttemptQuery{Event: third.ID}); len(r) > 0 {
			t.Errorf("a disabled subscription got an event: %+v", r)
		}
	})
}

// TestGoneOnce: of several attempts that hear that the endpoint is gone, one counts.
func TestGoneOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		slowly := func(w http.ResponseWriter, r request) error {
			time.Sleep(5 * time.Second)
			return status(http.StatusGone)(w, r)
		}
		ends := answering(status(http.StatusOK), slowly, status(http.StatusGone))
		option, told := disabled()
		s := newSender(t, ends.option(), option)
		subscription := subscribe(t, s, sender.Subscription{})
		for range 3 {
			send(t, s)
			synctest.Wait()
		}
		time.Sleep(time.Second)
		if got := get(t, s, subscription.ID); got.State != sender.Disabled {
			t.Fatalf("it is %s", got.State)
		}
		time.Sleep(time.Minute)
		if len(told) != 1 {
			t.Errorf("the callback was told %d times", len(told))
		}
	})
}

func TestDisabledAfterUnbrokenFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(refuse)
		option, told := disabled()
		s := newSender(t, ends.option(), option, sender.WithDisableAfter(2*time.Hour))
		subscription := subscribe(t, s, sender.Subscription{})
		start := time.Now()
		send(t, s) // is tried after 5 s, 5 m, 30 m and 2 h
		time.Sleep(time.Hour)
		got := get(t, s, subscription.ID)
		if got.State != sender.Active || !got.FailingSince.Equal(start) {
			t.Fatalf("after an hour it is %s and failing since %v", got.State, got.FailingSince)
		}
		time.Sleep(30 * day)
		got = get(t, s, subscription.ID)
		if got.State != sender.Disabled || got.Reason != sender.Failing {
			t.Errorf("the subscription is %s because of %q", got.State, got.Reason)
		}
		if n := len(ends.got("")); n != 5 {
			t.Errorf("%d attempts, want 5", n)
		}
		if len(told) != 1 {
			t.Errorf("the callback was told %d times", len(told))
		}
	})
}

// TestSuccessBreaksFailure: one success, and the time of failure counts from zero.
func TestSuccessBreaksFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		current, change := changing(refuse)
		ends := answering(current)
		s := newSender(t, ends.option(), sender.WithSchedule(0, time.Hour), sender.WithDisableAfter(90*time.Minute))
		subscription := subscribe(t, s, sender.Subscription{})
		send(t, s)
		time.Sleep(30 * time.Minute)
		change(status(http.StatusOK))
		send(t, s)
		time.Sleep(time.Minute)
		if since := get(t, s, subscription.ID).FailingSince; !since.IsZero() {
			t.Fatalf("failing since %v after a success", since)
		}
		change(refuse)
		for range 2 {
			send(t, s)
			time.Sleep(40 * time.Minute)
		}
		if got := get(t, s, subscription.ID); got.State != sender.Active {
			t.Errorf("it is %s, failing since %v, now is %v", got.State, got.FailingSince, time.Now())
		}
		time.Sleep(time.Hour)
		if got := get(t, s, subscription.ID); got.State != sender.Disabled {
			t.Errorf("it is %s, failing since %v, now is %v", got.State, got.FailingSince, time.Now())
		}
	})
}

func TestNeverDisabled(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSender(t, answering(refuse).option(), sender.WithDisableAfter(0))
		subscription := subscribe(t, s, sender.Subscription{})
		for range 30 {
			send(t, s)
			time.Sleep(day)
		}
		if got := get(t, s, subscription.ID); got.State != sender.Active {
			t.Errorf("it is %s", got.State)
		}
	})
}

// TestFailureIsShared: how long an endpoint has failed outlives the sender.
func TestFailureIsShared(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry := sender.NewMemoryRegistry()
		open := func() *sender.Sender {
			return newSender(t, answering(refuse).option(), sender.WithRegistry(registry),
				sender.WithSchedule(0), sender.WithDisableAfter(day))
		}
		first := open()
		subscription := subscribe(t, first, sender.Subscription{})
		send(t, first)
		time.Sleep(time.Minute)
		if err := first.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * day)
		second := open()
		send(t, second)
		time.Sleep(time.Minute)
		if got := get(t, second, subscription.ID); got.Reason != sender.Failing {
			t.Errorf("it is %s", got.State)
		}
	})
}

// TestEnabledAgain: who was enabled, or resumed, has all the time again.
func TestEnabledAgain(t *testing.T) {
	t.Parallel()
	for name, steps := range map[string][]func(*sender.Sender, context.Context, string) error{
		"enabled": {(*sender.Sender).Disable, (*sender.Sender).Enable},
		"resumed": {(*sender.Sender).Pause, (*sender.Sender).Resume},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				s := newSender(t, answering(refuse).option(), sender.WithSchedule(0), sender.WithDisableAfter(day))
				subscription := subscribe(t, s, sender.Subscription{})
				send(t, s)
				time.Sleep(time.Minute)
				for _, step := range steps {
					if err := step(s, t.Context(), subscription.ID); err != nil {
						t.Fatal(err)
					}
					time.Sleep(2 * day)
				}
				send(t, s)
				time.Sleep(time.Minute)
				got := get(t, s, subscription.ID)
				if got.State != sender.Active || time.Since(got.FailingSince) > time.Hour {
					t.Errorf("it is %s, failing since %v", got.State, got.FailingSince)
				}
			})
		})
	}
}

// TestCallbackHoldsNothingUp: neither deliveries nor the next callback wait for it.
func TestCallbackHoldsNothingUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		started := make(chan string, 2)
		ends := byHost(map[string]answer{
			"a.example.com": status(http.StatusGone),
			"b.example.com": status(http.StatusGone),
		})
		s := newSender(t, ends.option(), sender.OnDisabled(func(s sender.Subscription) {
			started <- s.URL
			<-release
		}))
		for _, host := range []string{"a", "b", "c"} {
			subscribe(t, s, sender.Subscription{URL: "https://" + host + ".example.com"})
		}
		send(t, s)
		time.Sleep(time.Minute)
		if len(started) != 2 {
			t.Errorf("%d of 2 callbacks were called", len(started))
		}
		send(t, s)
		time.Sleep(time.Minute)
		if n := len(ends.got("c.example.com")); n != 2 {
			t.Errorf("the healthy endpoint got %d of 2 events", n)
		}
		close(release)
	})
}
