package caddymodule

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	"github.com/hookward/hookward/caddymodule/redaction"
)

func init() {
	caddy.RegisterModule(new(talker))
	caddy.RegisterModule(new(waiter))
}

// talker is a handler that logs the query by log/slog.
type talker struct{ ctx caddy.Context }

func (*talker) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.hookward_talker", New: func() caddy.Module { return new(talker) }}
}

func (h *talker) Provision(ctx caddy.Context) error {
	h.ctx = ctx
	return nil
}

func (h *talker) ServeHTTP(w http.ResponseWriter, r *http.Request, next caddyhttp.Handler) error {
	log := h.ctx.Slogger().With("url", r.URL.String()).WithGroup("request")
	log.InfoContext(r.Context(), "talking of "+r.URL.RawQuery, "header", r.Header)
	return next.ServeHTTP(w, r)
}

// waiter is a handler that says that a request has come and waits to be let go on.
type waiter struct{}

var waiterHas, waiterMay = make(chan struct{}), make(chan struct{})

func (*waiter) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.handlers.hookward_waiter", New: func() caddy.Module { return new(waiter) }}
}

func (*waiter) ServeHTTP(w http.ResponseWriter, _ *http.Request, _ caddyhttp.Handler) error {
	waiterHas <- struct{}{}
	<-waiterMay
	w.WriteHeader(http.StatusAccepted)
	return nil
}

type jsonObject = map[string]any

// caddyConfig is a configuration that touches nothing outside the directory.
func caddyConfig(t *testing.T, dir string, logs jsonObject, http jsonObject) jsonObject {
	t.Helper()
	t.Setenv("XDG_DATA_HOME", dir)
	return jsonObject{
		"admin":   jsonObject{"disabled": true, "config": jsonObject{"persist": false}},
		"storage": jsonObject{"module": "file_system", "root": filepath.Join(dir, "storage")},
		"logging": jsonObject{"logs": logs},
		"apps":    jsonObject{"http": http},
	}
}

func logFile(path string, encoder jsonObject) jsonObject {
	return jsonObject{"level": "DEBUG", "writer": jsonObject{"output": "file", "filename": path}, "encoder": encoder}
}

// loadCaddy runs the configuration until the test ends. There is one Caddy in a
// process, so tests that call it cannot be parallel.
func loadCaddy(t *testing.T, config jsonObject) {
	t.Helper()
	t.Cleanup(stopCaddy)
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	if err := caddy.Load(data, true); err != nil {
		t.Fatal(err)
	}
}

// stopCaddy also takes the default log out of the test's directory.
func stopCaddy() {
	_ = caddy.Load([]byte(`{"admin": {"disabled": true, "config": {"persist": false}}}`), true)
	_ = caddy.Stop()
}

// freePorts returns two different ports that nobody listens on.
func freePorts(t *testing.T) (one, two int) {
	t.Helper()
	var ports [2]int
	for i := range ports {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports[i] = l.Addr().(*net.TCPAddr).Port
	}
	return ports[0], ports[1]
}

// endpointRoute is an endpoint below a prefix, and what comes behind it.
func endpointRoute(prefix string, endpoint jsonObject, behind ...jsonObject) jsonObject {
	endpoint["handler"] = "hookward"
	endpoint["name"] = "test" + strings.ReplaceAll(prefix, "/", "-")
	return jsonObject{
		"match":    []jsonObject{{"path": []string{prefix, prefix + "/*"}}},
		"handle":   append([]jsonObject{endpoint}, behind...),
		"terminal": true,
	}
}

func token(place, name, value string) jsonObject {
	return jsonObject{"place": place, "name": name, "value": value}
}

