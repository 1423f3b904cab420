package sender

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

func newLane(concurrency int) *lane {
	all := newLanes(&limits{concurrency: concurrency, circuitFailures: 10, circuitDelay: time.Minute}, nil,
		func(string, circuitbreaker.StateChangedEvent) {})
	return all.of("sub_1")
}

// fill admits deliveries until one is turned away.
func fill(t *testing.T, l *lane, free int) (started, waiting int) {
	t.Helper()
	for range 100_000 {
		d := Delivery{Accepted: time.Now()}
		switch what, _ := l.admit(d, free, time.Now()); what {
		case starts:
			started++
		case waits:
			waiting++
			free--
		case turnedAway:
			return started, waiting
		}
	}
	t.Fatal("there is no bound")
	return 0, 0
}

// TestLaneSharesFairly: however many are busy, each gets about the same, and a
// newcomer finds room.
func TestLaneSharesFairly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const places = 1000
		free := places
		lanes := make([]*lane, 9)
		for i := range lanes {
			lanes[i] = newLane(1)
		}
		for blocked := false; !blocked; {
			blocked = true
			for _, l := range lanes {
				what, _ := l.admit(Delivery{Accepted: time.Now()}, free, time.Now())
				if what != turnedAway {
					free--
					blocked = false
				}
			}
		}
		for i, l := range lanes {
			if n := l.waiting.len(); n < 90 || n > 110 {
				t.Errorf("lane %d has %d of %d places", i, n, places)
			}
		}
		if _, waiting := fill(t, newLane(1), free); waiting < 40 {
			t.Errorf("a newcomer finds %d places", waiting)
		}
	})
}

// TestLaneStartsSlowly: one attempt at a time until there was a success, all that are
// allowed after that, and one again while the endpoint keeps failing.
func TestLaneStartsSlowly(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLane(4)
		if started, waiting := fill(t, l, 10); started != 1 || waiting != 5 {
			t.Fatalf("%d started, %d wait", started, waiting)
		}
		l.succeeded(time.Millisecond, time.Now())
		if more := l.widen(); len(more) != 3 {
			t.Fatalf("after a success %d more start, want 3", len(more))
		}
		for range failingAfter {
			l.failed(time.Millisecond, time.Now())
		}
		_, more, away := l.next(time.Now())
		if more || len(away) != 2 || l.running != 3 {
			t.Fatalf("after failures there is a next one: %v, %d are turned away, %d run", more, len(away), l.running)
		}
		for l.running > 0 {
			l.next(time.Now())
		}
		if started, waiting := fill(t, l, 10); started != 1 || waiting != 0 {
			t.Errorf("%d started, %d wait at an endpoint that keeps failing", started, waiting)
		}
	})
}

// TestLaneLingering: nothing waits behind an attempt that may not end.
func TestLaneLingering(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLane(1)
		if _, waiting := fill(t, l, 10); waiting == 0 {
			t.Fatal("none waits")
		}
		away := l.lingers(time.Now())
		if len(away) != 5 || l.waiting.len() > 0 || !l.suspect() {
			t.Errorf("%d were turned away, %d wait", len(away), l.waiting.len())
		}
		if _, waiting := fill(t, l, 10); waiting > 0 {
			t.Errorf("%d wait", waiting)
		}
		l.lingered()
		if _, waiting := fill(t, l, 10); waiting == 0 {
			t.Error("none waits when it is over")
		}
	})
}

// TestLaneWaitIsBounded: none waits so long that its lease could run out.
func TestLaneWaitIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLane(1)
		for range 100 {
			time.Sleep(500 * time.Millisecond)
			l.succeeded(500*time.Millisecond, time.Now())
		}
		if _, waiting := fill(t, l, 10_000); waiting > 10 {
			t.Errorf("%d wait for half a second each", waiting)
		}
	})
}

// TestTurnsSpread: deliveries that are turned away come back one after the other, none
// before its endpoint is back, and none in more than five minutes from then.
func TestTurnsSpread(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLane(1)
		l.failures, l.took = failingAfter, time.Second
		l.leaveAlone(time.Hour, becauseGone)
		opens := time.Now().Add(time.Hour)
		perSecond := make(map[int64]int)
		for i := range 100_000 {
			what, away := l.admit(Delivery{Event: fmt.Sprint(i), Accepted: time.Now()}, 1000, time.Now())
			if what != turnedAway || away.why != becauseGone {
				t.Fatalf("%v because of %q", what, away.why)
			}
			if away.at.Before(opens) || away.at.After(opens.Add(farthestTurn)) {
				t.Fatalf("it is to come back %v after the endpoint", away.at.Sub(opens))
			}
			perSecond[away.at.Unix()]++
		}
		for second, n := range perSecond {
			if n > 2000 {
				t.Errorf("%d come back in second %d", n, second)
			}
		}
	})
}

// TestTurnsOfASlowLane: a rate that is lowered while many wait leaves turns in order.
func TestTurnsOfASlowLane(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLane(1)
		if _, waiting := fill(t, l, 100); waiting < 40 {
			t.Fatalf("%d wait", waiting)
		}
		l.setRate(1)
		for range 100 {
			what, away := l.admit(Delivery{Accepted: time.Now()}, 100, time.Now())
			if what != turnedAway || away.at.Before(time.Now()) || time.Until(away.at) > time.Hour {
				t.Fatalf("%v, to come back in %v", what, time.Until(away.at))
			}
		}
	})
}

func TestLanesAreForgotten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := newLanes(&limits{concurrency: 1, circuitFailures: 1, circuitDelay: time.Hour}, nil, func(string, circuitbreaker.StateChangedEvent) {})
		all.of("idle").admit(Delivery{}, 10, time.Now())
		all.of("idle").next(time.Now())
		all.of("busy").admit(Delivery{}, 10, time.Now())
		all.of("open").failed(time.Millisecond, time.Now())
		all.of("held").leaveAlone(10*time.Minute, becauseGone)
		for _, step := range []struct {
			after time.Duration
			want  int
		}{{0, 4}, {2 * time.Minute, 3}, {15 * time.Minute, 2}, {2 * time.Hour, 1}} {
			time.Sleep(step.after)
			all.sweep(time.Now())
			if len(all.all) != step.want {
				t.Errorf("%v later there are %d lanes, want %d", step.after, len(all.all), step.want)
			}
		}
	})
}

// TestLanesAreBounded: beyond a number those go first that are not in use and know of
// no trouble.
func TestLanesAreBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		all := newLanes(&limits{concurrency: 1, circuitFailures: 1, circuitDelay: time.Hour}, nil, func(string, circuitbreaker.StateChangedEvent) {})
		all.of("busy").admit(Delivery{}, 10, time.Now())
		all.of("open").failed(time.Millisecond, time.Now())
		for i := range 3 * maxLanes {
			all.of(fmt.Sprint(i))
			if len(all.all) > maxLanes {
				t.Fatalf("%d lanes", len(all.all))
			}
		}
		if all.all["busy"] == nil || all.all["open"] == nil {
			t.Error("one was forgotten that must not be")
		}
	})
}
