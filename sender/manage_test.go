package sender_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/sender"
)

func TestStates(t *testing.T) {
	t.Parallel()
	type step = func(*sender.Sender, context.Context, string) error
	var (
		pause   = (*sender.Sender).Pause
		resume  = (*sender.Sender).Resume
		disable = (*sender.Sender).Disable
		enable  = (*sender.Sender).Enable
	)
	for name, c := range map[string]struct {
		steps []step
		want  sender.State
		err   error // of the last step
	}{
		"pause":               {[]step{pause}, sender.Paused, nil},
		"pause twice":         {[]step{pause, pause}, sender.Paused, nil},
		"resume":              {[]step{pause, resume}, sender.Active, nil},
		"resume what runs":    {[]step{resume}, sender.Active, nil},
		"disable":             {[]step{disable}, sender.Disabled, nil},
		"disable paused":      {[]step{pause, disable}, sender.Disabled, nil},
		"enable":              {[]step{disable, enable}, sender.Active, nil},
		"resume disabled":     {[]step{disable, resume}, sender.Disabled, sender.ErrInvalid},
		"pause disabled":      {[]step{disable, pause}, sender.Disabled, sender.ErrInvalid},
		"enable paused":       {[]step{pause, enable}, sender.Paused, sender.ErrInvalid},
		"disable and disable": {[]step{disable, disable}, sender.Disabled, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			option, told := disabled()
			s := newSender(t, option)
			id := subscribe(t, s, sender.Subscription{}).ID
			var err error
			for i, step := range c.steps {
				if err = step(s, t.Context(), id); err != nil && i < len(c.steps)-1 {
					t.Fatal(err)
				}
			}
			if !errors.Is(err, c.err) {
				t.Errorf("%v, want %v", err, c.err)
			}
			got := get(t, s, id)
			if got.State != c.want || (got.Reason == sender.Requested) != (c.want == sender.Disabled) {
				t.Errorf("it is %s because of %q, want %s", got.State, got.Reason, c.want)
			}
			if len(told) > 0 {
				t.Error("the callback was told of what the caller did")
			}
		})
	}
}

// TestPendingStays: there is no way round the verification.
func TestPendingStays(t *testing.T) {
	t.Parallel()
	s := newSender(t, verifying(verdict{err: sender.ErrUnconfirmed}))
	pending, err := s.Subscribe(t.Context(), sender.Subscription{URL: "https://example.com"})
	if !errors.Is(err, sender.ErrUnconfirmed) {
		t.Fatal(err)
	}
	for name, step := range map[string]func(context.Context, string) error{
		"pause": s.Pause, "resume": s.Resume, "disable": s.Disable, "enable": s.Enable,
		"redeliver": func(ctx context.Context, id string) error { return s.Redeliver(ctx, "evt_1", id) },
		"update": func(ctx context.Context, id string) error {
			_, err := s.Update(ctx, id, func(n *sender.Subscription) error { n.State = sender.Active; return nil })
			return err
		},
		"move": func(ctx context.Context, id string) error {
			_, err := s.Update(ctx, id, func(n *sender.Subscription) error { n.URL += "/other"; return nil })
			return err
		},
	} {
		if err := step(t.Context(), pending.ID); !errors.Is(err, sender.ErrInvalid) {
			t.Errorf("%s: %v, want %v", name, err, sender.ErrInvalid)
		}
	}
	if got := get(t, s, pending.ID); got.State != sender.Pending {
		t.Errorf("it is %s", got.State)
	}
}

func TestUnknownSubscription(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	ctx := t.Context()
	_, getErr := s.Subscription(ctx, "sub_1")
	_, rotateErr := s.Rotate(ctx, "sub_1", 0)
	_, updateErr := s.Update(ctx, "sub_1", func(*sender.Subscription) error { return nil })
	for name, err := range map[string]error{
		"get": getErr, "rotate": rotateErr, "update": updateErr,
		"pause": s.Pause(ctx, "sub_1"), "unsubscribe": s.Unsubscribe(ctx, "sub_1"), "redeliver": s.Redeliver(ctx, "evt_1", "sub_1"),
	} {
		if !errors.Is(err, sender.ErrNotFound) {
			t.Errorf("%s: %v, want %v", name, err, sender.ErrNotFound)
		}
	}
}

