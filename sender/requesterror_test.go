package sender

import (
	"errors"
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