var (
	unsignedProvider  = jsonObject{"name": "unsigned"}
	basicProvider     = jsonObject{"name": "basic", "signature": []jsonObject{{"type": "basic"}}}
	secretProvider    = jsonObject{"name": "secret", "signature": []jsonObject{{"type": "secret", "header": "X-Key"}}}
	hmacProvider      = jsonObject{"name": "hmac", "signature": []jsonObject{{"type": "hmac", "header": "X-Signed"}}}
	handshakeProvider = jsonObject{
		"name":      "handshake",
		"signature": []jsonObject{{"type": "hmac", "header": "X-Signed"}},
		"handshake": jsonObject{
			"match": jsonObject{"body": ""}, "secret": "header:X-Hook-Secret",
			"answer": jsonObject{"header": jsonObject{"X-Hook-Echo": "{value}"}},
		},
	}
)

// A real Caddy's logs hold no secret, and all else that logs of the same entries
// hold without the encoder.
func TestEncoderInCaddy(t *testing.T) {
	dir := t.TempDir()
	clean, bare := filepath.Join(dir, "clean.log"), filepath.Join(dir, "bare.log")
	port, closed := freePorts(t)
	// Caddy's trace writes this handler by reflection.
	answer := jsonObject{"handler": "static_response", "status_code": 202, "headers": jsonObject{"X-Answer": []string{"ans-shared-s3cret-wer"}}}
	t.Setenv("HOOKWARD_TEST_TOKEN", "t0ken from env!")
	loadCaddy(t, caddyConfig(t, dir,
		jsonObject{
			"default": logFile(clean, jsonObject{"format": "hookward", "wrap": jsonObject{"format": "json"}}),
			"bare":    logFile(bare, jsonObject{"format": "json"}),
		},
		jsonObject{"servers": jsonObject{"main": jsonObject{
			"listen":          []string{fmt.Sprintf("127.0.0.1:%d", port)},
			"automatic_https": jsonObject{"disable": true},
			"logs":            jsonObject{"trace": true, "should_log_credentials": true},
			"routes": []jsonObject{
				{"handle": []jsonObject{
					{"handler": "hookward_talker"},
					{"handler": "log_append", "key": "extra", "value": "{env.HOOKWARD_TEST_TOKEN}"},
				}},
				endpointRoute("/query", jsonObject{"provider_definition": unsignedProvider, "tokens": []jsonObject{token("query", "key", "{env.HOOKWARD_TEST_TOKEN}")}}, answer),
				endpointRoute("/path", jsonObject{"provider_definition": unsignedProvider, "path": "/path/{token}", "tokens": []jsonObject{token("path", "", "t0ken-in-path")}}, answer),
				endpointRoute("/header", jsonObject{"provider_definition": unsignedProvider, "tokens": []jsonObject{token("header", "X-Token", "t0ken-in-header")}}, answer),
				endpointRoute("/short", jsonObject{"provider_definition": unsignedProvider, "path": "/short/{token}", "tokens": []jsonObject{token("path", "", "q7Z")}}, answer),
				endpointRoute("/basic", jsonObject{"provider_definition": basicProvider, "secrets": []jsonObject{{"value": "provider:p4ssword"}}}, answer),
				endpointRoute("/secret", jsonObject{"provider_definition": secretProvider, "secrets": []jsonObject{{"value": "shared-s3cret"}}}, answer),
				endpointRoute("/shake", jsonObject{"provider_definition": handshakeProvider, "handshake": "once"}, answer),
				endpointRoute("/down", jsonObject{"provider_definition": unsignedProvider, "path": "/down/{token}", "tokens": []jsonObject{token("path", "", "t0ken-of-down")}},
					jsonObject{"handler": "reverse_proxy", "upstreams": []jsonObject{{"dial": fmt.Sprintf("127.0.0.1:%d", closed)}}}),
			},
		}}},
	))

	basic := func(text string) http.Header {
		return http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(text))}}
	}
	// A connection serves one request after the other, so once this one is answered
	// all those before are in the logs.
	const lastURI = "/last"
	requests := []struct {
		uri    string
		header http.Header
		want   int
	}{
		{"/query?key=t0ken+from%20env!&id=1", nil, 202},
		{"/query?k%65y=%740ken%20from%20env%21&id=2", http.Header{"Referer": {"https://a.example/?key=t0ken+from+env!"}}, 202},
		{"/query?key=wr0ng-token&id=3", nil, 401},
		{"/path/t0ken-in-path?id=4", nil, 202},
		{"/path/wr0ng-in-path?id=5", nil, 401},
		{"/path/t0ken-in-path/?id=6", nil, 404},
		{"/header?id=7", http.Header{"X-Token": {"t0ken-in-header"}}, 202},
		{"/header?id=8", http.Header{"X-Token": {"wr0ng-in-header"}, "X-Other": {"t0ken-in-header", "p4ssword"}}, 401},
		{"/short/q7Z?id=9", nil, 202},
		{"/basic?id=10", basic("provider:p4ssword"), 202},
		{"/basic?id=11", basic("provider:wr0ng"), 401},
		{"/secret?id=12", http.Header{"X-Key": {"shared-s3cret"}}, 202},
		{"/secret?id=13", http.Header{"X-Key": {"wr0ng-shared"}}, 401},
		{"/shake?id=14", http.Header{"X-Hook-Secret": {"l3arned-secret"}}, 200},
		{"/shake?id=15", http.Header{"X-Hook-Secret": {"r3fused-secret"}}, 401},
		{"/shake?id=16", http.Header{"X-Signed": {"0badc0de0badc0de"}}, 401},
		{"/down/t0ken-of-down?id=17", nil, 502},
		{lastURI, nil, 200},
	}
	client := &http.Client{Transport: &http.Transport{MaxConnsPerHost: 1}, Timeout: time.Minute}
	defer client.CloseIdleConnections()
	for _, r := range requests {
		if got := post(t, client, "http://127.0.0.1:"+strconv.Itoa(port)+r.uri, r.header); got != r.want {
			t.Errorf("%s: status %d, want %d", r.uri, got, r.want)
		}
	}

	cleanLog, bareLog := linesWithout(readLog(t, clean), lastURI), linesWithout(readLog(t, bare), lastURI)
	for _, secret := range []string{
		"t0ken from env!", "t0ken+from%20env!", "%740ken%20from%20env%21", "t0ken+from+env!", "wr0ng-token",
		"t0ken-in-path", "wr0ng-in-path", "t0ken-in-header", "wr0ng-in-header", "q7Z",
		basic("provider:p4ssword").Get("Authorization"), basic("provider:wr0ng").Get("Authorization"), "p4ssword",
		"shared-s3cret", "wr0ng-shared", "l3arned-secret", "r3fused-secret", "0badc0de0badc0de", "t0ken-of-down",
	} {
		if lines := linesWith(cleanLog, secret); len(lines) > 0 {
			t.Errorf("%s is in the log:\n%s", secret, strings.Join(lines, "\n"))
		}
		if len(linesWith(bareLog, secret)) == 0 {
			t.Errorf("%s is not in the log without the encoder, so its absence shows nothing", secret)
		}
	}
	for _, logger := range []string{"http.log.access", "http.log.error", "http.log.trace", "http.handlers.hookward_talker", "http.handlers.reverse_proxy"} {
		sameButSecrets(t, logger, entriesOf(t, cleanLog, logger), entriesOf(t, bareLog, logger))
	}
}

