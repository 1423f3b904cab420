package command

import (
	"io"
	"net/http"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/internal/reconcile"
)

func reconcileCommand() *cobra.Command {
	cmd := newCommand(
		"reconcile <endpoint>", "Brings an endpoint's subscriptions to what is wanted, at once", `
For an endpoint that has a "subscribe" block: the running server looks at the
provider's list, makes what is missing, and shows how things are. It does so by
itself from time to time; do not wait for that after the provider was down, or
when somebody has deleted a subscription there.`,
		cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return reconcileEndpoint(cmd, args[0]) },
	)
	addAdminFlags(cmd)
	return cmd
}

func reconcileEndpoint(cmd *cobra.Command, endpoint string) error {
	var answer reconcile.Status
	if err := callAdmin(cmd, http.MethodPost, endpointPath(endpoint, "/reconcile"), nil, &answer); err != nil {
		return err
	}
	return printResult(cmd, answer, func(w io.Writer) { printOwnSubscriptions(w, &answer) })
}
