package caddymodule

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// savedRequest writes a delivery down as it goes over the wire.
func savedRequest(s *sample, more ...string) string {
	var b strings.Builder
	b.WriteString(s.method + " " + s.url.RequestURI() + " HTTP/1.1\r\nHost: " + s.url.Host + "\r\n")
	for _, name := range slices.Sorted(maps.Keys(s.header)) {
		b.WriteString(name + ": " + s.header.Get(name) + "\r\n")
	}
	for _, line := range more {
		b.WriteString(line + "\r\n")
	}
	b.WriteString("\r\n" + s.body)
	return b.String()
}

// secretOf puts a provider's secret into a file.
func secretOf(t *testing.T, name string) string {
	t.Helper()
	return writeFile(t, sampleKeys[name]+"\n")
}

// Every sample is accepted when it comes from a file, too.
func TestVerifySavedRequest(t *testing.T) {
	t.Parallel()
	for _, name := range provider.Names() {
		s := buildSample(t, name, "")
		args := []string{"verify", "--provider", name, "--request", "-", "--at", "2026-03-05T09:14:03Z", "--json"}
		if len(s.provider.Signature) > 0 {
			args = append(args, "--secret-file", secretOf(t, name))
		}
		if s.route != "" {
			args = append(args, "--event", s.event)
		}
		if name == "viasto" {
			args = append(args, "--url", s.publicURL)
		}
		var got verification
		checkJSON(t, runCommand(t, savedRequest(s), args...).succeeded(t), &got)
		if got.Outcome != "accept" || got.Event["rawtype"] != s.event || got.Event["provider"] != name {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestVerifyPrints(t *testing.T) {
	t.Parallel()
	s := buildSample(t, "stripe", "")
	secret := secretOf(t, "stripe")
	at := "1772702043"
	verify := func(request string) ran {
		return runCommand(t, request, "verify", "--provider", "stripe", "--secret-file", secret, "--request", "-", "--at", at)
	}
	checkOutput(t, verify(savedRequest(s)).succeeded(t), `
accepted
  covers           body
  datacontenttype  application/json
  dedupekey        SAMPLEID
  endpoint         stripe
  id               SAMPLEID
  keyid            `+newKey(sampleKeys["stripe"]).ID+`
  provider         stripe
  rawtype          payment_intent.succeeded
  scheme           hmac
  source           https://api.stripe.com
  subject          pi_3RsampleHookward00000001
  time             2026-03-05T09:14:02Z
  type             com.stripe.payment_intent.succeeded
`)
	s.body = strings.Replace(s.body, "4200", "4300", 1)
	r := verify(savedRequest(s))
	checkOutput(t, r.out, "refused: mismatch (status 401)\n"+hints["mismatch"]+"\n")
	r.failed(t, "no")
}

func TestVerifyFindsTheMistake(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, provider string
		secret         func(string) string
		change         func(*sample)
		want           string
	}{
		{"newline added", "github", nil, func(s *sample) { s.body += "\n" }, "without the newline at the end"},
		{"newline lost", "github", nil, func(s *sample) {
			body := s.body
			s.body += "\n"
			_ = s.sign(keysOf("github"))
			s.body = body
		}, "with a newline at the end"},
		{"CR LF", "github", nil, func(s *sample) { s.body = strings.ReplaceAll(s.body, "\n", "\r\n") }, "line ends as LF"},
		{"LF", "slack", nil, func(s *sample) {
			s.body = strings.ReplaceAll(s.body, "\n", "\r\n")
			resign := *s
			_ = resign.sign(keysOf("slack"))
			s.header, s.body = resign.header, strings.ReplaceAll(s.body, "\r\n", "\n")
		}, "line ends as CR LF"},
		{"written anew", "shopify", nil, func(s *sample) {
			compact := compactJSON([]byte(s.body))
			pretty := s.body
			s.body = string(compact)
			_ = s.sign(keysOf("shopify"))
			s.body = pretty
		}, "parsed and written anew"},
		{"white space", "github", func(secret string) string { return " " + secret + " " }, nil, "white space around the secret"},
		{"hex taken as text", "rechat", nil, func(s *sample) {
			s.provider.Signature[0].Key = "text"
			_ = s.sign(keysOf("rechat"))
		}, "signature.key text"},
		{"text decoded from hex", "slack", func(string) string { return sampleKeys["rechat"] }, func(s *sample) {
			s.provider.Signature[0].Key = "hex"
			_ = s.sign(keysOf("rechat"))
		}, "signature.key hex"},
		{"text decoded from base64", "github", func(string) string { return "c2VjcmV0IGJ5dGVz" }, func(s *sample) {
			s.provider.Signature[0].Key = "base64"
			_ = s.sign([]signature.Key{newKey("c2VjcmV0IGJ5dGVz")})
		}, "signature.key base64"},
		{"another secret", "github", func(string) string { return "another" }, nil, "no key gives this signature"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := buildSample(t, test.provider, "")
			if test.change != nil {
				test.change(s)
			}
			secret := sampleKeys[test.provider]
			if test.secret != nil {
				secret = test.secret(secret)
			}
			r := runCommand(t, savedRequest(s), "verify", "--provider", test.provider, "--secret-file", writeFile(t, secret),
				"--request", "-", "--at", "2026-03-05T09:14:03Z")
			if !strings.HasPrefix(r.out, "refused: mismatch") || !strings.Contains(r.out, test.want) {
				t.Errorf("output is %q, want %q", r.out, test.want)
			}
			r.failed(t, "")
		})
	}
}

const verifyConfig = `
{
	admin off
}
http://localhost {
	route {
		handle /github {
			hookward github {
				name github-prod
				path /github
				secret {env.HOOKWARD_TEST_SECRET}
				token query key ` + adminToken + `
				redact repository
			}
		}
		handle {
			route {
				hookward repliers {
					path /repliers/{event}
				}
			}
		}
	}
}
`

func TestVerifyWithConfig(t *testing.T) {
	t.Setenv("HOOKWARD_TEST_SECRET", sampleKeys["github"])
	config := writeFile(t, verifyConfig)
	s := buildSample(t, "github", "")
	args := []string{"verify", "--config", config, "--adapter", "caddyfile", "--request", "-", "--json"}

	s.url.Path, s.url.RawQuery = "/github", "key="+adminToken
	var got verification
	checkJSON(t, runCommand(t, savedRequest(s), append(args, "--endpoint", "github-prod")...).succeeded(t), &got)
	if got.Outcome != "accept" || got.Event["endpoint"] != "github-prod" || got.Event["subject"] != hiddenText {
		t.Errorf("%+v", got)
	}

	for _, test := range []struct {
		path, query string
		want        gate.Reason
	}{
		{"/github", "key=wrong", gate.TokenMismatch},
		{"/github", "", gate.TokenMissing},
		{"/GitHub", "key=" + adminToken, gate.WrongPath},
	} {
		s.url.Path, s.url.RawQuery = test.path, test.query
		r := runCommand(t, savedRequest(s), append(args, "--endpoint", "github-prod")...)
		r.failed(t, "")
		checkJSON(t, r.out, &got)
		if got.Reason != string(test.want) || got.Hint == "" {
			t.Errorf("%+v, want %s", got, test.want)
		}
	}

	runCommand(t, savedRequest(s), args...).refused(t, "several endpoints, name one by --endpoint: github-prod, repliers")
	runCommand(t, savedRequest(s), append(args, "--endpoint", "x")...).refused(t, `no endpoint "x"`)
	runCommand(t, savedRequest(s), append(args, "--endpoint", "repliers")...).refused(t, "give its secret by")
	runCommand(t, savedRequest(s), append(args, "--provider", "github")...).refused(t, "either --config or a provider")

	// A learned secret is given by hand.
	learned := buildSample(t, "repliers", "agent.created")
	learned.url.Path = "/repliers/agent.created"
	got = verification{}
	checkJSON(t, runCommand(t, savedRequest(learned), append(args, "--endpoint", "repliers", "--secret-file", secretOf(t, "repliers"))...).succeeded(t), &got)
	if got.Event["type"] != "io.repliers.agent.created" {
		t.Errorf("%+v", got)
	}

	t.Setenv("HOOKWARD_TEST_SECRET", "")
	runCommand(t, savedRequest(s), append(args, "--endpoint", "github-prod")...).refused(t, "secret 1")
}

const plainKey = "a-plain-key"

// With an endpoint of one path, the parts of a request need no --url.
func TestVerifyKnowsTheURL(t *testing.T) {
	config := writeFile(t, "http://localhost {\n\thookward github {\n\t\tpath /github\n\t\tsecret "+plainKey+"\n\t}\n}\n")
	s := buildSample(t, "github", "")
	if err := s.sign([]signature.Key{newKey(plainKey)}); err != nil {
		t.Fatal(err)
	}
	args := []string{
		"verify", "--config", config, "--adapter", "caddyfile", "--body", "-",
		"--header", "X-GitHub-Event:push", "--header", "x-hub-signature-256:   " + s.header.Get("X-Hub-Signature-256"),
	}
	if out := runCommand(t, s.body, args...).succeeded(t); !strings.HasPrefix(out, "accepted\n") {
		t.Errorf("output is %s", out)
	}
}

func TestVerifyAnswersChallenge(t *testing.T) {
	t.Parallel()
	s := buildSample(t, "slack", "")
	s.body = `{"type":"url_verification","challenge":"3eZbrw1aB"}`
	if err := s.sign(keysOf("slack")); err != nil {
		t.Fatal(err)
	}
	out := runCommand(t, savedRequest(s), "verify", "--provider", "slack", "--secret-file", secretOf(t, "slack"),
		"--request", "-", "--at", "2026-03-05T09:14:03Z").succeeded(t)
	checkOutput(t, out, "accepted: it is a challenge and is answered with status 200\n")
}

func TestVerifyAnswersHandshake(t *testing.T) {
	t.Parallel()
	verify := func(secret string) ran {
		return runCommand(t, "", "verify", "--provider", "repliers", "--secret-file", secretOf(t, "repliers"),
			"--header", "X-Hook-Secret: "+secret, "--event", "agent.created")
	}
	checkOutput(t, verify(sampleKeys["repliers"]).succeeded(t), "accepted: it is a handshake and is answered with status 200\n")
	r := verify("another")
	r.failed(t, "")
	if !strings.HasPrefix(r.out, "refused: handshake_unarmed") {
		t.Errorf("output is %s", r.out)
	}
}

// How a request was saved must not matter as long as its bytes are there.
func TestVerifyReadsRequests(t *testing.T) {
	t.Parallel()
	s := buildSample(t, "github", "")
	s.body = `{"zen":"x"}`
	if err := s.sign(keysOf("github")); err != nil {
		t.Fatal(err)
	}
	verify := func(request string) ran {
		return runCommand(t, request, "verify", "--provider", "github", "--secret-file", secretOf(t, "github"), "--request", "-")
	}
	head := savedRequest(s)
	chunked := strings.TrimSuffix(savedRequest(s, "Transfer-Encoding: chunked"), s.body) + "b\r\n" + s.body + "\r\n0\r\n\r\n"
	for name, request := range map[string]string{
		"without a length":     head,
		"with a length":        savedRequest(s, "Content-Length: 11"),
		"with lines after it":  savedRequest(s, "Content-Length: 11") + "\n",
		"with LF":              strings.ReplaceAll(head, "\r\n", "\n"),
		"in chunks":            chunked,
		"with an absolute URL": strings.Replace(head, "POST /", "POST http://x/", 1),
	} {
		if r := verify(request); r.err != nil {
			t.Errorf("%s: %v\n%s", name, r.err, r.out)
		}
	}
	verify(savedRequest(s, "Content-Length: 12")).refused(t, "shorter than its headers say")
	for _, request := range []string{"", "nonsense", "POST /?key=" + adminToken + "\r\n\r\n", "POST / HTTP/1.1\r\nX-Token " + adminToken + "\r\n\r\n"} {
		verify(request).refused(t, "no HTTP/1.1 request")
	}
}

func TestVerifyMisuse(t *testing.T) {
	t.Parallel()
	secret := writeFile(t, adminSecret)
	github := []string{"verify", "--provider", "github", "--secret-file", secret}
	tests := []struct {
		args []string
		want string
	}{
		{[]string{"verify"}, "--provider <name> or --provider-file <file>"},
		{[]string{"verify", "--provider", "github", "--provider-file", "x"}, "--provider <name> or --provider-file <file>"},
		{[]string{"verify", "--provider", "nobody"}, `unknown provider "nobody"`},
		{[]string{"verify", "--provider-file", "/does/not/exist"}, "no such file"},
		{[]string{"verify", "--provider", "github"}, "give its secret by"},
		{[]string{"verify", "--provider", "viasto"}, "give it by --url"},
		{[]string{"verify", "--provider", "everreal", "--secret-file", secret}, "signs nothing"},
		{[]string{"verify", "--provider", "github", "--secret-env", "HOOKWARD_NOT_SET"}, "HOOKWARD_NOT_SET is not set or empty"},
		{[]string{"verify", "--provider", "github", "--secret-file", writeFile(t, "\n")}, "is empty"},
		{[]string{"verify", "--provider", "github", "--secret-file", writeFile(t, strings.Repeat("x", maxSecretInput+1))}, "larger than"},
		{[]string{"verify", "--provider", "rechat", "--secret-file", secret}, "not valid hex"},
		{append(github, "--at", "yesterday"), "--at"},
		{append(github, "--url", "http://[very-secret"), "--url: "},
		{append(github, "--header", adminSecret), "--header wants"},
		{append(github, "--header", ": "+adminSecret), "--header wants"},
		{append(github, "--body", "/does/not/exist"), "no such file"},
		{append(github, "--request", "x", "--body", "y"), "leave --header and --body out"},
		{append(github, "--secret-file", "-", "--body", "-"), "once only"},
		{append(github, "--event", "a/b"), "event"},
		{[]string{"verify", "--config", "/does/not/exist"}, "no such file"},
		{[]string{"verify", "--config", writeFile(t, "{}")}, "has no hookward endpoint"},
	}
	for _, test := range tests {
		runCommand(t, "", slices.Clone(test.args)...).refused(t, test.want)
	}
}

func TestEveryReasonHasAHint(t *testing.T) {
	t.Parallel()
	reasons := gate.Reasons()
	for _, reason := range reasons {
		if hints[reason] == "" {
			t.Errorf("no hint for %s", reason)
		}
	}
	for reason := range hints {
		if !slices.Contains(reasons, reason) {
			t.Errorf("a hint for %s, which is no reason", reason)
		}
	}
}
