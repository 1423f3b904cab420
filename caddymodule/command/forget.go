package command

import (
	"fmt"
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/internal/adminapi"
)

func forgetCommand() *cobra.Command {
	var slot string
	cmd := newCommand(
		"forget <endpoint> <key>", "Lets a delivery through once more that was accepted already", `
The key is the delivery's id or, where it has none, its body's SHA-256 in hex:
the value of the event's attribute "dedupekey", which the upstream receives in
the header ce-dedupekey. Then have the provider send the delivery again.`,
		cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error { return forgetDelivery(cmd, args[0], args[1], slot) },
	)
	cmd.Flags().StringVar(&slot, "slot", "", "The slot at which the delivery arrived (default: any)")
	addAdminFlags(cmd)
	return cmd
}

func forgetDelivery(cmd *cobra.Command, endpoint, key, slot string) error {
	var answer adminapi.ForgetAnswer
	req := adminapi.ForgetRequest{Key: key, Slot: slot}
	if err := callAdmin(cmd, http.MethodPost, endpointPath(endpoint, "/forget"), req, &answer); err != nil {
		return err
	}
	return printResult(cmd, answer, func(w io.Writer) {
		for _, f := range answer.Forgotten {
			_, _ = fmt.Fprintf(w, "forgotten at slot %s, by its %s\n", f.Slot, f.By)
		}
	})
}
