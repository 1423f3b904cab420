package sender_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/signature"
)

// verdict is a verification that takes a while and then says what it was made with.
type verdict struct {
	takes time.Duration
	grant sender.Grant
	err   error
	then  func(id string)
}

func (v verdict) Verify(ctx context.Context, _ *http.Client, s sender.Subscription) (sender.Grant, error) {
	select {
	case <-time.After(v.takes):
	case <-ctx.Done():
		return sender.Grant{}, ctx.Err()
	}
	if v.then != nil {
		v.then(s.ID)
	}
	return v.grant, v.err
}

// verifying returns a profile that verifies so.
func verifying(v sender.Verification) sender.Option {
	profile := sender.StandardWebhooks()
	profile.Verification = v
	return sender.WithProfile(profile)
}

func TestSubscribe(t *testing.T) {
	t.Parallel()
	s := newSender(t, answering(refuse).option())
	given := sender.Subscription{
		URL: "https://example.com", State: sender.Disabled, Reason: sender.Gone,
		FailingSince: time.Now(), Metadata: map[string]string{"plan": "gold"},
	}
	got := subscribe(t, s, given)
	if got.State != sender.Active || got.Reason != "" || !got.FailingSince.IsZero() {
		t.Errorf("it is %s because of %q, failing since %v", got.State, got.Reason, got.FailingSince)
	}
	if !strings.HasPrefix(got.ID, "sub_") || len(got.Secrets) != 1 || got.Secrets[0].ID == "" || got.CreatedAt.IsZero() {
		t.Errorf("not all is filled in: %+v", got)
	}
	if stored := got.CreatedAt.UTC().Round(0); got.CreatedAt != stored {
		t.Errorf("created at %v, and as %v when it comes from a store", got.CreatedAt, stored)
	}
	other := subscribe(t, s, given)
	if other.ID == got.ID || other.Secrets[0].Value == got.Secrets[0].Value {
		t.Error("two subscriptions share an id or a secret")
	}
	if len(given.Secrets) > 0 {
		t.Error("what was given was changed")
	}
}

func TestSubscribeRefuses(t *testing.T) {
	t.Parallel()
	s := newSender(t, answering(refuse).option())
	subscribe(t, s, sender.Subscription{ID: "taken"})
	for name, c := range map[string]struct {
		change func(*sender.Subscription)
		want   error
	}{
		"no url":              {func(n *sender.Subscription) { n.URL = "" }, sender.ErrInvalid},
		"plain http":          {func(n *sender.Subscription) { n.URL = "http://example.com" }, sender.ErrForbidden},
		"a private address":   {func(n *sender.Subscription) { n.URL = "https://10.0.0.1" }, sender.ErrForbidden},
		"an id with a dot":    {func(n *sender.Subscription) { n.ID = "a.b" }, sender.ErrInvalid},
		"an id that is taken": {func(n *sender.Subscription) { n.ID = "taken" }, sender.ErrConflict},
		"a pattern within":    {func(n *sender.Subscription) { n.Types = []string{"a.*.b"} }, sender.ErrInvalid},
		"half a pattern":      {func(n *sender.Subscription) { n.Types = []string{"listing*"} }, sender.ErrInvalid},
		"an empty type":       {func(n *sender.Subscription) { n.Types = []string{""} }, sender.ErrInvalid},
		"too many types":      {func(n *sender.Subscription) { n.Types = make([]string, 257) }, sender.ErrInvalid},
		"a negative rate":     {func(n *sender.Subscription) { n.Rate = -1 }, sender.ErrInvalid},
		"a tenant with NUL":   {func(n *sender.Subscription) { n.Tenant = "a\x00b" }, sender.ErrInvalid},
		"a secret that is none": {func(n *sender.Subscription) {
			n.Secrets = []sender.Secret{{Value: "whsec_not base64"}}
		}, sender.ErrInvalid},
		"a secret that is too long": {func(n *sender.Subscription) {
			n.Secrets = []sender.Secret{{Value: "whsec_" + strings.Repeat("bmV3", 5000)}}
		}, sender.ErrInvalid},
		"an id of a secret that is too long": {func(n *sender.Subscription) {
			n.Secrets = []sender.Secret{{ID: strings.Repeat("x", 129), Value: "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3"}}
		}, sender.ErrInvalid},
		"only an expired secret": {func(n *sender.Subscription) {
			n.Secrets = []sender.Secret{{Value: "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3", ExpiresAt: time.Now().Add(-time.Hour)}}
		}, sender.ErrInvalid},
		"too much metadata": {func(n *sender.Subscription) {
			n.Metadata = map[string]string{"a": strings.Repeat("x", 17<<10)}
		}, sender.ErrInvalid},
	} {
		n := sender.Subscription{URL: "https://example.com"}
		c.change(&n)
		_, err := s.Subscribe(t.Context(), n)
		if !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), "whsec_") {
			t.Errorf("%s: the error holds a secret: %v", name, err)
		}
	}
	if all, err := s.Subscriptions(t.Context(), sender.Filter{}); err != nil || len(all) != 1 {
		t.Errorf("%d subscriptions are left, %v", len(all), err)
	}
}

