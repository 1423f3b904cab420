package e2e

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/harness"
)

// confidential is all that must not show anywhere: secrets, tokens and signatures,
// good ones and bad ones.
type confidential struct{ values map[string]string } // what they are, by value

// add notes a value and returns it.
func (c *confidential) add(what, value string) string {
	c.values[value] = what
	return value
}

// want fails the test if any of the values shows in a text, in one of the ways in
// which it may be written.
func (c *confidential) want(t *testing.T, where, text string) {
	t.Helper()
	for value, what := range c.values {
		for _, written := range []string{
			value, url.QueryEscape(value), url.PathEscape(value),
			base64.StdEncoding.EncodeToString([]byte(value)), strings.TrimPrefix(value, "whsec_"),
		} {
			at := strings.Index(text, written)
			if at < 0 {
				continue
			}
			t.Errorf("%s shows %s: ...%s...", where, what, text[max(0, at-300):min(len(text), at+len(written)+80)])
			break
		}
	}
}

// One gateway goes through everything that can happen, at the most talkative log
// level. Then nothing that it wrote or answered holds a secret or a signature.
func TestNothingShowsSecrets(t *testing.T) {
	t.Parallel()
	hidden := &confidential{values: make(map[string]string)}
	var environment []string
	for name, value := range map[string]string{
		"PLAIN":    plainSecret,
		"RECHAT":   exampleRechatKey,
		"STANDARD": "whsec_" + exampleStandard,
		"RESIGN":   resignSecret,
		"BASIC":    "provider:zq-basic-password",
		"QUERY":    "zq-query token/+&",
		"HEADER":   "zq-header-token",
		"SEGMENT":  "zq-path-token",
		"LEARNED":  "zq-learned-secret",
	} {
		environment = append(environment, name+"="+hidden.add("{env."+name+"}", value))
	}
	hidden.add("a password", "zq-basic-password")
	up := harness.NewUpstream(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/broken") {
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, "only this")
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		}
	})
	g := startWith(t, harness.Options{Config: secretsConfig(up), Env: environment})
	s := &secretsRun{t: t, g: g, hidden: hidden}
	s.deliver()
	s.administrate()
	g.Stop()
	for _, a := range up.All() {
		if proof := a.Header.Get("Webhook-Signature"); proof != "" {
			hidden.add("a signature for the application", strings.TrimPrefix(proof, "v1,"))
		}
	}
	hidden.want(t, "the log", g.Output())
	saved, err := os.ReadFile(filepath.Join(g.Home, "config", "caddy", "autosave.json"))
	if err != nil {
		t.Fatal(err)
	}
	hidden.want(t, "the saved configuration", string(saved))
	for _, event := range []string{`"delivery refused"`, `"handshake answered"`, `"http.log.access"`, `"http.log.error"`, `"aborting with incomplete response"`, "upstream roundtrip"} {
		if !strings.Contains(g.Output(), event) {
			t.Errorf("the log tells nothing of %s", event)
		}
	}
}

// What the gateway itself signs with is hidden too where no provider signs that way.
func TestLogHidesOwnSignature(t *testing.T) {
	t.Parallel()
	up := harness.NewUpstream(t, nil)
	g := start(t, siteWith(talkative, "log", plainHook(up, "resign "+resignSecret)))
	wantStatus(t, g.send(thing("evt-1")), http.StatusOK)
	proof := up.Last(t, 1).Header.Get("Webhook-Signature")
	g.Stop()
	if !strings.Contains(g.Output(), "upstream roundtrip") {
		t.Error("the log does not show what goes upstream")
	}
	hidden := &confidential{values: map[string]string{resignSecret: "the secret", strings.TrimPrefix(proof, "v1,"): "the signature"}}
	hidden.want(t, "the log", g.Output())
}

// talkative are global options for logs that tell everything.
const talkative = "debug\nlog {\nformat hookward {\nwrap json\n}\n}"

func secretsConfig(up *harness.Upstream) string {
	everywhere := []string{"reverse_proxy " + up.Address, "reverse_proxy localhost:1", "abort"}
	routes := []string{"log"}
	for i, then := range everywhere {
		place := fmt.Sprintf("/%d", i)
		endpoint := func(name, path, provider string, lines ...string) string {
			return fmt.Sprintf("handle %s* {\nhookward %s {\nname %s%d\npath %s\n%s\n}\n%s\n}",
				place+"/"+name, provider, name, i, place+path, strings.Join(lines, "\n"), then)
		}
		routes = append(
			routes,
			endpoint("repliers", "/repliers/{event}", "repliers", "handshake once"),
			endpoint("rechat", "/rechat", "rechat", "secret {env.RECHAT}", "resign {env.RESIGN}"),
			endpoint("standard", "/standard", "standard-webhooks", "secret {env.STANDARD}", "emit structured", "resign {env.RESIGN}"),
			endpoint("query", "/query", "everreal", "token query key {env.QUERY}"),
			endpoint("header", "/header", "everreal", "token header X-Token {env.HEADER}"),
			endpoint("segment", "/segment/{token}", "everreal", "token path {env.SEGMENT}"),
			endpoint("report", "/report", "everreal", "token query key {env.QUERY}", "report_only"),
			endpoint("basic", "/basic", "", "provider {\nsignature {\ntype basic\n}\n}", "secret {env.BASIC}"),
			endpoint("signed", "/signed", "", "provider {\nsignature {\ntype hmac\nquery sig\n}\n}", "secret {env.PLAIN}"),
		)
	}
	routes = append(routes,
		handle("/broken", strings.Replace(plain("/broken"), "secret "+plainSecret, "secret {env.PLAIN}", 1), "reverse_proxy "+up.Address),
		handle("/hook", named("hook", strings.Replace(plain("/hook", "redact data.password", "override event.subject json:data"), "secret "+plainSecret, "secret {env.PLAIN}", 1)), "reverse_proxy "+up.Address),
	)
	return siteWith(talkative, routes...)
}

