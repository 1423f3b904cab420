package reconcile

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/hookward/hookward/internal/document"
	"github.com/hookward/hookward/subscription"
)

var (
	// ErrStopped says that the reconciler does nothing any more.
	ErrStopped = errors.New("reconciler is stopped")

	// ErrNothingToRotate says that subscriptions have no secrets of their own.
	ErrNothingToRotate = errors.New("subscriptions have no secrets of their own")

	// ErrNoHandshake says that the provider made a subscription, and no handshake
	// that this endpoint got. The subscription is deleted again.
	ErrNoHandshake = errors.New("no handshake came while the subscription was made")

	// ErrMismatch says that the secret of the handshake is not the one that the
	// provider told in its answer: somebody else made the handshake. The secret
	// is removed and the subscription deleted.
	ErrMismatch = errors.New("the secret of the handshake is not the one that the provider tells")

	// ErrNoSecret says that the provider's answer has no secret, so that
	// deliveries could not be proved. The subscription is deleted again.
	ErrNoSecret = errors.New("the provider tells no secret")

	// ErrOverlap says that a rotation would take less or more time than it may.
	ErrOverlap = errors.New("overlap has a wrong duration")

	// ErrFull says that as many subscriptions are written down as can be.
	ErrFull = errors.New("too many subscriptions")
)

// DefaultInterval is the time between two looks at the provider's list.
const DefaultInterval = 10 * time.Minute

// Options describe the subscriptions of one endpoint.
type Options struct {
	// Endpoint names the record in storage. Endpoints of one name on nodes that
	// share storage share their subscriptions.
	Endpoint string

	Wanted Wanted
	Client subscription.Client

	// Slots may be nil where Wanted.Slots is not set.
	Slots   Slots
	Storage document.Storage

	// Interval is the time between two looks at the provider's list; 0:
	// [DefaultInterval]. Up to a tenth of it is left out at random.
	Interval time.Duration

	// Logger is told what is done; nil: nobody.
	Logger *slog.Logger

	// InForce tells whether the configuration that asks for all this still is. Once it
	// is not, another one may want something else, so nothing more is begun. Nil: until
	// Stop.
	InForce func() bool

	// Failed is told of every failure, with the event that it is about, if it is
	// about one. The error holds no secret.
	Failed func(event string, err error)

	// Now is the clock; time.Now if nil.
	Now func() time.Time

	// Token makes the name of a slot: at least 128 random bits, as letters and
	// digits; [rand.Text] if nil.
	Token func() string
}

// Reconciler keeps the subscriptions of one endpoint as they are wanted. Use by
// many goroutines at a time is safe.
type Reconciler struct {
	Options
	ledger *ledger

	turn    chan struct{} // holds a token while this node acts
	life    context.Context
	end     context.CancelFunc
	started chan struct{} // closed by Start

	mu     sync.Mutex
	done   chan struct{} // closed when the background work has ended; nil before Start
	status Status
}

// New returns the reconciler that o describes. It opens, reads and starts nothing.
func New(o Options) (*Reconciler, error) {
	switch {
	case o.Client == nil || o.Storage == nil || o.Wanted.Target == nil || o.Endpoint == "":
		return nil, errors.New("reconcile: a client, a storage, a target and the endpoint's name are needed")
	case o.Wanted.Slots && o.Slots == nil:
		return nil, errors.New("reconcile: there is no store for the secrets of slots")
	case len(o.Wanted.Events) == 0 || len(o.Wanted.Events) > maxEntries/4:
		return nil, fmt.Errorf("reconcile: %d events, want 1 to %d", len(o.Wanted.Events), maxEntries/4)
	case o.Interval < 0:
		return nil, errors.New("reconcile: the interval is negative")
	}
	if o.Interval == 0 {
		o.Interval = DefaultInterval
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.InForce == nil {
		o.InForce = func() bool { return true }
	}
	if o.Failed == nil {
		o.Failed = func(string, error) {}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Token == nil {
		o.Token = rand.Text
	}
	r := &Reconciler{
		Options: o,
		ledger:  newLedger(o.Endpoint, o.Storage),
		turn:    make(chan struct{}, 1),
		started: make(chan struct{}),
		status:  Status{Wanted: len(o.Wanted.Events)},
	}
	r.life, r.end = context.WithCancel(context.Background())
	return r, nil
}

// Run makes things as they are wanted, once, and returns when that is done or
// has failed. It waits for Start, for a run that is under way, and for one of
// another node. After Stop, and where the configuration is no longer in force, the
// error is [ErrStopped].
func (r *Reconciler) Run(ctx context.Context) error {
	return r.act(ctx, (*pass).settle)
}

// act does some work with the record while nobody else does, on this node or
// another, and keeps what came of it for Status.
func (r *Reconciler) act(ctx context.Context, work func(*pass, context.Context)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(r.life, cancel)()
	select {
	case <-r.started:
	case <-ctx.Done():
		return r.orStopped(ctx.Err())
	}
	select {
	case r.turn <- struct{}{}:
		defer func() { <-r.turn }()
	case <-ctx.Done():
		return r.orStopped(ctx.Err())
	}
	if r.life.Err() != nil {
		return ErrStopped
	}
	p, over := &pass{Reconciler: r}, false
	p.fail("", r.ledger.exclusively(ctx, func(rec *record) {
		if over = !r.InForce(); !over {
			p.record = rec
			work(p, ctx)
		}
	}))
	if over {
		return ErrStopped
	}
	if ctx.Err() == nil {
		for _, f := range p.failures {
			r.Failed(f.event, f.err)
		}
	}
	r.note(p)
	return r.orStopped(p.err())
}

// orStopped says that the reconciler was stopped, where that is the reason of an error.
func (r *Reconciler) orStopped(err error) error {
	if err != nil && r.life.Err() != nil {
		return errors.Join(ErrStopped, err)
	}
	return err
}
