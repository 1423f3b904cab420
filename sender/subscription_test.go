package sender_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/hookward/hookward/sender"
)

// TestPrintedSubscription: who prints or logs a subscription by accident gives no secret
// away.
func TestPrintedSubscription(t *testing.T) {
	t.Parallel()
	s := sender.Subscription{ID: "sub_1", URL: "https://example.com/t0ken", Secrets: []sender.Secret{{ID: "sec_1", Value: "s3cret"}}}
	var log bytes.Buffer
	for _, logger := range []*slog.Logger{slog.New(slog.NewTextHandler(&log, nil)), slog.New(slog.NewJSONHandler(&log, nil))} {
		logger.Info("x", "subscription", s, "secret", s.Secrets[0])
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&log, verb+verb, s, &s.Secrets[0])
	}
	if strings.Contains(log.String(), "s3cret") || strings.Contains(log.String(), fmt.Sprintf("%x", "s3cret")) {
		t.Errorf("a secret is told: %s", log.String())
	}
}
