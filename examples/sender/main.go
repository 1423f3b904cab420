// Command sender is a small service whose customers subscribe to what happens there:
// an example of how to use package sender.
//
//	go run ./examples/sender
//
// It keeps everything in memory. A service that must not lose an event over a restart
// gives its sender a durable outbox and registry, as package natsstore has them.
package main

import (
	"context"
	"errors"
	"flag"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/hookward/hookward/sender"
)

// drainTime is what requests and attempts in flight are given to end.
const drainTime = 20 * time.Second

func main() {
	listen := flag.String("listen", "127.0.0.1:8090", "address of the API")
	loopback := flag.Bool("allow-loopback", false, "allow endpoints on this machine, without TLS, for trying out")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *listen, options(*loopback)); err != nil {
		slog.Error("the service ended", "error", err)
		os.Exit(1)
	}
}

// options set the sender up. What they leave out has a default that is fit for
// production.
func options(loopback bool) []sender.Option {
	options := []sender.Option{
		sender.WithProfile(sender.StandardWebhooks()),
		sender.OnDisabled(func(s sender.Subscription) {
			slog.Warn("time to write to the customer", "customer", s.Tenant, "subscription", s.ID, "reason", s.Reason)
		}),
	}
	if loopback {
		options = append(options,
			sender.WithPlainHTTP(),
			sender.WithAllowedNetworks(netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")))
	}
	return options
}

// run serves the API until ctx is done, and then drains: first what calls the sender,
// then the sender.
func run(ctx context.Context, listen string, options []sender.Option) error {
	listener, err := net.Listen("tcp", listen)
	if err != nil {
		return err
	}
	s, err := sender.New(options...)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	server := &http.Server{Handler: newAPI(s), ReadHeaderTimeout: 10 * time.Second}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	slog.Info("ready", "address", listener.Addr().String())

	select {
	case err = <-failed:
	case <-ctx.Done():
		slog.Info("draining")
	}
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	return errors.Join(err, server.Shutdown(ctx), s.Close(ctx))
}
