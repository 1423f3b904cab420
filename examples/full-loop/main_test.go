package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"regexp"
	"strings"
	"testing"

	syntax "github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"

	"github.com/hookward/hookward/internal/harness"
)

// steps are what is to be told of each provider.
var steps = map[string]string{
	"repliers": `gateway      has subscribed to listing.created, by the API of repliers
gateway      has learned the secret in the handshake: fingerprint [0-9a-f]{8}
repliers     sends listing.created
application  received io.repliers.listing.created
               id       [0-9a-f]{64}
               source   https://api.repliers.io
               subject  \w+
               data     \d+ bytes
gateway      answers 200 OK
repliers     sends it once more
gateway      answers 200 OK, and drops the copy
stranger     sends a delivery of his own making
gateway      answers 401 Unauthorized, and drops the forgery: mismatch
`,
	"rechat": `gateway      has subscribed to Deals, by the API of rechat
gateway      has learned the secret from the answer of the API: fingerprint [0-9a-f]{8}
rechat       sends Deals/Created
application  received com.rechat.deal.created
               id       [0-9a-f]{64}
               source   https://api.rechat.com
               subject  [0-9a-f-]{36}
               data     \d+ bytes
gateway      answers 200 OK
rechat       sends it once more
gateway      answers 200 OK, and drops the copy
stranger     sends a delivery of his own making
gateway      answers 401 Unauthorized, and drops the forgery: mismatch
`,
	"everreal": `gateway      has subscribed to LISTING_CREATED, by the API of everreal
gateway      has no secret to learn: a token is part of its URL
everreal     sends LISTING_CREATED
application  received co.everreal.listing.created
               id       [0-9a-f-]{36}
               source   https://everreal.co
               subject  [0-9a-f-]{36}
               data     \d+ bytes
gateway      answers 200 OK
everreal     sends it once more
gateway      answers 200 OK, and drops the copy
stranger     sends a delivery of his own making
gateway      answers 401 Unauthorized, and drops the forgery: token_mismatch
`,
	"viasto": `viasto       its helpdesk subscribes the gateway to project_changed
gateway      has no secret to learn: a token is part of its URL
viasto       sends project_changed/created
application  received com.interview-suite.project.created
               id       [0-9a-f]{64}
               source   https://interview-suite.com
               subject  https://interview-suite.com/\S+
               data     \d+ bytes
gateway      answers 200 OK
viasto       sends it once more
gateway      answers 200 OK, and drops the copy
stranger     sends a delivery of his own making
gateway      answers 401 Unauthorized, and drops the forgery: token_mismatch
`,
}

func TestFullLoop(t *testing.T) {
	t.Parallel()
	p := harness.StartProgram(t, "examples/full-loop")
	p.Wait()
	want := `gateway      listens at http://127\.0\.0\.1:\d+\n`
	for _, r := range roles {
		want += steps[r.name]
	}
	want += "full-loop    every step has happened\n"
	if !regexp.MustCompile(`\A` + want + `\z`).MatchString(p.Output()) {
		t.Errorf("the program tells\n%s\nwant\n%s", p.Output(), want)
	}
	left, err := os.ReadDir(p.Home)
	if err != nil || len(left) > 0 {
		t.Errorf("the program leaves %v behind: %v", left, err)
	}
}

// TestStay lets the program go on until it is told to end. Paths that are nearly those of
// an endpoint lead nowhere meanwhile. It runs in this process, where there is one Caddy, so
// it is not parallel.
func TestStay(t *testing.T) {
	ownState(t)
	ctx, stop := context.WithCancel(t.Context())
	out, in := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := run(ctx, in, caddyfile, options{provider: "everreal", stay: true})
		ended <- errors.Join(err, in.CloseWithError(err))
	}()
	told := bufio.NewScanner(out)
	_, site, _ := strings.Cut(await(t, told, "listens at "), "listens at ")
	await(t, told, "every step has happened")
	await(t, told, "received co.everreal.listing.created")
	go func() { _, _ = io.Copy(io.Discard, out) }()
	for _, path := range []string{"/repliers/x", "/rechat/x", "/everreal", "/viasto/x"} {
		for _, variant := range harness.PathVariants(path) {
			if status := post(t, site+variant); status < 400 || status > 499 {
				t.Errorf("a delivery to %s is answered %d", variant, status)
			}
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Errorf("the program ends with %v", err)
	}
}

// await returns the next line that has a text.
func await(t *testing.T, told *bufio.Scanner, text string) string {
	t.Helper()
	for told.Scan() {
		if strings.Contains(told.Text(), text) {
			return told.Text()
		}
	}
	t.Fatalf("the program does not tell %q: %v", text, told.Err())
	return ""
}

// ownState restores, after the test, the variables that each run sets.
func ownState(t *testing.T) {
	t.Helper()
	t.Setenv("XDG_DATA_HOME", "")
	t.Setenv("XDG_CONFIG_HOME", "")
}

func post(t *testing.T, url string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// TestSteps breaks the gateway, so that a step does not happen. There is one Caddy in
// a process, so this is not parallel.
func TestSteps(t *testing.T) {
	ownState(t)
	for _, c := range []struct{ name, provider, old, broken, want string }{
		{"no such provider", "paypal", "", "", `"paypal" is none of the four providers`},
		{"no configuration", "rechat", "admin", "nonsense", "the gateway: Caddyfile:"},
		{"no access to the API", "repliers", "{env.REPLIERS_CREDENTIAL}", "another", "repliers: subscribing: "},
		{"no application", "rechat", "reverse_proxy {$APPLICATION}", "error 404", "rechat: delivering: the delivery is answered 404"},
		{"no event", "rechat", "path /rechat/{slot}", "path /rechat/{slot}\nemit raw", "rechat: delivering: the delivery is answered 400"},
		{"another type", "rechat", "path /rechat/{slot}", "path /rechat/{slot}\noverride event.types.Deals/Created com.rechat.thing.created", "the event's type is com.rechat.thing.created"},
		{"copies get through", "rechat", "path /rechat/{slot}", "path /rechat/{slot}\ndedupe off", "rechat: repeating: the copy reached the application"},
		{"unproved deliveries get through", "rechat", "path /rechat/{slot}", "path /rechat/{slot}\nreport_only", "rechat: forging: the forged delivery is answered 400 Bad Request, and 1 requests"},
		{"forged deliveries get through", "everreal", "token query key {env.EVERREAL_URL_TOKEN}", "allow_unsigned", "everreal: forging: the forged delivery is answered 200 OK, and 1 requests"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var told bytes.Buffer
			err := run(t.Context(), &told, strings.ReplaceAll(caddyfile, c.old, c.broken), options{provider: c.provider})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("the error is %v, want %q. It tells\n%s", err, c.want, told.String())
			}
		})
	}
}

func TestCaddyfileIsFormatted(t *testing.T) {
	t.Parallel()
	if formatted := string(syntax.Format([]byte(caddyfile))); formatted != caddyfile {
		t.Error("caddy fmt would change it")
	}
}
