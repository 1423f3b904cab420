package command

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/internal/adminapi"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/signature"
)

func armCommand() *cobra.Command {
	var slot string
	var length time.Duration
	cmd := newCommand(
		"arm <endpoint>", "Lets a slot learn a secret from the provider's next handshake", `
Whoever completes the next handshake can sign deliveries from then on. So arm
a slot for a short time, create the subscription at the provider, and look at
"caddy hookward endpoints <endpoint>" afterwards: it shows the fingerprint of
what was learned.`,
		cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return armSlot(cmd, args[0], slot, length) },
	)
	cmd.Flags().StringVar(&slot, "slot", "", "The slot (may be left out where there is only one)")
	cmd.Flags().DurationVar(&length, "for", adminapi.DefaultArm, "How long the slot stays armed, from 1s to 24h")
	addAdminFlags(cmd)
	return cmd
}

func armSlot(cmd *cobra.Command, endpoint, slot string, length time.Duration) error {
	if length < handshake.MinArm || length > handshake.MaxArm {
		return usageError("--for %s: want 1s to 24h", length)
	}
	var answer adminapi.ArmAnswer
	req := adminapi.ArmRequest{Slot: slot, For: signature.Duration(length)}
	if err := callAdmin(cmd, http.MethodPost, endpointPath(endpoint, "/arm"), req, &answer); err != nil {
		return err
	}
	return printResult(cmd, answer, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "slot %s is armed until %s\n", answer.Slot, timeText(answer.ArmedUntil))
	})
}
