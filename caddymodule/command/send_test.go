package command_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// receiver is an endpoint that takes what send sends, and keeps it.
type receiver struct {
	*httptest.Server
	mu       sync.Mutex
	got      []*gate.Delivery
	verdicts []gate.Verdict
}

// newReceiver judges by the provider's rules, with a key of the provider's kind.
func newReceiver(t *testing.T, name, path string) *receiver {
	t.Helper()
	own, err := lookup(t, name).Resolve(nil)
	if err != nil {
		t.Fatal(err)
	}
	endpoint, err := gate.New(gate.Config{
		Name: name, Provider: own, Path: path, Keys: keysOf(t, name), Handshake: handshake.Off,
		PublicURL: "https://hooks.example.com/registered", AllowUnsigned: len(own.Signature) == 0,
	})
	if err != nil {
		t.Fatal(err)
	}
	r := new(receiver)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		d := &gate.Delivery{
			Method: req.Method, Path: req.URL.EscapedPath(), RawQuery: req.URL.RawQuery,
			Host: req.Host, Header: req.Header, Received: time.Now(),
		}
		d.Body, _ = io.ReadAll(req.Body)
		v := endpoint.Judge(req.Context(), d)
		r.mu.Lock()
		r.got, r.verdicts = append(r.got, d), append(r.verdicts, v)
		r.mu.Unlock()
		w.Header().Set("Hookward-Reason", string(v.Reason))
		w.Header().Set("X-Other", "x")
		if v.Outcome == gate.Reject {
			w.WriteHeader(v.Status)
		}
	}))
	t.Cleanup(r.Close)
	return r
}

func sendArgs(t *testing.T, name string, more ...string) []string {
	t.Helper()
	args := []string{"send", "--provider", name, "--public-url", "https://hooks.example.com/registered"}
	if secretOf(t, name) != "" {
		args = append(args, "--secret-file", secretFile(t, name))
	}
	return append(args, more...)
}

func TestSendIsAccepted(t *testing.T) {
	t.Parallel()
	for _, name := range provider.Names() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := provider.Lookup(name)
			if err != nil {
				t.Fatal(err)
			}
			path := "/hooks"
			if p.Reads(signature.Route) && len(p.RawTypes()) > 0 {
				path = "/hooks/{event}"
			}
			r := newReceiver(t, name, path)
			var result struct {
				Provider, Event string
				Bytes           int
				Answers         []struct {
					Status int
					Header map[string]string
				}
				Expected bool
			}
			checkJSON(t, runCommand(t, "", sendArgs(t, name, "--url", r.URL+path, "--json")...).succeeded(t), &result)
			if len(r.verdicts) != 1 || r.verdicts[0].Outcome != gate.Accept || r.verdicts[0].Event.RawType != result.Event {
				t.Fatalf("verdicts are %+v", r.verdicts)
			}
			if len(result.Answers) != 1 || result.Answers[0].Status != http.StatusOK || !result.Expected || result.Bytes != len(r.got[0].Body) {
				t.Errorf("result is %+v", result)
			}
		})
	}
}

func TestSendPrints(t *testing.T) {
	t.Parallel()
	r := newReceiver(t, "slack", "")
	own := writeFile(t, `{"event_id":"1","event":{"type":"pin_added"}}`)
	send := func(more ...string) ran {
		return runCommand(t, "", sendArgs(t, "slack", append(more, "--url", r.URL+"/slack?key="+secretToken, "--event", "pin_added", "--body", own)...)...)
	}
	checkOutput(t, send().succeeded(t), "sent pin_added of slack, 45 bytes\nanswer: 200 OK\n")
	checkOutput(t, send("--forge").succeeded(t), "sent pin_added of slack, 45 bytes\nanswer: 401 Unauthorized\n  Hookward-Reason  mismatch\n")
	checkOutput(t, send("--stale").succeeded(t), "sent pin_added of slack, 45 bytes\nanswer: 401 Unauthorized\n  Hookward-Reason  timestamp_too_old\n")
	out := send("--duplicate").succeeded(t)
	if strings.Count(out, "answer: 200 OK") != 2 {
		t.Errorf("output is %s", out)
	}
	if last := len(r.got) - 1; string(r.got[last].Body) != string(r.got[last-1].Body) ||
		r.got[last].Header.Get("X-Slack-Signature") != r.got[last-1].Header.Get("X-Slack-Signature") {
		t.Error("the copy differs")
	}
}