// post sends a body that is not like any other, except where a handshake, which has
// none, is meant.
func post(t *testing.T, client *http.Client, url string, header http.Header) int {
	t.Helper()
	body := url
	if header.Get("X-Hook-Secret") != "" {
		body = ""
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(r.Header, header)
	resp, err := client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

func readLog(t *testing.T, path string) []string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	var lines []string
	scanner := bufio.NewScanner(f)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		lines = append(lines, scanner.Text())
	}
	if err := scanner.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}

func linesWith(lines []string, text string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !strings.Contains(line, text) })
}

func linesWithout(lines []string, text string) []string {
	return slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return strings.Contains(line, text) })
}

func entriesOf(t *testing.T, lines []string, logger string) []jsonObject {
	t.Helper()
	var entries []jsonObject
	for _, line := range lines {
		var entry jsonObject
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatalf("%v in %s", err, line)
		}
		if entry["logger"] == logger {
			entries = append(entries, entry)
		}
	}
	return entries
}

// sameButSecrets checks that the entries differ only where a text holds a
// redaction.
func sameButSecrets(t *testing.T, place string, clean, bare any) {
	t.Helper()
	switch bare := bare.(type) {
	case []jsonObject:
		clean := clean.([]jsonObject)
		if len(clean) != len(bare) || len(bare) == 0 {
			t.Fatalf("%s: %d entries, without the encoder %d", place, len(clean), len(bare))
		}
		for i := range bare {
			sameButSecrets(t, fmt.Sprintf("%s %d", place, i), clean[i], bare[i])
		}
	case jsonObject:
		clean, is := clean.(jsonObject)
		if !is || len(clean) != len(bare) {
			t.Errorf("%s: got %v, without the encoder %v", place, clean, bare)
			return
		}
		for name := range bare {
			sameButSecrets(t, place+">"+name, clean[name], bare[name])
		}
	case []any:
		clean, is := clean.([]any)
		if !is || len(clean) != len(bare) {
			t.Errorf("%s: got %v, without the encoder %v", place, clean, bare)
			return
		}
		for i := range bare {
			sameButSecrets(t, fmt.Sprintf("%s %d", place, i), clean[i], bare[i])
		}
	default:
		text, _ := clean.(string)
		if clean != bare && !strings.Contains(text, redaction.Hidden) {
			t.Errorf("%s: got %v, without the encoder %v", place, clean, bare)
		}
	}
}

