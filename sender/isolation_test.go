package sender_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hookward/hookward/sender"
)

// TestDeadEndpointHoldsNobodyUp: a dead endpoint could take every attempt that may
// be in flight, and the others do not notice.
func TestDeadEndpointHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		dead, inFlight int
		within         time.Duration
	}{
		"one takes all there is":   {1, 4, 2 * time.Second},
		"many take all there is":   {50, 8, 10 * time.Second},
		"at most one at a time":    {1, 1, 2 * time.Second},
		"far fewer than there are": {20, 1000, 10 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				dead := make(map[string]answer)
				for i := range c.dead {
					dead[fmt.Sprintf("dead%d.example.com", i)] = hang
				}
				ends := byHost(dead)
				s := newSender(t, ends.option(), sender.WithMaxInFlight(c.inFlight), sender.WithConcurrency(8))
				for host := range dead {
					subscribe(t, s, sender.Subscription{URL: "https://" + host})
				}
				subscribe(t, s, sender.Subscription{URL: "https://alive.example.com"})
				for range 20 {
					send(t, s)
				}
				time.Sleep(c.within)
				if n := len(ends.got("alive.example.com")); n != 20 {
					t.Errorf("after %v the living endpoint has %d of 20 events", c.within, n)
				}
				// Later on the dead ones cost nothing at all.
				time.Sleep(time.Hour)
				before := len(ends.got("alive.example.com"))
				send(t, s)
				time.Sleep(10 * time.Millisecond)
				if n := len(ends.got("alive.example.com")) - before; n != 1 && c.inFlight > c.dead {
					t.Error("an hour later the living endpoint does not get its event at once")
				}
			})
		})
	}
}

// TestDeadEndpointTakesNoTurn: one that is known to be dead does not even hold up for a
// second who could not be more crowded.
func TestDeadEndpointTakesNoTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := byHost(map[string]answer{"dead": hang})
		s := newSender(t, ends.option(), sender.WithMaxInFlight(1), sender.WithSchedule(0))
		subscribe(t, s, sender.Subscription{URL: "https://dead"})
		subscribe(t, s, sender.Subscription{URL: "https://alive"})
		for range failures {
			send(t, s)
			time.Sleep(time.Minute)
		}
		before := len(ends.got("alive"))
		send(t, s)
		synctest.Wait()
		if len(ends.got("dead")) != failures+1 || len(ends.got("alive")) != before+1 {
			t.Errorf("the dead endpoint has seen %d events, the living one %d", len(ends.got("dead")), len(ends.got("alive")))
		}
	})
}

// failures make an endpoint one that keeps failing, and do not open its circuit.
const failures = 3

// gauge counts what goes on at the same time.
type gauge struct {
	mu        sync.Mutex
	now, most int
}

func (g *gauge) during(d time.Duration) answer {
	return func(http.ResponseWriter, request) error {
		g.mu.Lock()
		g.now++
		g.most = max(g.most, g.now)
		g.mu.Unlock()
		time.Sleep(d)
		g.mu.Lock()
		g.now--
		g.mu.Unlock()
		return nil
	}
}

func (g *gauge) highest() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.most
}

func TestConcurrency(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var a, b gauge
		ends := byHost(map[string]answer{
			"a.example.com": a.during(100 * time.Millisecond),
			"b.example.com": b.during(100 * time.Millisecond),
		})
		s := newSender(t, ends.option(), sender.WithConcurrency(3))
		subscribe(t, s, sender.Subscription{URL: "https://a.example.com"})
		subscribe(t, s, sender.Subscription{URL: "https://b.example.com"})
		start := time.Now()
		for range 30 {
			send(t, s)
		}
		synctest.Wait()
		time.Sleep(1100 * time.Millisecond)
		if n := len(ends.got("")); n != 60 {
			t.Errorf("%d of 60 attempts after %v", n, time.Since(start))
		}
		if a.highest() != 3 || b.highest() != 3 {
			t.Errorf("%d and %d attempts at a time, want 3 and 3", a.highest(), b.highest())
		}
	})
}

