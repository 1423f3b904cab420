package subscription

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

func TestNothingPrintsASecret(t *testing.T) {
	t.Parallel()
	const text = "b537207f20cbfa02"
	const fingerprint = "c61398c6" // the beginning of: printf b537207f20cbfa02 | sha256sum
	secret := NewSecret(text)
	s := Subscription{ID: "1", URL: "https://hooks.example.com", Secret: secret}

	var shown []string
	for _, value := range []any{secret, &secret, s, &s, []Secret{secret}, struct{ s Secret }{secret}, []Subscription{s}} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			shown = append(shown, fmt.Sprintf(verb, value))
		}
		encoded, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		var log bytes.Buffer
		slog.New(slog.NewTextHandler(&log, nil)).Info("log", "value", value)
		slog.New(slog.NewJSONHandler(&log, nil)).Info("log", "value", value)
		shown = append(shown, string(encoded), log.String())
	}
	numbers := strings.Trim(fmt.Sprintf("%d", []byte(text)), "[]")
	for _, out := range shown {
		for _, form := range []string{text, hex.EncodeToString([]byte(text)), numbers} {
			if strings.Contains(strings.ToLower(out), form) {
				t.Errorf("a secret is shown: %s", out)
			}
		}
	}
	for _, out := range []string{fmt.Sprint(secret), fmt.Sprintf("%x", secret), fmt.Sprint(s), secret.LogValue().String()} {
		if !strings.Contains(out, secret.Fingerprint()) {
			t.Errorf("%s does not show the fingerprint", out)
		}
	}
	if got := secret.Fingerprint(); got != fingerprint {
		t.Errorf("fingerprint %s, want %s", got, fingerprint)
	}
}

func TestSecret(t *testing.T) {
	t.Parallel()
	none, one := Secret{}, NewSecret("one")
	if !none.IsZero() || !NewSecret("").IsZero() || one.IsZero() {
		t.Error("which secret is none is wrong")
	}
	if none.Reveal() != "" || none.Fingerprint() != "" || one.Reveal() != "one" {
		t.Error("a secret is not what it was made of")
	}
	if !one.Equal(NewSecret("one")) || one.Equal(NewSecret("two")) || one.Equal(none) || !none.Equal(Secret{}) {
		t.Error("which secrets are equal is wrong")
	}
	encoded, err := json.Marshal(Subscription{ID: "1", URL: "https://hooks.example.com"})
	if want := `{"id":"1","url":"https://hooks.example.com"}`; err != nil || string(encoded) != want {
		t.Errorf("a subscription without a secret is %s, want %s", encoded, want)
	}
}
