package caddymodule

import (
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hookward/hookward/internal/gate"
)

// seriesOf lists the metrics that have series for an endpoint.
func seriesOf(t *testing.T, endpoint string) []string {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	if err := registerMetrics(registry); err != nil {
		t.Fatal(err)
	}
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, family := range families {
		for _, metric := range family.GetMetric() {
			if strings.Contains(metric.String(), `"`+endpoint+`"`) {
				found = append(found, family.GetName())
			}
		}
	}
	return found
}

// Of an endpoint that is gone no metric stays.
func TestMetricsOfEndpointEnd(t *testing.T) {
	t.Parallel()
	const name = "endpoint-that-goes"
	s := newStatistics(counted{name, "acme"})
	s.count(result{outcome: string(gate.Accept)})
	s.forwarded(result{outcome: string(gate.Accept)}, "key", time.Second)
	s.duplicate(true)
	s.refused(gate.Reject, "mismatch", refusal{})
	s.judge.Observe(1)
	collectors.reconcileFailures.WithLabelValues(name, "acme").Inc()
	if got := seriesOf(t, name); len(got) < 6 {
		t.Fatalf("there are %q alone", got)
	}
	s.end(true)
	if got := seriesOf(t, name); len(got) > 0 {
		t.Errorf("left are %q", got)
	}
}
