package command

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/signature"
)

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

// factRows writes several values under one name.
func factRows(w io.Writer, name string, values []string) {
	for _, value := range values {
		tableRow(w, name, value)
		name = ""
	}
}

func timeText(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

func yesText(b bool) string {
	if b {
		return "yes"
	}
	return ""
}

// durationText writes a duration, which is unset where it is 0.
func durationText(d signature.Duration) string {
	if d == 0 {
		return ""
	}
	text, _ := d.MarshalText() // never fails
	return string(text)
}
