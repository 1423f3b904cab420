package command_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/hookward/hookward/internal/harness"
	"github.com/hookward/hookward/sender/profile"
)

// simulation is what `simulate --json` shows.
type simulation struct {
	Provider, API, Account, Credential, Subscribe string
}

// running is a simulation, in this process.
type running struct {
	simulation
	stop   func()
	errors *bytes.Buffer // what it has written there, once it is stopped
}

// simulate runs a simulation until the test ends, or stops it.
func simulate(t *testing.T, args ...string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, in := io.Pipe()
	r := running{errors: new(bytes.Buffer)}
	parent := newParent()
	parent.SetArgs(append([]string{"simulate", "--listen", "127.0.0.1:0", "--json"}, args...))
	parent.SetOut(in)
	parent.SetErr(r.errors)
	ended := make(chan error, 1)
	go func() {
		err := parent.ExecuteContext(ctx)
		_ = in.CloseWithError(fmt.Errorf("the simulation has ended: %w", err))
		ended <- err
	}()
	r.stop = func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		r.stop = nil
	}
	t.Cleanup(func() {
		if r.stop != nil {
			r.stop()
		}
	})
	if err := json.NewDecoder(out).Decode(&r.simulation); err != nil {
		t.Fatal(err)
	}
	go func() { _, _ = io.Copy(io.Discard, out) }()
	return r
}

// application takes deliveries, and answers the handshake of X-Hook-Secret.
type application struct {
	*httptest.Server
	arrived chan string // bodies
}

func newApplication(t *testing.T) application {
	t.Helper()
	a := application{arrived: make(chan string, 100)}
	a.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if len(body) == 0 {
			w.Header().Set("X-Hook-Secret", r.Header.Get("X-Hook-Secret"))
			return
		}
		a.arrived <- string(body)
	}))
	t.Cleanup(a.Close)
	return a
}

// next returns the next n bodies.
func (a application) next(t *testing.T, n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), harness.Patience)
	defer cancel()
	bodies := make([]string, n)
	for i := range bodies {
		select {
		case bodies[i] = <-a.arrived:
		case <-ctx.Done():
			t.Fatalf("%d deliveries have arrived, want %d", i, n)
		}
	}
	return bodies
}

// typed makes the request that a curl command makes, as a shell reads it.
func typed(t *testing.T, command string) *http.Request {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "sh", "-c", `curl() { printf '%s\0' "$@"; }; `+command).Output()
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00")
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, words[0], strings.NewReader(words[len(words)-1]))
	if err != nil {
		t.Fatal(err)
	}
	for i, word := range words {
		if word == "--header" {
			name, value, _ := strings.Cut(words[i+1], ": ")
			req.Header.Set(name, value)
		}
	}
	return req
}

// What a simulation shows is enough to subscribe, and what is subscribed to happens.
func TestSimulate(t *testing.T) {
	t.Parallel()
	for _, name := range profile.Providers() {
		if !profile.HasAPI(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			app := newApplication(t)
			s := simulate(t, name, "--credential", "demo", "--emit", "500", "--count", "20")
			req := typed(t, strings.ReplaceAll(s.Subscribe, "http://localhost:8080", app.URL))
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if resp.StatusCode/100 != 2 || s.Provider != name || s.Credential != "demo" {
				t.Fatalf("%s\nis answered %s", s.Subscribe, resp.Status)
			}
			different := make(map[string]bool)
			for _, body := range app.next(t, 20) {
				different[body] = true
			}
			if len(different) != 20 {
				t.Errorf("%d events differ, want 20", len(different))
			}
			s.stop()
			if got := s.errors.String(); got != "emitted 20 events\n" {
				t.Errorf("it wrote %q", got)
			}
		})
	}
}

// Events happen only to those who want them: none are lost before somebody subscribes.
func TestSimulateTargets(t *testing.T) {
	t.Parallel()
	app := newApplication(t)
	simulate(t, "viasto", "--target", app.URL+"/x?key=1", "--target", app.URL+"/y", "--count", "3", "--emit", "500", "--event", "note_changed")
	places := make(map[string]int)
	for _, body := range app.next(t, 6) {
		var delivery struct{ Endpoint, Event string }
		if err := json.Unmarshal([]byte(body), &delivery); err != nil || delivery.Event != "note_changed" {
			t.Fatalf("the body is %s", body)
		}
		places[strings.TrimPrefix(delivery.Endpoint, app.URL)]++
	}
	if places["/x?key=1"] != 3 || places["/y"] != 3 {
		t.Errorf("deliveries went to %v", places)
	}
}

