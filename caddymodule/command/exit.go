package command

import (
	"errors"
	"fmt"

	"github.com/caddyserver/caddy/v2"
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	"github.com/spf13/cobra"
)

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
