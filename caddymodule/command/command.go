// Package command is `caddy hookward`: what the people who run endpoints ask of
// Hookward in a terminal. Each command has a file of its own name. Commands know a
// running server by its admin API alone, and the endpoints of a configuration by
// what [Register] was given.
package command

import (
	"strings"

	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"

	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/internal/gate"
)

// Endpoint is an endpoint as a configuration describes it. Nothing of it runs.
type Endpoint interface {
	// Config returns the endpoint's settings, with its secrets. A placeholder that
	// is unset or empty is an error.
	Config() (gate.Config, error)

	// Show returns an event's attributes as they may be shown.
	Show(e *event.Event) event.Event
}

// FindEndpoints finds the endpoints in a configuration, which is Caddy's JSON, by
// their names. It starts nothing.
type FindEndpoints func(config []byte) (map[string]Endpoint, error)

// Register adds the command to those of Caddy. It is for the package that knows
// configurations, and can be called once.
func Register(find FindEndpoints) {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "hookward",
		Usage: "<command>",
		Short: "Looks after the endpoints that receive webhooks",
		Long: `
Shows the endpoints of a running server, lets a slot learn a secret or no more, lets a
delivery through once more, looks after the subscriptions that endpoints keep
themselves, shows the providers that Hookward knows, tells why a saved delivery
is accepted or refused, sends sample deliveries, makes subscriptions with
providers, and plays a provider itself.

With --json every command prints one JSON value instead of text.`,
		CobraFunc: func(parent *cobra.Command) { addCommands(parent, find) },
	})
}

func addCommands(parent *cobra.Command, find FindEndpoints) {
	parent.PersistentFlags().Bool("json", false, "Print JSON")
	parent.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return endCommand(cmd, usageError("%w", err))
	})
	parent.Args = checkedArgs(cobra.NoArgs)
	parent.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	parent.AddCommand(
		endpointsCommand(), armCommand(), disarmCommand(), revokeCommand(), forgetCommand(),
		providersCommand(), verifyCommand(find), sendCommand(),
		subscribeCommand(), subscriptionsCommand(), unsubscribeCommand(), reconcileCommand(), rotateCommand(), simulateCommand(),
	)
}

// newCommand sets up a sub-command. Its run prints to the command's output.
func newCommand(use, short, long string, args cobra.PositionalArgs, run func(cmd *cobra.Command, args []string) error) *cobra.Command {
	return &cobra.Command{
		Use:   use,
		Short: short,
		Long:  short + ".\n\n" + strings.TrimSpace(long),
		Args:  checkedArgs(args),
		RunE:  func(cmd *cobra.Command, args []string) error { return endCommand(cmd, run(cmd, args)) },
	}
}

func checkedArgs(args cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := args(cmd, given); err != nil {
			return endCommand(cmd, usageError("%w; usage: %s", err, cmd.UseLine()))
		}
		return nil
	}
}
