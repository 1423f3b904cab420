package command

import (
	"io"
	"net/url"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/signature"
	"github.com/hookward/hookward/subscription"
)

// minURLToken is the shortest part of a path that may be a token, in bytes.
const minURLToken = 16

func subscriptionsCommand() *cobra.Command {
	var f accountFlags
	cmd := newCommand(
		"subscriptions <provider>", "Lists the subscriptions with a provider, through its API", `
It shows all that the credential gives access to, those that others made
included. Secrets, and what may be a token in a URL, are shown by their
fingerprints.`,
		cobra.ExactArgs(1),
		func(cmd *cobra.Command, args []string) error { return listSubscriptions(cmd, &f, args[0]) },
	)
	f.add(cmd)
	return cmd
}

func listSubscriptions(cmd *cobra.Command, f *accountFlags, provider string) error {
	client, err := f.open(cmd, provider)
	if err != nil {
		return err
	}
	list, err := client.List(cmd.Context())
	if err != nil {
		return withCallHint(err)
	}
	shown := shownSubscriptions(client, list)
	return printResult(cmd, shown, func(w io.Writer) {
		tableRow(w, "ID", "EVENT", "URL", "SECRET", "CREATED", "INACTIVE")
		for _, s := range shown {
			tableRow(w, s.ID, s.Event, s.URL, s.Secret.Fingerprint(), timeText(s.CreatedAt), yesText(s.Inactive))
		}
	})
}

// shownSubscriptions returns the subscriptions as they may be printed.
func shownSubscriptions(client subscription.Client, list []subscription.Subscription) []subscription.Subscription {
	var events []string
	if lister, has := client.(subscription.EventLister); has {
		events = lister.Events()
	}
	shown := make([]subscription.Subscription, len(list))
	for i, s := range list {
		shown[i] = s
		shown[i].URL = shownURL(s.URL, append(slices.Clip(events), s.Event))
	}
	return shown
}

// shownURL is a URL in which fingerprints stand for what may be a token: a user, the
// values of the query, and long parts of the path that name no event.
func shownURL(text string, events []string) string {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return fingerprintText(text)
	}
	shown := u.Scheme + "://"
	if u.User != nil {
		shown += fingerprintText(u.User.String()) + "@"
	}
	shown += u.Host + shownPath(u.EscapedPath(), events)
	if u.RawQuery != "" {
		shown += "?" + shownQuery(u.RawQuery)
	}
	return shown
}

func shownPath(path string, events []string) string {
	parts := strings.Split(path, "/")
	for i, part := range parts {
		if len(part) >= minURLToken && !slices.Contains(events, part) {
			parts[i] = fingerprintText(part)
		}
	}
	return strings.Join(parts, "/")
}

func shownQuery(query string) string {
	pairs := strings.Split(query, "&")
	for i, pair := range pairs {
		name, value, named := strings.Cut(pair, "=")
		if !named {
			pairs[i] = fingerprintText(pair)
			continue
		}
		pairs[i] = name + "=" + fingerprintText(value)
	}
	return strings.Join(pairs, "&")
}

func fingerprintText(secret string) string { return "{" + signature.Fingerprint(secret) + "}" }
