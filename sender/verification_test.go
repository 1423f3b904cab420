package sender

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// verifications lists those there are, each with what it needs to get as far as
// asking the endpoint.
func verifications() map[string]Verification {
	return map[string]Verification{
		"HookSecret":          HookSecret(),
		"DelayedConfirmation": DelayedConfirmation(),
		"HMACAnswer":          HMACAnswer(),
		"CloudEvents":         CloudEvents("sender.example", 120),
	}
}

const (
	testSecret = "s3cret-of-the-subscription"
	testToken  = "/t0ken"
)

func newSubscription(url string) Subscription {
	return Subscription{ID: "sub_1", URL: url + testToken, Secrets: []Secret{{ID: "1", Value: testSecret}}}
}

// newVerificationClient makes a client such as a Sender verifies with.
func newVerificationClient(t *testing.T, e egress) *http.Client {
	t.Helper()
	return &http.Client{
		Transport:     newTestTransport(t, e),
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// verifyEndpoint runs a verification against an endpoint on loopback.
func verifyEndpoint(t *testing.T, v Verification, endpoint http.HandlerFunc) (Grant, error) {
	t.Helper()
	server := httptest.NewServer(endpoint)
	defer server.Close()
	return v.Verify(t.Context(), newVerificationClient(t, loopbackOnly), newSubscription(server.URL))
}

// checkRefusal wants the one error of an endpoint that did not pass, which tells
// neither the secret nor the URL.
func checkRefusal(t *testing.T, err error) {
	t.Helper()
	if !errors.Is(err, ErrUnverified) || errors.Is(err, ErrUnconfirmed) {
		t.Fatalf("%v, want unverified", err)
	}
	for _, hidden := range []string{testSecret, testToken} {
		if strings.Contains(err.Error(), hidden) {
			t.Errorf("%q is told: %v", hidden, err)
		}
	}
}

func TestVerificationNeedsAWellBehavedEndpoint(t *testing.T) {
	t.Parallel()
	// These answer with all that any verification could ask for, but for the status.
	willing := func(status int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			if agent := r.UserAgent(); agent != "Hookward" {
				t.Errorf("it is asked by %q", agent)
			}
			w.Header().Set(headerHookSecret, r.Header.Get(headerHookSecret))
			if body, _ := io.ReadAll(r.Body); len(body) > 0 {
				w.Header().Set(headerHookSecret, macOf(testSecret, r.Header.Get(headerHookSecret)))
			}
			w.Header().Set(headerAllowedOrigin, "*")
			w.Header().Set(headerAllowedRate, "*")
			w.Header().Set("Location", r.URL.Path+"/elsewhere")
			w.WriteHeader(status)
		}
	}
	for name, v := range verifications() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := verifyEndpoint(t, v, willing(http.StatusOK)); err != nil && !errors.Is(err, ErrUnconfirmed) {
				t.Fatalf("the willing endpoint: %v", err)
			}
			for _, status := range []int{301, 302, 303, 307, 308, 400, 401, 404, 405, 410, 429, 500, 503} {
				_, err := verifyEndpoint(t, v, willing(status))
				checkRefusal(t, err)
			}
		})
	}
}

func TestVerificationFollowsNoRedirect(t *testing.T) {
	t.Parallel()
	for name, v := range verifications() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			other, requests := newCounter(t)
			_, err := verifyEndpoint(t, v, func(w http.ResponseWriter, r *http.Request) {
				http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
			})
			checkRefusal(t, err)
			if requests.Load() != 0 {
				t.Error("the redirect was followed")
			}
		})
	}
}

func TestVerificationIsGuarded(t *testing.T) {
	t.Parallel()
	for name, v := range verifications() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, requests := newCounter(t)
			_, err := v.Verify(t.Context(), newVerificationClient(t, egress{plainHTTP: true}), newSubscription(server.URL))
			checkRefusal(t, err)
			if !errors.Is(err, ErrForbidden) || requests.Load() != 0 {
				t.Errorf("%v and %d requests, want forbidden and none", err, requests.Load())
			}
		})
	}
}

