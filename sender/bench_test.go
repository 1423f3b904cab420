package sender_test

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookward/hookward/sender"
)

// BenchmarkThroughput compares, by turns and on the same endpoint, a bare loop of
// http.Client with a sender that signs, and reports the sender's part of the loop's
// throughput: the median over the rounds.
func BenchmarkThroughput(b *testing.B) {
	const events, concurrency = 2000, 8
	body := bytes.Repeat([]byte("x"), 1<<10)
	endpoint := newCounter(b)
	s := newBenchSender(b, sender.WithConcurrency(concurrency))
	if _, err := s.Subscribe(b.Context(), sender.Subscription{URL: endpoint.URL}); err != nil {
		b.Fatal(err)
	}
	bare := func() { endpoint.await(events, func() { bareLoop(b, endpoint.URL, body, events, concurrency) }) }
	sent := func() { endpoint.await(events, func() { sendMany(b, s, events, body) }) }
	bare()
	sent() // connections are open from here on
	var ratios []float64
	for b.Loop() {
		ratios = append(ratios, float64(elapsed(bare))/float64(elapsed(sent)))
	}
	b.ReportMetric(median(ratios), "of-bare")
}

func sendMany(b *testing.B, s *sender.Sender, events int, body []byte) {
	for range events {
		if _, err := s.Send(b.Context(), sender.Event{Type: "listing.created", Body: body}); err != nil {
			b.Fatal(err)
		}
	}
}

func elapsed(work func()) time.Duration {
	start := time.Now()
	work()
	return time.Since(start)
}

func median(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// bareLoop posts as often as the sender does, at the same concurrency, and does
// nothing else.
func bareLoop(b *testing.B, url string, body []byte, requests, concurrency int) {
	client := bareClient()
	var left atomic.Int64
	left.Store(int64(requests))
	var running sync.WaitGroup
	for range concurrency {
		running.Go(func() {
			for left.Add(-1) >= 0 {
				if err := post(b.Context(), client, url, body); err != nil {
					b.Error(err)
				}
			}
		})
	}
	running.Wait()
}

var bareClient = sync.OnceValue(func() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256}}
})

func post(ctx context.Context, client *http.Client, url string, body []byte) error {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(io.Discard, resp.Body)
	return err
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

// BenchmarkDeadEndpoint sends to 100 endpoints, by turns with one among them that
// answers nothing and with all alive, and reports what throughput the other 99 have
// kept: the median over the rounds.
func BenchmarkDeadEndpoint(b *testing.B) {
	const endpoints, events = 100, 50
	alive := newCounter(b)
	round := func(first string) func() time.Duration {
		s := newBenchSender(b)
		deliveries := endpoints * events
		if first != alive.URL {
			deliveries -= events
		}
		for i := range endpoints {
			url := alive.URL
			if i == 0 {
				url = first
			}
			if _, err := s.Subscribe(b.Context(), sender.Subscription{URL: url}); err != nil {
				b.Fatal(err)
			}
		}
		return func() time.Duration {
			return elapsed(func() { alive.await(deliveries, func() { sendMany(b, s, events, []byte("{}")) }) }) / time.Duration(deliveries)
		}
	}
	healthy, dead := round(alive.URL), round(newSilent(b).URL)
	healthy()
	dead()
	var ratios []float64
	for b.Loop() {
		ratios = append(ratios, float64(healthy())/float64(dead()))
	}
	b.ReportMetric(median(ratios), "kept")
}

// newSilent returns an endpoint that takes requests and answers none.
func newSilent(b *testing.B) *httptest.Server {
	ctx, cancel := context.WithCancel(context.Background())
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-ctx.Done() }))
	b.Cleanup(server.Close)
	b.Cleanup(cancel)
	return server
}
