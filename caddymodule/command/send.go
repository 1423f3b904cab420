package command

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
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
URL, write {event} for it; where a token is part of the URL, write it there.
For example:

    caddy hookward send --provider github --secret-env GITHUB_SECRET \
        --url http://localhost:8080/webhooks/github

    caddy hookward send --provider repliers --secret-file secret.txt \
        --url http://localhost:8080/webhooks/repliers/{event} --event agent.created

It ends with code 0 if the answer is the right one: success, or with --forge or
--stale a refusal. It ends with 1 if it is another, and with 2 if the command
makes no sense.`,
		cobra.NoArgs,
		func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	)
	f.provider.add(cmd)
	f.secrets.add(cmd)
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
	if err := readOnce(append(slices.Clone(f.secrets.files), f.body)...); err != nil {
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
	options := sample.Options{
		Provider: p, Event: f.event, URL: f.url, PublicURL: f.publicURL, ID: rand.Text(), At: time.Now(),
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
	sample.ErrNeedsBody:      "give a --body",
	sample.ErrNoSecret:       "give its secret by --secret-env or --secret-file",
	sample.ErrSignsNothing:   "leave the secret out, and make its token part of --url",
	sample.ErrNothingToForge: "try a wrong token in --url",
}

func withAdvice(err error) error {
	for known, text := range advice {
		if errors.Is(err, known) {
			return fmt.Errorf("%w: %s", err, text)
		}
	}
	return err
}

// sent tells of a delivery and its answers.
type sent struct {
	Provider string       `json:"provider"`
	Event    string       `json:"event"`
	Bytes    int          `json:"bytes"`
	Answers  []sentAnswer `json:"answers"`
	Expected bool         `json:"expected"` // whether the answers are the right ones
}

// sentAnswer is what is shown of an answer.
type sentAnswer struct {
	Status int               `json:"status"`
	Header map[string]string `json:"header,omitempty"` // those of Hookward
}

func (f *sendFlags) send(ctx context.Context, s *sample.Delivery) (*sent, error) {
	result := &sent{Provider: s.Provider.Name, Event: s.Event, Bytes: len(s.Body), Expected: true}
	times := 1
	if f.duplicate {
		times = 2
	}
	for range times {
		answer, err := post(ctx, s)
		if err != nil {
			return nil, err
		}
		result.Answers = append(result.Answers, answer)
		succeeded := answer.Status >= 200 && answer.Status <= 299
		result.Expected = result.Expected && succeeded != (f.forge || f.stale)
	}
	return result, nil
}

// post sends the delivery as providers do: redirects are not followed.
func post(ctx context.Context, s *sample.Delivery) (sentAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, s.Method, s.URL.String(), strings.NewReader(s.Body))
	if err != nil {
		return sentAnswer{}, withoutURL(err)
	}
	req.Header = s.Header.Clone()
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return sentAnswer{}, withoutURL(err)
	}
	defer resp.Body.Close()
	answer := sentAnswer{Status: resp.StatusCode, Header: make(map[string]string)}
	for name, values := range resp.Header {
		if strings.HasPrefix(name, "Hookward-") {
			answer.Header[name] = strings.Join(values, ", ")
		}
	}
	return answer, nil
}

// withoutURL takes the URL out of an error, for it may hold a token.
func withoutURL(err error) error {
	if failed, ok := errors.AsType[*url.Error](err); ok {
		err = failed.Err
	}
	return fmt.Errorf("sending the delivery: %w", err)
}

func (r *sent) print(w io.Writer) {
	_, _ = fmt.Fprintf(w, "sent %s of %s, %d bytes\n", r.Event, r.Provider, r.Bytes)
	for _, answer := range r.Answers {
		_, _ = fmt.Fprintf(w, "answer: %d %s\n", answer.Status, http.StatusText(answer.Status))
		for _, name := range slices.Sorted(maps.Keys(answer.Header)) {
			factRow(w, "  "+name, answer.Header[name])
		}
	}
}
