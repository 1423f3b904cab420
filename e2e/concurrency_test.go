package e2e

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/hookward/hookward/internal/harness"
)

// gated is an upstream's answer that is held back until the test opens the gate.
type gated struct {
	open    chan struct{}
	respond http.HandlerFunc
	entered chan context.Context // of each request that comes
}

func newGated(respond http.HandlerFunc) *gated {
	return &gated{open: make(chan struct{}), entered: make(chan context.Context, 100), respond: respond}
}

// ServeHTTP implements [http.Handler].
func (g *gated) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.entered <- r.Context()
	select {
	case <-g.open:
		g.respond(w, r)
	case <-r.Context().Done():
	}
}

// copies sends n copies at once and opens the gate when one of them is at the
// upstream and all others wait for it. It returns the answer to the one, the
// answers to the others, and how the one failed where it did.
func copies(t *testing.T, g *gateway, r request, n int, gate *gated) (first answer, others []answer, failed error) {
	t.Helper()
	var group errgroup.Group
	group.Go(func() error {
		first, failed = g.try(t.Context(), r)
		return nil
	})
	<-gate.entered
	others = make([]answer, n-1)
	for i := range others {
		group.Go(func() (err error) {
			others[i], err = g.try(t.Context(), r)
			return err
		})
	}
	g.awaitWaiting(n - 1)
	close(gate.open)
	if err := group.Wait(); err != nil {
		t.Fatal(err)
	}
	return first, others, failed
}

// awaitWaiting waits until n copies in the gateway wait for the first.
func (g *gateway) awaitWaiting(n int) {
	g.t.Helper()
	eventually(g.t, strconv.Itoa(n)+" copies wait", func() bool { return g.goroutinesIn("dedupe.(*Claim).wait") == n })
}

// goroutinesIn counts the gateway's goroutines that are in a function.
func (g *gateway) goroutinesIn(function string) int {
	g.t.Helper()
	total := 0
	stacks := g.ask(http.MethodGet, "/debug/pprof/goroutine?debug=1", "").body
	for stack := range strings.SplitSeq(stacks, "\n\n") {
		if strings.Contains(stack, function+"+") {
			number, _, _ := strings.Cut(strings.TrimSpace(stack), " @")
			n, _ := strconv.Atoi(number[strings.LastIndex(number, "\n")+1:])
			total += n
		}
	}
	return total
}

// status answers with a status and nothing else.
func status(code int) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(code) }
}

// text answers with a status, a header and a text.
func text(code int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Answer", "of the first")
		w.WriteHeader(code)
		_, _ = io.WriteString(w, body)
	}
}

// Of copies that come at the same time exactly one is forwarded, and all get what
// the upstream said to it. Only a success is remembered.
func TestCopiesAtOnce(t *testing.T) {
	large := strings.Repeat("0123456789abcdef", 1<<16)
	tests := []struct {
		name    string
		respond http.HandlerFunc
		status  int
		body    string // of the first
		shared  string // of the copies
		header  string // X-Answer of all
		done    bool
	}{
		{"ok", text(200, "taken"), 200, "taken", "taken", "of the first", true},
		{"created", text(201, ""), 201, "", "", "of the first", true},
		{"no content", status(204), 204, "", "", "", true},
		{"not modified", status(304), 304, "", "", "", false},
		{"moved", text(301, "there"), 301, "there", "there", "of the first", false},
		{"refused", text(422, "no"), 422, "no", "no", "of the first", false},
		{"broken", text(500, "oh"), 500, "oh", "oh", "of the first", false},
		{"overloaded", text(503, "later"), 503, "later", "later", "of the first", false},
		{"early hints", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Link", "</x>; rel=preload")
			w.WriteHeader(http.StatusEarlyHints)
			text(200, "taken")(w, r)
		}, 200, "taken", "taken", "of the first", true},
		{"largest that is shared", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(16<<10))
			text(200, large[:16<<10])(w, r)
		}, 200, large[:16<<10], large[:16<<10], "of the first", true},
		{"too large to share", text(200, large), 200, large, "", "", true},
		{"too large to share, and broken", text(500, large), 500, large, "", "", false},
		{"streamed", func(w http.ResponseWriter, r *http.Request) {
			text(200, "one ")(w, r)
			_ = http.NewResponseController(w).Flush()
			_, _ = io.WriteString(w, "two")
		}, 200, "one two", "", "", true},
		{"with a trailer", func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Trailer", "X-Sum")
			text(200, "taken")(w, r)
			w.Header().Set("X-Sum", "1")
		}, 200, "taken", "", "", true},
	}
	routes := make([]string, len(tests))
	gates := make([]*gated, len(tests))
	ups := make([]*harness.Upstream, len(tests))
	for i, test := range tests {
		gates[i] = newGated(test.respond)
		ups[i] = harness.NewUpstream(t, gates[i].ServeHTTP)
		path := "/" + strconv.Itoa(i)
		routes[i] = handle(path, strings.Replace(plain(path), "name plain", "name copies"+strconv.Itoa(i), 1), "reverse_proxy "+ups[i].Address)
	}
	g := start(t, site(routes...))

	const n = 8
	for i, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			d := thing("evt-1").at("/" + strconv.Itoa(i))
			first, others, err := copies(t, g, d, n, gates[i])
			if err != nil {
				t.Fatal(err)
			}
			if first.status != test.status || first.body != test.body || first.header.Get("Hookward-Duplicate") != "" {
				t.Errorf("the first is answered %d %v %.200q, want %d %.200q", first.status, first.header, first.body, test.status, test.body)
			}
			for _, other := range others {
				if other.status != test.status || other.body != test.shared || other.header.Get("X-Answer") != test.header {
					t.Errorf("a copy is answered %d %v %q, want %d %q", other.status, other.header, other.body, test.status, test.shared)
				}
				if other.header.Get("Hookward-Duplicate") != "true" {
					t.Error("a copy is not called a duplicate")
				}
			}
			ups[i].Want(t, 1)
			later := g.send(d)
			if test.done {
				wantDuplicate(t, later)
				ups[i].Want(t, 1)
			} else {
				wantStatus(t, later, test.status)
				ups[i].Want(t, 2)
			}
		})
	}
}

