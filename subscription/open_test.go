package subscription

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/provider"
)

func TestOpen(t *testing.T) {
	t.Parallel()
	want := []string{"asana", "everreal", "rechat", "repliers", "rest-hooks"}
	if got := Providers(); !slices.Equal(got, want) {
		t.Errorf("providers %v, want %v", got, want)
	}
	for _, name := range Providers() {
		if _, err := provider.Lookup(name); err != nil {
			t.Errorf("%s is not in the catalogue: %v", name, err)
		}
		open(t, name, configFor(name, "https://api.example.com"))
	}
	for _, name := range []string{"viasto", "Repliers", ""} {
		if client, err := Open(name, Config{}); !errors.Is(err, ErrNoAPI) || client != nil {
			t.Errorf("%q: client %v, error %v", name, client, err)
		}
	}
}

func TestDefaultAPI(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{
		asanaName: "app.asana.com/api/1.0/webhooks", everrealName: "1331.everreal.co/api/external-integrations/webhooks",
		rechatName: "api.rechat.com/brands/1331/webhooks", repliersName: "api.repliers.io/webhooks",
	} {
		var got string
		note := func(r *http.Request) (*http.Response, error) {
			got = r.URL.Scheme + "://" + r.URL.Host + r.URL.Path
			return status(http.StatusBadRequest, "")(r)
		}
		config := Config{Account: "1331", Credential: StaticCredential(credential)}
		if name == repliersName {
			config.Account = ""
		}
		client := open(t, name, config, WithHTTPClient(&http.Client{Transport: &script{steps: []step{note}}}))
		if _, err := client.List(t.Context()); !errors.Is(err, ErrRejected) || got != "https://"+want {
			t.Errorf("%s: %s, error %v, want %s", name, got, err, want)
		}
	}
}

func TestConfigRefused(t *testing.T) {
	t.Parallel()
	for _, name := range Providers() {
		for what, change := range map[string]func(*Config){
			"no credential":     func(c *Config) { c.Credential = nil },
			"plain http":        func(c *Config) { c.API = "http://api.example.com" },
			"http to a network": func(c *Config) { c.API = "http://192.168.0.1" },
			"no host":           func(c *Config) { c.API = "https:///webhooks" },
			"a path":            func(c *Config) { c.API = "/webhooks" },
			"another scheme":    func(c *Config) { c.API = "ftp://api.example.com" },
			"a password":        func(c *Config) { c.API = "https://user:hunter2@api.example.com" },
			"a query":           func(c *Config) { c.API = "https://api.example.com?key=hunter2" },
			"an empty query":    func(c *Config) { c.API = "https://api.example.com?" },
			"a fragment":        func(c *Config) { c.API = "https://api.example.com#hunter2" },
			"a line end":        func(c *Config) { c.API = "https://api.example.com/\nhunter2" },
			"no port":           func(c *Config) { c.API = "https://user:hunter2" },
			"too long":          func(c *Config) { c.API = "https://api.example.com/" + strings.Repeat("a", maxURL) },
		} {
			config := configFor(name, "https://api.example.com")
			change(&config)
			client, err := Open(name, config)
			if !errors.Is(err, ErrInvalid) || client != nil || !strings.HasPrefix(err.Error(), name+": ") {
				t.Errorf("%s, %s: client %v, error %v", name, what, client, err)
			} else if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s, %s: error %v shows the password", name, what, err)
			}
		}
	}
}

func TestAccountRefused(t *testing.T) {
	t.Parallel()
	for name, accounts := range map[string][]string{
		rechatName: {"", "..", "a/b"}, asanaName: {"", "..", "a/b"}, repliersName: {"acme"}, restHooksName: {"acme"},
	} {
		for _, account := range accounts {
			config := configFor(name, "https://api.example.com")
			config.Account = account
			if _, err := Open(name, config); !errors.Is(err, ErrInvalid) {
				t.Errorf("%s: account %q: %v", name, account, err)
			}
		}
	}
}