func TestMaxInFlight(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var all gauge
		ends := answering(all.during(100 * time.Millisecond))
		s := newSender(t, ends.option(), sender.WithMaxInFlight(5))
		for i := range 20 {
			subscribe(t, s, sender.Subscription{URL: fmt.Sprintf("https://%d.example.com", i)})
		}
		for range 10 {
			send(t, s)
		}
		time.Sleep(time.Minute)
		if n := len(ends.got("")); n != 200 {
			t.Errorf("%d of 200 attempts", n)
		}
		if all.highest() != 5 {
			t.Errorf("%d attempts at a time, want 5", all.highest())
		}
	})
}

// TestBacklog: far more than fits in hand comes through, once each, and in the time
// that the endpoint takes.
func TestBacklog(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const events = 3000
		var g gauge
		ends := byHost(map[string]answer{
			"busy.example.com": g.during(40 * time.Millisecond),
		})
		s := newSender(t, ends.option(), sender.WithConcurrency(4), sender.WithMaxInFlight(8))
		subscribe(t, s, sender.Subscription{URL: "https://busy.example.com", Types: []string{"listing.created"}})
		subscribe(t, s, sender.Subscription{URL: "https://idle.example.com", Types: []string{"other"}})
		for range events {
			send(t, s)
		}
		time.Sleep(10 * time.Second)
		if _, err := s.Send(t.Context(), sender.Event{Type: "other"}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(100 * time.Millisecond)
		if n := len(ends.got("idle.example.com")); n != 1 {
			t.Error("the busy endpoint holds another one up")
		}
		time.Sleep(35 * time.Second) // 30 s at best in all
		seen := make(map[string]int)
		for _, r := range ends.got("busy.example.com") {
			seen[r.Header.Get("Webhook-Id")]++
		}
		if len(seen) != events || len(ends.got("busy.example.com")) != events {
			t.Errorf("%d events came by %d attempts, want %d each", len(seen), len(ends.got("busy.example.com")), events)
		}
	})
}

func TestCircuit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		current, change := changing(refuse)
		ends := answering(current)
		s := newSender(t, ends.option(), sender.WithCircuit(5, time.Minute), sender.WithSchedule(0, day))
		subscription := subscribe(t, s, sender.Subscription{})
		for range 50 {
			send(t, s)
		}
		time.Sleep(30 * time.Second)
		first := len(ends.got(""))
		if first < 5 || first > 5+8 { // those that were in flight when it opened
			t.Fatalf("%d attempts before the circuit opened, want some 5", first)
		}
		time.Sleep(10 * time.Minute)
		probes := len(ends.got("")) - first
		if probes < 8 || probes > 11 {
			t.Errorf("%d attempts in ten minutes, want one a minute", probes)
		}
		for _, r := range attempts(t, s, sender.AttemptQuery{Subscription: subscription.ID}) {
			if r.Number != 1 {
				t.Fatalf("a delivery lost attempts to the circuit: %+v", r)
			}
		}
		change(status(http.StatusOK))
		time.Sleep(10 * time.Minute)
		if n := len(ends.got("")); n != 50 {
			t.Errorf("the endpoint is back and has seen %d of 50 events", n)
		}
	})
}

