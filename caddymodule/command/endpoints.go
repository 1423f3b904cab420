package command

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/internal/adminapi"
	"github.com/hookward/hookward/internal/handshake"
)

func endpointsCommand() *cobra.Command {
	cmd := newCommand(
		"endpoints [<name>]", "Shows the endpoints of the running server", `
With a name it shows one endpoint: its settings, its keys and tokens by their
fingerprints, the state of its slots, the subscriptions that it keeps itself,
and why deliveries were refused lately. No secret is shown.`,
		cobra.MaximumNArgs(1),
		func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				return showEndpoint(cmd, args[0])
			}
			return listEndpoints(cmd)
		},
	)
	addAdminFlags(cmd)
	return cmd
}

func listEndpoints(cmd *cobra.Command) error {
	var summaries []adminapi.Summary
	if err := callAdmin(cmd, http.MethodGet, adminapi.Prefix+"endpoints", nil, &summaries); err != nil {
		return err
	}
	return printResult(cmd, summaries, func(w io.Writer) {
		tableRow(w, "NAME", "PROVIDER", "PATH", "HANDSHAKE", "DELIVER", "ACCEPTED", "DUPLICATE", "REFUSED", "FAILED")
		for _, s := range summaries {
			tableRow(w, s.Name, s.Provider, s.Path, s.Handshake, s.Deliver,
				s.Counts["accept"], s.Counts["duplicate"], s.Counts["reject"], s.Counts["failed"])
		}
	})
}

func showEndpoint(cmd *cobra.Command, name string) error {
	var detail adminapi.Endpoint
	if err := callAdmin(cmd, http.MethodGet, endpointPath(name, ""), nil, &detail); err != nil {
		return err
	}
	return printResult(cmd, detail, func(w io.Writer) { printEndpoint(w, &detail) })
}

func printEndpoint(w io.Writer, d *adminapi.Endpoint) {
	printSettings(w, d)
	if d.Subscriptions != nil {
		printSubscriptionFacts(w, d.Subscriptions)
	}
	if len(d.Keys) > 0 {
		tableRow(w, "\nKEY", "FINGERPRINT")
		for _, k := range d.Keys {
			tableRow(w, k.ID, k.Fingerprint)
		}
	}
	if len(d.Tokens) > 0 {
		tableRow(w, "\nTOKEN", "NAME", "FINGERPRINT")
		for _, t := range d.Tokens {
			tableRow(w, t.Place, t.Name, t.Fingerprint)
		}
	}
	if len(d.Slots) > 0 {
		tableRow(w, "\nSLOT", "STATE", "ARMED UNTIL", "SECRETS")
		for _, s := range d.Slots {
			tableRow(w, s.Slot, s.State, timeText(s.ArmedUntil), learnedSecrets(s.Secrets))
		}
	}
	if d.Subscriptions != nil {
		printSubscriptionTables(w, d.Subscriptions)
	}
	if len(d.Refusals) > 0 {
		tableRow(w, "\nREFUSED AT", "REASON", "STATUS", "SLOT", "CLIENT")
		for _, r := range d.Refusals {
			tableRow(w, timeText(r.At), r.Reason, r.Status, r.Slot, r.Client)
		}
	}
}

func printSettings(w io.Writer, d *adminapi.Endpoint) {
	factRow(w, "name", d.Name)
	factRow(w, "provider", d.Provider)
	factRow(w, "path", d.Path)
	factRow(w, "events", strings.Join(d.Events, " "))
	factRow(w, "public URL", d.PublicURL)
	factRow(w, "handshake", d.Handshake)
	factRow(w, "tolerance", durationText(d.Tolerance))
	factRow(w, "largest body", d.MaxBody.String())
	factRow(w, "dedupe", dedupeText(&d.Dedupe))
	factRow(w, "source", d.Source)
	factRow(w, "emit", d.Emit)
	factRow(w, "deliver", d.Deliver)
	factRow(w, "resign", yesText(d.Resign))
	factRow(w, "redact", strings.Join(d.Redact, " "))
	factRow(w, "override", strings.Join(d.Override, " "))
	factRow(w, "allow unsigned", yesText(d.AllowUnsigned))
	factRow(w, "report only", yesText(d.ReportOnly))
	for _, outcome := range slices.Sorted(maps.Keys(d.Counts)) {
		tableRow(w, "count of "+outcome, d.Counts[outcome])
	}
}

func dedupeText(d *adminapi.Dedupe) string {
	if d.Off {
		return "off"
	}
	window := "by the provider"
	if d.Window != 0 {
		window = durationText(d.Window)
	}
	if len(d.Key) > 0 {
		window += ", key " + strings.Join(d.Key, " ")
	}
	return window
}

// learnedSecrets shows the fingerprints, and until when those count that a newer one
// has replaced.
func learnedSecrets(secrets []handshake.SecretStatus) string {
	texts := make([]string, len(secrets))
	for i, s := range secrets {
		texts[i] = s.Fingerprint
		if !s.EndsAt.IsZero() {
			texts[i] += " (until " + timeText(s.EndsAt) + ")"
		}
	}
	return strings.Join(texts, ", ")
}