// A request that is in flight while its endpoint is taken out of the configuration
// is logged at its end, and the first request to a new one is covered too.
func TestEncoderDuringReload(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "clean.log")
	config := func(port int, prefix, parameter, value string, behind jsonObject) jsonObject {
		return caddyConfig(t, dir,
			jsonObject{"default": logFile(path, jsonObject{"format": "hookward"})},
			jsonObject{"servers": jsonObject{"main": jsonObject{
				"listen":          []string{fmt.Sprintf("127.0.0.1:%d", port)},
				"automatic_https": jsonObject{"disable": true},
				"logs":            jsonObject{},
				"routes": []jsonObject{endpointRoute(prefix, jsonObject{
					"provider_definition": unsignedProvider, "tokens": []jsonObject{token("query", parameter, value)},
				}, behind)},
			}}},
		)
	}
	oldPort, newPort := freePorts(t)
	loadCaddy(t, config(oldPort, "/old", "old_key", "t0ken-of-old", jsonObject{"handler": "hookward_waiter"}))
	old := sendRaw(t, oldPort, "/old?old_key=t0ken-of-old")
	<-waiterHas
	loadCaddy(t, config(newPort, "/new", "new_key", "t0ken-of-new", jsonObject{"handler": "static_response", "status_code": 202}))
	waiterMay <- struct{}{}
	// The server closes the connection once it is done with the request.
	for _, conn := range []net.Conn{old, sendRaw(t, newPort, "/new?new_key=t0ken-of-new")} {
		answer, err := io.ReadAll(conn)
		if err != nil || !strings.Contains(string(answer), " 202 ") {
			t.Errorf("got %s, %v", answer, err)
		}
	}
	lines := readLog(t, path)
	for _, secret := range []string{"t0ken-of-old", "t0ken-of-new"} {
		if found := linesWith(lines, secret); len(found) > 0 {
			t.Errorf("%s is in the log:\n%s", secret, strings.Join(found, "\n"))
		}
	}
	for _, uri := range []string{"/old?old_key=REDACTED", "/new?new_key=REDACTED"} {
		if len(linesWith(lines, uri)) == 0 {
			t.Errorf("%s is not in the log", uri)
		}
	}
}

