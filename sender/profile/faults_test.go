package profile_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
	"github.com/hookward/hookward/signature"
)

func TestFaultsByOne(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		faults profile.Faults
		want   string
	}{
		"none":          {profile.Faults{Seed: 7}, "[1 2 3]"},
		"duplicates":    {profile.Faults{Duplicates: 1}, "[1 1 2 2 3 3]"},
		"stale":         {profile.Faults{Stale: 1}, "[1 1 2 1 3]"},
		"bad signature": {profile.Faults{BadSignature: 1}, "[1 1 2 2 3 3]"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := &wire{}
			through := faulty(t, "rechat", test.faults, w)
			for _, body := range []string{"1", "2", "3"} {
				deliver(t.Context(), t, through, body)
			}
			wantEqual(t, "what was sent", w.bodies(), test.want)
			wantEqual(t, "the number of open bodies", w.open.Load(), 0)
			for i, got := range w.requests {
				want := "00ff"
				if name == "bad signature" && i%2 == 0 {
					want = "00f0"
				}
				wantEqual(t, "the signature", got.header.Get("X-Rechat-Signature"), want)
			}
		})
	}
}

// TestStaleIsBounded sends so many that the first are forgotten.
func TestStaleIsBounded(t *testing.T) {
	t.Parallel()
	w := &wire{}
	through := faulty(t, "everreal", profile.Faults{Stale: 1}, w)
	deliver(t.Context(), t, through, strings.Repeat("x", 64<<10+1)) // too long to be kept
	for i := range 40 {
		deliver(t.Context(), t, through, fmt.Sprint(i))
	}
	sent := w.bodies()
	wantEqual(t, "the copy before the last", sent[len(sent)-2], 7)
	wantEqual(t, "what came first", fmt.Sprint(len(sent[0]), sent[1:6]), fmt.Sprint(64<<10+1, []string{"0", "0", "1", "0", "2"}))
}

// TestFaultsLeaveHandshakesAlone makes everything go wrong, and still subscribes.
func TestFaultsLeaveHandshakesAlone(t *testing.T) {
	t.Parallel()
	all := profile.Faults{Duplicates: 1, Reordered: 1, Stale: 1, BadSignature: 1, SlowBody: 1}
	s, target := simulate(t, "repliers", profile.WithFaults(all)), listen(t)
	if _, err := s.Subscribe(t.Context(), target.url, "agent.created"); err != nil {
		t.Fatal(err)
	}
	next(t, target.handshakes)
	none(t, target.handshakes)
}

func TestFaultsAreRepeatable(t *testing.T) {
	t.Parallel()
	run := func(faults profile.Faults) []string {
		w := &wire{}
		through := faulty(t, "rechat", faults, w)
		for i := range 2000 {
			deliver(t.Context(), t, through, fmt.Sprint(i))
		}
		return w.bodies()
	}
	some := profile.Faults{Seed: 42, Duplicates: 0.01, BadSignature: 0.05}
	first := run(some)
	wantEqual(t, "the second run", run(some), first)
	if extra := len(first) - 2000; extra < 60 || extra > 180 {
		t.Errorf("of 2000, %d more were sent", extra)
	}
	other := some
	other.Seed = 43
	if fmt.Sprint(run(other)) == fmt.Sprint(first) {
		t.Error("another seed makes no difference")
	}
	fewer := some
	fewer.BadSignature = 0
	for _, body := range duplicatesOf(run(fewer)) {
		if !bytes.Contains([]byte(fmt.Sprint(duplicatesOf(first))), []byte(body)) {
			t.Errorf("%s was sent twice only without another fault", body)
		}
	}
}

func duplicatesOf(bodies []string) []string {
	var twice []string
	for i := range bodies[1:] {
		if bodies[i] == bodies[i+1] {
			twice = append(twice, bodies[i])
		}
	}
	return twice
}

