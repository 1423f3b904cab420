package signature_test

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"github.com/hookward/hookward/signature"
)

func TestStrings(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]signature.Strings{
		`"a"`:       {"a"},
		`""`:        {""},
		`["a"]`:     {"a"},
		`["a","b"]`: {"a", "b"},
		`[]`:        {},
		`null`:      nil,
	} {
		got := signature.Strings{"before"}
		if err := json.Unmarshal([]byte(text), &got); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: %q, %v, want %q", text, got, err, want)
		}
	}
}

func TestDuration(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]signature.Duration{
		"off":   signature.Off,
		"90s":   signature.Duration(90 * time.Second),
		"5m":    signature.DefaultTolerance,
		"24h":   signature.Duration(24 * time.Hour),
		"1.5ms": signature.Duration(1500 * time.Microsecond),
		"1d":    signature.Duration(24 * time.Hour),
		"1.5d":  signature.Duration(36 * time.Hour),
		"7d12h": signature.Duration(180 * time.Hour),
	} {
		var got signature.Duration
		if err := got.UnmarshalText([]byte(text)); err != nil || got != want {
			t.Errorf("%s: %v, %v, want %v", text, got, err, want)
		}
		written, err := got.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var again signature.Duration
		if err := again.UnmarshalText(written); err != nil || again != want {
			t.Errorf("%s was written as %s and read as %v, %v", text, written, again, err)
		}
	}
	for _, text := range []string{"", "0", "0s", "-1s", "5", "5 m", "never", "OFF", "d", "0d", "-1d", "1h2d", "1d2d", "1d-1h", "1d ", "1.d.d", "999999999d", "106751d2000000h"} {
		var got signature.Duration
		if err := got.UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}
