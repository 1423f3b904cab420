package command

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hookward/hookward/internal/adminapi"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/internal/reconcile"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// checkPrinted compares what a command prints as text.
func checkPrinted(t *testing.T, text func(io.Writer), want string) {
	t.Helper()
	cmd := newCommand("x", "x", "x", nil, nil)
	cmd.Flags().Bool("json", false, "")
	var out strings.Builder
	cmd.SetOut(&out)
	if err := printResult(cmd, nil, text); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.TrimLeft(want, "\n"), out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestEndpointIsPrinted(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 5, 9, 14, 2, 0, time.UTC)
	endpoint := adminapi.Endpoint{
		Summary: adminapi.Summary{
			Name: "crm", Provider: "rest-hooks", Path: "/crm/{slot}", Handshake: "once", Deliver: "sync",
			Counts: map[string]int64{"reject": 2, "accept": 40},
		},
		ReportOnly: true,
		Keys:       []adminapi.Key{{ID: "main", Fingerprint: "00c0ffee"}},
		Tokens:     []adminapi.Token{{Place: "query", Name: "key", Fingerprint: "0badcafe"}, {Place: "path", Fingerprint: "deadbeef"}},
		Tolerance:  signature.Off,
		MaxBody:    1 << 20,
		Dedupe:     adminapi.Dedupe{Window: signature.Duration(time.Hour), Key: []string{"json:id"}},
		Emit:       "binary",
		Slots: []handshake.SlotStatus{
			{Slot: "a", State: handshake.StateLocked, Secrets: []handshake.SecretStatus{
				{Fingerprint: "11111111", EndsAt: at}, {Fingerprint: "22222222"},
			}},
			{Slot: "b", State: handshake.StateArmed, ArmedUntil: at},
		},
		Refusals: []adminapi.Refusal{{At: at, Reason: "mismatch", Status: 401, Slot: "a", Client: "192.0.2.7"}},
		Subscriptions: &reconcile.Status{
			Wanted: 3, Active: 1, LastRun: at, LastError: "contact.updated: rest-hooks: create: rejected",
			Drift: []reconcile.Difference{{Kind: reconcile.Missing, Event: "contact.updated"}, {Kind: reconcile.Foreign, ID: "7"}},
			Subscriptions: []reconcile.Subscription{
				{Event: "contact.created", ID: "438", State: reconcile.Active, Fingerprint: "1f2e3d4c", CreatedAt: at},
				{State: reconcile.Retiring, CreatedAt: at, EndsAt: at},
			},
		},
	}
	checkPrinted(t, func(w io.Writer) { printEndpoint(w, &endpoint) }, `
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
subscriptions    1 of 3 active
last look        2026-03-05T09:14:02Z
last error       contact.updated: rest-hooks: create: rejected

KEY   FINGERPRINT
main  00c0ffee

TOKEN  NAME  FINGERPRINT
query  key   0badcafe
path         deadbeef

SLOT  STATE   ARMED UNTIL           SECRETS
a     locked                        11111111 (until 2026-03-05T09:14:02Z), 22222222
b     armed   2026-03-05T09:14:02Z

EVENT            ID   STATE     SECRET    CREATED               ENDS
contact.created  438  active    1f2e3d4c  2026-03-05T09:14:02Z
everything            retiring            2026-03-05T09:14:02Z  2026-03-05T09:14:02Z

DRIFT    EVENT            ID
missing  contact.updated
foreign  everything       7

REFUSED AT            REASON    STATUS  SLOT  CLIENT
2026-03-05T09:14:02Z  mismatch  401     a     192.0.2.7
`)
}

func TestProviderIsPrinted(t *testing.T) {
	t.Parallel()
	p, err := provider.Parse([]byte(`
name: acme
title: Acme
docs: https://acme.example/docs
confidence: unconfirmed
unconfirmed: [signature.header, limits.ack]
notes: [One note., Another note.]
signature:
  - type: hmac
    header: X-Acme
    content: "{timestamp}.{body}"
    timestamp: {from: "header:X-Time"}
handshake:
  match: {body: ""}
  secret: header:X-Hook-Secret
  answer: {status: 200}
challenge:
  - name: ping
    match: {body: ping}
    answer: {text: pong}
event:
  type: json:type
  prefix: example.acme
  types: {a.b: example.acme.a.b}
limits: {ack: 5s, retry: 24h}
`), "acme.yaml")
	if err != nil {
		t.Fatal(err)
	}
	checkPrinted(t, func(w io.Writer) { printProvider(w, p) }, `
name                acme
title               Acme
docs                https://acme.example/docs
confidence          unconfirmed
proved by           hmac-sha256 over {timestamp}.{body}, in header:X-Acme
handshake           teaches the secret, in header:X-Hook-Secret
challenge           ping
wants an answer in  5s
sends again for     24h0m0s
largest body        1MiB
not confirmed       signature.header
                    limits.ack
note                One note.
                    Another note.

EVENT  TYPE
a.b    example.acme.a.b
`)
}

func TestProofText(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		scheme signature.Scheme
		want   string
	}{
		{signature.Scheme{Type: signature.HMAC, Hash: signature.SHA1, Header: signature.Strings{"X-A", "X-B"}}, "hmac-sha1 over {body}, in header:X-A or header:X-B"},
		{signature.Scheme{Type: signature.Secret, Query: signature.Strings{"k"}}, "the secret itself, in query:k"},
		{signature.Scheme{Type: signature.Basic}, "user and password (HTTP Basic)"},
		{signature.Scheme{Type: signature.Ed25519, JSON: signature.Strings{"sig"}}, "ed25519 over {body}, in json:sig"},
	} {
		if got := proofText(&test.scheme); got != test.want {
			t.Errorf("proofText is %q, want %q", got, test.want)
		}
	}
}

// What others have sent must not reach the terminal's own commands.
func TestControlCharactersAreNotPrinted(t *testing.T) {
	t.Parallel()
	checkPrinted(t, func(w io.Writer) { tableRow(w, "a\x1b[2Jb\r\u009bc", "Grüße") }, "a\ufffd[2Jb\ufffd\ufffdc  Grüße\n")
}