// secretsRun is what is done to the gateway, with a look at each answer.
type secretsRun struct {
	t      *testing.T
	g      *gateway
	hidden *confidential
}

// send sends a request and looks at the answer.
func (s *secretsRun) send(r request) {
	s.t.Helper()
	a, err := s.g.try(s.t.Context(), r)
	if err != nil {
		return // as meant, where a handler panics
	}
	if secret := r.header.Get("X-Hook-Secret"); secret != "" && a.header.Get("X-Hook-Secret") == secret {
		a.header.Del("X-Hook-Secret") // the handshake's echo
	}
	s.hidden.want(s.t, "the answer to "+r.path, fmt.Sprint(a.header)+a.body)
}

// deliver sends good and bad deliveries to all endpoints, in front of an upstream
// that is there, one that is not, and a handler that panics.
func (s *secretsRun) deliver() {
	const stranger = "zq-strangers-secret"
	s.hidden.add("a stranger's secret", stranger)
	s.hidden.add("a wrong token", "zq-wrong-token")
	s.hidden.add("a redacted value", "zq-redacted")
	for i := range 3 {
		place := fmt.Sprintf("/%d", i)
		shake := request{path: place + "/repliers/agent.created"}
		for _, r := range []request{
			shake.with("X-Hook-Secret", stranger).at(place + "/repliers/agent.exploded"),
			shake.with("X-Hook-Secret", "zq-learned-secret"),
			shake.with("X-Hook-Secret", stranger),
			shake.with("X-Hook-Secret", "zq-learned-secret").saying(`[{"agentid":1}]`),
			shake.with("X-Hook-Secret", "zq-learned-secret").saying(`[{"agentid":1}]`),
			shake.with("X-Api-Key", "zq-learned-secret").saying(`[{"agentid":2}]`),
			shake.with("X-Hook-Secret", stranger).saying(`[{"agentid":3}]`),
		} {
			s.send(r)
		}

		rechat := rechatDelivery().at(place + "/rechat")
		s.hidden.add("Rechat's signature", rechat.header.Get("X-Rechat-Signature"))
		s.send(rechat)
		s.send(rechat)
		s.send(rechat.saying(rechatDeal + " "))
		s.send(rechat.at(place + "/rechat/"))
		s.send(rechat.with("X-Rechat-Signature", s.hidden.add("a bad signature", "zq-no-hex")))

		standard := standardDelivery("msg_1", time.Now()).at(place + "/standard")
		signature := standard.header.Get("Webhook-Signature")
		s.hidden.add("a Standard Webhooks signature", strings.TrimPrefix(signature, "v1,"))
		s.send(standard)
		s.send(standard.saying(standardInvoice + " "))
		s.send(standard.with("Webhook-Signature", signature+" v1,"+s.hidden.add("a bad signature", "enEtbm8tc2lnbmF0dXJl")))

		s.tokens(place)

		signed := request{path: place + "/signed?sig=" + s.hidden.add("a signature in the query", hmacHex(plainSecret, "{}")), body: "{}"}
		s.send(signed)
		s.send(signed.saying("[]"))
		s.send(request{path: place + "/signed?sig=zq-wrong-token", body: "{}"})
	}

	d := signed(`{"id":"evt-1","type":"thing.created","data":{"password":"zq-redacted"}}`)
	s.hidden.add("a signature", d.header.Get("X-Signature"))
	s.send(d)
	s.send(d.saying(d.body + " "))
	s.send(d.at("/broken"))
	s.send(d.at("/nowhere"))
	method := d
	method.method = http.MethodDelete
	s.send(method)
	repeated := d.with("X-Signature", "")
	repeated.header["X-Signature"] = []string{"zq-wrong-token", d.header.Get("X-Signature")}
	s.send(repeated)
}

