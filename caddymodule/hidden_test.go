package caddymodule

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"

	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// handlerOf makes a handler for a provider with these rules for its events.
func handlerOf(t *testing.T, rules string, paths ...string) *Handler {
	t.Helper()
	p, err := provider.Parse([]byte("name: acme\n"+rules+"\n"), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return &Handler{provider: p, Redact: paths}
}

// What is hidden, by what a provider's rules read and what the user wants redacted.
func TestHidden(t *testing.T) {
	t.Parallel()
	none := hidden{}
	for _, test := range []struct {
		name, rules, path string
		want              hidden
	}{
		{"nothing is redacted", "event: {id: json:id, subject: json:data}", "", none},
		{"the same place", "event: {subject: json:data.email}", "data.email", hidden{subject: true}},
		{"another place", "event: {subject: json:data.email}", "data.password", none},
		{"a part of what is read", "event: {subject: json:data}", "data.password", hidden{subject: true}},
		{"what is read is a part", "event: {subject: json:data.user.email}", "data.user", hidden{subject: true}},
		{"each member, one of which is read", "event: {subject: json:0.agentid}", "#.agentid", hidden{subject: true}},
		{"one member of those that are read", "event: {subject: json:users.#.id}", "users.0.id", hidden{subject: true}},
		{"a pattern", "event: {subject: json:data.password}", "data.pass*", hidden{subject: true}},
		{"all values", "event: {subject: json:data.password}", "data.@values", hidden{subject: true}},
		{"a pipe", "event: {subject: json:data.password}", "data|password", hidden{subject: true}},
		{"a query", "event: {subject: json:users.0.email}", `users.#(admin==true)#.email`, hidden{subject: true}},
		{"all of the body is read", "event: {subject: '{body}'}", "data.password", hidden{subject: true}},
		{"all of the JSON in a form is read", "payload: form:payload\nevent: {subject: form:payload}", "password", hidden{subject: true}},
		{"another field of the form is read", "payload: form:payload\nevent: {subject: form:user}", "password", none},
		{"all of a form is read", "event: {subject: '{form:sorted}'}", "password", hidden{subject: true}},
		{"the second of two places", `event: {subject: ["header:X-User", "json:user"]}`, "user", hidden{subject: true}},
		{"a part of the text", "event: {subject: 'user-{json:user}'}", "user", hidden{subject: true}},
		{"a header of that name", "event: {subject: header:User}", "User", none},
		{"the body's hash", "event: {subject: body-sha256}", "user", none},

		{"id", "event: {id: json:id}", "id", hidden{id: true, key: true}},
		{"type", "event: {type: '{header:X-Event}.{json:action}'}", "action", hidden{types: true, key: true}},
		{"time", "event: {time: json:at}", "at", hidden{time: true}},
		{"source", "event: {source: 'https://acme.example/{json:shop}'}", "shop", hidden{source: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := handlerOf(t, test.rules)
			if test.path != "" {
				h.Redact = []string{"other", test.path}
			}
			if diff := cmp.Diff(test.want, h.newHidden(), cmp.AllowUnexported(hidden{})); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}

	own := handlerOf(t, "event: {id: json:id, source: 'https://acme.example/{json:shop}'}", "shop", "order")
	own.Source = "https://acme.example"
	own.Dedupe = &Dedupe{Key: provider.Templates{parsed(t, "json:order.id")}}
	if diff := cmp.Diff(hidden{key: true}, own.newHidden(), cmp.AllowUnexported(hidden{})); diff != "" {
		t.Errorf("with a source and a key of the endpoint's own (-want +got):\n%s", diff)
	}
}

func parsed(t *testing.T, text string) signature.Template {
	t.Helper()
	parsed, err := signature.ParseTemplate(text)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// Each attribute is hidden in logs, and so is the header that brings it.
func TestShow(t *testing.T) {
	t.Parallel()
	e := event.Event{ID: "1", Source: "s", Type: "a.b", RawType: "b", Subject: "u", DedupeKey: "k", Time: time.Unix(1, 0), Provider: "acme"}
	for _, test := range []struct {
		hidden  hidden
		want    event.Event
		headers []string
	}{
		{hidden{}, e, nil},
		{
			hidden{true, true, true, true, true, true},
			event.Event{
				ID: hiddenText, Source: hiddenText, Type: hiddenText, RawType: hiddenText, Subject: hiddenText,
				DedupeKey: hiddenText, Provider: "acme",
			},
			[]string{"Ce-Dedupekey", "Ce-Id", "Ce-Rawtype", "Ce-Source", "Ce-Subject", "Ce-Time", "Ce-Type", "Webhook-Id"},
		},
	} {
		if diff := cmp.Diff(test.want, test.hidden.show(&e)); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", test.hidden, diff)
		}
		if diff := cmp.Diff(test.headers, slices.Sorted(slices.Values(test.hidden.headers()))); diff != "" {
			t.Errorf("%+v (-want +got):\n%s", test.hidden, diff)
		}
	}
}

// However a hidden type gets into a text, it is not shown.
func TestHiddenTypeDoesNotPrint(t *testing.T) {
	t.Parallel()
	value := hiddenType{&event.Event{Type: "com.acme.secret.made"}}
	repl := caddy.NewReplacer()
	repl.Set("type", value)
	logged := zapcore.NewMapObjectEncoder()
	zap.Any("type", value).AddTo(logged)
	for _, text := range []string{
		repl.ReplaceAll("{type}", ""), fmt.Sprint(value), fmt.Sprintf("%v %+v %#v %s %q", value, value, value, value, value),
		fmt.Sprint([]any{value}), fmt.Sprint(logged.Fields),
	} {
		if strings.Contains(text, "secret") || !strings.Contains(text, "REDACTED") {
			t.Errorf("shown as %s", text)
		}
	}
}

// A real Caddy tells nothing of redacted values, in its logs or by its placeholders,
// while the application and its routes get them.
func TestRedactedValuesAreNotShown(t *testing.T) {
	dir := t.TempDir()
	clean, bare := filepath.Join(dir, "clean.log"), filepath.Join(dir, "bare.log")
	port, _ := freePorts(t)
	var arrived []http.Header
	upstream := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		arrived = append(arrived, r.Header)
	}))
	t.Cleanup(upstream.Close)
	proxy := jsonObject{"handler": "reverse_proxy", "upstreams": []jsonObject{{"dial": upstream.Listener.Addr().String()}}}
	onlySecret := jsonObject{"handler": "subroute", "routes": []jsonObject{
		{"match": []jsonObject{{"hookward_event": []string{"**.zq_action"}}}, "handle": []jsonObject{proxy}, "terminal": true},
	}}
	var placeholders []jsonObject
	for _, name := range []string{"id", "type", "rawtype", "source", "subject", "time"} {
		placeholders = append(placeholders, jsonObject{"handler": "log_append", "key": "shown_" + name, "value": "{http.hookward." + name + "}"})
	}
	endpoint := func(prefix string, rules jsonObject, then jsonObject, redact ...string) jsonObject {
		return endpointRoute(prefix, jsonObject{
			"provider_definition": jsonObject{"name": "acme", "event": rules}, "allow_unsigned": true, "redact": redact,
			"resign": "whsec_dmVyeSBzZWNyZXQgdG8gdXBzdHJlYW0=",
		}, then)
	}
	loadCaddy(t, caddyConfig(t, dir,
		jsonObject{
			"default": logFile(clean, jsonObject{"format": "hookward", "wrap": jsonObject{"format": "json"}}),
			"bare":    logFile(bare, jsonObject{"format": "json"}),
		},
		jsonObject{"servers": jsonObject{"main": jsonObject{
			"listen":          []string{fmt.Sprintf("127.0.0.1:%d", port)},
			"automatic_https": jsonObject{"disable": true},
			"logs":            jsonObject{},
			"routes": []jsonObject{
				{"handle": placeholders},
				endpoint("/parent", jsonObject{"subject": "json:data"}, proxy, "data.password"),
				endpoint("/member", jsonObject{"subject": "json:0.agentid"}, proxy, "#.agentid"),
				endpoint("/type", jsonObject{"type": "{header:X-Event}.{json:action}", "prefix": "com.acme"}, onlySecret, "action"),
				endpoint("/id", jsonObject{"id": "json:id"}, proxy, "i*"),
				endpoint("/source", jsonObject{"source": "https://acme.example/{json:shop}"}, proxy, "@this"),
				endpoint("/time", jsonObject{"time": "json:at"}, proxy, "at"),
			},
		}}},
	))
	requests := []struct{ uri, body, value, header string }{
		{"/parent", `{"data":{"password":"zq-parent"}}`, "zq-parent", "Ce-Subject"},
		{"/member", `[{"agentid":"zq-member"}]`, "zq-member", "Ce-Subject"},
		{"/type", `{"action":"zq_action"}`, "zq_action", "Ce-Type"},
		{"/type", `{"action":"zq_action","n":2}`, "zq_action", "Ce-Rawtype"},
		{"/id", `{"id":"zq-id"}`, "zq-id", "Ce-Id"},
		{"/id", `{"id":"zq-dedupe"}`, "zq-dedupe", "Ce-Dedupekey"},
		{"/id", `{"id":"zq-webhook"}`, "zq-webhook", "Webhook-Id"},
		{"/source", `{"shop":"zq-shop"}`, "zq-shop", "Ce-Source"},
		{"/time", `{"at":"2019-08-07T06:05:04Z"}`, "2019-08-07T06:05:04Z", "Ce-Time"},
	}
	for i, r := range requests {
		deliverEvent(t, fmt.Sprintf("http://127.0.0.1:%d%s", port, r.uri), r.body)
		if len(arrived) != i+1 {
			t.Fatalf("%s: the application got nothing", r.uri)
		}
		if got := arrived[i].Get(r.header); !strings.Contains(got, r.value) {
			t.Errorf("%s: the application gets %s %q", r.uri, r.header, got)
		}
	}
	stopCaddy() // all is written
	cleanLog, bareLog := readLog(t, clean), readLog(t, bare)
	for _, r := range requests {
		for _, line := range linesWith(cleanLog, r.value) {
			t.Errorf("%s is in the log: %s", r.value, line)
		}
		shown := linesWith(bareLog, r.value)
		if len(linesWith(shown, "upstream roundtrip")) == 0 {
			t.Errorf("%s is not in the log without the encoder either, so its absence shows nothing", r.value)
		}
		for _, line := range linesWithout(shown, "upstream roundtrip") {
			t.Errorf("%s is in the log without the encoder: %s", r.value, line)
		}
	}
	for _, entry := range entriesOf(t, bareLog, "http.log.access") {
		hiddenNow := slices.DeleteFunc(slices.Collect(maps.Keys(entry)), func(name string) bool {
			return !strings.HasPrefix(name, "shown_") || entry[name] != hiddenText
		})
		if len(hiddenNow) == 0 {
			t.Errorf("no placeholder is hidden: %v", entry)
		}
	}
}

func deliverEvent(t *testing.T, url, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("X-Event", "push")
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode != http.StatusOK {
		t.Errorf("%s: status %d", url, resp.StatusCode)
	}
}
