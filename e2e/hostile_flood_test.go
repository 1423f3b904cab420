package e2e

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/hookward/hookward/internal/harness"
)

// Strangers can send handshakes. They teach nothing, and cost neither storage nor
// memory.
func TestHandshakeFlood(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, site(
		"handle /repliers/* {", "hookward repliers {\n path /repliers/{event}\n}", "reverse_proxy "+up.Address, "}",
	))
	shake := func(event, secret string) request {
		return request{path: "/repliers/" + event, header: http.Header{"X-Hook-Secret": {secret}}}
	}
	wantRefused(t, g.send(shake("agent.created", "mine")), http.StatusUnauthorized, "handshake_unarmed")
	wantStatus(t, g.ask(http.MethodPost, "/hookward/endpoints/repliers/arm", `{"slot":"listing.created","for":"10m"}`), http.StatusOK)
	wantStatus(t, g.send(shake("listing.created", "the-right-one")), http.StatusOK)

	stored, heap := size(t, g.secrets()), g.heap()
	const each = 500
	var group errgroup.Group
	for _, event := range []string{"listing.created", "agent.created", "listing.exploded", "agent.deleted"} {
		group.Go(func() error {
			for i := range each {
				a, err := g.try(t.Context(), shake(event, strings.Repeat(strconv.Itoa(i), 40)))
				if err != nil {
					return err
				}
				if a.status/100 != 4 || a.header.Get("X-Hook-Secret") != "" {
					return fmt.Errorf("a stranger's handshake is answered %d %v", a.status, a.header)
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	if after := size(t, g.secrets()); after != stored {
		t.Errorf("the storage grew from %d to %d bytes", stored, after)
	}
	if after := g.heap(); after > heap+4<<20 {
		t.Errorf("the heap grew from %d to %d bytes", heap, after)
	}
	for name, r := range map[string]request{
		"two secrets": {path: "/repliers/agent.created", header: http.Header{"X-Hook-Secret": {"a", "b"}}},
		"too long":    shake("agent.created", strings.Repeat("x", 513)),
		"a space":     shake("agent.created", "a b"),
		"no ASCII":    shake("agent.created", "caf\xc3\xa9"),
	} {
		a := dial(t, g).send(r)
		if a.status != http.StatusUnauthorized || a.header.Get("X-Hook-Secret") != "" {
			t.Errorf("%s: the answer is %d %v", name, a.status, a.header)
		}
	}
	up.Want(t, 0)
	wantStatus(t, g.send(shake("listing.created", "the-right-one")), http.StatusOK)
}

// secrets is the folder in which a gateway keeps what providers taught it.
func (g *gateway) secrets() string { return filepath.Join(g.Home, "data", "caddy", "hookward") }

// size adds up the files below a folder, which need not exist.
func size(t *testing.T, root string) int64 {
	t.Helper()
	var total int64
	err := filepath.WalkDir(root, func(_ string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err == nil {
			total += info.Size()
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return total
}

// heap is how much of the gateway's memory is in use after a collection.
func (g *gateway) heap() int64 {
	g.t.Helper()
	profile := g.ask(http.MethodGet, "/debug/pprof/heap?debug=1&gc=1", "").body
	_, rest, found := strings.Cut(profile, "# HeapAlloc = ")
	number, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseInt(number, 10, 64)
	if !found || err != nil {
		g.t.Fatalf("no heap size in the profile: %v", err)
	}
	return n
}

// However many ids there are, only so many are remembered, and the newest are.
func TestManyIDs(t *testing.T) {
	t.Parallel()
	const entries, ids = 200, 1500
	g := start(t, siteWith("hookward {\n\tdedupe_entries "+strconv.Itoa(entries)+"\n}", handle("/hook", plain("/hook"), "respond taken")))
	for i := range ids {
		a := g.send(thing("evt-" + strconv.Itoa(i)))
		wantStatus(t, a, http.StatusOK)
		if a.header.Get("Hookward-Duplicate") != "" {
			t.Fatalf("id %d is new and called a duplicate", i)
		}
	}
	if live := g.metric("caddy_hookward_dedupe_live"); live != entries {
		t.Errorf("%g ids are remembered, want %d", live, entries)
	}
	if evicted := g.metric("caddy_hookward_dedupe_evicted_early_total"); evicted != ids-entries {
		t.Errorf("%g ids were given up, want %d", evicted, ids-entries)
	}
	for i := ids - entries; i < ids; i++ {
		wantDuplicate(t, g.send(thing("evt-"+strconv.Itoa(i))))
	}
	if a := g.send(thing("evt-0")); a.header.Get("Hookward-Duplicate") != "" {
		t.Error("the oldest id is still remembered")
	}
}
