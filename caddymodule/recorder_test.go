package caddymodule

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// TestSuccessHeader: what a provider wants to see in each success answer is there
// however the upstream answers, and in no other answer.
func TestSuccessHeader(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer func(rec *recorder)
		want   bool
	}{
		"a status":           {func(rec *recorder) { rec.WriteHeader(http.StatusAccepted) }, true},
		"a body":             {func(rec *recorder) { _, _ = rec.Write([]byte("ok")) }, true},
		"a copied body":      {func(rec *recorder) { _, _ = rec.ReadFrom(strings.NewReader("ok")) }, true},
		"a flush":            {func(rec *recorder) { _ = rec.FlushError(); _, _ = io.WriteString(rec, "ok") }, true},
		"nothing":            {func(rec *recorder) { rec.returned(nil) }, true},
		"a hint before":      {func(rec *recorder) { rec.WriteHeader(http.StatusEarlyHints); rec.WriteHeader(http.StatusOK) }, true},
		"a client's error":   {func(rec *recorder) { rec.WriteHeader(http.StatusNotFound) }, false},
		"a server's error":   {func(rec *recorder) { rec.WriteHeader(http.StatusBadGateway) }, false},
		"a redirect":         {func(rec *recorder) { rec.WriteHeader(http.StatusFound) }, false},
		"an error and after": {func(rec *recorder) { rec.WriteHeader(http.StatusBadGateway); _, _ = rec.Write([]byte("ok")) }, false},
		"a failed chain":     {func(rec *recorder) { rec.returned(errors.New("no upstream")) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				rec := newRecorder(w)
				rec.success = http.Header{"X-Client": {"me"}}
				rec.Header().Set("X-Client", "the upstream's own")
				test.answer(rec)
			}))
			defer server.Close()
			client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			resp, err := client.Get(server.URL)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			if got := resp.Header.Get("X-Client"); (got == "me") != test.want {
				t.Errorf("header %q", got)
			}
		})
	}
}
