package caddymodule

import (
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/hookward/hookward/internal/reconcile"
)

// subscriptionMetrics shows the subscriptions of the endpoints that keep any now.
type subscriptionMetrics struct {
	count, drift *prometheus.Desc

	mu      sync.Mutex
	running map[string]*endpoint // by name
}

func newSubscriptionMetrics() *subscriptionMetrics {
	return &subscriptionMetrics{
		count: prometheus.NewDesc("caddy_hookward_subscriptions",
			"Subscriptions that are wanted, and how many of them are active.",
			[]string{"endpoint", "provider", "state"}, nil),
		drift: prometheus.NewDesc("caddy_hookward_subscription_drift",
			"Ways in which the provider's subscriptions differ from what is wanted, by kind.",
			[]string{"endpoint", "provider", "kind"}, nil),
		running: make(map[string]*endpoint),
	}
}

func (m *subscriptionMetrics) add(ep *endpoint) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.running[ep.name] = ep
}

// remove leaves an endpoint alone that has taken the place of this one.
func (m *subscriptionMetrics) remove(ep *endpoint) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.running[ep.name] == ep {
		delete(m.running, ep.name)
	}
}

// Describe implements [prometheus.Collector].
func (m *subscriptionMetrics) Describe(descs chan<- *prometheus.Desc) {
	descs <- m.count
	descs <- m.drift
}

// Collect implements [prometheus.Collector].
func (m *subscriptionMetrics) Collect(metrics chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, ep := range m.running {
		show := func(desc *prometheus.Desc, label string, value int) {
			metrics <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, float64(value), name, ep.handler.provider.Name, label)
		}
		status := ep.subscriptions.Status()
		show(m.count, "wanted", status.Wanted)
		show(m.count, "active", status.Active)
		kinds := make(map[reconcile.Kind]int)
		for _, difference := range status.Drift {
			kinds[difference.Kind]++
		}
		for _, kind := range reconcile.Kinds() {
			show(m.drift, string(kind), kinds[kind])
		}
	}
}
