package natsstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hookward/hookward/sender"
)

func benchStore(b *testing.B) *Store {
	b.Helper()
	return open(b, connect(b, startServer(b, b.TempDir(), onDisk)), quiet)
}

// BenchmarkAdd accepts events of 1 KiB for one subscription, on a server that writes
// each to its disk.
func BenchmarkAdd(b *testing.B) {
	for _, callers := range []int{1, 16, 128} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			s := benchStore(b)
			body := make([]byte, 1<<10)
			var n atomic.Int64
			b.SetParallelism(callers)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					event := newEvent("evt_" + strconv.FormatInt(n.Add(1), 10))
					event.Body = body
					if err := s.Add(context.Background(), event, []string{"sub_1"}); err != nil {
						b.Error(err)
						return
					}
				}
			})
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
		})
	}
}

// BenchmarkFanOut takes an event for 10,000 subscriptions from Add to the last Receive.
func BenchmarkFanOut(b *testing.B) {
	s := benchStore(b)
	subscriptions := numbered("sub_0123456789abcdef_", 10_000)
	for n := 0; b.Loop(); n++ {
		if err := s.Add(b.Context(), newEvent("evt_"+strconv.Itoa(n)), subscriptions); err != nil {
			b.Fatal(err)
		}
		receiveAll(b, s, len(subscriptions), func(sender.Delivery) {})
	}
	b.ReportMetric(float64(b.N*len(subscriptions))/b.Elapsed().Seconds(), "deliveries/s")
}

// BenchmarkDeliver takes events from Add through Receive and Event to Done.
func BenchmarkDeliver(b *testing.B) {
	s := benchStore(b)
	b.ResetTimer()
	for n := range b.N {
		if err := s.Add(b.Context(), newEvent("evt_"+strconv.Itoa(n)), []string{"sub_1"}); err != nil {
			b.Fatal(err)
		}
		receiveAll(b, s, 1, func(d sender.Delivery) {
			if _, err := s.Event(b.Context(), d.Event); err != nil {
				b.Fatal(err)
			}
			done(b, s, d)
		})
	}
}

func receiveAll(b *testing.B, s *Store, n int, each func(sender.Delivery)) {
	b.Helper()
	for got := 0; got < n; {
		deliveries, err := s.Receive(b.Context(), 500)
		if err != nil {
			b.Fatal(err)
		}
		for _, d := range deliveries {
			each(d)
		}
		got += len(deliveries)
	}
}

// BenchmarkList finds who wants an event: 10 of 10,000 subscriptions, or all.
func BenchmarkList(b *testing.B) {
	s := open(b, newJetStream(b))
	for n, id := range numbered("sub_", 10_000) {
		subscription := newSubscription(id)
		subscription.Tenant = strconv.Itoa(n / 10)
		r, err := decodeRecord("sender.subscription."+id, nil, mustEncode(b, subscription), uint64(n+1))
		if err != nil {
			b.Fatal(err)
		}
		s.mirror.put(r)
	}
	for name, filter := range map[string]sender.Filter{
		"tenant": {Tenant: "7", Type: "listing.created", States: []sender.State{sender.Active}},
		"all":    {Type: "listing.created", States: []sender.State{sender.Active}},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.List(b.Context(), filter); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkAttempts records attempts, and asks for those of one event among many.
func BenchmarkAttempts(b *testing.B) {
	s := benchStore(b)
	b.Run("add", func(b *testing.B) {
		n := 0
		for b.Loop() {
			n++
			attempt := sender.Attempt{Event: "evt_" + strconv.Itoa(n), Subscription: "sub_1", At: time.Now(), Status: 200}
			if err := s.History().Add(b.Context(), attempt); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("query", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.History().Attempts(b.Context(), sender.AttemptQuery{Subscription: "sub_1"}); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func mustEncode(b *testing.B, subscription sender.Subscription) []byte {
	b.Helper()
	data, err := json.Marshal(subscription)
	if err != nil {
		b.Fatal(err)
	}
	return data
}
