package sender

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/metric"
	"go.opentelemetry.io/otel/trace"
)

const scopeName = "github.com/hookward/hookward/sender"

// telemetry makes spans and metrics. No label of a metric has a value that a
// customer or an endpoint chose, for there is no bound to these.
type telemetry struct {
	tracer trace.Tracer // nil: none

	events     metric.Int64Counter
	attempts   metric.Float64Histogram
	deliveries metric.Float64Histogram
	turnedAway metric.Int64Counter
	disabled   metric.Int64Counter
	circuits   metric.Int64Counter
	inHand     metric.Registration
}

func newTelemetry(c *config, b *budget) (*telemetry, error) {
	meter := c.meterProvider.Meter(scopeName)
	t := &telemetry{}
	if c.tracerProvider != nil {
		t.tracer = c.tracerProvider.Tracer(scopeName)
	}
	var errs [7]error
	t.events, errs[0] = meter.Int64Counter("hookward.sender.events",
		metric.WithDescription("Events accepted."))
	t.attempts, errs[1] = meter.Float64Histogram("hookward.sender.attempt.duration", metric.WithUnit("s"),
		metric.WithExplicitBucketBoundaries(.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 15, 30, 60),
		metric.WithDescription("Time that attempts took, by outcome and class of status."))
	t.deliveries, errs[2] = meter.Float64Histogram("hookward.sender.delivery.duration", metric.WithUnit("s"),
		metric.WithExplicitBucketBoundaries(.01, .05, .1, .5, 1, 5, 10, 60, 600, 3600, 6*3600, 24*3600, 3*24*3600),
		metric.WithDescription("Time from acceptance to the end of deliveries, by outcome."))
	t.turnedAway, errs[3] = meter.Int64Counter("hookward.sender.turned_away",
		metric.WithDescription("Deliveries put off without an attempt, by reason."))
	t.disabled, errs[4] = meter.Int64Counter("hookward.sender.disabled",
		metric.WithDescription("Subscriptions that the sender disabled, by reason."))
	t.circuits, errs[5] = meter.Int64Counter("hookward.sender.circuit.changes",
		metric.WithDescription("Changes of circuits, by their new state."))
	t.inHand, errs[6] = registerInHand(meter, b)
	if err := errors.Join(errs[:]...); err != nil {
		return nil, fmt.Errorf("metrics: %w", err)
	}
	return t, nil
}

func registerInHand(meter metric.Meter, b *budget) (metric.Registration, error) {
	gauge, err := meter.Int64ObservableGauge("hookward.sender.in_hand",
		metric.WithDescription("Deliveries in hand, and those of them that were set aside."))
	if err != nil {
		return nil, err
	}
	counted, aside := label("aside", "false"), label("aside", "true")
	return meter.RegisterCallback(func(_ context.Context, o metric.Observer) error {
		inHand, setAside := b.counts()
		o.ObserveInt64(gauge, int64(inHand), counted)
		o.ObserveInt64(gauge, int64(setAside), aside)
		return nil
	}, gauge)
}

func (t *telemetry) close() error { return t.inHand.Unregister() }

// outcome is what an attempt or a delivery came to.
type outcome string

const (
	delivered outcome = "delivered"
	failed    outcome = "failed"    // an attempt that may be followed by another
	exhausted outcome = "exhausted" // the last attempt failed too
	gone      outcome = "gone"      // the endpoint answered 410
	dropped   outcome = "dropped"   // nobody wants it any longer
)

// Labels are made once, for to make one costs more than to count.
var (
	attemptLabels  = make(map[outcome][6][]metric.RecordOption)
	deliveryLabels = make(map[outcome][]metric.RecordOption)
	turnLabels     = make(map[reason][]metric.AddOption)
)

func init() {
	classes := [...]string{"none", "1xx", "2xx", "3xx", "4xx", "5xx"}
	for _, o := range []outcome{delivered, failed, exhausted, gone, dropped} {
		var byClass [len(classes)][]metric.RecordOption
		for i, class := range classes {
			byClass[i] = []metric.RecordOption{metric.WithAttributeSet(attribute.NewSet(
				attribute.String("outcome", string(o)), attribute.String("status", class)))}
		}
		attemptLabels[o] = byClass
		deliveryLabels[o] = []metric.RecordOption{label("outcome", string(o))}
	}
	for _, r := range []reason{becauseBusy, becauseOverloaded, becauseGone, becauseRate, becauseCircuit, becausePaused, becauseStore, becauseClosing} {
		turnLabels[r] = []metric.AddOption{label("reason", string(r))}
	}
}

// startAttempt starts a span, if there is to be one.
func (t *telemetry) startAttempt(ctx context.Context) (context.Context, trace.Span) {
	if t.tracer == nil {
		return ctx, noSpan
	}
	return t.tracer.Start(ctx, "hookward.sender.attempt", trace.WithSpanKind(trace.SpanKindClient))
}

func (t *telemetry) startSend(ctx context.Context) (context.Context, trace.Span) {
	if t.tracer == nil {
		return ctx, noSpan
	}
	return t.tracer.Start(ctx, "hookward.sender.send", trace.WithSpanKind(trace.SpanKindProducer))
}

// noSpan takes what is said about a span that nobody wants.
var noSpan = trace.SpanFromContext(context.Background())

func (t *telemetry) endAttempt(span trace.Span, d Delivery, r *result) {
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(
		attribute.String("hookward.event", d.Event),
		attribute.String("hookward.subscription", d.Subscription),
		attribute.Int("hookward.attempt", d.Attempts+1),
	)
	if r.status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", r.status))
	}
	switch {
	case r.err != nil:
		span.SetStatus(codes.Error, r.err.Error())
	case !r.delivered():
		span.SetStatus(codes.Error, http.StatusText(r.status))
	}
}

func (t *telemetry) attempted(ctx context.Context, o outcome, status int, took time.Duration) {
	class := status / 100
	if class < 0 || class > 5 {
		class = 0
	}
	t.attempts.Record(ctx, took.Seconds(), attemptLabels[o][class]...)
}

func (t *telemetry) settled(ctx context.Context, o outcome, since time.Duration) {
	t.deliveries.Record(ctx, since.Seconds(), deliveryLabels[o]...)
}

func label(key, value string) metric.MeasurementOption {
	return metric.WithAttributeSet(attribute.NewSet(attribute.String(key, value)))
}
