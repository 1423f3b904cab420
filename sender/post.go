package sender

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"time"
)

// userAgent is what requests have where the profile sets none.
const userAgent = "Hookward"

// newPost makes the signed request of an attempt.
func (s *Sender) newPost(ctx context.Context, l *lane, subscription *Subscription, event *Event, at time.Time) (req *http.Request, err error) {
	defer s.recovered("render or sign", &err)
	body := event.Body
	if s.profile.Render != nil {
		if body, err = s.profile.Render(event, subscription); err != nil {
			return nil, fmt.Errorf("render: %w", err)
		}
	}
	target, err := l.target(subscription.URL)
	if err != nil {
		return nil, err
	}
	if req, err = http.NewRequestWithContext(ctx, http.MethodPost, "", bytes.NewReader(body)); err != nil {
		return nil, err
	}
	req.URL, req.Host = &target, target.Host
	req.Header = s.postHeader(event)
	if err := l.signer.sign(req, body, event.ID, subscription.Secrets, at); err != nil {
		return nil, err
	}
	return req, nil
}

func (s *Sender) postHeader(event *Event) http.Header {
	header := make(http.Header, 8)
	// The values are shared by all attempts. What is set here, or by the signer,
	// takes the place of a value and does not change it.
	maps.Copy(header, s.header)
	if header["Content-Type"] == nil && event.ContentType != "" {
		header["Content-Type"] = []string{event.ContentType}
	}
	if s.profile.IDHeader != "" {
		header.Set(s.profile.IDHeader, event.ID)
	}
	return header
}

// baseHeader is what all deliveries have in common.
func baseHeader(own http.Header) http.Header {
	header := make(http.Header, len(own)+2)
	for name, values := range own {
		name = http.CanonicalHeaderKey(name)
		header[name] = append(header[name], values...)
	}
	if header["User-Agent"] == nil {
		header.Set("User-Agent", userAgent)
	}
	if header["Idempotency-Key"] == nil {
		// Without a value it is not sent, but tells the transport that the request may
		// be repeated: so a connection that the endpoint has closed meanwhile costs no
		// attempt. Receivers know the copy by the event's id.
		header["Idempotency-Key"] = nil
	}
	return header
}

// target parses the subscription's URL, once as long as it stays the same.
func (l *lane) target(raw string) (url.URL, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.parsed == nil || l.raw != raw {
		parsed, err := url.Parse(raw)
		if err != nil {
			return url.URL{}, errors.New("the subscription's url is no url") // err quotes it
		}
		l.raw, l.parsed = raw, parsed
	}
	return *l.parsed, nil
}