func sendRaw(t *testing.T, port int, uri string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if _, err := fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}", uri); err != nil {
		t.Fatal(err)
	}
	return conn
}

// Loading warns of a log that would show a secret.
func TestEncoderWarnings(t *testing.T) {
	hookward, bare := jsonObject{"format": "hookward"}, jsonObject{"format": "json"}
	withToken := jsonObject{"provider_definition": unsignedProvider, "tokens": []jsonObject{token("query", "key", "a token of any sort")}}
	for _, test := range []struct {
		name     string
		endpoint jsonObject
		logs     jsonObject
		want     bool
	}{
		{"default log", withToken, jsonObject{}, true},
		{"default log as JSON", withToken, jsonObject{"default": jsonObject{"encoder": bare}}, true},
		{"default log with the encoder", withToken, jsonObject{"default": jsonObject{"encoder": hookward}}, false},
		{"default log with the encoder inside another", withToken, jsonObject{"default": jsonObject{"encoder": jsonObject{"format": "append", "wrap": hookward}}}, false},
		{"default log discarded", withToken, jsonObject{"default": jsonObject{"writer": jsonObject{"output": "discard"}}}, false},
		{"default log without requests", withToken, jsonObject{"default": jsonObject{"exclude": []string{"http"}}}, false},
		{"access log without the encoder", withToken, jsonObject{
			"default": jsonObject{"encoder": hookward}, "log0": jsonObject{"encoder": bare, "include": []string{"http.log.access.log0"}},
		}, true},
		{"access log with the encoder", withToken, jsonObject{
			"default": jsonObject{"encoder": hookward}, "log0": jsonObject{"encoder": hookward, "include": []string{"http.log.access.log0"}},
		}, false},
		{"a log of something else", withToken, jsonObject{
			"default": jsonObject{"encoder": hookward}, "other": jsonObject{"encoder": bare, "include": []string{"admin.api"}},
		}, false},
		{"token in the path", jsonObject{
			"provider_definition": unsignedProvider, "path": "/in/{token}", "tokens": []jsonObject{token("path", "", "t0ken-in-path")},
		}, jsonObject{}, true},
		{"shared secret", jsonObject{"provider_definition": secretProvider, "secrets": []jsonObject{{"value": "a shared secret"}}}, jsonObject{}, true},
		{"handshake", jsonObject{"provider_definition": handshakeProvider}, jsonObject{}, true},
		{"signatures alone", jsonObject{"provider_definition": hmacProvider, "secrets": []jsonObject{{"value": "a secret key"}}}, jsonObject{}, false},
		{"what Caddy hides itself", jsonObject{"provider_definition": basicProvider, "secrets": []jsonObject{{"value": "user:password"}}}, jsonObject{}, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Cleanup(stopCaddy)
			dir := t.TempDir()
			watched := filepath.Join(dir, "watched.log")
			logs := maps.Clone(test.logs)
			logs["watched"] = logFile(watched, hookward)
			config := caddyConfig(t, dir, logs, jsonObject{"servers": jsonObject{"main": jsonObject{
				"listen": []string{"127.0.0.1:1"},
				"routes": []jsonObject{endpointRoute("/in", maps.Clone(test.endpoint)), endpointRoute("/in2", maps.Clone(test.endpoint))},
			}}})
			validate(t, config)
			want := 0
			if test.want {
				want = 2 // one for each endpoint
			}
			got := linesWith(readLog(t, watched), "format hookward")
			if len(got) != want {
				t.Errorf("%d warnings, want %d:\n%s", len(got), want, strings.Join(got, "\n"))
			}
		})
	}
}

// validate prepares the configuration and does not run it.
func validate(t *testing.T, config jsonObject) {
	t.Helper()
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	var parsed caddy.Config
	if err := json.Unmarshal(data, &parsed); err != nil {
		t.Fatal(err)
	}
	if err := caddy.Validate(&parsed); err != nil {
		t.Fatal(err)
	}
}
