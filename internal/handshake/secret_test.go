package handshake

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/document/documenttest"
)

func TestFingerprint(t *testing.T) {
	t.Parallel()
	// The beginning of: printf abc | sha256sum
	if got := Fingerprint("abc"); got != "ba7816bf" {
		t.Errorf("fingerprint %s, want ba7816bf", got)
	}
}

func TestNothingPrintsASecret(t *testing.T) {
	t.Parallel()
	c, storage := newClock(), newFaulty(documenttest.New())
	n := start(t, storage, c, Armed)
	n.arm(time.Hour)
	n.offers(strangers, Learned)
	n.arm(time.Hour)
	n.offers(providers, Learned)
	set := n.holds(providers, strangers)
	status, err := n.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rec, err := decodeRecord([]byte(storage.Get(n.key)), endpoint)
	if err != nil {
		t.Fatal(err)
	}
	sl := n.slots[slotName]
	secret := set.secrets[0]
	st := *rec.Slots[slotName]

	values := map[string]any{
		"Slots": n.Slots, "Set": set, "Set value": *set, "Secret": secret, "Secret pointer": &secret,
		"Secrets": set.secrets, "Secret in a struct": struct{ s Secret }{secret},
		"SlotStatus": status, "record": rec, "record value": *rec, "state": st, "state pointer": &st,
		"learned": st.Secrets, "storedSecret": st.Secrets[0].Secret, "slot": sl, "slot value": *sl,
		"view": sl.view, "cache": n.snapshot(), "zero Secret": Secret{},
		"Options": Options{Endpoint: endpoint, Storage: storage},
	}
	for name, value := range values {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			showsNoSecret(t, name+" as "+verb, fmt.Sprintf(verb, value))
		}
	}
	for name, value := range map[string]any{"Set": set, "Secret": secret, "Secrets": set.secrets, "SlotStatus": status} {
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		showsNoSecret(t, name+" as JSON", string(text))
		var log strings.Builder
		slog.New(slog.NewTextHandler(&log, nil)).Info("log", "value", value)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("log", "value", value)
		showsNoSecret(t, name+" as log", log.String())
	}
	for _, shown := range []string{fmt.Sprint(secret), fmt.Sprintf("%#v", secret), fmt.Sprintf("%s", set.secrets)} {
		if !strings.Contains(shown, Fingerprint(providers)) {
			t.Errorf("%s does not show the fingerprint", shown)
		}
	}
}

func TestNoErrorShowsASecret(t *testing.T) {
	t.Parallel()
	c, storage := newClock(), newFaulty(documenttest.New())
	n := start(t, storage, c, Armed)
	n.arm(time.Hour)
	ctx := t.Context()

	errs := []error{n.Remove(ctx, slotName, providers)} // pasted in place of its fingerprint
	_, err := parseSecret(providers + "\n")
	errs = append(errs, err)
	storage.breakStore(errInjected)
	errs = append(errs, second(n.Offer(ctx, slotName, providers)))
	storage.breakAll(errInjected)
	c.advance(time.Second)
	errs = append(errs, second(n.Offer(ctx, slotName, providers)))
	for i, err := range errs {
		if err == nil {
			t.Fatalf("error %d is nil", i)
		}
		showsNoSecret(t, "error", fmt.Sprintf("%v %+v %#v", err, err, err))
	}
}

// showsNoSecret looks for the secrets as text, as hex and as numbers.
func showsNoSecret(t *testing.T, what, shown string) {
	t.Helper()
	for _, secret := range []string{providers, strangers} {
		numbers := strings.Trim(fmt.Sprintf("%d", []byte(secret)), "[]")
		for _, form := range []string{secret, hex.EncodeToString([]byte(secret)), numbers} {
			if strings.Contains(strings.ToLower(shown), form) {
				t.Errorf("%s shows a secret: %.300s", what, shown)
			}
		}
	}
}
