package natsstore

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"github.com/hookward/hookward/sender"
)

const (
	// burstDir is the environment variable by which this test binary is told to run
	// burst, and where.
	burstDir = "HOOKWARD_NATSSTORE_BURST"
	// kills is how many times TestKill kills; the environment may say more.
	kills = "HOOKWARD_NATSSTORE_KILLS"
)

// subscribed are who gets each event of a burst.
var subscribed = []string{"sub_1", "sub_2", "sub_3"}

// onDisk has the server write to its disk before it answers.
func onDisk(o *server.Options) { o.SyncAlways = true }

func shortLeases(c *config) error {
	c.lease, c.longestHold, c.fanOutLease = time.Second, 0, time.Second
	return nil
}

// TestKill kills a sender and its server at a random moment of a burst, and looks for
// everything that was accepted before and not settled.
func TestKill(t *testing.T) {
	t.Parallel()
	rounds := 3
	if text := os.Getenv(kills); text != "" {
		var err error
		if rounds, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	dir := t.TempDir()
	accepted, owed, found := 0, 0, 0
	for range rounds {
		said := killDuring(t, dir)
		accepted += len(said.accepted)
		owed += len(said.owed())
		found += find(t, dir, said.owed())
	}
	t.Logf("%d kills: %d events accepted, %d of their deliveries not settled, %d of those found", rounds, accepted, owed, found)
	if accepted == 0 || found != owed {
		t.Errorf("%d deliveries were lost", owed-found)
	}
}

// statement is what a burst said before it was killed.
type statement struct {
	accepted []string        // events
	settled  map[string]bool // deliveries, or about to be
}

func (s *statement) owed() map[string]bool {
	owed := make(map[string]bool)
	for _, event := range s.accepted {
		for _, subscription := range subscribed {
			if name := event + " " + subscription; !s.settled[name] {
				owed[name] = true
			}
		}
	}
	return owed
}

func killDuring(t *testing.T, dir string) *statement {
	t.Helper()
	executable, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), executable)
	cmd.Env = append(os.Environ(), burstDir+"="+dir)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	said := &statement{settled: make(map[string]bool)}
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if len(said.accepted)+len(said.settled) == 0 {
			time.AfterFunc(rand.N(500*time.Millisecond), func() { _ = cmd.Process.Kill() })
		}
		verb, rest, _ := strings.Cut(lines.Text(), " ")
		switch verb {
		case "accepted":
			said.accepted = append(said.accepted, rest)
		case "settling":
			said.settled[rest] = true
		default:
			t.Errorf("the burst said %q", lines.Text())
		}
	}
	_ = cmd.Wait() // it was killed
	return said
}

// find returns how many of the deliveries are received from what the burst left.
func find(t *testing.T, dir string, owed map[string]bool) int {
	t.Helper()
	srv := startServer(t, dir, onDisk)
	defer stopServer(srv)
	js := connect(t, srv)
	defer js.Conn().Close()
	s := open(t, js, shortLeases)
	defer closeStore(t, s)
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	found := make(map[string]bool)
	for len(found) < len(owed) {
		deliveries, err := s.Receive(ctx, 100)
		if err != nil {
			t.Errorf("receive: %v", err)
			break
		}
		for _, d := range deliveries {
			if name := d.Event + " " + d.Subscription; owed[name] {
				found[name] = true
			}
			done(t, s, d)
		}
	}
	return len(found)
}

// burst accepts and delivers events as fast as it can, and says so. It ends when it is
// killed.
func burst(dir string) {
	srv, err := newServer(dir, onDisk)
	if err != nil {
		give(err)
	}
	if !srv.ReadyForConnections(patience) {
		give(errors.New("the server does not listen"))
	}
	js, err := dial(srv.ClientURL())
	if err != nil {
		give(err)
	}
	s, err := Open(context.Background(), js, shortLeases)
	if err != nil {
		give(err)
	}
	for worker := range 4 {
		go acceptAll(s, worker)
		go deliverAll(s)
	}
	select {}
}

func acceptAll(s *Store, worker int) {
	for n := 0; ; n++ {
		id := fmt.Sprintf("evt_%d_%d_%d", os.Getpid(), worker, n)
		if err := s.Add(context.Background(), newEvent(id), subscribed); err != nil {
			give(err)
		}
		say("accepted", id)
	}
}

// deliverAll settles about half of the deliveries at the first attempt, and so on.
func deliverAll(s *Store) {
	for {
		deliveries, err := s.Receive(context.Background(), 10)
		if err != nil {
			give(err)
		}
		for _, d := range deliveries {
			if err := settle(s, d); err != nil {
				give(err)
			}
		}
	}
}

func settle(s *Store, d sender.Delivery) error {
	if rand.N(2) == 0 {
		d.Attempts++
		return s.Retry(context.Background(), d, time.Now().Add(rand.N(200*time.Millisecond)))
	}
	say("settling", d.Event+" "+d.Subscription)
	return s.Done(context.Background(), d)
}

// say writes a line at once, so that nothing that was said dies with the process.
func say(verb, what string) {
	_, _ = os.Stdout.WriteString(verb + " " + what + "\n")
}

func give(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