// TestOverload: 429, 502 and 504 keep all deliveries to the endpoint back.
func TestOverload(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		answer answer
		quiet  time.Duration
	}{
		"429":                  {status(http.StatusTooManyRequests), time.Second},
		"502":                  {status(http.StatusBadGateway), time.Second},
		"504":                  {status(http.StatusGatewayTimeout), time.Second},
		"429 with Retry-After": {status(http.StatusTooManyRequests, "Retry-After", "3600"), time.Hour},
		"503 with Retry-After": {status(http.StatusServiceUnavailable, "Retry-After", "60"), time.Minute},
		"503":                  {status(http.StatusServiceUnavailable), 0},
		"500 with Retry-After": {status(http.StatusInternalServerError, "Retry-After", "60"), 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ends := answering(c.answer, status(http.StatusOK))
				s := newSender(t, ends.option(), sender.WithConcurrency(1), sender.WithSchedule(0, day))
				subscribe(t, s, sender.Subscription{})
				send(t, s)
				synctest.Wait()
				for range 10 {
					send(t, s)
				}
				time.Sleep(12 * time.Hour)
				got := ends.got("")
				if len(got) != 11 {
					t.Fatalf("%d attempts, want 11", len(got))
				}
				within(t, "the next attempt", got[1].at.Sub(got[0].at), c.quiet)
				if last := got[10].at.Sub(got[1].at); last > 10*time.Second {
					t.Errorf("after that the others took %v", last)
				}
			})
		})
	}
}

// TestOverloadGrows: an endpoint that says no more than that it is overloaded is left
// alone for longer each time, up to a minute.
func TestOverloadGrows(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusTooManyRequests))
		s := newSender(t, ends.option(), sender.WithConcurrency(1), sender.WithSchedule(0, day), sender.WithCircuit(1000, time.Hour))
		subscribe(t, s, sender.Subscription{})
		for range 12 {
			send(t, s)
		}
		time.Sleep(time.Hour)
		got := ends.got("")
		want := time.Second
		for i := 1; i < len(got); i++ {
			if quiet := got[i].at.Sub(got[i-1].at); quiet < want || quiet > 2*want+time.Second {
				t.Errorf("attempt %d after %v, want some %v", i+1, quiet, want)
			}
			want = min(2*want, time.Minute)
		}
		if len(got) != 12 {
			t.Errorf("%d attempts, want 12", len(got))
		}
	})
}

func TestRate(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		option       []sender.Option
		subscription int
		want         int // in ten minutes
	}{
		"the sender's":                        {[]sender.Option{sender.WithRate(30)}, 0, 300},
		"the subscription's":                  {nil, 6, 60},
		"the lower, the subscription's":       {[]sender.Option{sender.WithRate(600)}, 60, 600},
		"the lower, the sender's":             {[]sender.Option{sender.WithRate(12)}, 60, 120},
		"a burst of a second, not a minute's": {[]sender.Option{sender.WithRate(600)}, 0, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				ends := answering(status(http.StatusOK))
				s := newSender(t, append(c.option, ends.option())...)
				subscribe(t, s, sender.Subscription{Rate: c.subscription})
				for range 1000 {
					send(t, s)
				}
				time.Sleep(10 * time.Minute)
				got := ends.got("")
				if n := len(got); n < c.want*9/10 || n > c.want+10 {
					t.Errorf("%d attempts in ten minutes, want %d", n, c.want)
				}
				if burst := during(got, time.Second); burst > 21 {
					t.Errorf("%d attempts in one second", burst)
				}
			})
		})
	}
}

// TestRateHoldsNobodyUp: who waits for the endpoint's rate makes room for others.
func TestRateHoldsNobodyUp(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ends := answering(status(http.StatusOK))
		s := newSender(t, ends.option(), sender.WithMaxInFlight(1))
		subscribe(t, s, sender.Subscription{URL: "https://rated", Rate: 60})
		subscribe(t, s, sender.Subscription{URL: "https://free"})
		for range 5 {
			send(t, s)
		}
		time.Sleep(200 * time.Millisecond)
		if n := len(ends.got("free")); n != 5 {
			t.Errorf("the endpoint without a rate got %d of 5 events", n)
		}
	})
}

// during returns the most requests within a time.
func during(requests []request, d time.Duration) int {
	most, first := 0, 0
	for i, r := range requests {
		for r.at.Sub(requests[first].at) >= d {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}
