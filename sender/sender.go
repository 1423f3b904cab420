package sender

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/failsafe-go/failsafe-go/circuitbreaker"
)

// grace is how long Close waits for attempts that it has cut short.
const grace = time.Second

// idlePerHost is how many connections to a host are kept for the next deliveries.
// Many subscriptions may lead to one host.
const idlePerHost = 256

// errClosing ends the attempts in flight when Close may wait no longer.
var errClosing = errors.New("the sender closes")

// Sender tells subscriptions of events. It is safe for concurrent use.
type Sender struct {
	*config
	pool      *http.Transport
	transport http.RoundTripper // what the pool is wrapped in
	client    *http.Client      // for verifications
	header    http.Header       // of every delivery
	signing   *signing
	telemetry *telemetry

	directory *directory
	budget    *budget
	lanes     *lanes
	held      *heldEvents
	contexts  storeContexts
	overdue   error // what ends an attempt after the timeout
	keeper    *keeper

	life      context.Context // of attempts
	cut       context.CancelCauseFunc
	receiving context.Context // ends before life
	stop      context.CancelFunc
	work      sync.WaitGroup // dispatcher and runners
	closing   sync.Once
	closed    chan struct{} // closed when nothing runs any longer

	outboxAway atomic.Bool // it did not answer while the sender closes
}

// New returns a sender that works until it is closed.
func New(opts ...Option) (*Sender, error) {
	c, err := newConfig(opts)
	if err != nil {
		return nil, fmt.Errorf("sender: %w", err)
	}
	s := &Sender{
		config:    c,
		pool:      newTransport(c.egress, idlePerHost),
		header:    baseHeader(c.profile.Header),
		signing:   newSigning(c.profile.Schemes),
		directory: newDirectory(c.registry, c.refresh, c.logger),
		budget:    newBudget(c.maxInFlight),
		held:      newHeldEvents(c.outbox),
		overdue:   fmt.Errorf("no answer within %v: %w", c.timeout, context.DeadlineExceeded),
		closed:    make(chan struct{}),
	}
	if s.transport = c.wrapTransport(s.pool); s.transport == nil {
		return nil, fmt.Errorf("sender: %w", missing("transport"))
	}
	if s.telemetry, err = newTelemetry(c, s.budget); err != nil {
		return nil, fmt.Errorf("sender: %w", err)
	}
	s.client = newClient(s.transport)
	s.keeper = newKeeper(s)
	s.lanes = newLanes(&c.limits, s.signing, s.circuitChanged)
	s.life, s.cut = context.WithCancelCause(context.Background())
	s.receiving, s.stop = context.WithCancel(s.life)
	s.work.Go(s.dispatch)
	s.keeper.work.Go(s.keeper.run)
	return s, nil
}

func newClient(transport http.RoundTripper) *http.Client {
	return &http.Client{
		Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return http.ErrUseLastResponse // a redirect is no success
		},
	}
}

// Close drains the sender: it takes no more deliveries, and lets attempts in flight
// end. What waits stays in the outbox. When ctx is done it cuts them short, which
// costs their deliveries no attempt, and returns ctx's error. Outbox, registry and
// history stay open, and records can still be read.
func (s *Sender) Close(ctx context.Context) error {
	s.closing.Do(func() {
		s.stop()
		go s.drain()
	})
	select {
	case <-s.closed:
		return nil
	case <-ctx.Done():
	}
	s.cut(errClosing)
	select {
	case <-s.closed:
	case <-time.After(grace): // a callback or a transport that does not end
	}
	return fmt.Errorf("sender: close: %w", context.Cause(ctx))
}

func (s *Sender) drain() {
	s.work.Wait()
	s.keeper.close()
	s.cut(errClosing)
	s.pool.CloseIdleConnections()
	s.contexts.end()
	if err := s.telemetry.close(); err != nil {
		s.logger.Error("metrics are still registered", "error", err)
	}
	close(s.closed)
}

func (s *Sender) isClosing() bool { return s.receiving.Err() != nil }

func (s *Sender) circuitChanged(subscription string, change circuitbreaker.StateChangedEvent) {
	// The circuit's own lock would not survive a panic.
	defer s.recovered("circuit", new(error))
	state := change.NewState.String()
	s.telemetry.circuits.Add(s.life, 1, label("state", state))
	s.logger.Info("circuit changed", "subscription", subscription, "state", state)
}
