package sender_test

import (
	"bytes"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/hookward/hookward/sender"
)

// BenchmarkThroughput compares a sender with loops of http.Client that do nothing but
// post, one with and one without signing, by turns and on the same endpoint. It
// reports the part of the loops' throughput that the sender reaches: the median over
// the rounds.
func BenchmarkThroughput(b *testing.B) {
	const events, concurrency = 2000, 8
	body := bytes.Repeat([]byte("x"), 1<<10)
	endpoint := newCounter(b)
	s := newBenchSender(b, sender.WithConcurrency(concurrency))
	subscription, err := s.Subscribe(b.Context(), sender.Subscription{URL: endpoint.URL})
	if err != nil {
		b.Fatal(err)
	}
	bare := newLoop(b, endpoint.URL, body)
	signing := newLoop(b, endpoint.URL, body)
	signing.sign(b, subscription.Secrets[0])

	sent := func() { endpoint.await(events, func() { sendMany(b, s, events, body) }) }
	ran := func(l *loop) func() {
		return func() { endpoint.await(events, func() { l.run(b, events, concurrency) }) }
	}
	parts := byTurns(b, sent, ran(bare), ran(signing))
	b.ReportMetric(parts[1], "of-bare")
	b.ReportMetric(parts[2], "of-signing")
}

// BenchmarkDeadEndpoint sends to 100 endpoints, by turns with one among them that
// answers nothing and with all alive, and reports what throughput the other 99 have
// kept: the median over the rounds.
func BenchmarkDeadEndpoint(b *testing.B) {
	const endpoints, events = 100, 50
	alive := newCounter(b)
	round := func(others int, first string) func() {
		s := newBenchSender(b)
		for i := range endpoints {
			url := alive.URL
			if i == 0 {
				url = first
			}
			if _, err := s.Subscribe(b.Context(), sender.Subscription{URL: url}); err != nil {
				b.Fatal(err)
			}
		}
		return func() { alive.await(others*events, func() { sendMany(b, s, events, []byte("{}")) }) }
	}
	parts := byTurns(b, round(endpoints-1, newSilent(b).URL), round(endpoints, alive.URL))
	b.ReportMetric(parts[1]*(endpoints-1)/endpoints, "kept")
}

// BenchmarkFanOut sends one event to 10,000 subscriptions.
func BenchmarkFanOut(b *testing.B) {
	const subscriptions = 10_000
	body := bytes.Repeat([]byte("x"), 1<<10)
	var left atomic.Int64
	done := make(chan struct{}, 1)
	s := newBenchSender(b, through(func(*http.Request) (*http.Response, error) {
		if left.Add(-1) == 0 {
			done <- struct{}{}
		}
		return &http.Response{StatusCode: http.StatusOK, Body: http.NoBody}, nil
	}))
	for i := range subscriptions {
		if _, err := s.Subscribe(b.Context(), sender.Subscription{URL: fmt.Sprintf("https://%d.example.com", i)}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		left.Store(subscriptions)
		sendMany(b, s, 1, body)
		<-done
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*subscriptions), "ns/delivery")
}
