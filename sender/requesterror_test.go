package sender

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
)

// The guard's errors can be told from others behind the HTTP client.
func TestRequestErrorKeepsItsCause(t *testing.T) {
	t.Parallel()
	client := &http.Client{Transport: newTestTransport(t, egress{})}
	resp, err := client.Get("https://127.0.0.1:1" + testToken)
	if err == nil {
		resp.Body.Close()
		t.Fatal("the request was made")
	}
	if !strings.Contains(err.Error(), testToken) {
		t.Fatalf("the client itself hides the url: %v", err)
	}
	reported := newRequestError(err, nil)
	if !errors.Is(reported, ErrForbidden) || strings.Contains(reported.Error(), testToken) {
		t.Errorf("reported as %v", reported)
	}
}

func TestRequestErrorIsRedacted(t *testing.T) {
	t.Parallel()
	secrets := []Secret{{}, {Value: "older"}, {Value: "newer"}}
	if got := newRequestError(errors.New("malformed: newer, older, newer"), secrets).Error(); got != "malformed: [secret], [secret], [secret]" {
		t.Errorf("reported as %q", got)
	}
	// What is cut off is cut off after the secrets, or half of one would stay.
	long := strings.Repeat("a", maxErrorText-3) + "newer"
	if got := newRequestError(errors.New(long), secrets).Error(); len(got) != maxErrorText || strings.Contains(got, "new") {
		t.Errorf("reported as %d bytes that end in %q", len(got), got[len(got)-5:])
	}
}

// Whoever owns the endpoint may read the error, and learns nothing of this side's network.
func TestRequestErrorHidesTheNetwork(t *testing.T) {
	t.Parallel()
	here := &net.TCPAddr{IP: net.IPv4(10, 1, 2, 3), Port: 4242}
	there := &net.TCPAddr{IP: net.IPv4(8, 8, 8, 8), Port: 443}
	for want, err := range map[string]error{
		"read tcp 8.8.8.8:443: reset":                    &net.OpError{Op: "read", Net: "tcp", Source: here, Addr: there, Err: errors.New("reset")},
		"dial tcp: lookup example.invalid: no such host": &net.OpError{Op: "dial", Net: "tcp", Err: &net.DNSError{Err: "no such host", Name: "example.invalid", Server: "10.1.2.3:53"}},
		"dial tcp 8.8.8.8:443: refused":                  &net.OpError{Op: "dial", Net: "tcp", Addr: there, Err: errors.New("refused")},
		"lookup example.invalid: server misbehaving":     &net.DNSError{Err: "server misbehaving", Name: "example.invalid", Server: "10.1.2.3:53"},
	} {
		if got := newRequestError(fmt.Errorf("%w", err), nil).Error(); got != want {
			t.Errorf("reported as %q, want %q", got, want)
		}
	}
}

// An excerpt holds no part of a secret either, however often the answer repeats it.
func TestExcerptEndsBeforeASecret(t *testing.T) {
	t.Parallel()
	secret := strings.Repeat("0123456789", 70)
	for _, before := range []int{0, 1, 1000, 1023, 2000} {
		r := result{excerpt: (strings.Repeat("x", before) + strings.Repeat(secret, 4))[:maxStart]}
		r.hide(t.Context(), []Secret{{Value: secret}})
		if strings.Contains(r.excerpt, "0123") {
			t.Errorf("after %d bytes: %q", before, r.excerpt)
		}
	}
}