func TestUpdate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusOK))
		s := newSender(t, ends.option())
		created := subscribe(t, s, sender.Subscription{Types: []string{"listing.updated"}})
		send(t, s)
		if _, err := s.Send(t.Context(), sender.Event{Type: "listing.updated"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Second)
		updated, err := s.Update(t.Context(), created.ID, func(n *sender.Subscription) error {
			n.URL, n.Types, n.Metadata = "https://new.example.com", []string{"listing.*"}, map[string]string{"plan": "gold"}
			return nil
		})
		if err != nil || !updated.ChangedAt.After(created.ChangedAt) {
			t.Fatalf("updated at %v, %v", updated.ChangedAt, err)
		}
		send(t, s) // which counts the change at once
		time.Sleep(time.Minute)
		if n := len(ends.got("new.example.com")); n != 1 || len(ends.got("")) != 2 {
			t.Errorf("%d attempts at the new url, %d in all, want 1 and 2", n, len(ends.got("")))
		}

		own := errors.New("no")
		if _, err := s.Update(t.Context(), created.ID, func(*sender.Subscription) error { return own }); !errors.Is(err, own) {
			t.Errorf("%v, want %v", err, own)
		}
		for name, change := range map[string]func(*sender.Subscription){
			"id":      func(n *sender.Subscription) { n.ID = "other" },
			"created": func(n *sender.Subscription) { n.CreatedAt = n.CreatedAt.Add(time.Hour) },
			"failing": func(n *sender.Subscription) { n.FailingSince = time.Now() },
			"secrets": func(n *sender.Subscription) { n.Secrets = nil },
			"types":   func(n *sender.Subscription) { n.Types = []string{"a*b"} },
		} {
			_, err := s.Update(t.Context(), created.ID, func(n *sender.Subscription) error { change(n); return nil })
			if !errors.Is(err, sender.ErrInvalid) {
				t.Errorf("%s: %v, want %v", name, err, sender.ErrInvalid)
			}
		}
		_, err = s.Update(t.Context(), created.ID, func(n *sender.Subscription) error { n.URL = "https://10.0.0.1"; return nil })
		if !errors.Is(err, sender.ErrForbidden) {
			t.Errorf("a private address: %v, want %v", err, sender.ErrForbidden)
		}
	})
}

// TestUpdatesAtTheSameTime: none is lost.
func TestUpdatesAtTheSameTime(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	id := subscribe(t, s, sender.Subscription{}).ID
	var all sync.WaitGroup
	for i := range 10 {
		all.Go(func() {
			_, err := s.Update(t.Context(), id, func(n *sender.Subscription) error {
				n.Types = append(n.Types, fmt.Sprintf("type.%d", i))
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if n := len(get(t, s, id).Types); n != 10 {
		t.Errorf("%d of 10 updates are there", n)
	}
}

// TestPause: a paused subscription loses nothing, for however long it is paused.
func TestPause(t *testing.T) {
	t.Parallel()
	for _, paused := range []time.Duration{0, time.Second, time.Minute, time.Hour, 10 * day} {
		t.Run(paused.String(), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ends := answering(status(http.StatusOK))
				s := newSender(t, ends.option())
				id := subscribe(t, s, sender.Subscription{}).ID
				if err := s.Pause(t.Context(), id); err != nil {
					t.Fatal(err)
				}
				for range 10 {
					send(t, s)
				}
				time.Sleep(paused)
				if n := len(ends.got("")); n > 0 {
					t.Fatalf("%d attempts while it was paused", n)
				}
				if err := s.Resume(t.Context(), id); err != nil {
					t.Fatal(err)
				}
				time.Sleep(min(paused/3, 6*time.Minute) + 2*time.Second)
				if n := len(ends.got("")); n != 10 {
					t.Errorf("%d of 10 events came", n)
				}
				if r := attempts(t, s, sender.AttemptQuery{}); len(r) != 10 || r[0].Number != 1 {
					t.Errorf("%d records, the newest %+v", len(r), r[0])
				}
			})
		})
	}
}

// TestUnsubscribe: what was still owed is settled, and the records say so.
func TestUnsubscribe(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusInternalServerError))
		outbox := sender.NewMemoryOutbox(sender.MemoryLimits{Events: 1})
		s := newSender(t, ends.option(), sender.WithOutbox(outbox))
		id := subscribe(t, s, sender.Subscription{}).ID
		event := send(t, s)
		time.Sleep(time.Minute)
		if err := s.Unsubscribe(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if n := len(ends.got("")); n != 2 {
			t.Errorf("%d attempts, want 2", n)
		}
		r := attempts(t, s, sender.AttemptQuery{Event: event.ID, Subscription: id})
		if len(r) != 3 || r[0].Error == "" || r[0].Number != 2 || !r[0].Next.IsZero() {
			t.Errorf("records: %+v", r)
		}
		send(t, s) // for which there is room only if the first is settled
	})
}

