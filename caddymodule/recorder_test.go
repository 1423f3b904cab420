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

// What is written on a connection that a handler has taken over nobody sees, so it is no
// success: a delivery that failed would be lost.
func TestHijackedIsNoSuccess(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		rec := newRecorder(w)
		conn, _, err := rec.Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
		_ = conn.Close()
		rec.returned(nil)
		if rec.succeeded() || rec.answer() != nil || rec.failure() != nil {
			t.Errorf("status %d, answer %v, failure %v", rec.status, rec.answer(), rec.failure())
		}
	}))
	defer server.Close()
	resp, err := http.Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()

	rec := newRecorder(httptest.NewRecorder()) // which cannot be taken over
	if _, _, err := rec.Hijack(); err == nil {
		t.Error("it can")
	}
	rec.returned(nil)
	if !rec.succeeded() {
		t.Errorf("status %d", rec.status)
	}
}
