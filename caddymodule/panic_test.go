package caddymodule

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"github.com/caddyserver/certmagic"
	"github.com/prometheus/client_golang/prometheus"
)

func init() {
	caddy.RegisterModule(panicker{})
	caddy.RegisterModule(panickingStorage{})
}

// panicker is a handler that fails in the way that the request asks for, and tells
// all that it knows while it does.
type panicker struct{}

func (panicker) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.hookward_panicker", New: func() caddy.Module { return new(panicker) }}
}

func (panicker) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	body, _ := io.ReadAll(r.Body)
	everything := fmt.Sprintf("%s %v", body, r.Header)
	switch r.Header.Get("X-Fail") {
	case "with a text":
		panic(everything)
	case "with an error":
		panic(errors.New(everything))
	case "of Go":
		_ = body[len(body)+len(everything):]
	case "half answered":
		w.Header().Set("Content-Length", "100")
		w.WriteHeader(http.StatusOK)
		_, _ = io.WriteString(w, "only this")
		panic(everything)
	case "before the answer":
		w.Header().Set("Content-Length", "100")
		w.Header().Set("Content-Encoding", "gzip")
		panic(everything)
	case "aborted":
		panic(http.ErrAbortHandler)
	}
	w.WriteHeader(http.StatusAccepted)
	return nil
}

const panicSecret = "panic-s3cret"

// runPanicker runs an endpoint in front of the panicker, and an error route that gives
// back what it got. It returns the URL, the endpoint and its log.
func runPanicker(t *testing.T, endpoint, storage jsonObject) (url string, ep *endpoint, log string) {
	t.Helper()
	dir := t.TempDir()
	log = filepath.Join(dir, "all.log")
	port, _ := freePorts(t)
	config := caddyConfig(t, dir,
		jsonObject{"default": logFile(log, jsonObject{"format": "hookward"})},
		jsonObject{"servers": jsonObject{"main": jsonObject{
			"listen":          []string{fmt.Sprintf("127.0.0.1:%d", port)},
			"automatic_https": jsonObject{"disable": true},
			"logs":            jsonObject{},
			"routes":          []jsonObject{endpointRoute("/hook", endpoint, jsonObject{"handler": "hookward_panicker"})},
			"errors": jsonObject{"routes": []jsonObject{{"handle": []jsonObject{{
				"handler": "static_response", "status_code": "{http.error.status_code}",
				"body": "{http.request.header.Ce-Type}|{http.request.header.Hookward-Verified}",
			}}}}},
		}}},
	)
	if storage != nil {
		config["storage"] = storage
	}
	loadCaddy(t, config)
	app, err := runningApp()
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("http://127.0.0.1:%d/hook", port), app.endpoints["test-hook"], log
}

// failing sends a signed delivery that is to fail in some way.
func failing(t *testing.T, url, id, how string) (failAnswer, error) {
	t.Helper()
	body := fmt.Sprintf(`{"id":%q,"password":"b0dy-s3cret"}`, id)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Signed", hexMAC(panicSecret, body))
	req.Header.Set("X-Fail", how)
	req.Header.Set("X-Other", "header-s3cret")
	req.Header.Set("Ce-Type", "forged")
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: time.Minute}
	resp, err := client.Do(req)
	if err != nil {
		return failAnswer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return failAnswer{resp.StatusCode, resp.Header, string(text)}, err
}

// failAnswer is what the provider gets.
type failAnswer struct {
	status int
	header http.Header
	body   string
}

func hexMAC(key, content string) string {
	mac := hmac.New(sha256.New, []byte(key))
	mac.Write([]byte(content))
	return hex.EncodeToString(mac.Sum(nil))
}

func signedEndpoint() jsonObject {
	return jsonObject{
		"provider_definition": jsonObject{
			"name": "signed", "signature": []jsonObject{{"type": "hmac", "header": "X-Signed"}},
			"event": jsonObject{"id": "json:id"},
		},
		"secrets": []jsonObject{{"value": panicSecret}},
	}
}

