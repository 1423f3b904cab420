package main

import (
	"context"
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/hookward/hookward/internal/sample"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// strangersSecret is one that the gateway has not learned.
const strangersSecret = "0badc0de0badc0de0badc0de0badc0de0badc0de0badc0de0badc0de0badc0de"

// sendForged sends a delivery just as the provider's are, to the same URL, by somebody
// who knows neither the secret nor the token in the URL.
func sendForged(ctx context.Context, a *actor, url string) (status int, reason string, err error) {
	forged, err := forge(a, strings.Replace(url, a.token, "a-strangers-guess", 1))
	if err != nil {
		return 0, "", err
	}
	req, err := http.NewRequestWithContext(ctx, forged.Method, forged.URL.String(), strings.NewReader(forged.Body))
	if err != nil {
		return 0, "", err
	}
	req.Header = forged.Header
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	return resp.StatusCode, resp.Header.Get("Hookward-Reason"), nil
}

func forge(a *actor, url string) (*sample.Delivery, error) {
	known, err := provider.Lookup(a.name)
	if err != nil {
		return nil, err
	}
	p, err := known.Resolve(nil)
	if err != nil {
		return nil, err
	}
	d, err := sample.New(sample.Options{Provider: p, URL: url, ID: rand.Text(), At: time.Now()})
	if err != nil || a.learned == "" {
		return d, err
	}
	return d, d.Sign([]signature.Key{{Secret: strangersSecret}})
}
