package gate

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// Target makes the URLs at which deliveries are to be ordered from the provider.
type Target struct {
	route     *route
	publicURL string
	token     string // of the path
}

// Target returns what makes the endpoint's URLs: the public URL with its captures
// filled in, and where a token in the query proves the origin, with that.
func (e *Endpoint) Target() (*Target, error) {
	if e.PublicURL == "" {
		return nil, errors.New("there is no URL to register: add `public_url <url>`")
	}
	for _, segment := range []string{eventSegment, slotSegment, tokenSegment} {
		if e.route.has(segment) && !strings.Contains(e.PublicURL, segment) {
			return nil, fmt.Errorf("public_url lacks %s, which path holds", segment)
		}
	}
	if e.route.has(slotSegment) && !e.MadeSlots {
		return nil, fmt.Errorf("%s signs nothing, so its subscriptions have no slots: take {slot} out of path", e.provider.Name)
	}
	t := &Target{route: e.route, publicURL: e.PublicURL}
	if len(e.Tokens) == 0 {
		return t, nil
	}
	if token := e.tokenIn(TokenInPath); token != nil {
		t.token = token.Value
		return t, nil
	}
	token := e.tokenIn(TokenInQuery)
	if token == nil {
		return nil, errors.New("a provider cannot be told to send a token in a header: use `token query <name> <value>` or `token path <value>`")
	}
	if query, err := url.Parse(captures{}.fill(e.PublicURL)); err != nil || query.Query().Has(token.Name) {
		return nil, fmt.Errorf("public_url holds the parameter %s: leave it out, for it is added from `token`", token.Name)
	}
	t.publicURL = withParameter(e.PublicURL, token.Name, token.Value)
	return t, nil
}

// tokenIn returns the first token in a place; nil where there is none.
func (e *Endpoint) tokenIn(place string) *Token {
	i := slices.IndexFunc(e.Tokens, func(t Token) bool { return t.Place == place })
	if i < 0 {
		return nil
	}
	return &e.Tokens[i]
}

// withToken returns the delivery with the token that it brought in its query as a part
// of the public URL: that is what the provider was given and may repeat. Nothing else
// has the URL in this form, for it would give the token away.
func (r *reading) withToken() *reading {
	if r.token == nil || r.token.Place != TokenInQuery {
		return r
	}
	registered := *r
	registered.publicURL = withParameter(r.publicURL, r.token.Name, r.token.Value)
	return &registered
}

// withParameter adds a parameter to a URL whose captures are not filled in yet.
func withParameter(address, name, value string) string {
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	return address + separator + url.QueryEscape(name) + "=" + url.QueryEscape(value)
}

// Takes tells whether deliveries of an event can be sent to the endpoint: those of
// others than its path captures are refused.
func (t *Target) Takes(event string) bool {
	return !t.route.has(eventSegment) || slices.Contains(t.route.events, event)
}

// URL returns the URL for deliveries of an event to a slot. Either may be empty
// where the path does not capture it.
func (t *Target) URL(event, slot string) string {
	return captures{event: event, slot: slot, token: t.token}.fill(t.publicURL)
}
