package caddymodule

import (
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/caddyserver/caddy/v2"
	"go.uber.org/zap"
)

// A gateway that cannot read what handshakes have taught it cannot take deliveries,
// and says so; and that it can again.
func TestHealth(t *testing.T) {
	dir := t.TempDir()
	port, _ := freePorts(t)
	loadCaddy(t, caddyConfig(t, dir, jsonObject{}, jsonObject{"servers": jsonObject{"main": jsonObject{
		"listen":          []string{fmt.Sprintf("127.0.0.1:%d", port)},
		"automatic_https": jsonObject{"disable": true},
		"routes": []jsonObject{
			endpointRoute("/hook", jsonObject{"provider": "rest-hooks", "handshake": "once"}),
			{"handle": []jsonObject{{"handler": "hookward_health"}}},
		},
	}}}))
	app, err := caddy.ActiveContext().AppIfConfigured("hookward")
	if err != nil {
		t.Fatal(err)
	}
	h := &Health{app: app.(*App), logger: zap.NewNop()}
	h.expect(t, http.StatusOK, "ok")

	record := storedRecord(t, dir)
	whole, err := os.ReadFile(record)
	if err != nil {
		t.Fatal(err)
	}
	writeRecord(t, record, []byte("{"))
	h.expect(t, http.StatusOK, "ok") // for a moment the last result is given out again
	h.checked = time.Time{}
	h.expect(t, http.StatusServiceUnavailable, "unavailable")
	writeRecord(t, record, whole)
	h.checked = time.Time{}
	h.expect(t, http.StatusOK, "ok")

	answer, err := http.Get(fmt.Sprintf("http://127.0.0.1:%d/", port))
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		t.Errorf("over HTTP: %s", answer.Status)
	}
}

func (h *Health) expect(t *testing.T, status int, text string) {
	t.Helper()
	w := httptest.NewRecorder()
	if err := h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", http.NoBody), nil); err != nil {
		t.Fatal(err)
	}
	if w.Code != status || !strings.Contains(w.Body.String(), `"status":"`+text+`"`) {
		t.Errorf("answered %d %s, want %d %s", w.Code, w.Body, status, text)
	}
	if hasRetry := w.Header().Get("Retry-After") != ""; hasRetry != (status != http.StatusOK) {
		t.Errorf("%d with Retry-After %q", status, w.Header().Get("Retry-After"))
	}
}

// storedRecord returns the file in which the only endpoint's secrets are stored.
func storedRecord(t *testing.T, dir string) string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && !entry.IsDir() && strings.Contains(path, "hookward") && filepath.Ext(path) == ".json" {
			found = append(found, path)
		}
		return err
	})
	if err != nil || len(found) != 1 {
		t.Fatalf("found %q, %v", found, err)
	}
	return found[0]
}

func writeRecord(t *testing.T, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}