// A handler behind the endpoint that panics has taken nothing: the provider is told to
// try again, and the same delivery is forwarded then.
func TestPanicBehind(t *testing.T) {
	url, ep, log := runPanicker(t, signedEndpoint(), nil)
	for _, how := range []string{"with a text", "with an error", "of Go", "before the answer"} {
		a, err := failing(t, url, how, how)
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		wantPanicAnswer(t, how, a)
		if a.header.Get("Content-Encoding") != "" || a.body != "delivery.received|true" {
			t.Errorf("%s: the error route got %v %q", how, a.header, a.body)
		}
	}
	for _, how := range []string{"half answered", "aborted"} {
		if a, err := failing(t, url, how, how); err == nil {
			t.Errorf("%s: answered %v", how, a)
		}
	}
	for _, id := range []string{"with a text", "half answered", "aborted"} {
		if a, err := failing(t, url, id, "not"); err != nil || a.status != http.StatusAccepted || a.header.Get("Hookward-Duplicate") != "" {
			t.Errorf("%s: the next copy is answered %v, %v", id, a, err)
		}
	}
	if n := ep.shared.dedupe.Stats().InFlight; n != 0 {
		t.Errorf("%d deliveries stay in flight", n)
	}
	if n := ep.shared.budget.inUse(); n != 0 {
		t.Errorf("%d bytes stay reserved", n)
	}
	checkPanicLog(t, log, 5, "panicker.ServeHTTP", "slice bounds out of range")
	checkCounts(t, ep, map[result]int64{{"failed", "panic"}: 5, {"failed", ""}: 1, {"accept", ""}: 3})
}

// checkCounts wants each delivery counted once, by what became of it.
func checkCounts(t *testing.T, ep *endpoint, want map[result]int64) {
	t.Helper()
	ep.stats.mu.Lock()
	defer ep.stats.mu.Unlock()
	got := make(map[result]int64)
	for r, tally := range ep.stats.outcomes {
		got[r] = tally.n
	}
	if !maps.Equal(got, want) {
		t.Errorf("counted are %v, want %v", got, want)
	}
}

// What an endpoint that only reports has handed on is counted as that, and comes to an
// error route as a refused delivery does.
func TestPanicBehindUnproved(t *testing.T) {
	endpoint := signedEndpoint()
	endpoint["report_only"] = true
	endpoint["secrets"] = []jsonObject{{"value": "another"}}
	url, ep, log := runPanicker(t, endpoint, nil)
	a, err := failing(t, url, "1", "with a text")
	if err != nil {
		t.Fatal(err)
	}
	wantPanicAnswer(t, "unproved", a)
	if a.body != "|false" {
		t.Errorf("the error route got %q", a.body)
	}
	if a, err := failing(t, url, "2", "half answered"); err == nil {
		t.Errorf("half an answer is %v", a)
	}
	checkPanicLog(t, log, 2, "panicker.ServeHTTP")
	checkCounts(t, ep, map[result]int64{{"unproved", "mismatch"}: 2})
}

// A delivery that has been refused is counted as that, whatever fails then.
func TestPanicAfterRefusal(t *testing.T) {
	url, ep, log := runPanicker(t, signedEndpoint(), nil)
	handler := ep.handler
	app := handler.app
	handler.app = new(App) // it has no events
	handler.app.shared.Store(app.shared.Load())
	t.Cleanup(func() { handler.app = app })
	a, err := failing(t, url, "1", "not")
	if err != nil || a.status != http.StatusAccepted {
		t.Fatalf("a good delivery is answered %v, %v", a, err)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Signed", hexMAC("another", "{}"))
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("status %d", resp.StatusCode)
	}
	checkPanicLog(t, log, 1, "recordRefusal")
	checkCounts(t, ep, map[result]int64{{"accept", ""}: 1, {"reject", "mismatch"}: 1})
}

