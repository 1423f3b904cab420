package caddymodule

import (
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/signature"
)

// cli runs a command that talks to the admin API.
func (c *testCaddy) cli(t *testing.T, args ...string) ran {
	t.Helper()
	return runCommand(t, "", append(args, "--address", c.admin)...)
}

func TestEndpointsCommand(t *testing.T) {
	c := runCaddy(t)
	c.deliverGitHub(t, "1")
	c.deliverGitHub(t, "1")
	//nolint:dupword // an endpoint has the name of its provider
	checkOutput(t, c.cli(t, "endpoints").succeeded(t), `
NAME         PROVIDER  PATH               HANDSHAKE  DELIVER  ACCEPTED  DUPLICATE  REFUSED  FAILED
asana        asana     /asana             armed      sync     0         0          0        0
fixed        repliers  /fixed/{event}     off        sync     0         0          0        0
github-prod  github    /github            none       sync     1         1          0        0
repliers     repliers  /repliers/{event}  armed      sync     0         0          0        0
`)
	var summaries []endpointSummary
	checkJSON(t, c.cli(t, "endpoints", "--json").succeeded(t), &summaries)
	if len(summaries) != 4 || summaries[2].Counts["accept"] != 1 {
		t.Errorf("summaries are %+v", summaries)
	}

	var detail endpointDetail
	checkJSON(t, c.cli(t, "endpoints", "github-prod", "--json").succeeded(t), &detail)
	if detail.Name != "github-prod" || len(detail.Keys) != 2 {
		t.Errorf("endpoint is %+v", detail)
	}
	if out := c.cli(t, "endpoints", "github-prod").succeeded(t); !strings.Contains(out, signature.Fingerprint(adminSecret)) {
		t.Errorf("output is %s", out)
	}
	c.cli(t, "endpoints", "no/body").failed(t, `there is no endpoint "no/body"`)
}

func TestEndpointIsPrinted(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 5, 9, 14, 2, 0, time.UTC)
	detail := endpointDetail{
		endpointSummary: endpointSummary{
			Name: "crm", Provider: "rest-hooks", Path: "/crm/{slot}", Handshake: "once", Deliver: "sync",
			Counts: map[string]int64{"reject": 2, "accept": 40},
		},
		ReportOnly: true,
		Keys:       []shownKey{{"main", "00c0ffee"}},
		Tokens:     []shownToken{{"query", "key", "0badcafe"}, {Place: "path", Fingerprint: "deadbeef"}},
		Tolerance:  signature.Off,
		MaxBody:    1 << 20,
		Dedupe:     shownDedupe{Window: signature.Duration(time.Hour), Key: []string{"json:id"}},
		Emit:       "binary",
		Slots: []handshake.SlotStatus{
			{Slot: "a", State: handshake.StateLocked, Secrets: []handshake.SecretStatus{
				{Fingerprint: "11111111", EndsAt: at}, {Fingerprint: "22222222"},
			}},
			{Slot: "b", State: handshake.StateArmed, ArmedUntil: at},
		},
		Refusals: []refusal{{At: at, Reason: "mismatch", Status: 401, Slot: "a", Client: "192.0.2.7"}},
	}
	cmd := newCommand("x", "x", "x", nil, nil)
	cmd.Flags().Bool("json", false, "")
	var out strings.Builder
	cmd.SetOut(&out)
	if err := printResult(cmd, detail, detail.print); err != nil {
		t.Fatal(err)
	}
	checkOutput(t, out.String(), `
name             crm
provider         rest-hooks
path             /crm/{slot}
handshake        once
tolerance        off
largest body     1MiB
dedupe           1h0m0s, key json:id
emit             binary
deliver          sync
report only      yes
count of accept  40
count of reject  2

KEY   FINGERPRINT
main  00c0ffee

TOKEN  NAME  FINGERPRINT
query  key   0badcafe
path         deadbeef

SLOT  STATE   ARMED UNTIL           SECRETS
a     locked                        11111111 (until 2026-03-05T09:14:02Z), 22222222
b     armed   2026-03-05T09:14:02Z

REFUSED AT            REASON    STATUS  SLOT  CLIENT
2026-03-05T09:14:02Z  mismatch  401     a     192.0.2.7
`)
}

func TestArmCommand(t *testing.T) {
	c := runCaddy(t)
	out := c.cli(t, "arm", "asana").succeeded(t)
	if !regexp.MustCompile(`^slot default is armed until \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n$`).MatchString(out) {
		t.Errorf("output is %q", out)
	}
	if status := c.deliver(t, "/asana", "", "X-Hook-Secret", adminLearned); status != http.StatusOK {
		t.Errorf("the handshake is answered %d", status)
	}
	var answer armAnswer
	checkJSON(t, c.cli(t, "arm", "repliers", "--slot", "agent.created", "--for", "1h", "--json").succeeded(t), &answer)
	if answer.Slot != "agent.created" || time.Until(answer.ArmedUntil) < 59*time.Minute {
		t.Errorf("answer is %+v", answer)
	}
	c.cli(t, "arm", "repliers").failed(t, "2 slots")
	for _, length := range []string{"0s", "-1m", "soon"} {
		c.cli(t, "arm", "asana", "--for="+length).refused(t, "--for")
	}
}

func TestForgetCommand(t *testing.T) {
	c := runCaddy(t)
	for _, id := range []string{"1", "2"} {
		c.deliverGitHub(t, id)
	}
	checkOutput(t, c.cli(t, "forget", "github-prod", "1").succeeded(t), "forgotten at slot default, by its id\n")
	var answer forgetAnswer
	checkJSON(t, c.cli(t, "forget", "github-prod", "2", "--slot", "default", "--json").succeeded(t), &answer)
	if len(answer.Forgotten) != 1 {
		t.Errorf("answer is %+v", answer)
	}
	c.cli(t, "forget", "github-prod", "1").failed(t, "remembers no such delivery")
}

// The address of the admin API is found in a configuration too.
func TestAdminAddressFromConfig(t *testing.T) {
	c := runCaddy(t)
	file := filepath.Join(t.TempDir(), "Caddyfile")
	if err := os.WriteFile(file, []byte("{\n\tadmin "+c.admin+"\n}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := runCommand(t, "", "endpoints", "--config", file).succeeded(t); !strings.Contains(out, "github-prod") {
		t.Errorf("output is %s", out)
	}
}
