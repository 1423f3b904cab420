package command_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/hookward/hookward/internal/harness"
)

const tokenConfig = `
{
	admin 127.0.0.1:2019
}

http://127.0.0.1:8080 {
	bind 127.0.0.1
	handle /header {
		hookward everreal {
			name header
			path /header
			token header X-Token ` + secretToken + `
		}
		hookward_echo
	}
	handle /bearer {
		hookward everreal {
			name bearer
			path /bearer
			token header Authorization "Bearer ` + secretToken + `"
		}
		hookward_echo
	}
	handle /query {
		hookward everreal {
			name query
			path /query
			token query key "` + secretToken + `/+& x"
		}
		hookward_echo
	}
	handle /path/* {
		hookward everreal {
			name segment
			path /path/{token}
			token path ` + secretToken + `
		}
		hookward_echo
	}
	handle /signed {
		hookward github {
			path /signed
			secret ` + verySecret + `
			token header X-Token ` + secretToken + `
		}
		hookward_echo
	}
}
`

// A token comes from where the shell's history and the list of processes do not show
// it, and goes wherever an endpoint wants it.
func TestSendToken(t *testing.T) {
	t.Parallel()
	g := harness.Start(t, harness.Options{Config: tokenConfig})
	token, odd, wrong := writeFile(t, secretToken+"\n"), writeFile(t, secretToken+"/+& x"), writeFile(t, "wrong-very-secret")
	send := func(path string, more ...string) ran {
		return runCommand(t, "", append([]string{"send", "--url", g.URL() + path}, more...)...)
	}
	everreal := func(path, file string, more ...string) ran {
		return send(path, append([]string{"--provider", "everreal", "--token-file", file}, more...)...)
	}
	for name, r := range map[string]ran{
		"header": everreal("/header", token, "--header", "X-Token: {token}"),
		"bearer": everreal("/bearer", token, "--header", "authorization:Bearer {token}"),
		"query":  everreal("/query?key={token}", odd),
		"path":   everreal("/path/{token}", token),
		"signed": send("/signed", "--provider", "github", "--secret-file", writeFile(t, verySecret), "--token-file", token, "--header", "X-Token: {token}"),
		"twice":  everreal("/header", token, "--header", "X-Token: {token}", "--duplicate"),
	} {
		if out := r.succeeded(t); !strings.Contains(out, "answer: 200 OK") {
			t.Errorf("%s: output is %s", name, out)
		}
	}
	for name, r := range map[string]ran{
		"header": everreal("/header", wrong, "--header", "X-Token: {token}"),
		"query":  everreal("/query?key={token}", token),
		"path":   everreal("/path/{token}", wrong),
	} {
		r.failed(t, "")
		if !strings.Contains(r.out, "token_mismatch") {
			t.Errorf("%s: output is %s", name, r.out)
		}
	}
}

func TestSendTokenFromEnvironment(t *testing.T) {
	t.Setenv("HOOKWARD_TEST_TOKEN", secretToken)
	r := newReceiver(t, "everreal", "/hooks")
	runCommand(t, "", "send", "--provider", "everreal", "--url", r.URL+"/hooks", "--token-env", "HOOKWARD_TEST_TOKEN", "--header", "X-Token: {token}").succeeded(t)
	if got := r.got[0].Header.Get("X-Token"); got != secretToken {
		t.Errorf("the header is %q", got)
	}
}

func TestSendTokenMisuse(t *testing.T) {
	t.Parallel()
	token := writeFile(t, secretToken)
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"--url", "http://localhost/{token}"}, "--token-env <variable> or --token-file <file>"},
		{[]string{"--url", "http://localhost/", "--header", "X-Token: {token}"}, "--token-env <variable> or --token-file <file>"},
		{[]string{"--url", "http://localhost/", "--token-file", token}, "write {token} where"},
		{[]string{"--url", "http://localhost/{token}", "--token-file", token, "--token-env", "HOME"}, "one token"},
		{[]string{"--url", "http://localhost/{token}", "--token-env", "HOOKWARD_NOT_SET"}, "HOOKWARD_NOT_SET is not set or empty"},
		{[]string{"--url", "http://localhost/{token}", "--token-file", writeFile(t, "\n")}, "is empty"},
		{[]string{"--url", "http://localhost/{token}", "--token-file", "-", "--body", "-"}, "once only"},
		{[]string{"--url", "http://localhost/", "--header", verySecret}, "--header wants"},
		{[]string{"--url", "http://localhost/{token}", "--token-file", "-", "--curl"}, "--token-env or a file"},
		{[]string{"--url", "http://localhost/{token}", "--token-file", writeFile(t, secretToken+"/"), "--curl"}, "must be escaped"},
	} {
		runCommand(t, verySecret, append([]string{"send", "--provider", "everreal"}, test.args...)...).refused(t, test.want)
	}
}

// A command for curl reads the token from where it is kept, and sends it.
func TestCurlWithToken(t *testing.T) {
	t.Parallel()
	file := writeFile(t, secretToken)
	r := newReceiver(t, "everreal", "/hooks")
	out := runCommand(t, "", "send", "--provider", "everreal", "--url", r.URL+"/hooks?key={token}", "--token-file", file,
		"--header", "X-Token: {token}", "--header", "X-Other: Bearer {token}!", "--curl").succeeded(t)
	if !strings.Contains(out, `--header 'X-Other: Bearer '"$(cat '`+file+`')"'!'`) {
		t.Errorf("command is %s", out)
	}
	shell, err := exec.LookPath("sh")
	if err != nil {
		t.Skip("there is no shell")
	}
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("there is no curl")
	}
	if text, err := exec.CommandContext(t.Context(), shell, "-c", out).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	if len(r.got) != 1 || r.got[0].RawQuery != "key="+secretToken || r.got[0].Header.Get("X-Token") != secretToken ||
		r.got[0].Header.Get("X-Other") != "Bearer "+secretToken+"!" {
		t.Errorf("curl sent %+v", r.got)
	}
}
