package harness

import (
	"io"
	"net/http"
	"os"
	"strings"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(Main(m)) }

const greeting = `{
	admin 127.0.0.1:2019
}
http://127.0.0.1:8080 {
	respond "hello"
}
http://127.0.0.1:9080 {
	respond {env.GREETING}
}
`

// get returns the answer, or nothing where nobody answers.
func get(t *testing.T, url string) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	return string(body)
}

// TestGateway ends a gateway in every way, and starts it again.
func TestGateway(t *testing.T) {
	t.Parallel()
	g := Start(t, Options{Config: greeting, Env: []string{"GREETING=good day"}})
	check := func(runs bool) {
		t.Helper()
		for url, want := range map[string]string{g.URL(): "hello", "http://" + g.Second: "good day"} {
			if !runs {
				want = ""
			}
			if got := get(t, url); got != want {
				t.Errorf("%s answers %q, want %q", url, got, want)
			}
		}
		if got := get(t, g.AdminURL()+"/config/admin"); strings.Contains(got, g.Admin) != runs {
			t.Errorf("the admin API answers %q", got)
		}
	}
	check(true)
	g.Kill()
	check(false)
	g.Restart()
	check(true)
	g.Restart()
	check(true)
	g.Stop()
	check(false)
}

// A process that ends early is not waited for.
func TestAwaitEnd(t *testing.T) {
	t.Parallel()
	g := New(t, Options{Config: "{\n\tnonsense\n}\n"})
	if err := g.launch(); err == nil {
		t.Error("a gateway without a configuration runs")
	}
	if !strings.Contains(g.Output(), "nonsense") {
		t.Errorf("the output is %q", g.Output())
	}
}

// Between the choice of a port and its use another process may take it. That is told
// apart from a configuration that does not load, and passes.
func TestLostPort(t *testing.T) {
	t.Parallel()
	taken := listen(t)
	g := New(t, Options{Config: greeting + "http://" + taken.Addr().String() + " {\n\trespond \"third\"\n}\n"})
	if err := g.launch(); err == nil || !g.lostPort() {
		t.Fatalf("a gateway with a port that is taken starts: %v\n%s", err, g.Output())
	}
	_ = taken.Close()
	if err := g.launch(); err != nil {
		t.Fatal(err)
	}
	if got := get(t, "http://"+taken.Addr().String()); got != "third" {
		t.Errorf("the gateway answers %q", got)
	}

	broken := New(t, Options{Config: "{\n\tnonsense\n}\n"})
	if err := broken.launch(); err == nil || broken.lostPort() {
		t.Errorf("a broken configuration is taken for a lost port: %v", err)
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	g := New(t, Options{Folder: t.TempDir(), Env: []string{"GREETING=good day"}})
	out, err := g.Command("sh", "-c", `echo "$GREETING"; pwd; echo "$HOME"; caddy version`).Output()
	if err != nil {
		t.Fatal(err)
	}
	version, err := g.Caddy("version").Output()
	if err != nil {
		t.Fatal(err)
	}
	if want := "good day\n" + g.Folder + "\n" + g.Home + "\n" + string(version); string(out) != want {
		t.Errorf("the output is %q, want %q", out, want)
	}
}

func TestLocal(t *testing.T) {
	t.Parallel()
	g := &Gateway{Site: "127.0.0.1:1001", Second: "127.0.0.1:1002", Admin: "127.0.0.1:1003"}
	const text = "http://localhost:8080 127.0.0.1:9080, localhost:2019; localhost:80800 127.0.0.1:20190 app:8080"
	const want = "http://localhost:1001 127.0.0.1:1002, localhost:1003; localhost:80800 127.0.0.1:20190 app:8080"
	if got := g.Local(text); got != want {
		t.Errorf("the text is %q, want %q", got, want)
	}
}