func TestVerified(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusOK))
		s := newSender(t, ends.option(), verifying(verdict{takes: 5 * time.Second, grant: sender.Grant{Rate: 60}}))
		go func() {
			time.Sleep(time.Second)
			pending, err := s.Subscriptions(context.Background(), sender.Filter{States: []sender.State{sender.Pending}})
			if err != nil || len(pending) != 1 {
				t.Errorf("while it is verified there are %d pending, %v", len(pending), err)
			}
			_, _ = s.Send(context.Background(), sender.Event{Type: "too.early"})
		}()
		subscription := subscribe(t, s, sender.Subscription{Rate: 90})
		if subscription.State != sender.Active || subscription.Rate != 60 {
			t.Errorf("it is %s with rate %d", subscription.State, subscription.Rate)
		}
		send(t, s) // at once, though this sender knew it as pending
		time.Sleep(time.Minute)
		if n := len(ends.got("")); n != 1 {
			t.Errorf("%d attempts, want 1: a pending subscription gets nothing", n)
		}
	})
}

func TestNotVerified(t *testing.T) {
	t.Parallel()
	reason := errors.New("it does not want to")
	for name, v := range map[string]sender.Verification{
		"refused": verdict{err: reason},
		"panic":   verdict{then: func(string) { panic("verification") }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			unique := sender.StandardWebhooks()
			unique.Verification, unique.UniqueURL = v, true
			s := newSender(t, sender.WithProfile(unique))
			for range 2 { // the URL is free again
				_, err := s.Subscribe(t.Context(), sender.Subscription{URL: "https://example.com"})
				if !errors.Is(err, sender.ErrUnverified) {
					t.Errorf("%v, want %v", err, sender.ErrUnverified)
				}
				if name == "refused" && !errors.Is(err, reason) {
					t.Errorf("%v does not tell the reason", err)
				}
			}
			if all, err := s.Subscriptions(t.Context(), sender.Filter{}); err != nil || len(all) > 0 {
				t.Errorf("%d subscriptions are left, %v", len(all), err)
			}
		})
	}
}

// TestVerificationAbandoned: who goes away while the endpoint is asked leaves no
// pending subscription behind.
func TestVerificationAbandoned(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s := newSender(t, verifying(verdict{takes: time.Hour}))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := s.Subscribe(ctx, sender.Subscription{URL: "https://example.com"}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("%v, want %v", err, context.DeadlineExceeded)
		}
		if all, err := s.Subscriptions(t.Context(), sender.Filter{}); err != nil || len(all) > 0 {
			t.Errorf("%d subscriptions are left, %v", len(all), err)
		}
	})
}

