package caddymodule

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A provider that refuses a URL may say which, and not write it as it was written.
func TestProvidersMessageIsClean(t *testing.T) {
	const urlToken = "zq-t0ken" // short, as long ones are hidden wherever they are
	provider := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			_, _ = io.WriteString(w, "[]")
			return
		}
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"message":"hooks.example.com/in?key=`+urlToken+` is not reachable"}`)
	}))
	t.Cleanup(provider.Close)
	settings := subscribing("everreal")
	settings["tokens"] = []jsonObject{token("query", "key", urlToken)}
	subscribe := settings["subscribe"].(jsonObject)
	delete(subscribe, "account")
	subscribe["api"], subscribe["events"] = provider.URL, []string{"UNIT_CREATED"}
	takeHeard()
	config := caddyConfig(t, t.TempDir(), jsonObject{"default": jsonObject{"writer": jsonObject{"output": "discard"}}},
		jsonObject{"servers": jsonObject{"main": jsonObject{
			"listen": []string{freeAddress(t)}, "routes": []jsonObject{endpointRoute("/in", settings)},
		}}})
	config["apps"].(jsonObject)["events"] = jsonObject{"subscriptions": []jsonObject{
		{"events": []string{eventSubscriptionFailed}, "handlers": []jsonObject{{"handler": "hookward_listener"}}},
	}}
	loadCaddy(t, config)
	mux := adminMux(t, newAdminAPI())
	ask := func(method, below string) string {
		w := httptest.NewRecorder()
		mux.ServeHTTP(w, httptest.NewRequest(method, "/hookward/endpoints/test-in"+below, http.NoBody))
		return w.Body.String()
	}
	told := map[string]string{"the answer": ask(http.MethodPost, "/reconcile"), "the endpoint": ask(http.MethodGet, "")}
	for _, e := range takeHeard() {
		told["the event"], _ = e.Data["error"].(string)
	}
	for _, where := range []string{"the answer", "the endpoint", "the event"} {
		if text := told[where]; strings.Contains(text, urlToken) || !strings.Contains(text, "is not reachable") {
			t.Errorf("%s is %s", where, text)
		}
	}
}
