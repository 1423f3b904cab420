package command

import (
	"io"
	"net/http"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/internal/adminapi"
	"github.com/hookward/hookward/internal/reconcile"
	"github.com/hookward/hookward/signature"
)

func rotateCommand() *cobra.Command {
	var overlap time.Duration
	cmd := newCommand(
		"rotate <endpoint>", "Gives an endpoint's subscriptions new secrets", `
For an endpoint that has a "subscribe" block: the running server makes a second
subscription for each event, with a secret of its own, and deletes the first
when the overlap has passed. Deliveries of both are taken meanwhile. A rotation
that has failed on the way is finished by running the command again.`,
		cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return rotateSecrets(cmd, args[0], overlap) },
	)
	cmd.Flags().DurationVar(&overlap, "overlap", reconcile.DefaultOverlap, "How long the first subscriptions stay, from 0s to 24h")
	addAdminFlags(cmd)
	return cmd
}

func rotateSecrets(cmd *cobra.Command, endpoint string, overlap time.Duration) error {
	if overlap < 0 || overlap > reconcile.MaxOverlap {
		return usageError("--overlap %s: want 0s to 24h", overlap)
	}
	req := adminapi.RotateRequest{Overlap: signature.Duration(overlap)}
	if overlap == 0 {
		req.Overlap = signature.Off // what is left out stands for the default
	}
	var answer reconcile.Status
	if err := callAdmin(cmd, http.MethodPost, endpointPath(endpoint, "/rotate"), req, &answer); err != nil {
		return err
	}
	return printResult(cmd, answer, func(w io.Writer) { printOwnSubscriptions(w, &answer) })
}
