package caddymodule

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

func init() {
	caddycmd.RegisterCommand(caddycmd.Command{
		Name:  "hookward",
		Usage: "<command>",
		Short: "Looks after the endpoints that receive webhooks",
		Long: `
Shows the endpoints of a running server, lets a slot learn a secret, lets a
delivery through once more, shows the providers that Hookward knows, tells
why a saved delivery is accepted or refused, and sends sample deliveries.

With --json every command prints one JSON value instead of text.`,
		CobraFunc: addCommands,
	})
}

// The codes with which the process ends. A usage error is a command that makes no
// sense as it was given; nothing was done then.
const (
	exitFailed = caddy.ExitCodeFailedStartup
	exitUsage  = 2
)

// misuse is an error about the way a command was called.
type misuse struct{ error }

// Unwrap returns what is wrong.
func (m misuse) Unwrap() error { return m.error }

func usageError(format string, args ...any) error {
	return misuse{fmt.Errorf(format, args...)}
}

// errNegative ends the process with exitFailed and no message: the command has
// worked, has printed what it found, and what it found is a no.
var errNegative = errors.New("the answer is no")

func addCommands(parent *cobra.Command) {
	parent.PersistentFlags().Bool("json", false, "Print JSON")
	parent.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return endCommand(cmd, usageError("%w", err))
	})
	parent.Args = checkedArgs(cobra.NoArgs)
	parent.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	parent.AddCommand(
		endpointsCommand(), armCommand(), forgetCommand(),
		providersCommand(), verifyCommand(), sendCommand(),
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
			return endCommand(cmd, usageError("%w", err))
		}
		return nil
	}
}

// endCommand reports an error the way Caddy's own commands do, with its code.
func endCommand(cmd *cobra.Command, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, errNegative) {
		cmd.SilenceErrors = true
		return err
	}
	code := exitFailed
	if _, wrong := errors.AsType[misuse](err); wrong {
		code = exitUsage
	}
	return caddycmd.WrapCommandFuncForCobra(func(caddycmd.Flags) (int, error) { return code, err })(cmd, nil)
}

// printResult prints a value as JSON where that is asked for, else as text.
func printResult(cmd *cobra.Command, value any, text func(io.Writer)) error {
	asJSON, err := cmd.Flags().GetBool("json")
	if err != nil {
		return err
	}
	out := cmd.OutOrStdout()
	if asJSON {
		encoder := json.NewEncoder(out)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		return encoder.Encode(value)
	}
	var lines strings.Builder
	table := tabwriter.NewWriter(&lines, 0, 0, 2, ' ', 0)
	text(table)
	if err := table.Flush(); err != nil {
		return err
	}
	for line := range strings.Lines(lines.String()) {
		line = strings.TrimRight(line, " \n") // empty cells at the end
		if _, err := fmt.Fprintln(out, strings.Map(printable, line)); err != nil {
			return err
		}
	}
	return nil
}

// printable replaces what would move the terminal's cursor or change its colours:
// some of what is shown was sent by others.
func printable(r rune) rune {
	if unicode.IsControl(r) {
		return unicode.ReplacementChar
	}
	return r
}

// tableRow writes one line of a table.
func tableRow(w io.Writer, cells ...any) {
	for i, cell := range cells {
		if i > 0 {
			_, _ = io.WriteString(w, "\t")
		}
		_, _ = fmt.Fprint(w, cell)
	}
	_, _ = io.WriteString(w, "\n")
}

// factRow writes a line with a name and a value, unless there is no value.
func factRow(w io.Writer, name, value string) {
	if value != "" {
		tableRow(w, name, value)
	}
}
