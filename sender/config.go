package sender

import (
	"log/slog"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/metric/noop"
	"go.opentelemetry.io/otel/trace"
)

const (
	defaultTimeout      = 15 * time.Second
	defaultConcurrency  = 8
	defaultMaxInFlight  = 1024
	defaultMaxBody      = 1 << 20
	defaultDisableAfter = 5 * 24 * time.Hour
	defaultRefresh      = 5 * time.Second

	defaultCircuitFailures = 10
	defaultCircuitDelay    = 30 * time.Second

	// maxTimeout keeps attempts well within the lease of their delivery.
	maxTimeout = time.Minute
	// maxAttempts and maxFailures are more than anybody needs. Each failure that may
	// open a circuit takes memory in each circuit.
	maxAttempts = 1 << 20
	maxFailures = 10_000
)

// config is what options set.
type config struct {
	profile  Profile
	outbox   Outbox
	registry Registry
	history  History

	logger         *slog.Logger
	tracerProvider trace.TracerProvider
	meterProvider  metric.MeterProvider

	schedule     schedule
	timeout      time.Duration
	maxInFlight  int
	maxBody      int
	disableAfter time.Duration
	onDisabled   func(Subscription)
	refresh      time.Duration
	now          func() time.Time
	limits       limits

	egress        egress
	wrapTransport func(http.RoundTripper) http.RoundTripper
}

func newConfig(opts []Option) (*config, error) {
	c := &config{
		profile:       StandardWebhooks(),
		logger:        slog.Default(),
		meterProvider: noop.NewMeterProvider(),
		schedule:      StandardSchedule(),
		timeout:       defaultTimeout,
		maxInFlight:   defaultMaxInFlight,
		maxBody:       defaultMaxBody,
		disableAfter:  defaultDisableAfter,
		onDisabled:    func(Subscription) {},
		refresh:       defaultRefresh,
		now:           time.Now,
		limits: limits{
			concurrency:     defaultConcurrency,
			circuitFailures: defaultCircuitFailures,
			circuitDelay:    defaultCircuitDelay,
		},
		wrapTransport: func(base http.RoundTripper) http.RoundTripper { return base },
	}
	for _, option := range opts {
		if err := option(c); err != nil {
			return nil, err
		}
	}
	clock := c.now
	c.now = func() time.Time { return clock().UTC().Round(0) } // as it comes back from a store
	if c.outbox == nil {
		c.outbox = NewMemoryOutbox(MemoryLimits{})
	}
	if c.registry == nil {
		c.registry = NewMemoryRegistry()
	}
	if c.history == nil {
		c.history = NewMemoryHistory(0)
	}
	return c, nil
}
