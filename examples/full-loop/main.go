// Command full-loop shows the whole way of an event, on this machine: from providers
// that are played, through a gateway that has subscribed with them, to an application
// that knows CloudEvents alone. It tells each step in a line, and fails if one of them
// does not happen.
//
//	go run ./examples/full-loop
//
// The gateway is Caddy with Hookward, in this process, with the Caddyfile beside this
// file. All of them listen on free ports of loopback, and nothing is left behind.
package main

import (
	"context"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

//go:embed Caddyfile
var caddyfile string

type options struct {
	provider string // the one to show; "": all
	stay     bool
}

func main() {
	var o options
	flag.StringVar(&o.provider, "provider", "", "show one provider alone: repliers, rechat, everreal or viasto")
	flag.BoolVar(&o.stay, "stay", false, "go on after that, with an event every second, until Ctrl-C")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Stdout, caddyfile, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "full-loop:", err)
		os.Exit(1)
	}
}

// run sets everything up, shows each step, and takes everything down again.
func run(ctx context.Context, out io.Writer, config string, o options) (err error) {
	roles, err := choose(o.provider)
	if err != nil {
		return err
	}
	s, err := setUp(&story{out: out}, config)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	for _, r := range roles {
		if err := s.show(ctx, s.actors[r.name]); err != nil {
			return fmt.Errorf("%s: %w", r.name, err)
		}
	}
	s.tell("full-loop", "every step has happened")
	if o.stay {
		return s.goOn(ctx, roles)
	}
	return nil
}
