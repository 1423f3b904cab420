package subscription

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
)

func TestCredentialIsReadAnew(t *testing.T) {
	t.Parallel()
	var got []string
	note := func(next step) step {
		return func(r *http.Request) (*http.Response, error) {
			got = append(got, r.Header.Get("Repliers-Api-Key"))
			return next(r)
		}
	}
	n := 0
	config := configFor(repliersName, "https://api.example.com")
	config.Credential = func(context.Context) (string, error) { n++; return fmt.Sprintf("key-%d", n), nil }
	transport := &script{steps: []step{note(status(500, "")), note(status(200, ""))}}
	client := open(t, repliersName, config, quickly, WithHTTPClient(&http.Client{Transport: transport}))
	for range 2 {
		if _, err := client.List(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(got) != "[key-1 key-2 key-3]" {
		t.Errorf("sent %v", got)
	}
}

func TestNoCredential(t *testing.T) {
	t.Parallel()
	errMissing := errors.New("no such file")
	for name, source := range map[string]Credential{
		"empty":      StaticCredential(""),
		"line end":   StaticCredential("abc\n"),
		"header":     StaticCredential("abc\r\nX-Admin: 1"),
		"no ASCII":   StaticCredential("schlüssel"),
		"unreadable": func(context.Context) (string, error) { return "", errMissing },
	} {
		config := configFor(repliersName, "https://api.example.com")
		config.Credential = source
		transport := &script{steps: []step{status(200, "")}}
		_, err := open(t, repliersName, config, quickly, WithHTTPClient(&http.Client{Transport: transport})).List(t.Context())
		if !errors.Is(err, ErrInvalid) || len(transport.at) != 0 || strings.Contains(fmt.Sprint(err), "abc") {
			t.Errorf("%s: error %v after %d requests", name, err, len(transport.at))
		}
		if name == "unreadable" && !errors.Is(err, errMissing) {
			t.Errorf("error %v does not say what is missing", err)
		}
	}
}
