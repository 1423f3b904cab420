package command_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/sample"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

var sentAt = time.Date(2026, 3, 5, 9, 14, 2, 0, time.UTC)

func lookup(t *testing.T, name string) *provider.Provider {
	t.Helper()
	p, err := provider.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// secretOf returns a secret of the kind that a provider of the catalogue hands out,
// or none where it signs nothing.
func secretOf(t *testing.T, name string) string {
	t.Helper()
	for _, v := range lookup(t, name).Vectors {
		if len(v.Secret) > 0 {
			return v.Secret[0]
		}
	}
	return ""
}

// keysOf returns the secret as a key.
func keysOf(t *testing.T, name string) []signature.Key {
	t.Helper()
	secret := secretOf(t, name)
	if secret == "" {
		return nil
	}
	return []signature.Key{{ID: signature.Fingerprint(secret), Secret: secret}}
}

// secretFile puts the secret into a file.
func secretFile(t *testing.T, name string) string {
	t.Helper()
	return writeFile(t, secretOf(t, name)+"\n")
}

// buildSample makes a signed delivery of a provider in the catalogue, which it may
// change.
func buildSample(t *testing.T, name, event string) *sample.Delivery {
	t.Helper()
	p, err := lookup(t, name).Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := sample.New(sample.Options{
		Provider: p, Event: event, URL: "https://hooks.example.com/hooks/{event}", ID: "SAMPLEID", At: sentAt,
		PublicURL: "https://hooks.example.com/hooks/registered",
	})
	if err != nil {
		t.Fatal(err)
	}
	sign(t, s, secretOf(t, name))
	return s
}

// sign signs a delivery, once more where it was signed before.
func sign(t *testing.T, s *sample.Delivery, secret string) {
	t.Helper()
	var keys []signature.Key
	if secret != "" {
		keys = []signature.Key{{ID: "key", Secret: secret}}
	}
	if err := s.Sign(keys); err != nil {
		t.Fatal(err)
	}
}

// savedRequest writes a delivery down as it goes over the wire.
func savedRequest(s *sample.Delivery, more ...string) string {
	var b strings.Builder
	b.WriteString(s.Method + " " + s.URL.RequestURI() + " HTTP/1.1\r\nHost: " + s.URL.Host + "\r\n")
	for _, name := range slices.Sorted(maps.Keys(s.Header)) {
		b.WriteString(name + ": " + s.Header.Get(name) + "\r\n")
	}
	for _, line := range more {
		b.WriteString(line + "\r\n")
	}
	b.WriteString("\r\n" + s.Body)
	return b.String()
}
