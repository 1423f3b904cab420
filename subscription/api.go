package subscription

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// api makes the calls for a client.
type api struct {
	options

	provider   string
	base       *url.URL
	header     string // that the credential goes into
	prefix     string // before the credential
	credential Credential
}

// call is one call of an API.
type call struct {
	operation string
	method    string
	path      []string // below the base, of segments only
	query     url.Values
	body      any      // sent as JSON, nothing where nil
	secrets   []string // that no error shows, besides the credential
}

// answer is a success.
type answer struct {
	header http.Header
	body   []byte
}

// newAPI returns an api that sends the credential as a bearer token, unless
// changed by its caller or an option.
func newAPI(provider, base string, config Config, opts []Option) (*api, error) {
	a := &api{options: defaults(), provider: provider, header: "Authorization", prefix: "Bearer "}
	for _, opt := range opts {
		if err := opt(&a.options); err != nil {
			return nil, misconfigured(provider, err.Error())
		}
	}
	if a.credentialHeader != "" {
		a.header, a.prefix = a.credentialHeader, ""
	}
	a.client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if a.credential = config.Credential; a.credential == nil {
		return nil, misconfigured(provider, "there is no credential")
	}
	if config.API != "" {
		base = config.API
	}
	var err error
	if a.base, err = parseBase(base, a.plainHTTP); err != nil {
		return nil, misconfigured(provider, "the api's url: "+err.Error())
	}
	return a, nil
}

func misconfigured(provider, what string) error {
	return fmt.Errorf("%s: %w: %s", provider, ErrInvalid, what)
}

// do makes a call, several times where that is safe.
func (a *api) do(ctx context.Context, c call) (*answer, error) {
	body, err := c.encode()
	if err != nil {
		return nil, a.invalid(c.operation, err.Error())
	}
	mayBeDone := false // by an attempt whose answer was lost
	for attempts := 1; ; attempts++ {
		result, failure := a.attempt(ctx, c, body)
		if failure == nil {
			return result, nil
		}
		if c.method == http.MethodDelete && mayBeDone && errors.Is(failure, ErrNotFound) {
			return &answer{}, nil
		}
		mayBeDone = mayBeDone || errors.Is(failure, ErrUnavailable) && !failure.refused
		delay, again := a.retry.next(attempts, c.method, failure)
		if !again {
			return nil, failure
		}
		if err := wait(ctx, delay); err != nil {
			failure.cause = errors.Join(failure.cause, err)
			return nil, failure
		}
	}
}

// attempt makes a call once.
func (a *api) attempt(ctx context.Context, c call, body []byte) (*answer, *Error) {
	ctx, cancel := context.WithTimeout(ctx, a.timeout)
	defer cancel()

	credential, err := a.credential(ctx)
	if err != nil {
		failure := a.invalid(c.operation, "credential: "+err.Error())
		failure.cause = err
		return nil, failure
	}
	if !printable(credential) {
		return nil, a.invalid(c.operation, "the credential is empty, or has a space, a line end or what is no ASCII")
	}
	request, err := a.request(ctx, c, body)
	if err != nil {
		return nil, a.invalid(c.operation, err.Error())
	}
	request.Header.Set(a.header, a.prefix+credential)

	response, err := a.client.Do(request)
	if err != nil {
		return nil, a.unreachable(c, err, credential)
	}
	defer response.Body.Close()
	content, err := a.read(response.Body)
	if !isSuccess(response.StatusCode) {
		return nil, a.refusal(c, response, content, credential) // even where the body could not be read
	}
	switch {
	case errors.Is(err, errTooLarge):
		return nil, a.unexpected(c.operation, err)
	case err != nil:
		return nil, a.unreachable(c, err, credential)
	}
	return &answer{header: response.Header, body: content}, nil
}

func (c *call) encode() ([]byte, error) {
	if c.body == nil {
		return nil, nil
	}
	return json.Marshal(c.body)
}

func (a *api) request(ctx context.Context, c call, body []byte) (*http.Request, error) {
	u := a.base.JoinPath(c.path...)
	u.RawQuery = c.query.Encode()
	request, err := http.NewRequestWithContext(ctx, c.method, u.String(), bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Accept", "application/json")
	request.Header.Set("User-Agent", a.userAgent)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	return request, nil
}

var errTooLarge = errors.New("it is too large")

func (a *api) read(body io.Reader) ([]byte, error) {
	content, err := io.ReadAll(io.LimitReader(body, a.maxAnswer+1))
	if int64(len(content)) > a.maxAnswer {
		return nil, errTooLarge
	}
	return content, err
}

func isSuccess(status int) bool { return status >= 200 && status <= 299 }