func TestSendTellsTheWrongAnswer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		status int
		flag   string
	}{
		{http.StatusUnauthorized, "--duplicate"},
		{http.StatusFound, "--duplicate"},
		{http.StatusOK, "--forge"},
		{http.StatusNoContent, "--stale"},
	} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/" {
				t.Error("a redirect was followed")
			}
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(test.status)
		}))
		r := runCommand(t, "", sendArgs(t, "stripe", "--url", server.URL, test.flag)...)
		r.failed(t, "")
		if !strings.Contains(r.out, "answer: ") {
			t.Errorf("output is %q", r.out)
		}
		server.Close()
	}
}

func TestSendNobodyThere(t *testing.T) {
	t.Parallel()
	gone := httptest.NewServer(http.NotFoundHandler())
	gone.Close()
	r := runCommand(t, "", sendArgs(t, "stripe", "--url", gone.URL+"/x?key="+secretToken)...)
	r.failed(t, "sending the delivery")
}

func TestSendMisuse(t *testing.T) {
	t.Parallel()
	secret := writeFile(t, verySecret)
	const there = "http://localhost/x"
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"send"}, "--provider <name>"},
		{[]string{"send", "--provider", "github"}, "--url"},
		{[]string{"send", "--provider", "github", "--url", there}, "give its secret by"},
		{[]string{"send", "--provider", "github", "--url", there, "--secret-file", secret, "--secret-file", secret}, "one secret"},
		{[]string{"send", "--provider", "github", "--url", there, "--secret-file", "-", "--body", "-"}, "once only"},
		{[]string{"send", "--provider", "github", "--url", "localhost/" + secretToken, "--secret-file", secret}, "give the whole of it by --url"},
		{[]string{"send", "--provider", "rechat", "--url", there, "--secret-file", secret}, "not valid hex"},
		{[]string{"send", "--provider", "everreal", "--url", there, "--secret-file", secret}, "signs nothing"},
		{[]string{"send", "--provider", "everreal", "--url", there, "--forge"}, "signs nothing"},
		{[]string{"send", "--provider", "github", "--url", there, "--secret-file", secret, "--stale"}, "signs no time"},
		{[]string{"send", "--provider", "rechat", "--url", there, "--event", "Deals", "--secret-file", secret}, "`caddy hookward providers <name>` shows its events"},
		{[]string{"send", "--provider", "repliers", "--url", there, "--secret-file", "-", "--curl"}, "--secret-env or a file"},
	} {
		runCommand(t, verySecret, test.args...).refused(t, test.want)
	}
}

// A secret that is sent as it is stays where the shell reads it from.
func TestCurlWithoutSecret(t *testing.T) {
	t.Parallel()
	file := writeFile(t, verySecret)
	var answer map[string]string
	checkJSON(t, runCommand(t, "", "send", "--provider", "repliers", "--url", "http://localhost/{event}", "--secret-file", file, "--curl", "--json").succeeded(t), &answer)
	if want := `--header 'X-Hook-Secret: '"$(cat '` + file + `')"`; !strings.Contains(answer["command"], want) {
		t.Errorf("command is %s, want %s", answer["command"], want)
	}
	out := runCommand(t, "", "send", "--provider", "repliers", "--url", "http://localhost/{event}", "--secret-file", file, "--curl", "--forge").succeeded(t)
	if !strings.Contains(out, "'X-Hook-Secret: forged'") {
		t.Errorf("command is %s", out)
	}
}
