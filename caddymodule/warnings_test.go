package caddymodule

import (
	"encoding/json"
	"maps"
	"path/filepath"
	"strings"
	"testing"
)

// Loading warns of what works, but not well, once for each endpoint, and of nothing else.
func TestLoadWarnings(t *testing.T) {
	sound := jsonObject{"provider_definition": hmacProvider, "secrets": []jsonObject{{"value": "a secret key"}}}
	signedIn := func(header string) jsonObject {
		return with(sound, "provider_definition", jsonObject{"name": "odd", "signature": []jsonObject{{"type": "hmac", "header": header}}})
	}
	const (
		headers  = "Caddy deletes request headers with an underscore or dot"
		unsigned = "anybody who knows the URL can send events"
		tooLarge = "larger than an eighth of max_inflight"
		twice    = "the same endpoint is configured in several places"
	)
	for _, test := range []struct {
		name     string
		endpoint jsonObject
		app      jsonObject
		again    bool // the endpoint is there a second time, under no name of its own
		want     string
	}{
		{name: "nothing", endpoint: sound},
		{name: "a header with an underscore", endpoint: signedIn("X_Acme_Signature"), want: headers},
		{name: "a header with a dot", endpoint: signedIn("X-Acme.Signature"), want: headers},
		{name: "a type in a header with an underscore", endpoint: with(sound, "override", jsonObject{"event.type": []string{"header:X_Acme_Event"}}), want: headers},
		{name: "a dedupe key in a header with an underscore", endpoint: with(sound, "dedupe", jsonObject{"key": []string{"header:X_Acme_Id"}}), want: headers},
		{name: "a token in a header with an underscore", endpoint: jsonObject{
			"provider_definition": unsignedProvider, "tokens": []jsonObject{token("header", "X_Acme_Token", "a token of any sort")},
		}, want: headers},
		{name: "unsigned", endpoint: jsonObject{"provider_definition": unsignedProvider, "allow_unsigned": true}, want: unsigned},
		{name: "unsigned with a token", endpoint: jsonObject{
			"provider_definition": unsignedProvider, "allow_unsigned": true, "tokens": []jsonObject{token("query", "key", "a token of any sort")},
		}},
		{name: "a body of an eighth", endpoint: with(sound, "max_body", "1MiB"), app: jsonObject{"max_inflight": "8MiB"}},
		{name: "a larger body", endpoint: with(sound, "max_body", "2MiB"), app: jsonObject{"max_inflight": "8MiB"}, want: tooLarge},
		{name: "twice", endpoint: with(sound, "name", ""), again: true, want: twice},
		{name: "twice under a name", endpoint: with(sound, "name", "chosen"), again: true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Cleanup(stopCaddy)
			dir := t.TempDir()
			log := filepath.Join(dir, "all.log")
			routes := []jsonObject{bareRoute(test.endpoint)}
			if test.again {
				routes = append(routes, bareRoute(test.endpoint))
			}
			config := caddyConfig(t, dir,
				jsonObject{"default": logFile(log, jsonObject{"format": "hookward", "wrap": jsonObject{"format": "json"}})},
				jsonObject{"servers": jsonObject{"main": jsonObject{"listen": []string{"127.0.0.1:1"}, "routes": routes}}},
			)
			if test.app != nil {
				config["apps"].(jsonObject)["hookward"] = test.app
			}
			validate(t, config)
			var got []string
			for _, line := range readLog(t, log) {
				var entry struct{ Level, Logger, Msg string }
				if err := json.Unmarshal([]byte(line), &entry); err != nil {
					t.Fatal(err)
				}
				if entry.Level == "warn" && strings.Contains(entry.Logger, "hookward") {
					got = append(got, entry.Msg)
				}
			}
			want := 0
			if test.want != "" {
				want = 1
			}
			if len(got) != want || len(linesWith(got, test.want)) != want {
				t.Errorf("warnings are %q, want %d of %q", got, want, test.want)
			}
		})
	}
}

// with returns the settings with one more, or another.
func with(settings jsonObject, key string, value any) jsonObject {
	changed := maps.Clone(settings)
	changed[key] = value
	return changed
}

// bareRoute is an endpoint by its settings alone.
func bareRoute(endpoint jsonObject) jsonObject {
	return jsonObject{"handle": []jsonObject{with(endpoint, "handler", "hookward")}}
}
