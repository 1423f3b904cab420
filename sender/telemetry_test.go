package sender_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	sdkmetric "go.opentelemetry.io/otel/sdk/metric"
	"go.opentelemetry.io/otel/sdk/metric/metricdata"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/hookward/hookward/sender"
)

// collected returns how often each metric was counted, by its labels.
func collected(t *testing.T, reader sdkmetric.Reader) map[string]int {
	t.Helper()
	var all metricdata.ResourceMetrics
	if err := reader.Collect(context.Background(), &all); err != nil {
		t.Fatal(err)
	}
	counts := make(map[string]int)
	add := func(name string, labels attribute.Set, n int) {
		for _, label := range labels.ToSlice() {
			name += fmt.Sprintf(" %s=%s", label.Key, label.Value.AsString())
		}
		counts[strings.TrimPrefix(name, "hookward.sender.")] = n
	}
	for _, scope := range all.ScopeMetrics {
		for _, m := range scope.Metrics {
			switch data := m.Data.(type) {
			case metricdata.Sum[int64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, int(p.Value))
				}
			case metricdata.Histogram[float64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, int(p.Count))
				}
			case metricdata.Gauge[int64]:
				for _, p := range data.DataPoints {
					add(m.Name, p.Attributes, int(p.Value))
				}
			default:
				t.Errorf("%s is a %T", m.Name, data)
			}
		}
	}
	return counts
}

func TestMetrics(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reader := sdkmetric.NewManualReader()
		ends := byHost(map[string]answer{
			"gone":   status(http.StatusGone),
			"down":   refuse,
			"silent": hang,
		})
		s := newSender(t, ends.option(), sender.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))),
			sender.WithSchedule(0, time.Minute), sender.WithCircuit(2, time.Hour))
		for _, host := range []string{"ok", "gone", "down", "silent"} {
			subscribe(t, s, sender.Subscription{URL: "https://" + host})
		}
		send(t, s)
		time.Sleep(2 * time.Second)
		got := collected(t, reader)
		for name, want := range map[string]int{
			"events": 1,
			"attempt.duration outcome=delivered status=2xx": 1,
			"attempt.duration outcome=gone status=4xx":      1,
			"attempt.duration outcome=failed status=none":   1,
			"delivery.duration outcome=delivered":           1,
			"delivery.duration outcome=gone":                1,
			"disabled reason=gone":                          1,
			"in_hand aside=false":                           0,
			"in_hand aside=true":                            1,
		} {
			if got[name] != want {
				t.Errorf("%s is %d, want %d", name, got[name], want)
			}
		}
		time.Sleep(2 * time.Hour)
		send(t, s)
		time.Sleep(2 * time.Hour)
		got = collected(t, reader)
		for name, want := range map[string]int{
			"delivery.duration outcome=delivered":            2,
			"attempt.duration outcome=exhausted status=none": 2,
			"circuit.changes state=open":                     2,
		} {
			if got[name] < want {
				t.Errorf("%s is %d, want at least %d: %v", name, got[name], want, got)
			}
		}
	})
}

func TestSpans(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		spans := tracetest.NewInMemoryExporter()
		provider := sdktrace.NewTracerProvider(sdktrace.WithSyncer(spans))
		s := newSender(t, answering(status(http.StatusInternalServerError), status(http.StatusOK)).option(), sender.WithTracerProvider(provider))
		subscription := subscribe(t, s, sender.Subscription{URL: "https://example.com/t0ken"})
		event := send(t, s)
		time.Sleep(time.Minute)
		var names []string
		for _, span := range spans.GetSpans() {
			names = append(names, span.Name+" "+span.Status.Code.String())
			text := fmt.Sprint(span.Attributes)
			if !strings.Contains(text, event.ID) || strings.Contains(text, "t0ken") || strings.Contains(text, subscription.Secrets[0].Value) {
				t.Errorf("%s has %s", span.Name, text)
			}
		}
		want := []string{
			"hookward.sender.send " + codes.Unset.String(),
			"hookward.sender.attempt " + codes.Error.String(),
			"hookward.sender.attempt " + codes.Unset.String(),
		}
		if fmt.Sprint(names) != fmt.Sprint(want) {
			t.Errorf("spans %q, want %q", names, want)
		}
	})
}

// TestLogsHoldNoSecret, no URL and no body.
func TestLogsHoldNoSecret(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log safeBuffer
		ends := byHost(map[string]answer{
			"gone":   status(http.StatusGone),
			"down":   refuse,
			"silent": hang,
		})
		s := newSender(t, ends.option(), sender.WithSchedule(0, time.Minute), sender.WithCircuit(2, time.Minute),
			sender.WithLogger(slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))))
		var secrets []string
		for _, host := range []string{"ok", "gone", "down", "silent"} {
			created := subscribe(t, s, sender.Subscription{URL: "https://" + host + "/t0ken"})
			secrets = append(secrets, created.Secrets[0].Value)
		}
		if _, err := s.Send(t.Context(), sender.Event{Type: "a", Body: []byte("private")}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		text := log.String()
		for _, hidden := range append(secrets, "t0ken", "private", "https://") {
			if strings.Contains(text, hidden) {
				t.Errorf("the log holds %q:\n%s", hidden, text)
			}
		}
		for _, said := range []string{"a subscription is disabled", "a delivery is given up", "circuit changed", "attempt"} {
			if !strings.Contains(text, said) {
				t.Errorf("the log does not say %q:\n%s", said, text)
			}
		}
	})
}

type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *safeBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *safeBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

// TestHistograms: OpenTelemetry's own bounds are for milliseconds. Ours tell fast from
// slow in seconds.
func TestHistograms(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		reader := sdkmetric.NewManualReader()
		s := newSender(t, answering(status(http.StatusOK)).option(), sender.WithMeterProvider(sdkmetric.NewMeterProvider(sdkmetric.WithReader(reader))))
		subscribe(t, s, sender.Subscription{})
		send(t, s)
		synctest.Wait()
		var all metricdata.ResourceMetrics
		if err := reader.Collect(t.Context(), &all); err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, m := range all.ScopeMetrics[0].Metrics {
			if data, ok := m.Data.(metricdata.Histogram[float64]); ok {
				found++
				if bounds := data.DataPoints[0].Bounds; bounds[0] > .01 || bounds[len(bounds)-1] < 60 {
					t.Errorf("%s has the bounds %v", m.Name, bounds)
				}
			}
		}
		if found != 2 {
			t.Errorf("%d histograms", found)
		}
	})
}
