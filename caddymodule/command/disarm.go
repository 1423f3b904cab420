package command

import (
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/internal/adminapi"
)

func disarmCommand() *cobra.Command {
	var slot string
	cmd := newCommand(
		"disarm <endpoint>", "Ends the time in which a slot may learn a secret", `
What the slot has learned stays. With "handshake once" the slot is not armed by
itself again, either.`,
		cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return disarmSlot(cmd, args[0], slot) },
	)
	cmd.Flags().StringVar(&slot, "slot", "", "The slot (may be left out where there is only one)")
	addAdminFlags(cmd)
	return cmd
}

func disarmSlot(cmd *cobra.Command, endpoint, slot string) error {
	path := endpointPath(endpoint, "/arm")
	if slot != "" {
		path += "?" + url.Values{"slot": {slot}}.Encode()
	}
	var answer adminapi.DisarmAnswer
	if err := callAdmin(cmd, http.MethodDelete, path, nil, &answer); err != nil {
		return err
	}
	return printResult(cmd, answer, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "slot %s is not armed\n", answer.Slot)
	})
}
