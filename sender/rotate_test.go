package sender_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/signature"
)

// accepts tells whether a receiver with this secret alone accepts the request.
func accepts(t *testing.T, r request, secret sender.Secret) bool {
	t.Helper()
	verifier, err := signature.NewVerifier(sender.StandardWebhooks().Schemes, []signature.Key{{ID: secret.ID, Secret: secret.Value}})
	if err != nil {
		t.Fatal(err)
	}
	_, err = verifier.Verify(sent{r}, r.at)
	return err == nil
}

func TestRotate(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusOK))
		s := newSender(t, ends.option())
		subscription := subscribe(t, s, sender.Subscription{})
		old := subscription.Secrets[0]
		last := func() request {
			send(t, s)
			synctest.Wait()
			all := ends.got("")
			return all[len(all)-1]
		}
		fresh, err := s.Rotate(t.Context(), subscription.ID, time.Hour)
		if err != nil {
			t.Fatal(err)
		}
		if fresh.Value == old.Value || fresh.ID == old.ID {
			t.Error("the new secret is the old one")
		}
		if r := last(); !accepts(t, r, old) || !accepts(t, r, fresh) {
			t.Error("at once both secrets are to sign")
		}
		time.Sleep(time.Hour - time.Second)
		if r := last(); !accepts(t, r, old) || !accepts(t, r, fresh) {
			t.Error("to the end of the overlap both secrets are to sign")
		}
		time.Sleep(time.Second)
		if r := last(); accepts(t, r, old) || !accepts(t, r, fresh) {
			t.Error("after the overlap the new secret alone is to sign")
		}

		// The next rotation clears away what has expired, and a longer overlap does not
		// bring back to life what was to end sooner.
		if _, err := s.Rotate(t.Context(), subscription.ID, time.Minute); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Rotate(t.Context(), subscription.ID, time.Hour); err != nil {
			t.Fatal(err)
		}
		if n := len(get(t, s, subscription.ID).Secrets); n != 3 {
			t.Errorf("%d secrets, want 3", n)
		}
		time.Sleep(time.Minute)
		if accepts(t, last(), fresh) {
			t.Error("the second secret outlives its overlap")
		}
	})
}

// TestRotateDuringRetries: an attempt is signed with the secrets of its own time.
func TestRotateDuringRetries(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusInternalServerError), status(http.StatusOK))
		s := newSender(t, ends.option(), sender.WithSchedule(0, time.Hour))
		subscription := subscribe(t, s, sender.Subscription{})
		send(t, s)
		synctest.Wait()
		fresh, err := s.Rotate(t.Context(), subscription.ID, 0)
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * time.Hour)
		got := ends.got("")
		if !accepts(t, got[0], subscription.Secrets[0]) || accepts(t, got[1], subscription.Secrets[0]) || !accepts(t, got[1], fresh) {
			t.Error("each attempt is to be signed with the secret of its time")
		}
		if n := len(get(t, s, subscription.ID).Secrets); n != 1 {
			t.Errorf("%d secrets after a rotation without overlap, want 1", n)
		}
	})
}

func TestRotateRefuses(t *testing.T) {
	t.Parallel()
	s := newSender(t)
	id := subscribe(t, s, sender.Subscription{}).ID
	if _, err := s.Rotate(t.Context(), id, -time.Second); !errors.Is(err, sender.ErrInvalid) {
		t.Errorf("a negative overlap: %v, want %v", err, sender.ErrInvalid)
	}
	var err error
	for range 20 {
		if _, err = s.Rotate(t.Context(), id, time.Hour); err != nil {
			break
		}
	}
	if !errors.Is(err, sender.ErrInvalid) || strings.Contains(err.Error(), "whsec_") {
		t.Errorf("20 secrets at a time: %v, want %v", err, sender.ErrInvalid)
	}
	unsigned := newSender(t, sender.WithProfile(sender.Profile{Name: "unsigned"}))
	id = subscribe(t, unsigned, sender.Subscription{}).ID
	if _, err := unsigned.Rotate(t.Context(), id, 0); !errors.Is(err, sender.ErrInvalid) {
		t.Errorf("a profile without secrets: %v, want %v", err, sender.ErrInvalid)
	}
}

// TestUpdatedSecret: one that an update adds is as new as it is, so it waits for its
// turn where deliveries have room for one signature.
func TestUpdatedSecret(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusOK))
		s := newSender(t, ends.option(), sender.WithProfile(sender.SharedSecret("X-Api-Key")))
		created := subscribe(t, s, sender.Subscription{})
		updated, err := s.Update(t.Context(), created.ID, func(n *sender.Subscription) error {
			n.Secrets = append(n.Secrets, sender.Secret{Value: "newer"})
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if fresh := updated.Secrets[1]; fresh.ID == "" || fresh.CreatedAt.IsZero() {
			t.Errorf("the new secret is %+v", fresh)
		}
		send(t, s)
		synctest.Wait()
		if key := ends.got("")[0].Header.Get("X-Api-Key"); key != created.Secrets[0].Value {
			t.Errorf("the delivery has the key %q", key)
		}
	})
}