func TestConfirmedLater(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusOK))
		s := newSender(t, ends.option(), verifying(verdict{err: sender.ErrUnconfirmed}))
		pending, err := s.Subscribe(t.Context(), sender.Subscription{URL: "https://example.com"})
		if !errors.Is(err, sender.ErrUnconfirmed) || pending.State != sender.Pending {
			t.Fatalf("it is %s, %v", pending.State, err)
		}
		send(t, s)
		secret := pending.Secrets[0].Value
		for _, wrong := range []string{"", "other", secret + "x", secret[:len(secret)-1]} {
			if _, err := s.Activate(t.Context(), pending.ID, wrong); !errors.Is(err, sender.ErrUnverified) {
				t.Errorf("activate with %q: %v, want %v", wrong, err, sender.ErrUnverified)
			}
		}
		if _, err := s.Activate(t.Context(), "sub_other", secret); !errors.Is(err, sender.ErrNotFound) {
			t.Errorf("activate another: %v, want %v", err, sender.ErrNotFound)
		}
		for range 2 { // twice is once
			if active, err := s.Activate(t.Context(), pending.ID, secret); err != nil || active.State != sender.Active {
				t.Errorf("it is %s, %v", active.State, err)
			}
		}
		send(t, s)
		time.Sleep(time.Minute)
		if n := len(ends.got("")); n != 1 {
			t.Errorf("%d attempts, want 1: what came before the confirmation is not delivered", n)
		}
	})
}

// TestConfirmedAtOnce: the confirmation may come before the endpoint has answered.
func TestConfirmedAtOnce(t *testing.T) {
	t.Parallel()
	var s *sender.Sender
	s = newSender(t, verifying(verdict{err: sender.ErrUnconfirmed, then: func(id string) {
		pending, err := s.Subscription(context.Background(), id)
		if err == nil {
			_, err = s.Activate(context.Background(), id, pending.Secrets[0].Value)
		}
		if err != nil {
			t.Error(err)
		}
	}}))
	if active := subscribe(t, s, sender.Subscription{}); active.State != sender.Active {
		t.Errorf("it is %s", active.State)
	}
}

func TestUniqueURL(t *testing.T) {
	t.Parallel()
	profile := sender.StandardWebhooks()
	profile.UniqueURL = true
	s := newSender(t, sender.WithProfile(profile))
	first := subscribe(t, s, sender.Subscription{})
	if _, err := s.Subscribe(t.Context(), sender.Subscription{URL: first.URL, Tenant: "other"}); !errors.Is(err, sender.ErrURLTaken) {
		t.Errorf("subscribe: %v, want %v", err, sender.ErrURLTaken)
	}
	second := subscribe(t, s, sender.Subscription{URL: "https://example.com/other"})
	_, err := s.Update(t.Context(), second.ID, func(n *sender.Subscription) error { n.URL = first.URL; return nil })
	if !errors.Is(err, sender.ErrInvalid) {
		t.Errorf("update: %v, want %v", err, sender.ErrInvalid)
	}
	if err := s.Unsubscribe(t.Context(), first.ID); err != nil {
		t.Fatal(err)
	}
	subscribe(t, s, sender.Subscription{})
}

// TestSubscribeRefusesWhatCannotBeSigned: sooner than that each delivery fails.
func TestSubscribeRefusesWhatCannotBeSigned(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		profile sender.Profile
		secret  string
	}{
		"a secret of two lines": {sender.SharedSecret("X-Api-Key"), "s3cret\r\nX-Other: 1"},
		"no name of a header":   {sender.SharedSecret("X Api Key"), "s3cret"},
		"a proof in the body":   {sender.Profile{Schemes: []signature.Scheme{{Type: signature.HMAC, JSON: signature.Strings{"signature"}}}}, "s3cret"},
	} {
		s := newSender(t, sender.WithProfile(c.profile))
		_, err := s.Subscribe(t.Context(), sender.Subscription{URL: "https://example.com", Secrets: []sender.Secret{{Value: c.secret}}})
		if !errors.Is(err, sender.ErrInvalid) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("%s: %v, want %v", name, err, sender.ErrInvalid)
		}
	}
	// What an event alone can show is left to it.
	content, err := signature.ParseTemplate("{form:b}")
	if err != nil {
		t.Fatal(err)
	}
	s := newSender(t, sender.WithProfile(sender.Profile{Schemes: []signature.Scheme{{Type: signature.HMAC, Header: signature.Strings{"X-Sig"}, Content: content}}}))
	subscribe(t, s, sender.Subscription{Secrets: []sender.Secret{{Value: "s3cret"}}})
}
