package command

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/subscription"
)

// maxSettingsInput is the most that is read of a subscription's settings, in bytes.
const maxSettingsInput = 64 << 10

func subscribeCommand() *cobra.Command {
	var f subscribeFlags
	cmd := newCommand(
		"subscribe <provider>", "Orders deliveries from a provider, through its API", `
It makes a subscription for each --event and shows what was made. Where each
event has a URL of its own, write {event} for it. For example:

    caddy hookward subscribe repliers --credential-env REPLIERS_API_KEY \
        --url https://hooks.example.com/repliers/{event} \
        --event listing.created --event listing.updated

A provider that makes a handshake does so before the command ends: let the
endpoint's slots be ready for it, see "caddy hookward arm". Where the provider
answers with a secret it is shown by its fingerprint; --secret-file keeps the
secret itself.`,
		cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return f.run(cmd, args[0]) },
	)
	f.account.add(cmd)
	cmd.Flags().StringVar(&f.url, "url", "", "URL of the endpoint, where {event} stands for the event")
	cmd.Flags().StringArrayVar(&f.events, "event", nil, "What to subscribe to, in the provider's own word (repeatable)")
	cmd.Flags().StringVar(&f.resource, "resource", "", "What to watch, for Asana: the resource's gid")
	cmd.Flags().StringVar(&f.settings, "settings", "", "File with the provider's own further settings, in JSON (- for standard input)")
	cmd.Flags().StringVar(&f.secretFile, "secret-file", "", "New file that is to hold the subscription's secret, for its owner alone")
	return cmd
}

type subscribeFlags struct {
	account    accountFlags
	url        string
	events     []string
	resource   string
	settings   string
	secretFile string
}

func (f *subscribeFlags) run(cmd *cobra.Command, provider string) error {
	requests, err := f.requests(cmd)
	if err != nil {
		return err
	}
	client, err := f.account.open(cmd, provider)
	if err != nil {
		return err
	}
	secret, err := openSecretFile(f.secretFile)
	if err != nil {
		return err
	}
	made, err := createAll(cmd.Context(), client, requests)
	// The secret is kept first: printing fails where the reader has gone.
	return errors.Join(err, secret.keep(made), printMade(cmd, client, made))
}

// requests returns what is to be asked for.
func (f *subscribeFlags) requests(cmd *cobra.Command) ([]subscription.Request, error) {
	if err := readOnce(f.account.file, f.settings); err != nil {
		return nil, err
	}
	if f.url == "" {
		return nil, usageError("say where deliveries are to go: --url <url>")
	}
	if f.secretFile != "" && len(f.events) > 1 {
		return nil, usageError("each subscription has a secret of its own: with --secret-file give one --event")
	}
	var settings json.RawMessage
	if f.settings != "" {
		var err error
		if settings, err = readInput(cmd, f.settings, maxSettingsInput); err != nil {
			return nil, err
		}
	}
	events := f.events
	if len(events) == 0 {
		events = []string{""} // Asana needs none
	}
	requests := make([]subscription.Request, len(events))
	for i, event := range events {
		requests[i] = subscription.Request{
			URL: strings.ReplaceAll(f.url, "{event}", event), Event: event, Resource: f.resource, Settings: settings,
		}
	}
	return requests, nil
}

// createAll makes the subscriptions up to the first that fails, and returns those
// that were made.
func createAll(ctx context.Context, client subscription.Client, requests []subscription.Request) ([]subscription.Subscription, error) {
	made := make([]subscription.Subscription, 0, len(requests))
	for _, request := range requests {
		s, err := client.Create(ctx, request)
		if err != nil {
			return made, withCallHint(err)
		}
		made = append(made, s)
	}
	return made, nil
}

func printMade(cmd *cobra.Command, client subscription.Client, made []subscription.Subscription) error {
	if len(made) == 0 {
		return nil
	}
	shown := shownSubscriptions(client, made)
	return printResult(cmd, shown, func(w io.Writer) {
		for _, s := range shown {
			_, _ = fmt.Fprintf(w, "subscribed to %s at %s\n", eventText(s.Event), s.URL)
			factRow(w, "  id", s.ID)
			factRow(w, "  secret's fingerprint", s.Secret.Fingerprint())
		}
	})
}
