package subscription

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"
)

const (
	credential = "r8fn3mvVaPMNByHbaAp5uPaBNMpwdJ"
	hookURL    = "https://hooks.example.com/repliers/vW8zyYB1rxqDk2pJmT3a9Q"
	hookToken  = "vW8zyYB1rxqDk2pJmT3a9Q"
	brand      = "8929cf8b-6bcc-484a-a7a6-242eaf70cb7a"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

// seen is a request that a server got.
type seen struct {
	Method, Path, Query, Body string
	Header                    http.Header
}

// server plays an API and remembers what it was asked.
type server struct {
	*httptest.Server
	mu   sync.Mutex
	seen []seen
}

func serve(tb testing.TB, handler http.HandlerFunc) *server {
	tb.Helper()
	s := &server{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		s.seen = append(s.seen, seen{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, string(body), r.Header.Clone()})
		s.mu.Unlock()
		r.Body = io.NopCloser(strings.NewReader(string(body)))
		handler(w, r)
	}))
	tb.Cleanup(s.Close)
	return s
}

func (s *server) requests() []seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.seen)
}

// last returns the newest request.
func (s *server) last(tb testing.TB) seen {
	tb.Helper()
	all := s.requests()
	if len(all) == 0 {
		tb.Fatal("nothing was sent")
	}
	return all[len(all)-1]
}

// config is what a client of any provider needs.
func (s *server) config(provider string) Config {
	return configFor(provider, s.URL)
}

func configFor(provider, api string) Config {
	config := Config{API: api, Credential: StaticCredential(credential)}
	switch provider {
	case rechatName:
		config.Account = brand
	case asanaName:
		config.Account = "1331"
	}
	return config
}

// requestFor is a request that the provider takes.
func requestFor(provider string) Request {
	switch provider {
	case everrealName:
		return Request{URL: hookURL, Event: "LISTING_CREATED"}
	case rechatName:
		return Request{URL: hookURL, Event: "Deals"}
	case asanaName:
		return Request{URL: hookURL, Event: "task.changed", Resource: "8675309"}
	default:
		return Request{URL: hookURL, Event: "listing.created"}
	}
}

// operations makes every call that a client has.
func operations(tb testing.TB, provider string, client Client) map[string]func() error {
	ctx := tb.Context()
	calls := map[string]func() error{
		opCreate: func() error { _, err := client.Create(ctx, requestFor(provider)); return err },
		opList:   func() error { _, err := client.List(ctx); return err },
		opDelete: func() error { return client.Delete(ctx, "438") },
	}
	if updater, ok := client.(Updater); ok {
		change := requestFor(provider)
		if provider == asanaName {
			change.URL, change.Resource = "", ""
		}
		calls[opUpdate] = func() error { return updater.Update(ctx, "438", change) }
	}
	return calls
}

// quickly is how tests try again: often, and without waiting.
var quickly = WithRetry(Retry{Attempts: 3, MaxDelay: time.Minute})

func open(tb testing.TB, provider string, config Config, opts ...Option) Client {
	tb.Helper()
	client, err := Open(provider, config, opts...)
	if err != nil {
		tb.Fatal(err)
	}
	return client
}

func answerJSON(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	fmt.Fprint(w, body)
}

func readJSON(r *http.Request) (body map[string]any) {
	_ = json.NewDecoder(r.Body).Decode(&body)
	return body
}

// sameJSON compares two texts as JSON.
func sameJSON(tb testing.TB, got, want string) {
	tb.Helper()
	var a, b any
	if err := json.Unmarshal([]byte(got), &a); err != nil {
		tb.Fatalf("%q is no JSON: %v", got, err)
	}
	if err := json.Unmarshal([]byte(want), &b); err != nil {
		tb.Fatal(err)
	}
	x, _ := json.Marshal(a)
	y, _ := json.Marshal(b)
	if string(x) != string(y) {
		tb.Errorf("sent %s, want %s", x, y)
	}
}