// A target of a provider that wants a URL for each event gets all of them.
func TestSimulateTargetOfEachEvent(t *testing.T) {
	t.Parallel()
	app := newApplication(t)
	s := simulate(t, "repliers", "--target", app.URL+"/{event}", "--credential", "demo")
	credential := writeFile(t, "demo\n")
	var listed []struct {
		Event, URL string
		ID         string
	}
	checkJSON(t, runCommand(t, "", "subscriptions", "repliers", "--api", s.API, "--credential-file", credential, "--json").succeeded(t), &listed)
	if len(listed) != len(profile.EventTypes("repliers")) {
		t.Errorf("there are %d subscriptions", len(listed))
	}
}

func TestSimulateFaults(t *testing.T) {
	t.Parallel()
	app := newApplication(t)
	s := simulate(t, "repliers", "--target", app.URL+"/{event}", "--event", "agent.created", "--count", "5", "--emit", "100",
		"--duplicates", "100%", "--bad-signature", "1")
	copies := make(map[string]int)
	for _, body := range app.next(t, 15) {
		copies[body]++
	}
	s.stop()
	for body, n := range copies {
		if n != 3 {
			t.Errorf("%d copies of %s, want it, its duplicate and a forgery", n, body)
		}
	}
}

// The text is for people; its first line tells others that the provider is ready. A
// signal ends it well.
func TestSimulateProcess(t *testing.T) {
	t.Parallel()
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		cmd := harness.New(t, harness.Options{}).Caddy(
			"hookward", "simulate", "rechat", "--listen", "127.0.0.1:0", "--credential", "demo", "--account", "my-brand")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		pipe, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		stdout := bufio.NewReader(pipe)
		first, err := stdout.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Process.Signal(signal); err != nil {
			t.Fatal(err)
		}
		rest, _ := io.ReadAll(stdout)
		if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
			t.Errorf("%v: it ended with %v and wrote %s", signal, err, &stderr)
		}
		api := strings.TrimSpace(strings.TrimPrefix(first, "simulating rechat at "))
		checkOutput(t, first+string(rest), "simulating rechat at "+api+`
account     my-brand
credential  demo
subscribe with:
curl '`+api+`/brands/my-brand/webhooks' \
  --header 'Authorization: Bearer demo' \
  --header 'Content-Type: application/json' \
  --data-raw '{"topic":"Deals","url":"http://localhost:8080/webhooks/rechat"}'
`)
	}
}

func TestSimulateMisuse(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		want string
	}{
		{nil, "usage: hookward simulate <provider>"},
		{[]string{"nobody"}, "only everreal, rechat, repliers, rest-hooks, viasto can be played"},
		{[]string{"viasto"}, "--target"},
		{[]string{"viasto", "--target", "http://localhost:1/", "--credential", "x"}, "no API"},
		{[]string{"viasto", "--target", "http://localhost:1/", "--event", "no_event"}, "no event"},
		{[]string{"repliers", "--event", "listing.created"}, "give a --target"},
		{[]string{"repliers", "--target", "localhost/" + secretToken}, "--target: want an http or https URL"},
		{[]string{"viasto", "--target", "http://localhost:1/", "--bad-signature", "1%"}, "signs nothing"},
		{[]string{"repliers", "--account", "x"}, "no accounts"},
		{[]string{"repliers", "--credential", "two words"}, "visible"},
		{[]string{"repliers", "--count", "-1"}, "--count"},
		{[]string{"repliers", "--emit", "-1"}, "--emit"},
		{[]string{"repliers", "--emit", "NaN"}, "--emit"},
		{[]string{"repliers", "--emit", "10001"}, "--emit"},
		{[]string{"repliers", "--duplicates", "101%"}, "share"},
		{[]string{"repliers", "--stale", "-1"}, "share"},
		{[]string{"repliers", "--slow-body", "NaN"}, "share"},
		{[]string{"repliers", "--reorder", "often"}, "share"},
	} {
		runCommand(t, "", append([]string{"simulate", "--listen", "127.0.0.1:0"}, test.args...)...).refused(t, test.want)
	}
}

// An address that is taken, and an endpoint that does not answer, end it.
func TestSimulateFails(t *testing.T) {
	t.Parallel()
	app := newApplication(t)
	runCommand(t, "", "simulate", "rechat", "--listen", strings.TrimPrefix(app.URL, "http://")).failed(t, "listening")
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	runCommand(t, "", "simulate", "repliers", "--listen", "127.0.0.1:0", "--target", gone.URL+"/{event}").failed(t, "subscribing a target to agent.created")
}
