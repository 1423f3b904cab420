package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/hookward/hookward/internal/sample"
)

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
