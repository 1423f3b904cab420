package profile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/hookward/hookward/sender"
)

// nowhere is a network that leads to no host.
func nowhere(http.RoundTripper) http.RoundTripper { return unreachable{} }

type unreachable struct{}

func (unreachable) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.Body != nil {
		_ = req.Body.Close()
	}
	return nil, errors.New("no route")
}

// FuzzAPI sends any body to the calls that take one.
func FuzzAPI(f *testing.F) {
	for _, seed := range []string{
		`{"type":"LISTING_CREATED","url":"https://example.com/"}`,
		`{"topic":"Deals","url":"https://example.com/"}`,
		`{"target_url":"https://example.com/","event":"listing.created","configuration":{"raw":true,"filters":[{"field":"a","logic":"contains","values":["b"]}]}}`,
		`{"event":"contact.created","target_url":"https://example.com/?a=\u0000"}`,
		`[[[[`, `null`, `{"url":null}`, `{"url":"https://[::1%25eth0]/"}`, "\xff",
	} {
		f.Add(seed)
	}
	type endpoint struct{ method, path string }
	servers := make(map[*Server][]endpoint)
	for name, endpoints := range map[string][]endpoint{
		everRealName:  {{"POST", "/api/external-integrations/webhooks"}},
		rechatName:    {{"POST", "/brands/" + rechatBrand + "/webhooks"}},
		repliersName:  {{"POST", "/webhooks"}, {"PATCH", "/webhooks/438"}},
		restHooksName: {{"POST", "/api/hooks"}, {"PUT", "/api/hooks/438"}},
	} {
		server, err := New(name, WithSender(sender.WithTransport(nowhere), sender.WithLogger(slog.New(slog.DiscardHandler))))
		if err != nil {
			f.Fatal(err)
		}
		f.Cleanup(func() { _ = server.Close(f.Context()) })
		servers[server] = endpoints
	}
	f.Fuzz(func(t *testing.T, body string) {
		for server, endpoints := range servers {
			for _, to := range endpoints {
				req := httptest.NewRequestWithContext(t.Context(), to.method, to.path, strings.NewReader(body))
				req.Header.Set("Authorization", "Bearer "+server.Credential())
				req.Header.Set("Repliers-Api-Key", server.Credential())
				answer := httptest.NewRecorder()
				server.ServeHTTP(answer, req)
				if answer.Code >= http.StatusInternalServerError {
					t.Errorf("%s %s is answered with %d %s", to.method, to.path, answer.Code, answer.Body)
				}
				if text := answer.Body.Bytes(); len(text) > 0 && !json.Valid(text) {
					t.Errorf("%s %s is answered with %q", to.method, to.path, text)
				}
			}
		}
	})
}

// FuzzRender makes deliveries of any payload that is let through.
func FuzzRender(f *testing.F) {
	for _, seed := range []string{`{}`, `{"a":{"b":[1,"}"]}}`, `{"project":"https://interview-suite.com/"}`, `[]`, `null`, `1`, "{\"<\":\"\u2028\"}", `{"":""}`} {
		f.Add([]byte(seed))
	}
	var all []dialect
	for _, name := range Providers() {
		d, err := dialects[name]("")
		if err != nil {
			f.Fatal(err)
		}
		all = append(all, d)
	}
	f.Fuzz(func(t *testing.T, payload []byte) {
		for i := range all {
			for _, eventType := range EventTypes(all[i].name) {
				renders(t, &all[i], eventType, payload)
			}
		}
	})
}

func renders(t *testing.T, d *dialect, eventType string, payload []byte) {
	t.Helper()
	if d.checkEvent(eventType, payload) != nil || d.profile.Render == nil {
		return
	}
	var compact bytes.Buffer
	if err := json.Compact(&compact, payload); err != nil {
		t.Fatal(err)
	}
	event := &sender.Event{ID: newUUID(), Type: eventType, Time: time.Unix(1_772_712_000, 0), Body: compact.Bytes()}
	body, err := d.profile.Render(event, &sender.Subscription{ID: "438", URL: "https://example.com/"})
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(body) {
		t.Errorf("%s %s makes %s", d.name, eventType, body)
	}
	if rest := bytes.TrimPrefix(compact.Bytes(), []byte("{")); !bytes.Contains(body, rest) {
		t.Errorf("%s %s makes %s of %s", d.name, eventType, body, payload)
	}
}

// FuzzDepth compares with a count by encoding/json.
func FuzzDepth(f *testing.F) {
	for _, seed := range []string{`{}`, `[[{"a":"]"}]]`, `"\"["`, `"\\"`, `{"[":"{"}`, `1`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !json.Valid([]byte(text)) {
			return
		}
		level, deepest := 0, 0
		for decoder := json.NewDecoder(strings.NewReader(text)); ; {
			token, err := decoder.Token()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				return // it bounds the levels itself
			}
			switch token {
			case json.Delim('['), json.Delim('{'):
				level++
				deepest = max(deepest, level)
			case json.Delim(']'), json.Delim('}'):
				level--
			}
		}
		if got := depth([]byte(text)); got != deepest {
			t.Errorf("%q has %d levels, want %d", text, got, deepest)
		}
	})
}
