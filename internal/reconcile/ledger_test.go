package reconcile

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/document"
	"github.com/hookward/hookward/internal/document/documenttest"
	"github.com/hookward/hookward/subscription"
)

// faulty is storage of which single methods fail.
type faulty struct {
	*documenttest.Memory
	faults map[string]error
}

func (f faulty) Lock(ctx context.Context, name string) error {
	if err := f.faults["Lock"]; err != nil {
		return err
	}
	return f.Memory.Lock(ctx, name)
}

func (f faulty) Unlock(ctx context.Context, name string) error {
	return errors.Join(f.faults["Unlock"], f.Memory.Unlock(ctx, name))
}

func (f faulty) Store(ctx context.Context, key string, value []byte) error {
	if err := f.faults["Store"]; err != nil {
		return err
	}
	return f.Memory.Store(ctx, key, value)
}

func (f faulty) Load(ctx context.Context, key string) ([]byte, error) {
	if err := f.faults["Load"]; err != nil {
		return nil, err
	}
	return f.Memory.Load(ctx, key)
}

// Without its record a node makes nothing.
func TestNothingIsMadeWithoutTheStore(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"Lock", "Load", "Store"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			eachDialect(t, func(t *testing.T, w *world) {
				n := w.start(w.wanting("a"))
				storage := faulty{w.storage, map[string]error{method: errInjected}}
				n.ledger.storage = storage
				for range 2 {
					if err := n.runFails(); !errors.Is(err, ErrStore) || !errors.Is(err, errInjected) {
						t.Errorf("the error is %v", err)
					}
				}
				if got := w.provider.count("create"); got != 0 || len(n.failed) != 2 {
					t.Errorf("%d were made, and told is %v", got, n.failed)
				}
				if got := n.Status(); got.LastError == "" {
					t.Errorf("the status is %+v", got)
				}
				delete(storage.faults, method)
				n.run()
				w.isSettled("a")
			})
		})
	}
}

func TestLockThatCannotBeGivenBackIsAnError(t *testing.T) {
	t.Parallel()
	inWorld(t, everreal, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a"))
		n.ledger.storage = faulty{w.storage, map[string]error{"Unlock": errInjected}}
		if err := n.runFails(); !errors.Is(err, ErrStore) {
			t.Errorf("the error is %v", err)
		}
		w.isSettled("a")
	})
}

func TestWaitForTheLockIsBounded(t *testing.T) {
	t.Parallel()
	inWorld(t, everreal, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a"))
		_ = w.storage.Lock(t.Context(), n.ledger.key)
		start := time.Now()
		if err := n.runFails(); !errors.Is(err, ErrStore) || time.Since(start) != lockTimeout {
			t.Errorf("after %v: %v", time.Since(start), err)
		}
	})
}

// A record that is missing all of a sudden does not mean that nothing was made.
func TestRecordThatVanishes(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a"))
		n.run()
		w.storage.Remove(n.ledger.key)
		if err := n.runFails(); !errors.Is(err, ErrStore) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the error is %v", err)
		}
		if got := w.provider.count("create"); got != 1 {
			t.Errorf("%d were made", got)
		}
	})
}

func TestRecordThatIsNotUnderstood(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want error
	}{
		"empty":                 {"", document.ErrCorrupt},
		"not JSON":              {"{", document.ErrCorrupt},
		"newer":                 {`{"version":2,"endpoint":"test","shiny":true}`, document.ErrNewer},
		"no version":            {`{"endpoint":"test","revision":1}`, document.ErrCorrupt},
		"an unknown field":      {`{"version":1,"endpoint":"test","revision":1,"made":[],"shiny":true}`, document.ErrCorrupt},
		"of another":            {`{"version":1,"endpoint":"other","revision":1,"made":[]}`, document.ErrCorrupt},
		"no revision":           {`{"version":1,"endpoint":"test","made":[]}`, document.ErrCorrupt},
		"nothing in the list":   {`{"version":1,"endpoint":"test","revision":1,"made":[null]}`, document.ErrCorrupt},
		"an unknown state":      {recordOf(Entry{State: "shiny", URL: digest("")}), document.ErrCorrupt},
		"no digest":             {recordOf(Entry{State: Pending, URL: "x"}), document.ErrCorrupt},
		"active without an id":  {recordOf(Entry{State: Active, URL: digest("")}), document.ErrCorrupt},
		"retiring without end":  {recordOf(Entry{State: Retiring, URL: digest(""), ID: "1"}), document.ErrCorrupt},
		"active with an end":    {recordOf(Entry{State: Active, URL: digest(""), ID: "1", EndsAt: aTime}), document.ErrCorrupt},
		"two of the same slot":  {recordOf(Entry{State: Pending, URL: digest(""), Slot: "s"}, Entry{State: Pending, URL: digest(""), Slot: "s"}), document.ErrCorrupt},
		"too many":              {recordOf(make([]Entry, maxEntries+1)...), document.ErrCorrupt},
		"more after the object": {recordOf() + "{}", document.ErrCorrupt},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inWorld(t, repliers, func(t *testing.T, w *world) {
				n := w.start(w.wanting("a"))
				_ = w.storage.Store(t.Context(), n.ledger.key, []byte(c.text))
				if err := n.runFails(); !errors.Is(err, ErrStore) || !errors.Is(err, c.want) {
					t.Errorf("the error is %v, want %v", err, c.want)
				}
				if w.provider.count("create") != 0 || w.storage.Get(n.ledger.key) != c.text {
					t.Error("something was made, or the record written over")
				}
			})
		})
	}
}

