package caddymodule

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyevents"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zaptest/observer"

	"github.com/hookward/hookward/signature"
)

func init() {
	caddy.RegisterModule(listener{})
}

// listener is a handler of Caddy's events, as a plugin brings one.
type listener struct{}

var (
	heardMu sync.Mutex
	heard   []caddy.Event
)

func (listener) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "events.handlers.hookward_listener", New: func() caddy.Module { return new(listener) }}
}

func (listener) Handle(_ context.Context, e caddy.Event) error {
	heardMu.Lock()
	defer heardMu.Unlock()
	heard = append(heard, e)
	return nil
}

// takeHeard returns what has been heard since the last call.
func takeHeard() []caddy.Event {
	heardMu.Lock()
	defer heardMu.Unlock()
	taken := heard
	heard = nil
	return taken
}

var _ caddyevents.Handler = listener{}

// Whoever subscribes to Hookward's events hears of what is refused and of every
// handshake, and of nothing else.
func TestCaddyEvents(t *testing.T) {
	const learned, strangers, configuredSecret = "l3arned-secret", "str4ngers-secret", "c0nfigured-secret"
	dir := t.TempDir()
	log := filepath.Join(dir, "all.log")
	port, _ := freePorts(t)
	config := caddyConfig(t, dir,
		jsonObject{"default": logFile(log, jsonObject{"format": "hookward"})},
		jsonObject{"servers": jsonObject{"main": jsonObject{
			"listen":          []string{fmt.Sprintf("127.0.0.1:%d", port)},
			"automatic_https": jsonObject{"disable": true},
			"routes": []jsonObject{endpointRoute("/hook", jsonObject{
				"provider": "rest-hooks", "secrets": []jsonObject{{"value": configuredSecret}},
			}, jsonObject{"handler": "static_response"})},
		}}},
	)
	config["apps"].(jsonObject)["events"] = jsonObject{"subscriptions": []jsonObject{{
		"events":   []string{eventRejected, eventHandshake, eventHandshakeRefused},
		"handlers": []jsonObject{{"handler": "hookward_listener"}},
	}}}
	loadCaddy(t, config)
	app, err := runningApp()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := app.endpoints["test-hook"].slots.Arm(t.Context(), onlySlot, time.Hour); err != nil {
		t.Fatal(err)
	}
	takeHeard()

	url := fmt.Sprintf("http://127.0.0.1:%d/hook", port)
	handshake := func(secret string) { post(t, http.DefaultClient, url, http.Header{"X-Hook-Secret": {secret}}) }
	data := func(more ...any) map[string]any {
		all := map[string]any{"endpoint": "test-hook", "provider": "rest-hooks", "slot": "default", "client": "127.0.0.1"}
		for i := 0; i < len(more); i += 2 {
			all[more[i].(string)] = more[i+1]
		}
		return all
	}
	shaken := func(result, secret string) map[string]any {
		return data("result", result, "fingerprint", signature.Fingerprint(secret))
	}
	for _, test := range []struct {
		name string
		do   func()
		want map[string]map[string]any
	}{
		{"a new secret", func() { handshake(learned) }, map[string]map[string]any{eventHandshake: shaken("learned", learned)}},
		{"it comes again", func() { handshake(learned) }, map[string]map[string]any{eventHandshake: shaken("known", learned)}},
		{"the configured one", func() { handshake(configuredSecret) }, map[string]map[string]any{eventHandshake: shaken("configured", configuredSecret)}},
		{"a stranger's", func() { handshake(strangers) }, map[string]map[string]any{
			eventHandshakeRefused: data("reason", "handshake_locked"), eventRejected: data("reason", "handshake_locked"),
		}},
		{"a delivery without proof", func() { post(t, http.DefaultClient, url, http.Header{}) }, map[string]map[string]any{
			eventRejected: data("reason", "header_missing"),
		}},
		{"a delivery with proof", func() {
			body := url
			post(t, http.DefaultClient, url, http.Header{"X-Hook-Signature": {hexMAC(learned, body)}})
		}, map[string]map[string]any{}},
	} {
		test.do()
		got := make(map[string]map[string]any)
		for _, e := range takeHeard() {
			got[e.Name()] = e.Data
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}

	lines := linesWith(readLog(t, log), "handshake answered")
	for _, want := range []string{
		`"result":"learned","fingerprint":"` + signature.Fingerprint(learned) + `"`,
		`"result":"known","fingerprint":"` + signature.Fingerprint(learned) + `"`,
		`"result":"configured","fingerprint":"` + signature.Fingerprint(configuredSecret) + `"`,
	} {
		if len(linesWith(lines, want)) != 1 {
			t.Errorf("%s is not in the log:\n%s", want, strings.Join(lines, "\n"))
		}
	}
}

// Of a flood of refusals ten are logged at once, and then one a second, which says
// how many there were between.
func TestRefusalsAreLoggedSparingly(t *testing.T) {
	h := runningHandler(t)
	core, logs := observer.New(zap.DebugLevel)
	h.logger = zap.New(core)
	synctest.Test(t, func(t *testing.T) {
		refuse := func(times int) (warnings, unmuted, silent int64) {
			for range times {
				h.logRefusal([]zap.Field{zap.String("reason", "mismatch")})
			}
			for _, entry := range logs.TakeAll() {
				if entry.Message != "delivery refused" || entry.ContextMap()["reason"] != "mismatch" {
					t.Errorf("logged is %v", entry)
				}
				if entry.Level == zap.DebugLevel {
					silent++
					continue
				}
				warnings++
				unmuted += entry.ContextMap()["not_logged_before"].(int64)
			}
			return warnings, unmuted, silent
		}
		for _, step := range []struct {
			after                     time.Duration
			times                     int
			warnings, unmuted, silent int64
		}{
			{0, 25, 10, 0, 15},
			{time.Second, 5, 1, 15, 4},
			{time.Second, 1, 1, 4, 0},
			{time.Minute, 11, 10, 0, 1},
		} {
			time.Sleep(step.after)
			if warnings, unmuted, silent := refuse(step.times); warnings != step.warnings || unmuted != step.unmuted || silent != step.silent {
				t.Errorf("%d refusals after %s: %d warnings that tell of %d more, %d at debug level; want %d, %d, %d",
					step.times, step.after, warnings, unmuted, silent, step.warnings, step.unmuted, step.silent)
			}
		}
	})
}
