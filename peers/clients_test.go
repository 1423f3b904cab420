package peers

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"testing"
	"time"
)

func githubSignature(body string) string {
	mac := hmac.New(sha256.New, []byte(githubSecret))
	mac.Write([]byte(body))
	return "sha256=" + hex.EncodeToString(mac.Sum(nil))
}

func githubRequest(t *testing.T, url, id, signature string, body io.Reader) *http.Request {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url+"/github", body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-GitHub-Event", "push")
	req.Header.Set("X-GitHub-Delivery", id)
	req.Header.Set("X-Hub-Signature-256", signature)
	return req
}

// TestClients sends the same delivery by clients that differ in how they send.
func TestClients(t *testing.T) {
	g := startGateway(t)
	const body = `{"ref":"refs/heads/main"}`
	http2 := new(http.Protocols)
	http2.SetUnencryptedHTTP2(true)
	clients := map[string]*http.Client{
		"HTTP/1.1": {},
		"HTTP/2":   {Transport: &http.Transport{Protocols: http2}},
		"Expect":   {Transport: &http.Transport{ExpectContinueTimeout: 5 * time.Second}},
	}
	for name, client := range clients {
		for _, chunked := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s chunked=%t", name, chunked), func(t *testing.T) {
				reader := io.Reader(strings.NewReader(body))
				if chunked {
					reader = struct{ io.Reader }{reader} // hides the length
				}
				req := githubRequest(t, g.URL(), t.Name(), githubSignature(body), reader)
				if name == "Expect" {
					req.Header.Set("Expect", "100-continue")
				}
				before := len(g.application.All())
				resp, err := client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if resp.StatusCode != http.StatusOK {
					t.Fatalf("status %d, reason %q", resp.StatusCode, resp.Header.Get("Hookward-Reason"))
				}
				if got := g.application.All(); len(got) != before+1 || got[before].Body != body {
					t.Errorf("the application got %d deliveries, want 1 with the body as sent", len(got)-before)
				}
				if name == "HTTP/2" && resp.ProtoMajor != 2 {
					t.Errorf("spoken: %s, want HTTP/2", resp.Proto)
				}
			})
		}
	}
}

// TestRefusedClientsGetTheirAnswer: a client that is refused before it has sent its
// body, whether it waits to be told to or not, gets the status.
func TestRefusedClientsGetTheirAnswer(t *testing.T) {
	g := startGateway(t)
	large := bytes.Repeat([]byte("x"), 1<<20)
	for name, expect := range map[string]bool{"sends at once": false, "waits for 100": true} {
		for what, want := range map[string]struct {
			signature string
			status    int
		}{
			"no signature": {"", http.StatusUnauthorized},
			"too large":    {githubSignature("x"), http.StatusRequestEntityTooLarge},
		} {
			t.Run(name+", "+what, func(t *testing.T) {
				req := githubRequest(t, g.URL(), t.Name(), want.signature, bytes.NewReader(large))
				client := &http.Client{Timeout: 20 * time.Second}
				if expect {
					req.Header.Set("Expect", "100-continue")
					client.Transport = &http.Transport{ExpectContinueTimeout: 10 * time.Second}
				}
				resp, err := client.Do(req)
				if err != nil {
					t.Fatal(err)
				}
				defer resp.Body.Close()
				if resp.StatusCode != want.status {
					t.Errorf("status %d, want %d", resp.StatusCode, want.status)
				}
			})
		}
	}
}

// TestCurl lets curl send with Expect: 100-continue, as it does for larger bodies.
func TestCurl(t *testing.T) {
	curl, err := exec.LookPath("curl")
	if err != nil {
		t.Fatal("this test needs curl: install it with your package manager")
	}
	g := startGateway(t)
	const body = `{"ref":"refs/heads/curl"}`
	for signature, want := range map[string]string{githubSignature(body): "200", githubSignature("other"): "401"} {
		out, err := exec.Command(curl, "--disable", "--silent", "--max-time", "20", "--output", "/dev/null", "--write-out", "%{http_code}",
			"--header", "Expect: 100-continue", "--header", "X-GitHub-Event: push",
			"--header", "X-GitHub-Delivery: curl-"+want, "--header", "X-Hub-Signature-256: "+signature,
			"--data-binary", body, g.URL()+"/github").CombinedOutput()
		if err != nil || string(out) != want {
			t.Errorf("curl: %v, status %s, want %s", err, out, want)
		}
	}
}
