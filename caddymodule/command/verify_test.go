package command_test

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/internal/sample"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// verified is what verify --json prints.
type verified struct {
	Outcome, Kind, Reason, Hint string
	Header                      map[string]string
	Body                        string
	Status                      int
	Event                       map[string]string
}

// Every sample is accepted when it comes from a file, too.
func TestVerifySavedRequest(t *testing.T) {
	t.Parallel()
	for _, name := range provider.Names() {
		s := buildSample(t, name, "")
		args := []string{"verify", "--provider", name, "--request", "-", "--at", "2026-03-05T09:14:03Z", "--json"}
		if len(s.Provider.Signature) > 0 {
			args = append(args, "--secret-file", secretFile(t, name))
		}
		if s.Route != "" {
			args = append(args, "--event", s.Event)
		}
		if name == "viasto" {
			args = append(args, "--url", s.PublicURL)
		}
		var got verified
		checkJSON(t, runCommand(t, savedRequest(s), args...).succeeded(t), &got)
		if got.Outcome != "accept" || got.Event["rawtype"] != s.Event || got.Event["provider"] != name {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestVerifyPrints(t *testing.T) {
	t.Parallel()
	s := buildSample(t, "stripe", "")
	secret := secretFile(t, "stripe")
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
  keyid            `+signature.Fingerprint(secretOf(t, "stripe"))+`
  provider         stripe
  rawtype          payment_intent.succeeded
  scheme           hmac
  source           https://api.stripe.com
  subject          pi_3RsampleHookward00000001
  time             2026-03-05T09:14:02Z
  type             com.stripe.payment_intent.succeeded
`)
	s.Body = strings.Replace(s.Body, "4200", "4300", 1)
	r := verify(savedRequest(s))
	if want := "refused: mismatch (status 401)\nAll is well formed, but no key gives this signature."; !strings.HasPrefix(r.out, want) {
		t.Errorf("output is %q, want %q", r.out, want)
	}
	r.failed(t, "no")
}

func TestVerifyFindsTheMistake(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, provider string
		secret         func(string) string
		change         func(*testing.T, *sample.Delivery)
		want           string
	}{
		{"newline added", "github", nil, func(t *testing.T, s *sample.Delivery) { s.Body += "\n" }, "without the newline at the end"},
		{"newline lost", "github", nil, func(t *testing.T, s *sample.Delivery) {
			body := s.Body
			s.Body += "\n"
			sign(t, s, secretOf(t, "github"))
			s.Body = body
		}, "with a newline at the end"},
		{"CR LF", "github", nil, func(t *testing.T, s *sample.Delivery) { s.Body = strings.ReplaceAll(s.Body, "\n", "\r\n") }, "line ends as LF"},
		{"LF", "slack", nil, func(t *testing.T, s *sample.Delivery) {
			s.Body = strings.ReplaceAll(s.Body, "\n", "\r\n")
			resign := *s
			sign(t, &resign, secretOf(t, "slack"))
			s.Header, s.Body = resign.Header, strings.ReplaceAll(s.Body, "\r\n", "\n")
		}, "line ends as CR LF"},
		{"written anew", "shopify", nil, func(t *testing.T, s *sample.Delivery) {
			var compact bytes.Buffer
			_ = json.Compact(&compact, []byte(s.Body)) // it is JSON
			pretty := s.Body
			s.Body = compact.String()
			sign(t, s, secretOf(t, "shopify"))
			s.Body = pretty
		}, "parsed and written anew"},
		{"white space", "github", func(secret string) string { return " " + secret + " " }, nil, "white space around the secret"},
		{"hex taken as text", "rechat", nil, func(t *testing.T, s *sample.Delivery) {
			s.Provider.Signature[0].Key = "text"
			sign(t, s, secretOf(t, "rechat"))
		}, "signature.key text"},
		{"text decoded from hex", "slack", func(string) string { return secretOf(t, "rechat") }, func(t *testing.T, s *sample.Delivery) {
			s.Provider.Signature[0].Key = "hex"
			sign(t, s, secretOf(t, "rechat"))
		}, "signature.key hex"},
		{"text decoded from base64", "github", func(string) string { return "c2VjcmV0IGJ5dGVz" }, func(t *testing.T, s *sample.Delivery) {
			s.Provider.Signature[0].Key = "base64"
			sign(t, s, "c2VjcmV0IGJ5dGVz")
		}, "signature.key base64"},
		{"another secret", "github", func(string) string { return "another" }, nil, "no key gives this signature"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := buildSample(t, test.provider, "")
			if test.change != nil {
				test.change(t, s)
			}
			secret := secretOf(t, test.provider)
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

// What nothing proves is accepted by the provider's rules, and is not called proved.
func TestVerifyTellsWhatNothingProves(t *testing.T) {
	t.Parallel()
	s := buildSample(t, "everreal", "")
	args := []string{"verify", "--provider", "everreal", "--request", "-"}
	out := runCommand(t, savedRequest(s), args...).succeeded(t)
	if !strings.HasPrefix(out, "accepted, and nothing proves it\neverreal signs nothing") || !strings.Contains(out, "  scheme           none\n") {
		t.Errorf("output is %s", out)
	}
	var got verified
	checkJSON(t, runCommand(t, savedRequest(s), append(args, "--json")...).succeeded(t), &got)
	if got.Outcome != "accept" || !strings.Contains(got.Hint, "anybody can send this") || got.Event["scheme"] != "none" {
		t.Errorf("%+v", got)
	}
	config := writeFile(t, "http://localhost {\n\thookward everreal {\n\t\tpath /everreal\n\t\ttoken query key "+secretToken+"\n\t}\n}\n")
	s.URL.Path, s.URL.RawQuery = "/everreal", "key="+secretToken
	out = runCommand(t, savedRequest(s), "verify", "--config", config, "--adapter", "caddyfile", "--request", "-").succeeded(t)
	if !strings.HasPrefix(out, "accepted\n") || !strings.Contains(out, "  scheme           token\n") {
		t.Errorf("output is %s", out)
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
				token query key ` + secretToken + `
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

// One endpoint is judged where what another needs is not at hand.
func TestVerifyOneOfSeveral(t *testing.T) {
	t.Parallel()
	config := writeFile(t, `
http://localhost {
	hookward everreal {
		path /everreal
		token query key `+secretToken+`
	}
	hookward github {
		name other
		override const.other {env.HOOKWARD_TEST_NONE}
		secret {env.HOOKWARD_TEST_NONE}
	}
	hookward {
		name elsewhere
		provider file /no/such/file.yaml
		secret {env.HOOKWARD_TEST_NONE}
	}
}
`)
	s := buildSample(t, "everreal", "")
	s.URL.Path, s.URL.RawQuery = "/everreal", "key="+secretToken
	verify := func(endpoint string) ran {
		return runCommand(t, savedRequest(s), "verify", "--config", config, "--adapter", "caddyfile", "--request", "-", "--endpoint", endpoint)
	}
	if out := verify("everreal").succeeded(t); !strings.HasPrefix(out, "accepted\n") {
		t.Errorf("output is %s", out)
	}
	verify("other").refused(t, "{env.HOOKWARD_TEST_NONE} is empty")
	verify("elsewhere").refused(t, "/no/such/file.yaml")
}

func TestVerifyWithConfig(t *testing.T) {
	t.Setenv("HOOKWARD_TEST_SECRET", secretOf(t, "github"))
	config := writeFile(t, verifyConfig)
	s := buildSample(t, "github", "")
	args := []string{"verify", "--config", config, "--adapter", "caddyfile", "--request", "-", "--json"}

	s.URL.Path, s.URL.RawQuery = "/github", "key="+secretToken
	var got verified
	checkJSON(t, runCommand(t, savedRequest(s), append(args, "--endpoint", "github-prod")...).succeeded(t), &got)
	if got.Outcome != "accept" || got.Event["endpoint"] != "github-prod" || got.Event["subject"] != "REDACTED" {
		t.Errorf("%+v", got)
	}

	for _, test := range []struct {
		path, query string
		want        gate.Reason
	}{
		{"/github", "key=wrong", gate.TokenMismatch},
		{"/github", "", gate.TokenMissing},
		{"/GitHub", "key=" + secretToken, gate.WrongPath},
	} {
		s.URL.Path, s.URL.RawQuery = test.path, test.query
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
	learned.URL.Path = "/repliers/agent.created"
	got = verified{}
	checkJSON(t, runCommand(t, savedRequest(learned), append(args, "--endpoint", "repliers", "--secret-file", secretFile(t, "repliers"))...).succeeded(t), &got)
	if got.Event["type"] != "io.repliers.agent.created" {
		t.Errorf("%+v", got)
	}

	t.Setenv("HOOKWARD_TEST_SECRET", "")
	runCommand(t, savedRequest(s), append(args, "--endpoint", "github-prod")...).refused(t, "secret 1")
}

// Of an endpoint that subscribes, a configuration has neither slots nor secrets.
func TestVerifyWithSubscribe(t *testing.T) {
	t.Parallel()
	config := writeFile(t, `
http://localhost {
	hookward repliers {
		path /in/{slot}
		public_url https://hooks.example.com/in/{slot}
		subscribe {
			credential {env.NOT_SET_HERE}
		}
	}
}
`)
	s := buildSample(t, "repliers", "agent.created")
	verify := func(path string, more ...string) (got verified, r ran) {
		t.Helper()
		s.URL.Path = path
		r = runCommand(t, savedRequest(s), append([]string{
			"verify", "--config", config, "--adapter", "caddyfile", "--request", "-", "--json", "--secret-file", secretFile(t, "repliers"),
		}, more...)...)
		checkJSON(t, r.out, &got)
		return got, r
	}
	got, r := verify("/in/5PKQT2XZ3JH7M4ANVBCDEFGHIJ", "--event", "agent.created")
	r.succeeded(t)
	if got.Event["type"] != "io.repliers.agent.created" {
		t.Errorf("%+v", got)
	}
	if got, r = verify("/in/5PKQT2XZ3JH7M4ANVBCDEFGHIJ"); got.Outcome != "accept" {
		t.Errorf("%+v", got)
	}
	r.succeeded(t)
	for _, path := range []string{"/in", "/in/", "/in/a/b", "/IN/a"} {
		got, r = verify(path, "--event", "agent.created")
		r.failed(t, "")
		if got.Reason != string(gate.WrongPath) && got.Reason != string(gate.UnknownSlot) {
			t.Errorf("%s: %+v", path, got)
		}
	}
	s.Header.Set("X-Hook-Secret", "another")
	s.Header.Del("X-Api-Key")
	got, r = verify("/in/5PKQT2XZ3JH7M4ANVBCDEFGHIJ", "--event", "agent.created")
	r.failed(t, "")
	if got.Reason != string(signature.Mismatch) {
		t.Errorf("%+v", got)
	}
}

const plainKey = "a-plain-key"

// With an endpoint of one path, the parts of a request need no --url.
func TestVerifyKnowsTheURL(t *testing.T) {
	config := writeFile(t, "http://localhost {\n\thookward github {\n\t\tpath /github\n\t\tsecret "+plainKey+"\n\t}\n}\n")
	s := buildSample(t, "github", "")
	sign(t, s, plainKey)
	args := []string{
		"verify", "--config", config, "--adapter", "caddyfile", "--body", "-",
		"--header", "X-GitHub-Event:push", "--header", "x-hub-signature-256:   " + s.Header.Get("X-Hub-Signature-256"),
	}
	if out := runCommand(t, s.Body, args...).succeeded(t); !strings.HasPrefix(out, "accepted\n") {
		t.Errorf("output is %s", out)
	}
}

func TestVerifyAnswersChallenge(t *testing.T) {
	t.Parallel()
	s := buildSample(t, "slack", "")
	s.Body = `{"type":"url_verification","challenge":"3eZbrw1aB"}`
	sign(t, s, secretOf(t, "slack"))
	out := runCommand(t, savedRequest(s), "verify", "--provider", "slack", "--secret-file", secretFile(t, "slack"),
		"--request", "-", "--at", "2026-03-05T09:14:03Z").succeeded(t)
	checkOutput(t, out, `
accepted: it is a challenge and is answered with status 200
  Content-Type            application/json
  X-Content-Type-Options  nosniff
  body                    {"challenge":"3eZbrw1aB"}
`)
	var got verified
	checkJSON(t, runCommand(t, savedRequest(s), "verify", "--provider", "slack", "--secret-file", secretFile(t, "slack"),
		"--request", "-", "--at", "2026-03-05T09:14:03Z", "--json").succeeded(t), &got)
	if got.Kind != "challenge" || got.Header["Content-Type"] != "application/json" || got.Body != `{"challenge":"3eZbrw1aB"}` {
		t.Errorf("%+v", got)
	}
}

func TestVerifyAnswersHandshake(t *testing.T) {
	t.Parallel()
	verify := func(secret string) ran {
		return runCommand(t, "", "verify", "--provider", "repliers", "--secret-file", secretFile(t, "repliers"),
			"--header", "X-Hook-Secret: "+secret, "--event", "agent.created")
	}
	// The secret that the answer repeats is shown by its fingerprint alone.
	checkOutput(t, verify(secretOf(t, "repliers")).succeeded(t), `
accepted: it is a handshake and is answered with status 200
  X-Content-Type-Options  nosniff
  X-Hook-Secret           <secret `+signature.Fingerprint(secretOf(t, "repliers"))+`>
`)
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
	s.Body = `{"zen":"x"}`
	sign(t, s, secretOf(t, "github"))
	verify := func(request string) ran {
		return runCommand(t, request, "verify", "--provider", "github", "--secret-file", secretFile(t, "github"), "--request", "-")
	}
	head := savedRequest(s)
	chunked := strings.TrimSuffix(savedRequest(s, "Transfer-Encoding: chunked"), s.Body) + "b\r\n" + s.Body + "\r\n0\r\n\r\n"
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
	for _, request := range []string{"", "nonsense", "POST /?key=" + secretToken + "\r\n\r\n", "POST / HTTP/1.1\r\nX-Token " + secretToken + "\r\n\r\n"} {
		verify(request).refused(t, "no HTTP/1.1 request")
	}
}

func TestVerifyMisuse(t *testing.T) {
	t.Parallel()
	secret := writeFile(t, verySecret)
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
		{[]string{"verify", "--provider", "github", "--secret-file", writeFile(t, strings.Repeat("x", 64<<10+1))}, "larger than"},
		{[]string{"verify", "--provider", "rechat", "--secret-file", secret}, "not valid hex"},
		{append(github, "--at", "yesterday"), "--at"},
		{append(github, "--url", "http://[very-secret"), "--url: "},
		{append(github, "--header", verySecret), "--header wants"},
		{append(github, "--header", ": "+verySecret), "--header wants"},
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
