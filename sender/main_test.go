package sender_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/hookward/hookward/sender"
)

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m)
}

var loopback = netip.MustParsePrefix("127.0.0.0/8")

// newSender returns a sender that is closed at the end of the test.
func newSender(t *testing.T, opts ...sender.Option) *sender.Sender {
	t.Helper()
	opts = append([]sender.Option{sender.WithLogger(slog.New(slog.DiscardHandler))}, opts...)
	s, err := sender.New(opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// endpoints stands in for the network, so that tests can run on a fake clock.
type endpoints struct {
	answer answer

	mu       sync.Mutex
	requests []request
}

// request is a request as an endpoint sees it.
type request struct {
	*http.Request
	at   time.Time
	body string
}

// answer writes the answer to a request, or says why there is none.
type answer func(w http.ResponseWriter, r request) error

// RoundTrip implements [http.RoundTripper].
func (e *endpoints) RoundTrip(req *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	got := request{req, time.Now(), string(body)}
	e.mu.Lock()
	e.requests = append(e.requests, got)
	e.mu.Unlock()
	w := httptest.NewRecorder()
	if err := e.answer(w, got); err != nil {
		return nil, err
	}
	return w.Result(), nil
}

// got returns the requests so far, to one host or to all.
func (e *endpoints) got(host string) []request {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []request
	for _, r := range e.requests {
		if host == "" || r.URL.Host == host {
			all = append(all, r)
		}
	}
	return all
}

// option puts the endpoints in the network's place.
func (e *endpoints) option() sender.Option { return through(e.RoundTrip) }

// through sends all requests through a function.
func through(trip roundTrip) sender.Option {
	return sender.WithTransport(func(http.RoundTripper) http.RoundTripper { return trip })
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(req *http.Request) (*http.Response, error) { return f(req) }

// answering returns endpoints that give these answers one after the other, and then
// the last one again and again.
func answering(answers ...answer) *endpoints {
	var mu sync.Mutex
	return &endpoints{answer: func(w http.ResponseWriter, r request) error {
		mu.Lock()
		next := answers[0]
		if len(answers) > 1 {
			answers = answers[1:]
		}
		mu.Unlock()
		return next(w, r)
	}}
}

// byHost answers for each host in its own way, and with 200 for the others.
func byHost(answers map[string]answer) *endpoints {
	return &endpoints{answer: func(w http.ResponseWriter, r request) error {
		if own := answers[r.URL.Host]; own != nil {
			return own(w, r)
		}
		return nil
	}}
}

// changing gives an answer that can be changed.
func changing(first answer) (answer, func(answer)) {
	var now atomic.Pointer[answer]
	now.Store(&first)
	return func(w http.ResponseWriter, r request) error { return (*now.Load())(w, r) },
		func(next answer) { now.Store(&next) }
}

// status answers with a status, and headers in pairs.
func status(code int, headers ...string) answer {
	return func(w http.ResponseWriter, _ request) error {
		for i := 0; i < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(code)
		_, _ = io.WriteString(w, "answer") // which some statuses do not allow
		return nil
	}
}

// refuse stands for a connection that is refused.
func refuse(http.ResponseWriter, request) error { return io.ErrUnexpectedEOF }

// hang answers nothing.
func hang(_ http.ResponseWriter, r request) error {
	<-r.Context().Done()
	return r.Context().Err()
}

func subscribe(t *testing.T, s *sender.Sender, subscription sender.Subscription) sender.Subscription {
	t.Helper()
	if subscription.URL == "" {
		subscription.URL = "https://example.com/hooks"
	}
	created, err := s.Subscribe(t.Context(), subscription)
	if err != nil {
		t.Fatalf("subscribe: %v", err)
	}
	return created
}

// send sends an event that asks for nothing special.
func send(t *testing.T, s *sender.Sender) sender.Event {
	t.Helper()
	event, err := s.Send(t.Context(), sender.Event{Type: "listing.created", Body: []byte(`{"a":1}`)})
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	return event
}

func attempts(t *testing.T, s *sender.Sender, query sender.AttemptQuery) []sender.Attempt {
	t.Helper()
	query.Limit = 10_000
	found, err := s.Attempts(t.Context(), query)
	if err != nil {
		t.Fatalf("attempts: %v", err)
	}
	return found
}

func get(t *testing.T, s *sender.Sender, id string) sender.Subscription {
	t.Helper()
	subscription, err := s.Subscription(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return subscription
}

// within tells whether a time is at most a tenth later than wanted: that is the jitter.
func within(t *testing.T, what string, got, want time.Duration) {
	t.Helper()
	if got < want || got > want+want/10+time.Millisecond {
		t.Errorf("%s after %v, want %v and up to a tenth more", what, got, want)
	}
}