// checkPanicLog wants so many panics in the log, with these texts, and nothing of any
// request.
func checkPanicLog(t *testing.T, path string, n int, texts ...string) {
	t.Helper()
	lines := readLog(t, path)
	panics := linesWith(lines, `"msg":"panic"`)
	if len(panics) != n {
		t.Errorf("%d panics are logged, want %d:\n%s", len(panics), n, strings.Join(panics, "\n"))
	}
	for _, text := range texts {
		if len(linesWith(panics, text)) == 0 {
			t.Errorf("no panic is logged with %q:\n%s", text, strings.Join(panics, "\n"))
		}
	}
	if found := linesWith(lines, panicSecret); len(found) > 0 {
		t.Errorf("the key is in the log:\n%s", strings.Join(found, "\n"))
	}
	for _, secret := range []string{"b0dy-s3cret", "header-s3cret"} {
		if found := linesWith(panics, secret); len(found) > 0 {
			t.Errorf("a part of the request is in the log:\n%s", strings.Join(found, "\n"))
		}
	}
	if found := linesWith(lines, "b0dy-s3cret"); len(found) > 0 {
		t.Errorf("the body is in the log:\n%s", strings.Join(found, "\n"))
	}
}

// panickingObserver stands for a fault of our own after the upstream has answered.
type panickingObserver struct{ prometheus.Observer }

func (panickingObserver) Observe(float64) { panic("b0dy-s3cret") }

// A fault of our own between the claim and its end leaves nothing claimed.
func TestPanicWhileSettling(t *testing.T) {
	url, ep, log := runPanicker(t, signedEndpoint(), nil)
	sound := ep.stats.upstream
	ep.stats.upstream = panickingObserver{}
	if a, err := failing(t, url, "1", "not"); err == nil {
		t.Errorf("a delivery of which nobody knows what became is answered %v", a)
	}
	ep.stats.upstream = sound
	if n := ep.shared.dedupe.Stats().InFlight; n != 0 {
		t.Errorf("%d deliveries stay in flight", n)
	}
	if a, err := failing(t, url, "1", "not"); err != nil || a.status != http.StatusAccepted || a.header.Get("Hookward-Duplicate") != "" {
		t.Errorf("the next copy is answered %v, %v", a, err)
	}
	checkPanicLog(t, log, 1, "panickingObserver.Observe")
	checkCounts(t, ep, map[result]int64{{"failed", "panic"}: 1, {"accept", ""}: 1})
}

// panickingStorage is a storage with a fault, once it is armed.
type panickingStorage struct{ certmagic.Storage }

var storagePanics atomic.Bool

func (panickingStorage) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "caddy.storage.hookward_panicking", New: func() caddy.Module { return new(panickingStorage) }}
}

func (s *panickingStorage) CertMagicStorage() (certmagic.Storage, error) {
	s.Storage = &certmagic.FileStorage{Path: filepath.Join(caddy.AppDataDir(), "panicking")}
	return s, nil
}

func (s *panickingStorage) Load(ctx context.Context, key string) ([]byte, error) {
	if storagePanics.Load() {
		panic("b0dy-s3cret")
	}
	return s.Storage.Load(ctx, key)
}

// A fault before the delivery is judged leaves it unproved, for an error route too.
func TestPanicWhileJudging(t *testing.T) {
	url, ep, log := runPanicker(t, jsonObject{"provider_definition": handshakeProvider}, jsonObject{"module": "hookward_panicking"})
	storagePanics.Store(true)
	defer storagePanics.Store(false)
	a, err := failing(t, url, "1", "not")
	if err != nil {
		t.Fatal(err)
	}
	wantPanicAnswer(t, "judging", a)
	if a.body != "|false" {
		t.Errorf("the error route got %q", a.body)
	}
	checkPanicLog(t, log, 1, "panickingStorage).Load")
	checkCounts(t, ep, map[result]int64{{"reject", "panic"}: 1})
}

func wantPanicAnswer(t *testing.T, how string, a failAnswer) {
	t.Helper()
	if a.status != http.StatusServiceUnavailable || a.header.Get("Retry-After") == "" || a.header.Get("Hookward-Reason") != "panic" {
		t.Errorf("%s: answered %v", how, a)
	}
}
