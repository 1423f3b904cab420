package command

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/sender/profile"
)

const (
	// simulatedHeaderTimeout is how long the header of a call may take.
	simulatedHeaderTimeout = 10 * time.Second
	// simulatedCloseTimeout is how long calls and deliveries that are under way may
	// take when a simulation ends.
	simulatedCloseTimeout = 10 * time.Second
)

func simulateCommand() *cobra.Command {
	var f simulateFlags
	cmd := newCommand(
		"simulate <provider>", "Plays a provider, for tests and staging systems", `
It has the API by which subscriptions are made with the provider, makes its
handshakes, and sends deliveries just as the provider does, also to this
machine and without TLS. It shows where the API is and how to subscribe, works
until it is stopped, and remembers nothing afterwards. For example:

    caddy hookward simulate repliers --credential demo --emit 5 --duplicates 1%

--emit makes events happen, of the types that somebody has subscribed to.
Faults are shares of the deliveries. What goes wrong comes besides a delivery
or delays it, so every event still arrives.

A provider without an API, such as viasto, needs --target. Others know it too:
there {event} stands for the event, and a handshake is made at once.

Whoever reaches the API and knows the credential can have requests sent to
this machine: listen where you trust everybody.`,
		cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	)
	f.stream.add(cmd)
	f.faults.add(cmd)
	cmd.Flags().StringVar(&f.listen, "listen", "127.0.0.1:9090", "Address of the API (port 0: a free one)")
	cmd.Flags().StringVar(&f.account, "account", "", "Part of the provider: EverReal's subdomain, Rechat's brand")
	cmd.Flags().StringVar(&f.credential, "credential", "", "What the API asks for; no real one (default: a random one)")
	cmd.Flags().StringArrayVar(&f.targets, "target", nil, "URL that is subscribed from the start (repeatable)")
	cmd.Flags().StringArrayVar(&f.events, "event", nil, "What --target is subscribed to (repeatable; default: everything)")
	return cmd
}

type simulateFlags struct {
	stream     streamFlags
	faults     faultFlags
	listen     string
	account    string
	credential string
	targets    []string
	events     []string
}

func (f *simulateFlags) run(cmd *cobra.Command, provider string) error {
	if err := f.check(provider); err != nil {
		return err
	}
	emitted, err := f.stream.interval()
	if err != nil {
		return err
	}
	server, err := profile.New(provider, f.options()...)
	if err != nil {
		return usageError("%w", err)
	}
	ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	err = f.serve(ctx, cmd, server, emitted)
	closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), simulatedCloseTimeout)
	defer cancel()
	if closeErr := server.Close(closing); err == nil && closeErr != nil {
		err = fmt.Errorf("some deliveries were cut short: %w", closeErr)
	}
	return err
}

// check refuses what makes no sense.
func (f *simulateFlags) check(provider string) error {
	known := profile.Providers()
	switch {
	case !slices.Contains(known, provider):
		return usageError("only %s can be played, not %q", strings.Join(known, ", "), provider)
	case !profile.HasAPI(provider) && len(f.targets) == 0:
		return usageError("%s has no API: say what is subscribed by --target", provider)
	case len(f.events) > 0 && len(f.targets) == 0:
		return usageError("--event says what a target is subscribed to: give a --target")
	}
	for _, target := range f.targets {
		address, err := url.Parse(target)
		if err != nil || address.Scheme != "http" && address.Scheme != "https" || address.Host == "" {
			return usageError("--target: want an http or https URL") // which is not quoted: it may hold a token
		}
	}
	return nil
}

func (f *simulateFlags) options() []profile.Option {
	options := []profile.Option{profile.WithLoopback(), profile.WithFaults(f.faults.faults())}
	if f.account != "" {
		options = append(options, profile.WithAccount(f.account))
	}
	if f.credential != "" {
		options = append(options, profile.WithCredential(f.credential))
	}
	return options
}

// serve works until the context ends.
func (f *simulateFlags) serve(ctx context.Context, cmd *cobra.Command, server *profile.Server, every time.Duration) error {
	group, ctx := errgroup.WithContext(ctx)
	address := ""
	if profile.HasAPI(server.Provider()) {
		listener, err := new(net.ListenConfig).Listen(ctx, "tcp", f.listen)
		if err != nil {
			return fmt.Errorf("listening: %w", err)
		}
		address = listener.Addr().String()
		serveAPI(ctx, group, listener, server)
	}
	group.Go(func() error {
		if err := f.subscribe(ctx, server); err != nil {
			return err
		}
		shown := newSimulation(server, address)
		if err := printResult(cmd, shown, shown.print); err != nil {
			return err
		}
		if every == 0 {
			return nil
		}
		number, err := f.stream.emit(ctx, server, every)
		_, _ = fmt.Fprintf(cmd.ErrOrStderr(), "emitted %d events\n", number)
		return err
	})
	group.Go(func() error { // without an API nothing else waits
		<-ctx.Done()
		return nil
	})
	return group.Wait()
}

// serveAPI serves until the context ends, and then lets calls under way end.
func serveAPI(ctx context.Context, group *errgroup.Group, listener net.Listener, server *profile.Server) {
	api := &http.Server{Handler: server, ReadHeaderTimeout: simulatedHeaderTimeout}
	group.Go(func() error {
		if err := api.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			return fmt.Errorf("serving the API: %w", err)
		}
		return nil
	})
	group.Go(func() error {
		<-ctx.Done()
		closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), simulatedCloseTimeout)
		defer cancel()
		return api.Shutdown(closing)
	})
}

// subscribe makes the subscriptions that are there from the start.
func (f *simulateFlags) subscribe(ctx context.Context, server *profile.Server) error {
	events := f.events
	if len(events) == 0 {
		events = topics(server.Provider())
	}
	for _, target := range f.targets {
		for _, event := range events {
			_, err := server.Subscribe(ctx, strings.ReplaceAll(target, "{event}", event), event)
			if errors.Is(err, sender.ErrInvalid) {
				return usageError("subscribing a target to %s: %w", event, err)
			}
			if err != nil {
				return fmt.Errorf("subscribing a target to %s: %w", event, err)
			}
		}
	}
	return nil
}

// topics lists what can be subscribed to: the part before the slash of a type such as
// Deals/Created, and else the type itself.
func topics(provider string) []string {
	list := slices.Clone(profile.EventTypes(provider))
	for i, eventType := range list {
		list[i], _, _ = strings.Cut(eventType, "/")
	}
	slices.Sort(list)
	return slices.Compact(list)
}
