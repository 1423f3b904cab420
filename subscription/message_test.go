package subscription

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"unicode"
)

// showsNoSecret looks at an error and at all it wraps.
func showsNoSecret(t *testing.T, name string, err error) {
	t.Helper()
	text := fmt.Sprintf("%v %+v %#v", err, err, err)
	for _, secret := range []string{credential, hookURL, hookToken} {
		if strings.Contains(text, secret) {
			t.Errorf("%s: %s shows %s", name, text, secret)
		}
	}
	switch err := err.(type) { //nolint:errorlint // walks the tree itself
	case interface{ Unwrap() error }:
		if inner := err.Unwrap(); inner != nil {
			showsNoSecret(t, name, inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range err.Unwrap() {
			showsNoSecret(t, name, inner)
		}
	}
}

// What others wrote into a list goes to terminals.
func TestListIsFitToShow(t *testing.T) {
	t.Parallel()
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusOK, `[{"id":1,"target_url":"https://a/\u001b[2J\u202e`+strings.Repeat("é", 2000)+`","event":"listing\u0007.created"}]`)
	})
	list, err := open(t, repliersName, s.config(repliersName)).List(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{list[0].URL, list[0].Event} {
		if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) || len(text) > maxURL {
			t.Errorf("%q is shown", text)
		}
	}
}

func TestMessagesAreFitToShow(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"the credential":       `{"message":"invalid token ` + credential + `"}`,
		"as the code":          `{"code":"` + credential + `","message":"no"}`,
		"no JSON":              `Bearer ` + credential + ` is unknown`,
		"the url":              `{"errors":[{"message":"` + hookURL + ` did not answer"}]}`,
		"as the parameter":     `[[{"param":"` + credential + `","msg":"Invalid value"}]]`,
		"control characters":   `{"error":"a\u0000b\u001b[31mc\r\nd\u2028e\u202ef"}`,
		"not UTF-8":            "\"\xff\xfe\"",
		"across the limit":     `{"message":"` + strings.Repeat("x", maxMessage-9) + credential + `"}`,
		"far too long":         `{"detail":"` + strings.Repeat("ü", 5000) + `"}`,
		"deep":                 strings.Repeat(`[`, 5000) + strings.Repeat(`]`, 5000),
		"secret in the phrase": `{"error":{"message":"key=` + credential + `,url=` + hookURL + `"}}`,
	} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) { answerJSON(w, http.StatusUnprocessableEntity, body) })
		eachCall(t, s.URL, []Option{once}, func(t *testing.T, call string, err error) {
			showsNoSecret(t, call+", "+name, err)
			text := err.Error()
			if strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }) || len(text) > 500 {
				t.Errorf("%s, %s: error %q", call, name, text)
			}
		})
	}
}

func TestURLPartsAreHidden(t *testing.T) {
	t.Parallel()
	target := "https://user:hunter2@hooks.example.com/repliers/" + hookToken + "?key=0123456789abcdef"
	s := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		answerJSON(w, http.StatusBadRequest, `{"message":"POST /repliers/`+hookToken+` with key=0123456789abcdef as hunter2 for listing.created failed"}`)
	})
	for _, provider := range Providers() {
		request := requestFor(provider)
		request.URL = target
		_, err := open(t, provider, s.config(provider)).Create(t.Context(), request)
		want := "POST /repliers/[hidden] with key=[hidden] as [hidden] for listing.created failed"
		if err == nil || !strings.HasSuffix(err.Error(), want) {
			t.Errorf("%s: %v", provider, err)
		}
	}
}

// The HTTP client quotes what is not HTTP.
func TestAnswerIsNotHTTP(t *testing.T) {
	t.Parallel()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			request, err := http.ReadRequest(bufio.NewReader(conn))
			if err == nil {
				body, _ := io.ReadAll(request.Body)
				fmt.Fprintf(conn, "%s %s %s\x1b[2J\r\n\r\n", request.Header.Get("Authorization"), request.Header.Get("Repliers-Api-Key"), body)
			}
			conn.Close()
		}
	}()
	t.Cleanup(func() { listener.Close(); <-done })
	eachCall(t, "http://"+listener.Addr().String(), []Option{once}, func(t *testing.T, name string, err error) {
		if !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
		showsNoSecret(t, name, err)
	})
}
