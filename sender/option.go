package sender

import (
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"time"

	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

// Option sets up a sender.
type Option func(*config) error

// WithProfile sets how the sender speaks. Default: [StandardWebhooks].
func WithProfile(profile Profile) Option {
	return func(c *config) error {
		if err := profile.check(); err != nil {
			return fmt.Errorf("profile %q: %w", profile.Name, err)
		}
		c.profile = profile
		return nil
	}
}

// WithOutbox sets where accepted events are kept. The caller closes it, after the
// sender. Default: a [MemoryOutbox], which forgets them with the process.
func WithOutbox(outbox Outbox) Option {
	return func(c *config) error { return set(&c.outbox, outbox, "outbox") }
}

// WithRegistry sets where subscriptions are kept. Several senders, on several
// nodes, may share one. Default: a [MemoryRegistry].
func WithRegistry(registry Registry) Option {
	return func(c *config) error { return set(&c.registry, registry, "registry") }
}

// WithHistory sets where records of attempts are kept. Default: a [MemoryHistory]
// of 10,000 records.
func WithHistory(history History) Option {
	return func(c *config) error { return set(&c.history, history, "history") }
}

// WithLogger sets where the sender logs. It logs no URL, no secret and no body.
// Default: [slog.Default].
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error {
		if logger == nil {
			return missing("logger")
		}
		c.logger = logger
		return nil
	}
}

// WithTracerProvider sets what makes spans, such as OpenTelemetry's global one. Default:
// none are made.
func WithTracerProvider(provider trace.TracerProvider) Option {
	return func(c *config) error { return set(&c.tracerProvider, provider, "tracer provider") }
}

// WithMeterProvider sets what makes metrics, such as OpenTelemetry's global one. Default:
// none are made.
func WithMeterProvider(provider metric.MeterProvider) Option {
	return func(c *config) error { return set(&c.meterProvider, provider, "meter provider") }
}

// WithSchedule sets the time before each attempt, of which the first is 0. Up to a
// tenth is added to each, so that deliveries that failed together spread. Default:
// [StandardSchedule].
func WithSchedule(delays ...time.Duration) Option {
	return func(c *config) (err error) {
		c.schedule, err = newSchedule(delays)
		return err
	}
}

// WithTimeout sets how long an attempt may take, at most a minute. Default: 15 s.
func WithTimeout(timeout time.Duration) Option {
	return func(c *config) error {
		if timeout <= 0 || timeout > maxTimeout {
			return fmt.Errorf("%w: timeout %v is not between 0 and %v", ErrInvalid, timeout, maxTimeout)
		}
		c.timeout = timeout
		return nil
	}
}

// WithConcurrency sets how many attempts are made at one endpoint at a time; at one
// that keeps failing it is one. Default: 8.
func WithConcurrency(attempts int) Option {
	return func(c *config) error { return setNumber(&c.limits.concurrency, attempts, maxAttempts, "concurrency") }
}

// WithMaxInFlight sets how many attempts are made at a time. One that takes longer
// than a second, or goes to an endpoint that keeps failing, is set aside and does not
// count. At most 16 times this number are set aside, and at most 16 times this number
// of deliveries are in hand, which takes some 250 bytes for one that waits and some 10
// KiB for an attempt, besides the bodies of their events. Default: 1024.
func WithMaxInFlight(attempts int) Option {
	return func(c *config) error { return setNumber(&c.maxInFlight, attempts, maxAttempts, "number in flight") }
}

// WithMaxBody sets how long the body of an event may be, in bytes. Default: 1 MiB.
func WithMaxBody(size int) Option {
	return func(c *config) error { return setNumber(&c.maxBody, size, math.MaxInt32, "body size") }
}

// WithRate sets how many attempts a minute are made at one endpoint; where a
// subscription has a Rate, the lower one holds. Default: no limit.
func WithRate(perMinute int) Option {
	return func(c *config) error { return setNumber(&c.limits.rate, perMinute, math.MaxInt32, "rate") }
}

// WithCircuit sets after how many failed attempts in a row an endpoint is left
// alone, and for how long; then one attempt shows whether it is back. Deliveries
// wait, and lose no attempt by it. Default: 10, 30 s.
func WithCircuit(failures int, delay time.Duration) Option {
	return func(c *config) error {
		if delay <= 0 {
			return fmt.Errorf("%w: a circuit that is open for %v", ErrInvalid, delay)
		}
		c.limits.circuitDelay = delay
		return setNumber(&c.limits.circuitFailures, failures, maxFailures, "circuit failures")
	}
}

// WithDisableAfter sets for how long an endpoint may fail without a break before its
// subscription is disabled. 0: for ever; then deliveries to a dead endpoint stay in
// the outbox as long as it is. Default: 5 days.
func WithDisableAfter(d time.Duration) Option {
	return func(c *config) error {
		if d < 0 {
			return fmt.Errorf("%w: disable after %v", ErrInvalid, d)
		}
		c.disableAfter = d
		return nil
	}
}

// OnDisabled sets what is called, in a goroutine of its own, when the sender has
// disabled a subscription: because its endpoint is [Gone] or has been [Failing].
func OnDisabled(callback func(Subscription)) Option {
	return func(c *config) error {
		if callback == nil {
			return missing("callback")
		}
		c.onDisabled = callback
		return nil
	}
}

// WithRefresh sets for how long the sender may go by what it knows of a
// subscription. Its own changes count at once; those made by another sender with
// the same registry, and by others in the registry itself, count after that time at
// the latest. Default: 5 s.
func WithRefresh(d time.Duration) Option {
	return func(c *config) error {
		if d < 0 {
			return fmt.Errorf("%w: refresh after %v", ErrInvalid, d)
		}
		c.refresh = d
		return nil
	}
}

// WithAllowedNetworks allows endpoints in networks that are not public, as for tests
// and private networks.
func WithAllowedNetworks(networks ...netip.Prefix) Option {
	return func(c *config) error {
		for _, network := range networks {
			if !network.IsValid() {
				return fmt.Errorf("%w: a network without an address", ErrInvalid)
			}
		}
		c.egress.allowed = append(c.egress.allowed, networks...)
		return nil
	}
}

// WithPlainHTTP allows endpoints without TLS, as for tests and private networks.
func WithPlainHTTP() Option {
	return func(c *config) error {
		c.egress.plainHTTP = true
		return nil
	}
}

// WithTransport wraps what makes requests. What does not call the transport that it
// is given does without the guard against forbidden addresses.
func WithTransport(wrap func(http.RoundTripper) http.RoundTripper) Option {
	return func(c *config) error {
		if wrap == nil {
			return missing("transport")
		}
		c.wrapTransport = wrap
		return nil
	}
}

// WithClock sets the clock that stamps and signs, and that ages secrets and failures.
// Waiting is always by the real one. Default: [time.Now].
func WithClock(now func() time.Time) Option {
	return func(c *config) error {
		if now == nil {
			return missing("clock")
		}
		c.now = now
		return nil
	}
}

func set[T comparable](field *T, value T, name string) error {
	var none T
	if value == none {
		return missing(name)
	}
	*field = value
	return nil
}

func setNumber(field *int, value, most int, name string) error {
	if value <= 0 || value > most {
		return fmt.Errorf("%w: %s of %d is not between 1 and %d", ErrInvalid, name, value, most)
	}
	*field = value
	return nil
}

func missing(name string) error {
	return fmt.Errorf("%w: the %s is nil", ErrInvalid, name)
}