func TestPlainHTTP(t *testing.T) {
	t.Parallel()
	for _, api := range []string{"http://127.0.0.1:9090", "http://127.1.2.3", "http://[::1]:9090", "http://[::ffff:127.0.0.1]", "http://LocalHost:1"} {
		open(t, repliersName, configFor(repliersName, api))
	}
	api := "http://staging.internal"
	client := open(t, repliersName, configFor(repliersName, api), WithPlainHTTP(),
		WithHTTPClient(&http.Client{Transport: &script{steps: []step{status(200, "")}}}))
	if _, err := client.List(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestOptionsRefused(t *testing.T) {
	t.Parallel()
	for name, option := range map[string]Option{
		"no client":                WithHTTPClient(nil),
		"no user agent":            WithUserAgent(""),
		"user agent of two lines":  WithUserAgent("a\r\nX-Admin: 1"),
		"no timeout":               WithTimeout(0),
		"no answer":                WithMaxAnswer(0),
		"answer without a limit":   WithMaxAnswer(1<<63 - 1),
		"no attempts":              WithRetry(Retry{}),
		"negative delay":           WithRetry(Retry{Attempts: 1, Delay: -1}),
		"delay above the longest":  WithRetry(Retry{Attempts: 1, Delay: 2, MaxDelay: 1}),
		"no header":                WithCredentialHeader(""),
		"header with a line end":   WithCredentialHeader("X-Key\r\nX-Admin"),
		"header that is no header": WithCredentialHeader("X Key"),
	} {
		if _, err := NewRepliers(configFor(repliersName, ""), option); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The caller's HTTP client is copied, not changed.
func TestHTTPClientIsLeftAlone(t *testing.T) {
	t.Parallel()
	client := &http.Client{Timeout: time.Minute}
	open(t, repliersName, configFor(repliersName, ""), WithHTTPClient(client))
	if client.CheckRedirect != nil {
		t.Error("the caller's client follows redirects no more")
	}
}

func TestEvents(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{everrealName: 28, repliersName: 19, rechatName: 3} {
		client := open(t, name, configFor(name, "https://api.example.com"))
		events := client.(EventLister).Events()
		if len(events) != want || !slices.IsSorted(events) || !slices.Contains(events, requestFor(name).Event) {
			t.Errorf("%s: %d events %v, want %d", name, len(events), events, want)
		}
		events[0] = "changed"
		if slices.Contains(client.(EventLister).Events(), "changed") {
			t.Errorf("%s: the caller can change the list", name)
		}
	}
	for _, name := range []string{asanaName, restHooksName} {
		if _, closed := open(t, name, configFor(name, "https://api.example.com")).(EventLister); closed {
			t.Errorf("%s has a closed list", name)
		}
	}
}

func TestRequestRefused(t *testing.T) {
	t.Parallel()
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	for _, name := range Providers() {
		changes := map[string]func(*Request){
			"no url":             func(r *Request) { r.URL = "" },
			"plain http":         func(r *Request) { r.URL = "http://hooks.example.com/hunter2" },
			"fragment":           func(r *Request) { r.URL = "https://hooks.example.com/hunter2#a" },
			"no absolute url":    func(r *Request) { r.URL = "hooks.example.com/hunter2" },
			"url with a space":   func(r *Request) { r.URL = "https://hooks.example.com/ hunter2" },
			"settings of no use": func(r *Request) { r.Settings = []byte(`"hunter2"`) },
		}
		if name != asanaName {
			changes["resource"] = func(r *Request) { r.Resource = "1" }
		}
		if name != restHooksName {
			changes["unknown event"] = func(r *Request) { r.Event = "exploded" }
		}
		for what, change := range changes {
			request := requestFor(name)
			change(&request)
			client := open(t, name, s.config(name))
			_, err := client.Create(context.Background(), request)
			if !errors.Is(err, ErrInvalid) || strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s, %s: %v", name, what, err)
			}
			if checked := client.(Checker).Check(request); checked == nil || checked.Error() != err.Error() {
				t.Errorf("%s, %s: Check says %v", name, what, checked)
			}
		}
	}
	for _, name := range Providers() {
		if err := open(t, name, s.config(name)).(Checker).Check(requestFor(name)); err != nil {
			t.Errorf("%s: Check says %v", name, err)
		}
	}
	if n := len(s.requests()); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}
