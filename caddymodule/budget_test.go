package caddymodule

import (
	"strings"
	"testing"
)

func TestShareholder(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"192.0.2.7":        "192.0.2.7",
		"2001:db8::1":      "2001:db8::/64",
		"2001:db8::ffff:1": "2001:db8::/64",
		"2001:db8:0:1::1":  "2001:db8:0:1::/64",
		"fe80::1%eth0":     "fe80::/64",
		"::ffff:192.0.2.7": "::ffff:192.0.2.7",
		"":                 "",
		"@":                "@",
	} {
		if got := shareholder(address); got != want {
			t.Errorf("%q counts for %q, want %q", address, got, want)
		}
	}
}

// TestBudgetShares: one address cannot take what the others need.
func TestBudgetShares(t *testing.T) {
	t.Parallel()
	b := newBudget()
	b.setLimit(64 << 20)
	held := int64(0)
	for b.take("attacker", 1<<16) {
		held += 1 << 16
	}
	if held != 8<<20 {
		t.Errorf("one address holds %d bytes, want an eighth", held)
	}
	if !b.take("provider", 1<<20) {
		t.Error("another address finds no room")
	}
	b.give("attacker", held)
	b.give("provider", 1<<20)
	if b.inUse() != 0 || len(b.clients) != 0 {
		t.Errorf("%d bytes of %d clients are left", b.inUse(), len(b.clients))
	}
}

// An empty body leaves nothing behind: there are more addresses than there is memory.
func TestEmptyBodyLeavesNoClient(t *testing.T) {
	t.Parallel()
	budget := newBudget()
	budget.setLimit(1 << 20)
	b := &bodyReader{budget: budget, client: "2001:db8::/64", limit: 1 << 20}
	if body, err := b.readAll(strings.NewReader(""), -1); err != nil || len(body) != 0 {
		t.Fatalf("read %q, %v", body, err)
	}
	b.release()
	if len(budget.clients) != 0 {
		t.Errorf("left are %v", budget.clients)
	}
}
