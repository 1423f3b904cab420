package sender_test

import (
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"unicode/utf8"

	"github.com/hookward/hookward/sender"
)

// server is an endpoint on a real socket that counts its connections.
type server struct {
	*httptest.Server
	connections atomic.Int64
	got         chan string // ids
}

func newServer(t *testing.T, answer http.HandlerFunc) *server {
	t.Helper()
	s := &server{got: make(chan string, 1000)}
	s.Server = httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		answer(w, r)
		s.got <- r.Header.Get("Webhook-Id")
	}))
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			s.connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func newLocalSender(t *testing.T, opts ...sender.Option) *sender.Sender {
	t.Helper()
	return newSender(t, append([]sender.Option{sender.WithPlainHTTP(), sender.WithAllowedNetworks(loopback)}, opts...)...)
}

// recorder tells of each record that was added.
type recorder struct {
	sender.History
	added chan sender.Attempt
}

func newRecorder() *recorder {
	return &recorder{sender.NewMemoryHistory(0), make(chan sender.Attempt, 1000)}
}

func (r *recorder) Add(ctx context.Context, a sender.Attempt) error {
	err := r.History.Add(ctx, a)
	r.added <- a
	return err
}

// TestConnectionsAreUsedAgain: also after answers with a body, failures included.
func TestConnectionsAreUsedAgain(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"empty": func(http.ResponseWriter, *http.Request) {},
		"short": func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok") },
		"longer than the excerpt": func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, strings.Repeat("x", 32<<10))
		},
		"a failure": func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", http.StatusInternalServerError) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			endpoint := newServer(t, answer)
			records := newRecorder()
			s := newLocalSender(t, sender.WithHistory(records), sender.WithCircuit(1000, 1))
			subscribe(t, s, sender.Subscription{URL: endpoint.URL})
			for range 20 {
				send(t, s)
				<-records.added
			}
			if n := endpoint.connections.Load(); n != 1 {
				t.Errorf("%d connections for 20 deliveries", n)
			}
		})
	}
}

// TestHugeAnswer: an answer without an end is neither read to its end nor kept.
func TestHugeAnswer(t *testing.T) {
	t.Parallel()
	var written atomic.Int64
	endpoint := newServer(t, func(w http.ResponseWriter, _ *http.Request) {
		for range 1 << 20 {
			n, err := io.WriteString(w, strings.Repeat("ü", 512))
			written.Add(int64(n))
			if err != nil {
				return
			}
		}
	})
	records := newRecorder()
	s := newLocalSender(t, sender.WithHistory(records))
	subscribe(t, s, sender.Subscription{URL: endpoint.URL})
	send(t, s)
	r := <-records.added
	if r.Status != http.StatusOK || len(r.Excerpt) > 1<<10 || !utf8.ValidString(r.Excerpt) || !strings.HasPrefix(r.Excerpt, "üü") {
		t.Errorf("status %d, an excerpt of %d bytes", r.Status, len(r.Excerpt))
	}
	<-endpoint.got
	if n := written.Load(); n > 64<<20 {
		t.Errorf("%d bytes were taken", n)
	}
}

// TestExcerptHidesSecrets: also where one lies across the end of the excerpt.
func TestExcerptHidesSecrets(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]int{"short": 0, "at the end": 1000, "across the end": 1020} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			records := newRecorder()
			endpoint := newServer(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(http.StatusInternalServerError)
				_, _ = io.WriteString(w, strings.Repeat("x", before)+r.URL.Query().Get("s")+"\xff"+strings.Repeat("y", 100))
			})
			s := newLocalSender(t, sender.WithHistory(records))
			const value = "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3"
			subscribe(t, s, sender.Subscription{URL: endpoint.URL + "?s=" + value, Secrets: []sender.Secret{{Value: value}}})
			send(t, s)
			r := <-records.added
			if strings.Contains(r.Excerpt, "whs") || !utf8.ValidString(r.Excerpt) || len(r.Excerpt) > 1<<10 {
				t.Errorf("the excerpt is %q", r.Excerpt)
			}
		})
	}
}

// TestStaleConnection: an endpoint that closes idle connections costs no attempt.
func TestStaleConnection(t *testing.T) {
	t.Parallel()
	endpoint := newServer(t, func(http.ResponseWriter, *http.Request) {})
	records := newRecorder()
	s := newLocalSender(t, sender.WithHistory(records))
	subscribe(t, s, sender.Subscription{URL: endpoint.URL})
	for range 50 {
		send(t, s)
		if r := <-records.added; r.Status != http.StatusOK {
			t.Fatalf("an attempt failed: %+v", r)
		}
		endpoint.CloseClientConnections()
	}
}

// TestForbiddenAddress: a sender that nobody has allowed it connects to no private
// address, whatever a name resolves to.
func TestForbiddenAddress(t *testing.T) {
	t.Parallel()
	endpoint := newServer(t, func(http.ResponseWriter, *http.Request) {})
	records := newRecorder()
	s := newSender(t, sender.WithPlainHTTP(), sender.WithHistory(records))
	subscribe(t, s, sender.Subscription{URL: strings.Replace(endpoint.URL, "127.0.0.1", "localhost", 1)})
	send(t, s)
	if r := <-records.added; r.Status != 0 || !strings.Contains(r.Error, "not allowed") {
		t.Errorf("the record: %+v", r)
	}
	if n := endpoint.connections.Load(); n > 0 {
		t.Errorf("%d connections were made", n)
	}
}

// TestRedirect: none is followed.
func TestRedirect(t *testing.T) {
	t.Parallel()
	elsewhere := newServer(t, func(http.ResponseWriter, *http.Request) {})
	endpoint := newServer(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, elsewhere.URL, http.StatusTemporaryRedirect)
	})
	records := newRecorder()
	s := newLocalSender(t, sender.WithHistory(records))
	subscribe(t, s, sender.Subscription{URL: endpoint.URL})
	send(t, s)
	if r := <-records.added; r.Status != http.StatusTemporaryRedirect || r.Next.IsZero() {
		t.Errorf("the record: %+v", r)
	}
	if n := elsewhere.connections.Load(); n > 0 {
		t.Error("the redirect was followed")
	}
}