// An endpoint that sends the secret back where no answer should hold it brings it
// into no error.
func TestVerificationErrorsTellNoSecret(t *testing.T) {
	t.Parallel()
	refuse := func(name string, v Verification, reply string) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := v.Verify(t.Context(), newVerificationClient(t, loopbackOnly), newSubscription("http://"+replyWith(t, reply)))
			checkRefusal(t, err)
		})
	}
	for name, v := range verifications() {
		for _, reply := range []string{
			testSecret + "\r\n\r\n",
			"HTTP/1.1 " + testSecret + "\r\n\r\n",
			"HTTP/1.1 404 " + testSecret + "\r\nContent-Length: 0\r\n\r\n",
			"HTTP/1.1 200 OK\r\n" + testSecret + "\r\n\r\n",
			"HTTP/1.1 200 OK\r\nContent-Length: " + testSecret + "\r\n\r\n",
			"HTTP/1.1 200 OK\r\nTransfer-Encoding: " + testSecret + "\r\n\r\n",
		} {
			refuse(name, v, reply)
		}
	}
	refuse("HookSecret", HookSecret(), "HTTP/1.1 200 OK\r\nX-Hook-Secret: not "+testSecret+"\r\n\r\n")
	refuse("HMACAnswer", HMACAnswer(), "HTTP/1.1 200 OK\r\nX-Hook-Secret: "+testSecret+"\r\n\r\n")
	refuse("CloudEvents", CloudEvents(testOrigin, 0), "HTTP/1.1 200 OK\r\nWebHook-Allowed-Origin: "+testSecret+"\r\n\r\n")
	refuse("CloudEvents", CloudEvents(testOrigin, 0), "HTTP/1.1 200 OK\r\nWebHook-Allowed-Origin: *\r\nWebHook-Allowed-Rate: "+testSecret+"\r\n\r\n")
}

// replyWith starts a server that says the same to everybody, and returns its address.
func replyWith(t *testing.T, reply string) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Read(make([]byte, 4096))
			_, _ = io.WriteString(conn, reply)
			_ = conn.Close()
		}
	}()
	return listener.Addr().String()
}

// A body without end holds nobody up, for it is not read.
func TestVerificationReadsNoBody(t *testing.T) {
	t.Parallel()
	released := make(chan struct{})
	_, err := verifyEndpoint(t, HookSecret(), func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(headerHookSecret, r.Header.Get(headerHookSecret))
		w.WriteHeader(http.StatusOK)
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 64<<10)); err != nil {
				break
			}
		}
		close(released)
	})
	if err != nil {
		t.Error(err)
	}
	<-released // the connection was closed
}

// silent is an endpoint that never answers.
type silent struct{ asked *time.Time }

func (s silent) RoundTrip(req *http.Request) (*http.Response, error) {
	*s.asked = time.Now()
	<-req.Context().Done()
	return nil, req.Context().Err()
}

func TestVerificationTakesTenSeconds(t *testing.T) {
	t.Parallel()
	for name, v := range verifications() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var asked time.Time
				_, err := v.Verify(t.Context(), &http.Client{Transport: silent{&asked}}, newSubscription("https://example.com"))
				checkRefusal(t, err)
				if !errors.Is(err, context.DeadlineExceeded) || time.Since(asked) != 10*time.Second {
					t.Errorf("%v after %v, want the deadline after 10 s", err, time.Since(asked))
				}
			})
		})
	}
}

func TestVerificationEndsWithItsContext(t *testing.T) {
	t.Parallel()
	for name, v := range verifications() {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		var asked time.Time
		_, err := v.Verify(ctx, &http.Client{Transport: silent{&asked}}, newSubscription("https://example.com"))
		if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrUnverified) {
			t.Errorf("%s: %v, want that it was cancelled", name, err)
		}
	}
}

func TestVerificationOfABrokenURL(t *testing.T) {
	t.Parallel()
	for name, v := range verifications() {
		_, err := v.Verify(t.Context(), newVerificationClient(t, loopbackOnly), newSubscription("https://exa mple.com"))
		if !errors.Is(err, ErrInvalid) || strings.Contains(err.Error(), testToken) {
			t.Errorf("%s: %v, want invalid", name, err)
		}
	}
}

func TestNewestSecret(t *testing.T) {
	t.Parallel()
	at := func(hour int, value string) Secret {
		return Secret{Value: value, CreatedAt: vectorTime.Add(time.Duration(hour) * time.Hour)}
	}
	for name, c := range map[string]struct {
		secrets []Secret
		want    string
	}{
		"one":            {[]Secret{at(1, "a")}, "a"},
		"newest last":    {[]Secret{at(1, "a"), at(2, "b")}, "b"},
		"newest first":   {[]Secret{at(2, "b"), at(1, "a")}, "b"},
		"of one age":     {[]Secret{at(1, "a"), at(1, "b")}, "b"},
		"without an age": {[]Secret{{Value: "a"}, {Value: "b"}}, "b"},
	} {
		if got, err := newestSecret(c.secrets); err != nil || got.Value != c.want {
			t.Errorf("%s: %q, %v, want %q", name, got.Value, err, c.want)
		}
	}
}

func TestVerificationNeedsASecret(t *testing.T) {
	t.Parallel()
	for _, v := range []Verification{HookSecret(), DelayedConfirmation(), HMACAnswer()} {
		for _, secrets := range [][]Secret{nil, {{ID: "1"}}} {
			server, requests := newCounter(t)
			subscription := newSubscription(server.URL)
			subscription.Secrets = secrets
			_, err := v.Verify(t.Context(), newVerificationClient(t, loopbackOnly), subscription)
			if !errors.Is(err, ErrInvalid) || requests.Load() != 0 {
				t.Errorf("%T: %v and %d requests, want invalid and none", v, err, requests.Load())
			}
		}
	}
}
