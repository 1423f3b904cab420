package caddymodule

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/hookward/hookward/internal/gate"
)

// A body has so much time to arrive, and bytes that trickle in do not prolong it.
// What comes after the body takes as long as it takes.
func TestBodyTimeout(t *testing.T) {
	const timeout = 100 * time.Millisecond
	var arrivals atomic.Int32
	slow := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		arrivals.Add(1)
		time.Sleep(2 * timeout)
		w.WriteHeader(http.StatusAccepted)
	}))
	defer slow.Close()
	port, _ := freePorts(t)
	loadCaddy(t, caddyConfig(t, t.TempDir(), jsonObject{}, jsonObject{"servers": jsonObject{"main": jsonObject{
		"listen":          []string{fmt.Sprintf("127.0.0.1:%d", port)},
		"automatic_https": jsonObject{"disable": true},
		"routes": []jsonObject{endpointRoute("/hook", jsonObject{"provider_definition": unsignedProvider, "allow_unsigned": true},
			jsonObject{"handler": "reverse_proxy", "upstreams": []jsonObject{{"dial": strings.TrimPrefix(slow.URL, "http://")}}})},
	}}}))
	app, err := caddy.ActiveContext().AppIfConfigured("hookward")
	if err != nil {
		t.Fatal(err)
	}
	ep := app.(*App).endpoints["test-hook"]
	ep.handler.timeout = timeout

	for name, framing := range map[string]string{
		"declared": "Content-Length: 1000000\r\n\r\n{",
		"chunked":  "Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n",
		"no byte":  "Content-Length: 1000000\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			checkTooSlow(t, hook(t, port, framing))
		})
	}
	t.Run("trickling", func(t *testing.T) {
		conn := hook(t, port, "Transfer-Encoding: chunked\r\n\r\n")
		done := make(chan struct{})
		defer close(done)
		go func() {
			tick := time.NewTicker(timeout / 20)
			defer tick.Stop()
			for {
				select {
				case <-tick.C:
					_, _ = conn.Write([]byte("1\r\n{\r\n")) // until the server has had enough
				case <-done:
					return
				}
			}
		}()
		checkTooSlow(t, conn)
	})
	if n := arrivals.Load(); n != 0 {
		t.Errorf("%d requests reached the upstream", n)
	}
	if n := ep.shared.budget.inUse(); n != 0 {
		t.Errorf("%d bytes are still held", n)
	}

	conn := hook(t, port, "Content-Length: 2\r\n\r\n{}")
	if status, _ := readStatus(t, conn); status != http.StatusAccepted {
		t.Errorf("with a slow upstream the answer is %d", status)
	}
}

// hook connects to the endpoint and writes a request, framed as given.
func hook(t *testing.T, port int, framing string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(conn, "POST /hook HTTP/1.1\r\nHost: localhost\r\n%s", framing); err != nil {
		t.Fatal(err)
	}
	return conn
}

// readStatus returns the status of the answer, and the reason of a refusal.
func readStatus(t *testing.T, conn net.Conn) (status int, reason string) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("Hookward-Reason")
}

func checkTooSlow(t *testing.T, conn net.Conn) {
	t.Helper()
	status, reason := readStatus(t, conn)
	if status != http.StatusRequestTimeout || reason != string(gate.BodyTooSlow) {
		t.Errorf("the answer is %d %s", status, reason)
	}
}

// Only a client that still waits to be told to send its body is sent away. One that is in
// the middle of sending it would lose the answer to a reset.
func TestWhoIsSendingIsNotCutOff(t *testing.T) {
	h := runningHandler(t)
	h.MaxBody = 1000
	for name, test := range map[string]struct {
		declared int64
		want     string
	}{
		"declared":   {2000, "close"},
		"undeclared": {-1, ""},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/", strings.NewReader(strings.Repeat("x", 2000)))
		r.ContentLength = test.declared
		r.Header.Set("Expect", "100-continue")
		w := httptest.NewRecorder()
		r = caddyhttp.PrepareRequest(r, caddy.NewReplacer(), w, nil)
		err := h.ServeHTTP(w, r, accepting)
		failed, is := err.(caddyhttp.HandlerError) //nolint:errorlint // just as Caddy does
		if !is || failed.StatusCode != http.StatusRequestEntityTooLarge || w.Header().Get("Connection") != test.want {
			t.Errorf("%s: %v, header %v", name, err, w.Header())
		}
	}
}
