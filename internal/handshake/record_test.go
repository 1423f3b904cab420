package handshake

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/document"
	"github.com/hookward/hookward/internal/document/documenttest"
)

// secretJSON is a learned secret as the record holds it.
func secretJSON(secret string) string {
	return fmt.Sprintf(`{"secret":%q,"learned_at":"2026-03-01T12:00:00Z"}`, secret)
}

func recordJSON(secrets ...string) string {
	return `{"version":1,"endpoint":"asana-prod","slots":{"tasks":{"once_over":true,"secrets":[` + strings.Join(secrets, ",") + `]}}}`
}

func manySecrets(n int) []string {
	var secrets []string
	for i := range n {
		secrets = append(secrets, secretJSON(fmt.Sprint("secret-", i)))
	}
	return secrets
}

var unusableRecords = map[string]string{
	"empty":               "",
	"not JSON":            "secret",
	"cut off":             recordJSON(secretJSON(providers))[:80],
	"more after it":       recordJSON(secretJSON(providers)) + "{}",
	"null":                "null",
	"a list":              "[]",
	"no version":          `{"endpoint":"asana-prod","slots":{}}`,
	"version 0":           `{"version":0,"endpoint":"asana-prod","slots":{}}`,
	"negative version":    `{"version":-1,"endpoint":"asana-prod","slots":{}}`,
	"newer version":       `{"version":2,"endpoint":"asana-prod","slots":{}}`,
	"newer, other shape":  `{"version":2,"by_slot":["` + providers + `"]}`,
	"another endpoint":    `{"version":1,"endpoint":"asana-test","slots":{}}`,
	"no slots":            `{"version":1,"endpoint":"asana-prod","slots":null}`,
	"a slot that is null": `{"version":1,"endpoint":"asana-prod","slots":{"tasks":null}}`,
	"unknown field":       `{"version":1,"endpoint":"asana-prod","slots":{},"` + providers + `":1}`,
	"secret in a time":    `{"version":1,"endpoint":"asana-prod","slots":{"tasks":{"armed_until":"` + providers + `"}}}`,
	"secret null":         recordJSON(`{"secret":null,"learned_at":"2026-03-01T12:00:00Z"}`),
	"secret missing":      recordJSON(`{"learned_at":"2026-03-01T12:00:00Z"}`),
	"secret empty":        recordJSON(secretJSON("")),
	"secret too long":     recordJSON(secretJSON(strings.Repeat("s", 513))),
	"secret with a space": recordJSON(secretJSON(providers + " ")),
	"secret twice":        recordJSON(secretJSON(providers), secretJSON(providers)),
	"17 secrets":          recordJSON(manySecrets(17)...),
}

func TestSoundRecordsAreRead(t *testing.T) {
	t.Parallel()
	for name, stored := range map[string]string{
		"no slots yet": `{"version":1,"endpoint":"asana-prod","slots":{}}`,
		"one secret":   recordJSON(secretJSON(providers)),
		"16 secrets":   recordJSON(manySecrets(16)...),
	} {
		if _, err := decodeRecord([]byte(stored), endpoint); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// What is stored is what older and newer versions have to agree on.
func TestStoredForm(t *testing.T) {
	t.Parallel()
	m, c := documenttest.New(), newClock()
	n := start(t, m, c, Once)
	n.offers("old", Learned)
	n.arm(time.Hour)
	n.offers(`new"<&>\`, Learned)
	n.arm(time.Hour)

	want := `{"version":1,"endpoint":"asana-prod","slots":{"tasks":{` +
		`"first_seen":"2026-03-01T12:00:00Z","once_over":true,"armed_until":"2026-03-01T13:00:00Z","secrets":[` +
		`{"secret":"old","learned_at":"2026-03-01T12:00:00Z","ends_at":"2026-03-02T12:00:00Z"},` +
		`{"secret":"new\"\u003c\u0026\u003e\\","learned_at":"2026-03-01T12:00:00Z"}]}}}`
	if diff := cmp.Diff(want, m.Get(n.key)); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func TestNewerVersionIsSaid(t *testing.T) {
	t.Parallel()
	m := documenttest.New()
	n := prepare(t, m, newClock(), Armed)
	m.Put(n.key, unusableRecords["newer version"])
	if err := n.Open(t.Context()); !errors.Is(err, document.ErrNewer) {
		t.Errorf("Open: %v, want it to say that the version is newer", err)
	}
}

func FuzzDecodeRecord(f *testing.F) {
	for _, stored := range unusableRecords {
		f.Add([]byte(stored))
	}
	f.Add([]byte(recordJSON(manySecrets(2)...)))
	f.Fuzz(func(t *testing.T, stored []byte) {
		rec, err := decodeRecord(stored, endpoint)
		if err != nil {
			if !errors.Is(err, document.ErrCorrupt) && !errors.Is(err, document.ErrNewer) {
				t.Fatalf("error %v is not of the closed list", err)
			}
			return
		}
		encoded, err := rec.encode()
		if err != nil {
			t.Fatalf("a record that was read cannot be written: %v", err)
		}
		again, err := decodeRecord(encoded, endpoint)
		if err != nil {
			t.Fatalf("a record that was written cannot be read: %v\n%s", err, encoded)
		}
		reencoded, err := again.encode()
		if err != nil || string(reencoded) != string(encoded) {
			t.Fatalf("written %s, then %s (%v)", encoded, reencoded, err)
		}
	})
}
