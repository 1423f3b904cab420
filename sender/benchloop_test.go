package sender_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookward/hookward/sender"
	"github.com/hookward/hookward/signature"
)

// loop posts and does nothing else.
type loop struct {
	client *http.Client
	url    string
	body   []byte
	signer *signature.Signer
}

func newLoop(b *testing.B, url string, body []byte) *loop {
	transport := &http.Transport{MaxIdleConnsPerHost: 256}
	b.Cleanup(transport.CloseIdleConnections)
	return &loop{client: &http.Client{Transport: transport}, url: url, body: body}
}

func (l *loop) sign(b *testing.B, secret sender.Secret) {
	signer, err := signature.NewSigner(sender.StandardWebhooks().Schemes, []signature.Key{{ID: secret.ID, Secret: secret.Value}})
	if err != nil {
		b.Fatal(err)
	}
	l.signer = signer
}

func (l *loop) run(b *testing.B, requests, concurrency int) {
	var left atomic.Int64
	left.Store(int64(requests))
	var running sync.WaitGroup
	for range concurrency {
		running.Go(func() {
			for left.Add(-1) >= 0 {
				if err := l.post(b.Context()); err != nil {
					b.Error(err)
				}
			}
		})
	}
	running.Wait()
}

func (l *loop) post(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, l.url, bytes.NewReader(l.body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if l.signer != nil {
		req.Header.Set("Webhook-Id", "evt_5ZZNGCHUR7AP654ONASLKGCAGU")
		proofs, err := l.signer.Sign(unsent{req, l.body}, time.Now())
		if err != nil {
			return err
		}
		for _, p := range proofs {
			req.Header.Set(p.Field.Name, p.Value)
		}
	}
	resp, err := l.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
}

// unsent is a request as a signer reads it.
type unsent struct {
	*http.Request
	body []byte
}

func (u unsent) Body() []byte { return u.body }

func (u unsent) Lookup(f signature.Field) (string, int) {
	value := u.Header.Get(f.Name)
	if value == "" {
		return "", 0
	}
	return value, 1
}

func (u unsent) Values(signature.Source) url.Values { return nil }

func (u unsent) Readable(signature.Source) bool { return true }

func sendMany(b *testing.B, s *sender.Sender, events int, body []byte) {
	for range events {
		if _, err := s.Send(b.Context(), sender.Event{Type: "listing.created", Body: body}); err != nil {
			b.Fatal(err)
		}
	}
}

// byTurns does each piece of work once per round, each time another one first, and
// returns how long each took, measured by the first: the median over
// the rounds.
func byTurns(b *testing.B, work ...func()) []float64 {
	for _, warmUp := range work {
		warmUp()
	}
	parts := make([][]float64, len(work))
	for round := 0; b.Loop(); round++ {
		took := make([]time.Duration, len(work))
		for i := range work {
			turn := (round + i) % len(work)
			took[turn] = elapsed(work[turn])
		}
		for i := range work {
			parts[i] = append(parts[i], float64(took[i])/float64(took[0]))
		}
	}
	medians := make([]float64, len(work))
	for i, all := range parts {
		slices.Sort(all)
		medians[i] = all[len(all)/2]
	}
	return medians
}

func elapsed(work func()) time.Duration {
	runtime.GC() // so that none pays for the garbage of another
	start := time.Now()
	work()
	return time.Since(start)
}

// counter is an endpoint that counts deliveries.
type counter struct {
	*httptest.Server
	left atomic.Int64
	done chan struct{}
}

func newCounter(tb testing.TB) *counter {
	c := &counter{done: make(chan struct{}, 1)}
	c.Server = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		if c.left.Add(-1) == 0 {
			c.done <- struct{}{}
		}
	}))
	tb.Cleanup(c.Close)
	return c
}

// await waits until so many deliveries have come that the work makes.
func (c *counter) await(deliveries int, work func()) {
	c.left.Add(int64(deliveries))
	work()
	<-c.done
}

func newBenchSender(b *testing.B, opts ...sender.Option) *sender.Sender {
	b.Helper()
	opts = append([]sender.Option{
		sender.WithPlainHTTP(), sender.WithAllowedNetworks(loopback),
		sender.WithOutbox(sender.NewMemoryOutbox(sender.MemoryLimits{Events: 20_000})),
	}, opts...)
	s, err := sender.New(opts...)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel() // a dead endpoint is not waited for
		_ = s.Close(ctx)
	})
	return s
}

// newSilent returns an endpoint that takes requests and answers none.
func newSilent(b *testing.B) *httptest.Server {
	ctx, cancel := context.WithCancel(context.Background())
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-ctx.Done() }))
	b.Cleanup(server.Close)
	b.Cleanup(cancel)
	return server
}