func TestRedeliver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusInternalServerError), status(http.StatusInternalServerError), status(http.StatusOK))
		s := newSender(t, ends.option(), sender.WithSchedule(0, time.Minute))
		id := subscribe(t, s, sender.Subscription{}).ID
		event := send(t, s)
		time.Sleep(time.Hour)
		if err := s.Redeliver(t.Context(), event.ID, id); err != nil {
			t.Fatal(err)
		}
		if err := s.Redeliver(t.Context(), "evt_other", id); !errors.Is(err, sender.ErrNotFound) {
			t.Errorf("redeliver another: %v, want %v", err, sender.ErrNotFound)
		}
		others := subscribe(t, s, sender.Subscription{Tenant: "other"}).ID
		if err := s.Redeliver(t.Context(), event.ID, others); !errors.Is(err, sender.ErrNotFound) {
			t.Errorf("redeliver to another tenant: %v, want %v", err, sender.ErrNotFound)
		}
		time.Sleep(time.Hour)
		got := ends.got("")
		if len(got) != 3 || got[2].Header.Get("Webhook-Id") != event.ID || got[2].body != got[0].body {
			t.Errorf("%d attempts, want 3 alike", len(got))
		}
		if r := attempts(t, s, sender.AttemptQuery{Event: event.ID}); r[0].Number != 1 {
			t.Errorf("the newest record: %+v", r[0])
		}
	})
}

// TestOtherSender: what another sender changes in the registry counts within the time
// of WithRefresh, and what a sender changes itself at once.
func TestOtherSender(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		registry := sender.NewMemoryRegistry()
		ends := answering(status(http.StatusOK))
		open := func() *sender.Sender {
			return newSender(t, ends.option(), sender.WithRegistry(registry), sender.WithRefresh(10*time.Second))
		}
		a, b := open(), open()
		expect := func(what string, more int) {
			t.Helper()
			before := len(ends.got(""))
			send(t, b)
			synctest.Wait()
			if n := len(ends.got("")) - before; n != more {
				t.Errorf("%s: %d attempts, want %d", what, n, more)
			}
		}
		expect("nobody has subscribed", 0)
		id := subscribe(t, a, sender.Subscription{}).ID
		time.Sleep(10 * time.Second)
		expect("subscribed by the other", 1)
		if err := a.Pause(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		expect("paused by the other", 0)
		if err := b.Resume(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		expect("resumed by itself", 1)
		time.Sleep(time.Minute) // what was kept comes
		if err := a.Unsubscribe(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Second)
		expect("unsubscribed by the other", 0)
		subscribe(t, b, sender.Subscription{})
		expect("subscribed by itself", 1)
	})
}