// An answer that is compressed for the first is not for a copy that did not ask for it.
func TestCopyOfCompressed(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("taken ", 1000)
	gate := newGated(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		text(200, body)(w, r)
	})
	up := harness.NewUpstream(t, gate.ServeHTTP)
	g := start(t, site(handle("/hook", plain("/hook"), "encode gzip", "reverse_proxy "+up.Address)))

	var group sync.WaitGroup
	var first, second answer
	group.Go(func() { first, _ = g.try(t.Context(), thing("evt-1").with("Accept-Encoding", "gzip")) })
	<-gate.entered
	group.Go(func() { second, _ = g.try(t.Context(), thing("evt-1")) })
	g.awaitWaiting(1)
	close(gate.open)
	group.Wait()
	if first.status != http.StatusOK || first.header.Get("Content-Encoding") != "gzip" {
		t.Errorf("the first is answered %d %v", first.status, first.header)
	}
	if second.status != http.StatusOK || second.header.Get("Content-Encoding") != "" || second.body != "" {
		t.Errorf("its copy is answered %d %v", second.status, second.header)
	}
}

// The answer to the first copy may end in the middle. The provider cannot tell
// whether it was taken, so neither it nor those that wait are told that it was.
func TestAnswerBreaksOff(t *testing.T) {
	t.Parallel()
	gate := newGated(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "only this")
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	})
	up := harness.NewUpstream(t, gate.ServeHTTP)
	g := start(t, site(plainHook(up)))

	_, others, err := copies(t, g, thing("evt-1"), 4, gate)
	if !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the first got a whole answer: %v", err)
	}
	for _, other := range others {
		wantRefused(t, other, http.StatusServiceUnavailable, "first_copy_failed")
		if other.header.Get("Retry-After") == "" {
			t.Error("a copy is not told to try again")
		}
	}
	up.Want(t, 1)
	if _, err := g.try(t.Context(), thing("evt-1")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("the next copy got a whole answer: %v", err)
	}
	up.Want(t, 2)
}

// A handler that panics has taken nothing.
func TestHandlerPanics(t *testing.T) {
	t.Parallel()
	g := start(t, site(handle("/hook", plain("/hook"), "abort")))
	for range 2 {
		if a, err := g.try(t.Context(), thing("evt-1")); err == nil {
			t.Errorf("a delivery that nobody took is answered %d %v", a.status, a.header)
		}
	}
	eventually(t, "nothing is held", func() bool {
		return g.metric("caddy_hookward_dedupe_in_flight") == 0 && g.metric("caddy_hookward_inflight_bytes") == 0
	})
}

// Where the first copy's client leaves before the upstream answers, the next copy
// that waits is the first.
func TestFirstClientLeaves(t *testing.T) {
	t.Parallel()
	gate := newGated(text(200, "taken"))
	up := harness.NewUpstream(t, gate.ServeHTTP)
	g := start(t, site(plainHook(up)))

	ctx, leave := context.WithCancel(t.Context())
	var first, waiting sync.WaitGroup
	first.Go(func() { _, _ = g.try(ctx, thing("evt-1")) })
	left := <-gate.entered
	answers := make([]answer, 3)
	for i := range answers {
		waiting.Go(func() { answers[i], _ = g.try(t.Context(), thing("evt-1")) })
	}
	g.awaitWaiting(len(answers))
	leave()
	first.Wait()
	<-left.Done() // the upstream is told
	<-gate.entered
	g.awaitWaiting(len(answers) - 1)
	close(gate.open)
	waiting.Wait()

	duplicates := 0
	for _, a := range answers {
		if a.status != http.StatusOK || a.body != "taken" {
			t.Errorf("a copy is answered %d %q", a.status, a.body)
		}
		if a.header.Get("Hookward-Duplicate") == "true" {
			duplicates++
		}
	}
	if duplicates != len(answers)-1 {
		t.Errorf("%d copies are called duplicates, want %d", duplicates, len(answers)-1)
	}
	up.Want(t, 2)
	wantDuplicate(t, g.send(thing("evt-1")))
}

