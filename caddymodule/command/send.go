package command

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/hookward/hookward/internal/sample"
	"github.com/hookward/hookward/signature"
)

// sendTimeout is how long an answer may take.
const sendTimeout = 30 * time.Second

// staleAge is how old a stale delivery is.
const staleAge = time.Hour

func sendCommand() *cobra.Command {
	var f sendFlags
	cmd := newCommand(
		"send", "Sends a sample delivery, signed as the provider would", `
It makes up a delivery of the provider, signs it with the secret, posts it to
the URL and shows the answer. Where the provider sends each event to its own
URL, write {event} for it. Where the endpoint wants a token, write {token} for it,
in the URL or in a header. For example:

    caddy hookward send --provider github --secret-env GITHUB_SECRET \
        --url http://localhost:8080/webhooks/github

    caddy hookward send --provider repliers --secret-file secret.txt \
        --url http://localhost:8080/webhooks/repliers/{event} --event agent.created

    caddy hookward send --provider everreal --token-env EVERREAL_TOKEN \
        --url 'http://localhost:8080/webhooks/everreal?key={token}'

It ends with code 0 if the answer is the right one: success, or with --forge or
--stale a refusal. It ends with 1 if it is another, and with 2 if the command
makes no sense.`,
		cobra.NoArgs,
		func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	)
	f.provider.add(cmd)
	f.secrets.add(cmd)
	f.token.add(cmd)
	cmd.Flags().StringVar(&f.url, "url", "", "URL to send to")
	cmd.Flags().StringVar(&f.publicURL, "public-url", "", "URL as registered with the provider, for those that sign or repeat it (default: --url)")
	cmd.Flags().StringVar(&f.event, "event", "", "The provider's own name of the event")
	cmd.Flags().StringVar(&f.body, "body", "", "File with the body (default: a sample; - for standard input)")
	cmd.Flags().BoolVar(&f.forge, "forge", false, "Make the signature wrong")
	cmd.Flags().BoolVar(&f.stale, "stale", false, "Sign the time of an hour ago")
	cmd.Flags().BoolVar(&f.duplicate, "duplicate", false, "Send the delivery twice")
	cmd.Flags().BoolVar(&f.curl, "curl", false, "Print a curl command and send nothing")
	return cmd
}

type sendFlags struct {
	provider  providerFlags
	secrets   secretFlags
	token     tokenFlags
	url       string
	publicURL string
	event     string
	body      string
	forge     bool
	stale     bool
	duplicate bool
	curl      bool
}

func (f *sendFlags) run(cmd *cobra.Command) error {
	if err := readOnce(append(slices.Clone(f.secrets.files), f.body, f.token.file)...); err != nil {
		return err
	}
	s, err := f.build(cmd)
	if err != nil {
		return err
	}
	if f.curl {
		command, err := f.curlCommand(s)
		if err != nil {
			return err
		}
		return printResult(cmd, map[string]string{"command": command}, func(w io.Writer) { _, _ = fmt.Fprintln(w, command) })
	}
	result, err := f.send(cmd.Context(), s)
	if err != nil {
		return err
	}
	if err := printResult(cmd, result, result.print); err != nil {
		return err
	}
	if !result.Expected {
		return errNegative
	}
	return nil
}

// build makes the delivery and signs it.
func (f *sendFlags) build(cmd *cobra.Command) (s *sample.Delivery, err error) {
	p, err := f.provider.load()
	if err != nil {
		return nil, err
	}
	if f.url == "" {
		return nil, usageError("say where to send it: --url <url>")
	}
	keys, err := f.secrets.read(cmd)
	if err != nil {
		return nil, err
	}
	if len(keys) > 1 {
		return nil, usageError("give one secret")
	}
	if err := f.token.read(cmd, f.url, f.publicURL); err != nil {
		return nil, err
	}
	options := sample.Options{
		Provider: p, Event: f.event, URL: f.token.inURL(f.url), PublicURL: f.token.inURL(f.publicURL), ID: rand.Text(), At: time.Now(),
	}
	if f.stale {
		options.At = options.At.Add(-staleAge)
	}
	if f.body != "" {
		if options.Body, err = readInput(cmd, f.body, maxDeliveryInput); err != nil {
			return nil, err
		}
	}
	if s, err = f.prove(options, keys); err != nil {
		return nil, usageError("%w", withAdvice(err))
	}
	return s, nil
}

func (f *sendFlags) prove(options sample.Options, keys []signature.Key) (*sample.Delivery, error) {
	s, err := sample.New(options)
	if err != nil {
		return nil, err
	}
	if err := f.token.setHeaders(s.Header); err != nil {
		return nil, err
	}
	if err := s.Sign(keys); err != nil {
		return nil, err
	}
	if f.stale && !s.SignsTime() {
		return nil, fmt.Errorf("%s signs no time this way, so nothing of it is ever stale", options.Provider.Name)
	}
	if f.forge {
		return s, s.Forge()
	}
	return s, nil
}

// advice says by which flags an error of a sample is mended.
var advice = map[error]string{
	sample.ErrURL:            "give the whole of it by --url, such as http://localhost:8080/webhooks/github",
	sample.ErrEvent:          "`caddy hookward providers <name>` shows its events",
	sample.ErrNeedsBody:      "give a --body",
	sample.ErrNoSecret:       "give its secret by --secret-env or --secret-file",
	sample.ErrSignsNothing:   "leave the secret out, and give the endpoint's token by --token-env or --token-file",
	sample.ErrNothingToForge: "try a wrong token",
}

func withAdvice(err error) error {
	for known, text := range advice {
		if errors.Is(err, known) {
			return fmt.Errorf("%w: %s", err, text)
		}
	}
	return err
}
