package command

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/internal/adminapi"
	"github.com/hookward/hookward/internal/handshake"
)

func revokeCommand() *cobra.Command {
	var slot string
	cmd := newCommand(
		"revoke <endpoint> <fingerprint>", "Removes a secret that a slot has learned", `
It proves nothing from then on. "caddy hookward endpoints <endpoint>" shows the
fingerprints of what was learned. To learn another one, arm the slot.`,
		cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error { return revokeSecret(cmd, args[0], slot, args[1]) },
	)
	cmd.Flags().StringVar(&slot, "slot", "", "The slot (may be left out where only one has learned that secret)")
	addAdminFlags(cmd)
	return cmd
}

// revoked tells what was removed.
type revoked struct {
	Slot        string `json:"slot"`
	Fingerprint string `json:"fingerprint"`
}

func revokeSecret(cmd *cobra.Command, endpoint, slot, fingerprint string) error {
	if slot == "" {
		var err error
		if slot, err = slotWith(cmd, endpoint, fingerprint); err != nil {
			return err
		}
	}
	path := endpointPath(endpoint, "/slots/"+url.PathEscape(slot)+"/secrets/"+url.PathEscape(fingerprint))
	if err := callAdmin(cmd, http.MethodDelete, path, nil, nil); err != nil {
		return err
	}
	return printResult(cmd, revoked{slot, fingerprint}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "slot %s has no secret %s any more\n", slot, fingerprint)
	})
}

// slotWith finds the one slot that has learned a secret.
func slotWith(cmd *cobra.Command, endpoint, fingerprint string) (string, error) {
	var detail adminapi.Endpoint
	if err := callAdmin(cmd, http.MethodGet, endpointPath(endpoint, ""), nil, &detail); err != nil {
		return "", err
	}
	has := func(s handshake.SecretStatus) bool { return s.Fingerprint == fingerprint }
	slots := slices.DeleteFunc(detail.Slots, func(s handshake.SlotStatus) bool { return !slices.ContainsFunc(s.Secrets, has) })
	switch len(slots) {
	case 0:
		return "", fmt.Errorf("endpoint %q has learned no secret %q", endpoint, fingerprint)
	case 1:
		return slots[0].Slot, nil
	default:
		return "", usageError("%d slots have learned that secret: choose one by --slot", len(slots))
	}
}