// A client that leaves once the upstream has said yes takes nothing back.
func TestClientLeavesDuringAnswer(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	up := harness.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, strings.Repeat("x", 1<<20))
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		close(gone)
	})
	g := start(t, site(plainHook(up)))
	conn := dial(t, g)
	conn.write(conn.head(thing("evt-1")) + "Content-Length: " + strconv.Itoa(len(thing("evt-1").body)) + "\r\n\r\n" + thing("evt-1").body)
	if _, err := conn.in.ReadString('\n'); err != nil {
		t.Fatal(err)
	}
	_ = conn.conn.Close()
	<-gone
	eventually(t, "nothing is in flight", func() bool { return g.metric("caddy_hookward_dedupe_in_flight") == 0 })
	wantDuplicate(t, g.send(thing("evt-1")))
	up.Want(t, 1)
}

// A chain that nobody ends would be answered 200, and the event would be lost.
func TestNobodyAnswers(t *testing.T) {
	t.Parallel()
	rest := map[string]string{
		"nothing":       "",
		"only a header": "header X-Seen yes",
		"another path":  "reverse_proxy /other localhost:1",
	}
	for name, directive := range rest {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := start(t, site(handle("/hook", plain("/hook"), directive)))
			for range 2 {
				a := g.send(thing("evt-1"))
				wantRefused(t, a, http.StatusServiceUnavailable, "upstream_unhandled")
				if a.header.Get("Retry-After") == "" {
					t.Error("the provider is not told to try again")
				}
			}
		})
	}
}

// The same where the chain is abandoned while copies wait.
func TestNobodyAnswersCopies(t *testing.T) {
	t.Parallel()
	gate := newGated(text(200, "seen"))
	up := harness.NewUpstream(t, gate.ServeHTTP)
	g := start(t, site(handle("/hook", plain("/hook"), `reverse_proxy `+up.Address+` {
	@seen status 200
	handle_response @seen {
		header X-Seen yes
	}
}`)))
	first, others, err := copies(t, g, thing("evt-1"), 3, gate)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range append(others, first) {
		wantRefused(t, a, http.StatusServiceUnavailable, "upstream_unhandled")
		if a.header.Get("Retry-After") == "" {
			t.Error("the provider is not told to try again")
		}
	}
}

// An upstream that cannot be reached answers all copies alike.
func TestCopiesOfUnreachable(t *testing.T) {
	t.Parallel()
	gate := newGated(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	up := harness.NewUpstream(t, gate.ServeHTTP)
	g := start(t, site(plainHook(up)))
	first, others, err := copies(t, g, thing("evt-1"), 3, gate)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range append(others, first) {
		wantStatus(t, a, http.StatusBadGateway)
	}
	up.Want(t, 1)
	wantStatus(t, g.send(thing("evt-1")), http.StatusBadGateway)
	up.Want(t, 2)
}

// A copy waits no longer than its provider does, and is told to come again then. What
// becomes of the first is none of its concern.
func TestCopyWaitsTooLong(t *testing.T) {
	t.Parallel()
	gate := newGated(text(200, "taken"))
	up := harness.NewUpstream(t, gate.ServeHTTP)
	hook := strings.Replace(plain("/hook"), "ack 60s", "ack 1s", 1)
	g := start(t, site(handle("/hook", hook, "reverse_proxy "+up.Address)))

	var group sync.WaitGroup
	var first answer
	group.Go(func() { first, _ = g.try(t.Context(), thing("evt-1")) })
	<-gate.entered
	second := g.send(thing("evt-1"))
	wantRefused(t, second, http.StatusServiceUnavailable, "waited_too_long")
	if second.header.Get("Retry-After") == "" {
		t.Error("the provider is not told to try again")
	}
	close(gate.open)
	group.Wait()
	wantStatus(t, first, http.StatusOK)
	wantDuplicate(t, g.send(thing("evt-1")))
	up.Want(t, 1)
}

// No more than so many copies of a delivery wait.
func TestTooManyCopies(t *testing.T) {
	t.Parallel()
	const most = 64
	gate := newGated(text(200, "taken"))
	up := harness.NewUpstream(t, gate.ServeHTTP)
	g := start(t, site(plainHook(up)))

	var group sync.WaitGroup
	group.Go(func() { _, _ = g.try(t.Context(), thing("evt-1")) })
	<-gate.entered
	answers := make([]answer, most)
	for i := range answers {
		group.Go(func() { answers[i], _ = g.try(t.Context(), thing("evt-1")) })
	}
	g.awaitWaiting(most)
	a := g.send(thing("evt-1"))
	wantRefused(t, a, http.StatusServiceUnavailable, "too_many_waiting")
	if a.header.Get("Retry-After") == "" {
		t.Error("the provider is not told to try again")
	}
	wantStatus(t, g.send(request{path: "/elsewhere"}), http.StatusOK)
	close(gate.open)
	group.Wait()
	for _, a := range answers {
		if a.status != http.StatusOK || a.body != "taken" {
			t.Errorf("a copy that waited is answered %d %q", a.status, a.body)
		}
	}
	up.Want(t, 1)
}
