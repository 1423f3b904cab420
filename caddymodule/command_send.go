package caddymodule

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
	"unicode/utf8"

	"github.com/spf13/cobra"

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
func (f *sendFlags) build(cmd *cobra.Command) (s *sample, err error) {
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
	options := sampleOptions{provider: p, event: f.event, url: f.url, publicURL: f.publicURL, id: rand.Text(), at: time.Now()}
	if f.stale {
		options.at = options.at.Add(-staleAge)
	}
	if f.body != "" {
		if options.body, err = readInput(cmd, f.body, maxDeliveryInput); err != nil {
			return nil, err
		}
	}
	if s, err = f.prove(options, keys); err != nil {
		return nil, usageError("%w", err)
	}
	return s, nil
}

func (f *sendFlags) prove(options sampleOptions, keys []signature.Key) (*sample, error) {
	s, err := newSample(options)
	if err != nil {
		return nil, err
	}
	if err := s.sign(keys); err != nil {
		return nil, err
	}
	if f.stale && !s.signsTime() {
		return nil, fmt.Errorf("%s signs no time this way, so nothing of it is ever stale", options.provider.Name)
	}
	if f.forge {
		return s, s.forge()
	}
	return s, nil
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

func (f *sendFlags) send(ctx context.Context, s *sample) (*sent, error) {
	result := &sent{Provider: s.provider.Name, Event: s.event, Bytes: len(s.body), Expected: true}
	times := 1
	if f.duplicate {
		times = 2
	}
	for range times {
		answer, err := s.post(ctx)
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
func (s *sample) post(ctx context.Context) (sentAnswer, error) {
	ctx, cancel := context.WithTimeout(ctx, sendTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, s.method, s.url.String(), strings.NewReader(s.body))
	if err != nil {
		return sentAnswer{}, withoutURL(err)
	}
	req.Header = s.header.Clone()
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

// curlCommand writes the delivery as a command for a shell. A header that is the
// secret itself is written as what the shell reads the secret from.
func (f *sendFlags) curlCommand(s *sample) (string, error) {
	if !utf8.ValidString(s.body) || strings.Contains(s.body, "\x00") {
		return "", usageError("the body is no text, and a shell takes nothing else")
	}
	options := []string{"curl --request " + s.method + " " + shellQuote(s.url.String())}
	for _, name := range slices.Sorted(maps.Keys(s.header)) {
		options = append(options, "--header "+shellQuote(name+": "+s.header.Get(name)))
	}
	for _, p := range s.proofs {
		scheme := s.schemeOf(p.Field)
		if scheme == nil || !isBearer(scheme) || f.forge {
			continue
		}
		option, err := f.curlBearer(p.Field, scheme)
		if err != nil {
			return "", err
		}
		options[slices.Index(options, "--header "+shellQuote(p.Field.Name+": "+p.Value))] = option
	}
	options = append(options, "--data-raw "+shellQuote(s.body))
	command := strings.Join(options, " \\\n  ")
	if f.duplicate {
		command += "\n" + command
	}
	return command, nil
}

// curlBearer writes the header of a secret that is sent as it is.
func (f *sendFlags) curlBearer(field signature.Field, scheme *signature.Scheme) (string, error) {
	var secret string
	switch {
	case field.Source != signature.Header || !sentAsKept(scheme):
		return "", usageError("the delivery holds the secret in a form that no command can be made to read")
	case len(f.secrets.variables) == 1:
		secret = `"$` + f.secrets.variables[0] + `"`
	case f.secrets.files[0] != standardInput:
		secret = `"$(cat ` + shellQuote(f.secrets.files[0]) + `)"`
	default:
		return "", usageError("the delivery holds the secret: for --curl it must come from --secret-env or a file")
	}
	if scheme.Type == signature.Basic {
		return "--user " + secret, nil
	}
	return "--header " + shellQuote(field.Name+": "+bearerPrefix(scheme)) + secret, nil
}

// sentAsKept tells whether a bearer secret goes over the wire in the form in which
// it is kept.
func sentAsKept(scheme *signature.Scheme) bool {
	return (scheme.Key == "" || scheme.Key == signature.KeyText) && len(scheme.KeyPrefix) == 0 &&
		scheme.KeyFormat == "" && scheme.KeyHash == "" &&
		(scheme.Encoding == "" || scheme.Encoding == signature.Text || scheme.Type == signature.Basic)
}

// shellQuote writes a text as one word for a shell.
func shellQuote(text string) string {
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