var aTime = time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC)

func recordOf(entries ...Entry) string {
	r := newRecord("test")
	r.Revision = 1
	for _, e := range entries {
		e.CreatedAt = aTime
		r.Made = append(r.Made, &e)
	}
	text, _ := r.encode()
	return string(text)
}

// The record has neither URL nor secret.
func TestRecordHasNoSecret(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, w *world) {
		wanted := w.wanting("a")
		target := wanted.Target
		wanted.Target = func(event, slot string) string { return target(event, slot) + "?key=token-of-the-url" }
		shake := w.provider.shake
		w.provider.shake = func(url, secret string) bool {
			return shake(strings.TrimSuffix(url, "?key=token-of-the-url"), secret)
		}
		n := w.start(wanted)
		n.run()
		stored := w.storage.Get(n.ledger.key)
		for _, never := range []string{"token-of-the-url", "secret-of", base} {
			if strings.Contains(stored, never) {
				t.Errorf("the record has %q: %s", never, stored)
			}
		}
	})
}

func TestTooManyEntries(t *testing.T) {
	t.Parallel()
	inWorld(t, everreal, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a"))
		var entries []Entry
		for range maxEntries {
			entries = append(entries, Entry{Account: "there", State: Active, ID: "1", URL: digest("")})
		}
		_ = w.storage.Store(t.Context(), n.ledger.key, []byte(recordOf(entries...)))
		if err := n.runFails(); !errors.Is(err, ErrFull) || w.provider.count("create") != 0 {
			t.Errorf("the error is %v", err)
		}
	})
}

// What failed attempts have left behind keeps nothing out: the oldest makes room.
func TestLostOnesMakeRoom(t *testing.T) {
	t.Parallel()
	eachDialect(t, func(t *testing.T, w *world) {
		n := w.start(w.wanting("a"))
		var entries []Entry
		for i := range maxEntries {
			entries = append(entries, Entry{
				Event: "a", Account: "here", State: Lost, URL: digest(fmt.Sprint(i)),
				EndsAt: time.Now().UTC().Add(time.Hour - time.Duration(i)),
			})
		}
		_ = w.storage.Store(t.Context(), n.ledger.key, []byte(recordOf(entries...)))
		n.run()
		w.isSettled("a")
		r, err := n.ledger.load(t.Context())
		if err != nil || len(r.Made) != maxEntries || r.Made[0].URL != entries[0].URL || r.Made[maxEntries-2].URL != entries[maxEntries-2].URL {
			t.Errorf("another than the oldest was forgotten: %v", err)
		}
	})
}

func FuzzDecodeRecord(f *testing.F) {
	f.Add(recordOf(Entry{State: Pending, URL: digest(""), Slot: "s"}, Entry{State: Retiring, URL: digest(""), ID: "1", EndsAt: aTime}))
	f.Add(`{"version":1,"endpoint":"test","revision":1,"made":null}`)
	f.Fuzz(func(t *testing.T, text string) {
		r, err := decodeRecord([]byte(text), "test")
		if err != nil {
			return
		}
		again, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := decodeRecord(again, "test"); err != nil {
			t.Errorf("what was read is written as %s: %v", again, err)
		}
		NewPlan(&Wanted{Events: []string{"a"}, Target: func(_, slot string) string { return base + slot }, Slots: true},
			&Found{Made: r.Made, Now: aTime, Listed: []subscription.Subscription{{ID: "1", URL: base + "s"}}})
	})
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	whole := func() Options {
		return Options{
			Endpoint: "test", Client: newProvider(repliers), Storage: documenttest.New(),
			Wanted: Wanted{Events: []string{"a"}, Target: func(string, string) string { return base }},
		}
	}
	if _, err := New(whole()); err != nil {
		t.Fatal(err)
	}
	for name, spoil := range map[string]func(*Options){
		"no endpoint":         func(o *Options) { o.Endpoint = "" },
		"no client":           func(o *Options) { o.Client = nil },
		"no storage":          func(o *Options) { o.Storage = nil },
		"no target":           func(o *Options) { o.Wanted.Target = nil },
		"no events":           func(o *Options) { o.Wanted.Events = nil },
		"too many events":     func(o *Options) { o.Wanted.Events = make([]string, maxEntries) },
		"no slots":            func(o *Options) { o.Wanted.Slots = true },
		"a negative interval": func(o *Options) { o.Interval = -1 },
	} {
		o := whole()
		spoil(&o)
		if _, err := New(o); err == nil {
			t.Errorf("%s is no error", name)
		}
	}
}
