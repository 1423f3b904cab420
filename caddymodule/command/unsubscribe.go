package command

import (
	"fmt"
	"io"

	"github.com/spf13/cobra"
)

func unsubscribeCommand() *cobra.Command {
	var f accountFlags
	cmd := newCommand(
		"unsubscribe <provider> <id>", "Ends a subscription with a provider, through its API", `
The id is the provider's: "caddy hookward subscriptions <provider>" shows it.`,
		cobra.ExactArgs(2),
		func(cmd *cobra.Command, args []string) error { return endSubscription(cmd, &f, args[0], args[1]) },
	)
	f.add(cmd)
	return cmd
}

func endSubscription(cmd *cobra.Command, f *accountFlags, provider, id string) error {
	client, err := f.open(cmd, provider)
	if err != nil {
		return err
	}
	if err := client.Delete(cmd.Context(), id); err != nil {
		return withCallHint(err)
	}
	return printResult(cmd, map[string]string{"id": id}, func(w io.Writer) {
		_, _ = fmt.Fprintf(w, "subscription %s has ended\n", id)
	})
}
