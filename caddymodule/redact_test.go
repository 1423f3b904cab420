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

	"github.com/hookward/hookward/caddymodule/redaction"
)

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
			return !strings.HasPrefix(name, "shown_") || entry[name] != redaction.Hidden
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