func (s *secretsRun) tokens(place string) {
	n := 0
	next := func() request {
		n++
		return everrealDelivery(fmt.Sprintf("%s-%d", place, n), "LISTING_CREATED")
	}
	query := url.QueryEscape("zq-query token/+&")
	s.send(next().at(place + "/query?key=" + query))
	s.send(next().at(place + "/query?a=b&k%65y=" + query))
	s.send(next().at(place + "/query?key=zq-wrong-token"))
	s.send(next().at(place + "/query?key=" + query + "&key=" + query))
	s.send(next().at(place + "/query/extra?key=" + query))
	s.send(next().at("/nowhere?key=" + query))
	s.send(next().at("/nowhere?other="+query).with("Referer", "https://hooks.example.com/query?key="+query))
	s.send(next().at(place + "/report?key=" + query))
	s.send(next().at(place + "/report?key=zq-wrong-token"))
	s.send(next().at(place+"/header").with("X-Token", "zq-header-token"))
	s.send(next().at(place+"/header").with("X-Token", "zq-wrong-token"))
	s.send(next().at(place + "/segment/zq-path-token"))
	s.send(next().at(place + "/segment/zq-wrong-token"))
	s.send(next().at(place + "/segment/zq-path-token/extra"))
	s.send(next().at(place + "/SEGMENT/zq-path-token"))
	s.send(next().at("/nowhere/zq-path-token"))
	basic := next().at(place + "/basic").asHTTP()
	basic.SetBasicAuth("provider", "zq-basic-password")
	s.send(next().at(place+"/basic").with("Authorization", basic.Header.Get("Authorization")))
	basic.SetBasicAuth("provider", "zq-wrong-token")
	s.send(next().at(place+"/basic").with("Authorization", basic.Header.Get("Authorization")))
}

// administrate looks at all that the admin API and the commands tell.
func (s *secretsRun) administrate() {
	g := s.g
	ask := func(method, path, body string) {
		a := g.ask(method, path, body)
		s.hidden.want(s.t, method+" "+path, fmt.Sprint(a.header)+a.body)
	}
	ask(http.MethodGet, "/config/", "")
	ask(http.MethodGet, "/metrics", "")
	ask(http.MethodGet, "/reverse_proxy/upstreams", "")
	ask(http.MethodGet, "/hookward/endpoints", "")
	ask(http.MethodGet, "/hookward/endpoints/nobody", "")
	ask(http.MethodPost, "/hookward/endpoints/hook/forget", `{"key":"evt-1"}`)
	ask(http.MethodPost, "/hookward/endpoints/repliers0/arm", `{"slot":"agent.created"}`)
	ask(http.MethodPost, "/hookward/endpoints/repliers0/arm", `{"slot":"nobody"}`)
	ask(http.MethodPost, "/hookward/endpoints/rechat0/arm", "")
	for _, name := range []string{"repliers0", "rechat0", "standard0", "query0", "header0", "segment0", "report0", "basic0", "signed0", "hook"} {
		ask(http.MethodGet, "/hookward/endpoints/"+name, "")
	}
	s.command("endpoints", "--address", g.Admin)
	for _, name := range []string{"repliers0", "rechat0", "query0"} {
		s.command("endpoints", name, "--address", g.Admin)
	}
	s.command("endpoints", "rechat0", "--address", g.Admin, "--json")
	s.command("arm", "repliers0", "--slot", "agent.updated", "--for", "1m", "--address", g.Admin)
	s.command("forget", "repliers0", "nothing", "--address", g.Admin)
	s.command("verify", "--provider", "rechat", "--secret-env", "RECHAT", "--header", "X-Rechat-Signature: 00", "--body", os.DevNull)
	s.command("verify", "--provider", "repliers", "--secret-env", "LEARNED", "--event", "agent.created", "--header", "X-Hook-Secret: zq-strangers-secret", "--body", os.DevNull)
	config := filepath.Join(g.Home, "Caddyfile")
	s.command("verify", "--config", config, "--endpoint", "query0", "--url", "http://localhost/0/query?key=zq-wrong-token", "--body", os.DevNull)
	s.command("verify", "--config", config, "--endpoint", "rechat0", "--header", "X-Rechat-Signature: zq-no-hex", "--body", os.DevNull, "--json")
	site := "http://" + g.Site
	for _, how := range [][]string{nil, {"--forge"}, {"--stale"}, {"--duplicate"}, {"--json"}} {
		s.command(append([]string{"send", "--provider", "standard-webhooks", "--secret-env", "STANDARD", "--url", site + "/0/standard"}, how...)...)
	}
	s.command("send", "--provider", "repliers", "--secret-env", "LEARNED", "--url", site+"/0/repliers/{event}", "--event", "agent.created")
	s.command("send", "--provider", "rechat", "--secret-env", "RECHAT", "--url", site+"/1/rechat")
}

// command runs one of Hookward's commands and looks at what it writes.
func (s *secretsRun) command(args ...string) {
	s.t.Helper()
	out, err := s.g.Caddy(append([]string{"hookward"}, args...)...).CombinedOutput()
	if len(out) == 0 {
		s.t.Errorf("hookward %s writes nothing: %v", strings.Join(args, " "), err)
	}
	s.hidden.want(s.t, "hookward "+args[0], string(out))
}
