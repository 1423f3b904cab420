package caddymodule

import (
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
)

func init() { caddy.RegisterModule(&lateFailure{}) }

// lateFailure is an app that does not start, and takes its time to find out.
type lateFailure struct{ app *App }

// reached is told by a provider that it was asked.
var reached = make(chan struct{}, 1)

// afterHookward counts how often a lateFailure was started after the hookward app.
var afterHookward int

func (*lateFailure) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "hookward_test_late_failure", New: func() caddy.Module { return new(lateFailure) }}
}

func (l *lateFailure) Provision(ctx caddy.Context) error {
	app, err := ctx.App("hookward")
	if err == nil {
		l.app = app.(*App)
	}
	return err
}

func (l *lateFailure) Start() error {
	l.app.mu.Lock()
	if l.app.background != nil {
		afterHookward++
	}
	l.app.mu.Unlock()
	select {
	case <-reached:
		reached <- struct{}{}
	case <-time.After(4 * askAgain):
	}
	return errors.New("it does not start")
}

func (*lateFailure) Stop() error { return nil }

// What a configuration has begun that then fails to load asks no provider for
// anything, however long it takes to fail.
func TestLateFailureAsksNoProvider(t *testing.T) {
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		select {
		case reached <- struct{}{}:
		default:
		}
		_, _ = w.Write([]byte("[]"))
	}))
	t.Cleanup(provider.Close)
	config := func(apps jsonObject) []byte {
		settings := subscribing("repliers")
		settings["subscribe"].(jsonObject)["api"] = provider.URL
		apps["http"] = jsonObject{"servers": jsonObject{"main": jsonObject{
			"listen": []string{freeAddress(t)}, "routes": []jsonObject{endpointRoute("/in", settings)},
		}}}
		all := caddyConfig(t, t.TempDir(), jsonObject{"default": jsonObject{"writer": jsonObject{"output": "discard"}}}, nil)
		all["apps"] = apps
		text, err := json.Marshal(all)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	failing, good := config(jsonObject{"hookward_test_late_failure": jsonObject{}}), config(jsonObject{})
	loadCaddy(t, jsonObject{"admin": jsonObject{"disabled": true, "config": jsonObject{"persist": false}}})

	afterHookward = 0
	for range 100 { // apps start in random order
		if err := caddy.Load(failing, true); err == nil {
			t.Fatal("the configuration loads")
		}
		if len(reached) > 0 {
			t.Fatal("the provider was asked")
		}
		if afterHookward == 3 {
			break
		}
	}
	if afterHookward == 0 {
		t.Fatal("the app was never started before the one that fails")
	}
	if err := caddy.Load(good, true); err != nil {
		t.Fatal(err)
	}
	<-reached
}