// TestExtrasMayFail is for those answers nobody waits for.
func TestExtrasMayFail(t *testing.T) {
	t.Parallel()
	w := &wire{fail: errors.New("no route")}
	through := faulty(t, "rechat", profile.Faults{Duplicates: 1, BadSignature: 1, Stale: 1}, w)
	for range 2 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "https://example.com", strings.NewReader("x"))
		if err != nil {
			t.Fatal(err)
		}
		if resp, err := through.RoundTrip(req); !errors.Is(err, w.fail) {
			t.Errorf("the answer is %v, %v", resp, err)
			_ = resp.Body.Close()
		}
	}
	wantEqual(t, "the number of requests", len(w.bodies()), 7)
}

func TestImpossibleFaults(t *testing.T) {
	t.Parallel()
	for _, faults := range []profile.Faults{
		{Duplicates: -0.01}, {Reordered: 1.01}, {Stale: math.NaN()}, {BadSignature: math.Inf(1)}, {SlowBody: 100},
	} {
		if _, err := profile.New("rechat", profile.WithFaults(faults)); !errors.Is(err, sender.ErrInvalid) {
			t.Errorf("%+v: %v", faults, err)
		}
		if _, err := faults.Transport("rechat"); !errors.Is(err, sender.ErrInvalid) {
			t.Errorf("%+v: %v", faults, err)
		}
	}
	for _, unsigned := range []string{"everreal", "viasto", "none"} {
		if _, err := (profile.Faults{BadSignature: 0.5}).Transport(unsigned); !errors.Is(err, sender.ErrInvalid) {
			t.Errorf("%s: %v", unsigned, err)
		}
	}
}

// TestBadSignatures sends each delivery after one that the gateway has to refuse.
func TestBadSignatures(t *testing.T) {
	t.Parallel()
	for name, event := range map[string][2]string{
		"rechat":     {"Deals/Updated", "Deals"},
		"repliers":   {"agent.created", "agent.created"},
		"rest-hooks": {"contact.created", "contact.created"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, target := simulate(t, name, profile.WithFaults(profile.Faults{BadSignature: 1})), listen(t)
			path := "/hooks"
			if name == "repliers" {
				path += "/" + event[0]
			}
			if _, err := s.Subscribe(t.Context(), target.url+path, event[1]); err != nil {
				t.Fatal(err)
			}
			s.emit(t, event[0])
			verdict := judge(t, name, "", s.secretOf(t), next(t, target.deliveries))
			if verdict.Outcome != gate.Reject || verdict.Reason != signature.Mismatch {
				t.Errorf("the gateway says %s: %s", verdict.Outcome, verdict.Reason)
			}
			accepted(t, name, "", s.secretOf(t), event[0], next(t, target.deliveries))
		})
	}
}

// TestFaultsEndToEnd lets the gateway's judge look at what arrives with faults: it accepts
// each event, and nothing that is not one.
func TestFaultsEndToEnd(t *testing.T) {
	t.Parallel()
	const events = 300
	faults := profile.Faults{Seed: 3, Duplicates: 0.1, Reordered: 0.1, Stale: 0.1, BadSignature: 0.1, SlowBody: 0.01}
	s, target := simulate(t, "rechat", profile.WithFaults(faults)), listen(t)
	if _, err := s.Subscribe(t.Context(), target.url+"/hooks", "Contacts"); err != nil {
		t.Fatal(err)
	}
	secret := s.secretOf(t)
	for i := range events {
		payload, err := profile.Sample("rechat", "Contacts/update", i)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Emit(t.Context(), "Contacts/update", payload); err != nil {
			t.Fatal(err)
		}
	}
	genuine, refused, copies := make(map[string]bool), 0, 0
	for len(genuine) < events {
		got := next(t, target.deliveries)
		switch verdict := judge(t, "rechat", "", secret, got); {
		case verdict.Outcome == gate.Reject:
			refused++
		case genuine[got.body]:
			copies++
		default:
			genuine[got.body] = true
		}
	}
	if refused < events/20 || copies < events/20 {
		t.Errorf("%d were refused, %d were copies", refused, copies)
	}
}
