package natsstore

import (
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// TestRetryThatAFullServerRefuses has a retry become due while the server has no room. The
// server does not try again by itself, even when there is room.
func TestRetryThatAFullServerRefuses(t *testing.T) {
	t.Parallel()
	const room, large = 8 << 20, 1_000_000
	srv := startServer(t, t.TempDir(), func(o *server.Options) { o.JetStreamMaxStore = room })
	refusals := refusalLog{refused: make(chan struct{}, 1)}
	srv.SetLogger(refusals, false, false)
	js := connect(t, srv)
	s := open(t, js, WithMaxBytes(1<<20), WithHistory(time.Hour, 1<<20), soonOverdue)
	add(t, s, "evt_1", "sub_1")
	d := receive(t, s, 1)[0]
	d.Attempts = 1
	if err := s.Retry(t.Context(), d, time.Now().Add(2*time.Second)); err != nil {
		t.Fatal(err)
	}

	others, err := js.CreateStream(t.Context(), jetstream.StreamConfig{Name: "others"})
	if err != nil {
		t.Fatal(err)
	}
	for range room/large + 1 { // the last finds a little room, and takes more
		if _, err := js.Publish(t.Context(), "others", make([]byte, large)); err != nil {
			t.Fatal(err)
		}
	}
	<-refusals.refused
	if err := others.Purge(t.Context()); err != nil {
		t.Fatal(err)
	}

	d = receive(t, s, 1)[0]
	if d.Event != "evt_1" || d.Attempts != 1 {
		t.Errorf("received %+v", d)
	}
	done(t, s, d)
	nothingBut(t, s, "evt_2")
	eventually(t, "nothing is left", func() bool { return stored(t, s.deliveries) == 0 })
}

func soonOverdue(c *config) error {
	c.overdueAfter, c.overdueEvery = 100*time.Millisecond, 100*time.Millisecond
	return nil
}

// refusalLog is told by a server that it has no room.
type refusalLog struct{ refused chan struct{} }

func (l refusalLog) Errorf(format string, _ ...any) {
	if !strings.Contains(format, "resource limits exceeded") {
		return
	}
	select {
	case l.refused <- struct{}{}:
	default:
	}
}

func (refusalLog) Noticef(string, ...any) {}
func (refusalLog) Warnf(string, ...any)   {}
func (refusalLog) Fatalf(string, ...any)  {}
func (refusalLog) Debugf(string, ...any)  {}
func (refusalLog) Tracef(string, ...any)  {}

// TestRenewOnce renews a delivery of which two senders find that it is overdue. There is
// one of it all the same, and none if it has become due meanwhile.
func TestRenewOnce(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t))
	add(t, s, "evt_1", "sub_1")
	d := receive(t, s, 1)[0]
	if err := s.Retry(t.Context(), d, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	waiting, err := s.deliveries.GetMsg(t.Context(), 0, jetstream.WithGetMsgSubject(s.outbox.names.all("later")))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := s.renew(t.Context(), waiting); err != nil {
			t.Fatal(err)
		}
		if n := stored(t, s.deliveries); n != 1 {
			t.Fatalf("%d deliveries are stored", n)
		}
	}
	d = receive(t, s, 1)[0]
	if err := s.renew(t.Context(), waiting); err != nil {
		t.Fatal(err)
	}
	done(t, s, d)
	nothingBut(t, s, "evt_2")
	if n := stored(t, s.deliveries); n != 0 {
		t.Errorf("%d deliveries are left", n)
	}
}

// TestLookForOverdue looks through deliveries none of which is overdue, to the end.
func TestLookForOverdue(t *testing.T) {
	t.Parallel()
	s := open(t, newJetStream(t))
	add(t, s, "evt_1", numbered("sub_", 3)...)
	for _, d := range receive(t, s, 3) {
		if err := s.Retry(t.Context(), d, time.Now().Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	before := state(t, s)
	if next, err := s.renewFrom(t.Context(), 0); err != nil || next != 0 {
		t.Errorf("it goes on at %d, want to begin anew: %v", next, err)
	}
	if after := state(t, s); after.LastSeq != before.LastSeq {
		t.Errorf("%d deliveries were renewed", after.LastSeq-before.LastSeq)
	}
	s.overdueAfter = -2 * time.Hour
	if _, err := s.renewFrom(t.Context(), before.FirstSeq+1); err != nil {
		t.Error(err)
	}
	if first := state(t, s).FirstSeq; first != before.FirstSeq {
		t.Errorf("message %d was renewed, which comes before the place to go on at", before.FirstSeq)
	}
}

func state(t *testing.T, s *Store) jetstream.StreamState {
	t.Helper()
	info, err := s.deliveries.Info(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return info.State
}

func TestIsOverdue(t *testing.T) {
	t.Parallel()
	since := time.Date(2026, 3, 22, 9, 55, 34, 0, time.UTC)
	for schedule, want := range map[string]bool{
		"@at 2026-03-22T09:55:33.999999999Z": true,
		"@at 2026-03-22T09:55:34Z":           false,
		"@at 2026-03-22T09:55:35Z":           false,
		"@every 1s":                          false,
		"":                                   false,
	} {
		if got := isOverdue(nats.Header{headerSchedule: {schedule}}, since); got != want {
			t.Errorf("%q: %v, want %v", schedule, got, want)
		}
	}
}
