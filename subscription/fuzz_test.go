package subscription

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"
)

// Whatever a provider answers, there is no panic, what comes out is fit to
// show, and an id that comes out can be deleted.
func FuzzAnswer(f *testing.F) {
	f.Add(200, "d32d5912", everrealList)
	f.Add(200, "", `{"code":"OK","data":[`+rechatWebhook1+`],"info":{"count":1,"total":0}}`)
	f.Add(201, "", `{"data":{"gid":"43214","target":"`+hookURL+`","filters":[{}]},"X-Hook-Secret":"`+asanaSecret+`"}`)
	f.Add(200, "https://acme.everreal.co/../%2e", `{"webhooks":[{"id":438,"target_url":"https://a","event":"listing.created"}]}`)
	f.Add(200, "", `{"page":1e400,"numPages":"x","data":[{"id":18446744073709551616,"createdAt":1e300}]}`)
	f.Add(400, "", `[[{"param":"target_url","msg":"must be unique"}]]`)
	f.Add(503, "", "\x00<\xff")
	f.Fuzz(func(t *testing.T, status int, location, body string) {
		answer := func(r *http.Request) (*http.Response, error) {
			header := http.Header{"Location": {location}, "Retry-After": {location}, "X-Hook-Secret": {location}}
			return &http.Response{StatusCode: 100 + (status&0xffff)%500, Header: header, Body: io.NopCloser(strings.NewReader(body))}, nil
		}
		for _, provider := range Providers() {
			transport := &script{steps: []step{answer}}
			client := open(t, provider, configFor(provider, "https://api.example.com"), once, WithHTTPClient(&http.Client{Transport: transport}))
			created, err := client.Create(t.Context(), requestFor(provider))
			fitToShow(t, provider, client, created, err)
			list, err := client.List(t.Context())
			fitToShow(t, provider, client, Subscription{}, err)
			for _, s := range list {
				fitToShow(t, provider, client, s, nil)
			}
		}
	})
}

func fitToShow(t *testing.T, provider string, client Client, s Subscription, err error) {
	t.Helper()
	var failure *Error
	if err != nil && (!errors.As(err, &failure) || failure.Err == nil) {
		t.Fatalf("%s: error %#v is none of this package's", provider, err)
	}
	shown := []string{s.ID, s.URL, s.Event, s.Resource}
	if err != nil {
		shown = append(shown, err.Error())
	} else if errors.Is(client.Delete(t.Context(), s.ID), ErrInvalid) && s.ID != "" {
		t.Errorf("%s: id %q cannot be deleted", provider, s.ID)
	}
	for _, text := range shown {
		if !utf8.ValidString(text) || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) || len(text) > maxURL {
			t.Errorf("%s: %q is shown", provider, text)
		}
	}
}

func FuzzMessage(f *testing.F) {
	f.Add(`{"message":"invalid token r8fn3mvVaPMNByHbaAp5uPaBNMpwdJ"}`)
	f.Add(`r8fn3mvVaPMNByHbaAp5uPaBNMpwdJr8fn3mvVaPMNByHbaAp5uPaBNMpwdJ`)
	f.Add(`{"errors":[{"message":"https://hooks.example.com/repliers/vW8zyYB1rxqDk2pJmT3a9Q"}]}`)
	f.Add(strings.Repeat("ü", 200))
	f.Fuzz(func(t *testing.T, body string) {
		code, message := explain([]byte(body), append(secretsOf(hookURL), credential))
		for _, text := range []string{code, message} {
			if strings.Contains(text, credential) || strings.Contains(text, hookToken) {
				t.Errorf("%q shows a secret", text)
			}
			if !utf8.ValidString(text) || len(text) > maxMessage || strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Errorf("%q is shown", text)
			}
		}
	})
}
