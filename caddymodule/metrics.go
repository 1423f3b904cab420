package caddymodule

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// metrics are the collectors of this process. Caddy makes a new registry for each
// configuration; the collectors are registered in every one and count on.
type metrics struct {
	deliveries *prometheus.CounterVec
	judge      *prometheus.HistogramVec
	upstream   *prometheus.HistogramVec
	keys       *prometheus.CounterVec
	duplicates *prometheus.CounterVec

	subscriptions     *subscriptionMetrics
	reconcileFailures *prometheus.CounterVec

	shared atomic.Pointer[shared] // what the gauges look at; nil while nothing runs
	gauges []prometheus.Collector
}

var collectors = newMetrics()

func newMetrics() *metrics {
	m := &metrics{
		deliveries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "caddy_hookward_deliveries_total",
			Help: "Deliveries by what became of them. The reason is empty where none was refused.",
		}, []string{"endpoint", "provider", "outcome", "reason"}),
		judge: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "caddy_hookward_judge_seconds",
			Help:    "Time to judge a delivery, without reading its body and without the upstream.",
			Buckets: []float64{1e-6, 5e-6, 1e-5, 5e-5, 1e-4, 5e-4, 1e-3, 1e-2, 0.1, 1},
		}, []string{"endpoint"}),
		upstream: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "caddy_hookward_upstream_seconds",
			Help:    "Time the upstream took for an accepted event.",
			Buckets: prometheus.DefBuckets,
		}, []string{"endpoint"}),
		keys: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "caddy_hookward_key_uses_total",
			Help: "Deliveries proved by each key: an old key that is no longer used can go.",
		}, []string{"endpoint", "key_id"}),
		duplicates: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "caddy_hookward_duplicates_total",
			Help: "Copies that were not forwarded, by whether the provider's id or the body told them.",
		}, []string{"endpoint", "by"}),
	}
	m.subscriptions = newSubscriptionMetrics()
	m.reconcileFailures = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "caddy_hookward_reconcile_failures_total",
		Help: "Failures to bring the provider's subscriptions to what is wanted.",
	}, []string{"endpoint", "provider"})
	m.gauges = []prometheus.Collector{
		m.gauge("caddy_hookward_dedupe_live", "Deliveries remembered to recognise copies.",
			func(s *shared) float64 { return float64(s.dedupe.Stats().Keys) }),
		m.gauge("caddy_hookward_dedupe_in_flight", "Deliveries that are being forwarded.",
			func(s *shared) float64 { return float64(s.dedupe.Stats().InFlight) }),
		m.gauge("caddy_hookward_inflight_bytes", "Memory held by bodies.",
			func(s *shared) float64 { return float64(s.budget.inUse()) }),
		prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "caddy_hookward_dedupe_evicted_early_total",
			Help: "Deliveries forgotten before their window ended because there were too many: raise dedupe_entries.",
		}, m.look(func(s *shared) float64 { return float64(s.dedupe.Stats().EvictedEarly) })),
	}
	return m
}

func (m *metrics) gauge(name, help string, value func(*shared) float64) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, m.look(value))
}

func (m *metrics) look(value func(*shared) float64) func() float64 {
	return func() float64 {
		if s := m.shared.Load(); s != nil {
			return value(s)
		}
		return 0
	}
}

// watch tells the gauges what to look at.
func (m *metrics) watch(s *shared) { m.shared.Store(s) }

// registerMetrics adds the collectors to a configuration's registry.
func registerMetrics(registry *prometheus.Registry) error {
	if registry == nil {
		return nil
	}
	all := append([]prometheus.Collector{
		collectors.deliveries, collectors.judge, collectors.upstream, collectors.keys, collectors.duplicates,
		collectors.subscriptions, collectors.reconcileFailures,
	}, collectors.gauges...)
	for _, c := range all {
		var already prometheus.AlreadyRegisteredError
		if err := registry.Register(c); err != nil && !errors.As(err, &already) {
			return fmt.Errorf("registering metrics: %w", err)
		}
	}
	return nil
}

func (ep *endpoint) observeJudge(took time.Duration) {
	ep.stats.judge.Observe(took.Seconds())
}

// by says what told a copy.
func by(byBody bool) string {
	if byBody {
		return "body"
	}
	return "id"
}
