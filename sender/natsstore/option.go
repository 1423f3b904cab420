package natsstore

import (
	"fmt"
	"log/slog"
	"regexp"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"github.com/hookward/hookward/sender"
)

// Option changes how a store is opened.
type Option func(*config) error

type config struct {
	names         names
	replicas      int
	storage       jetstream.StorageType
	retention     time.Duration
	maxBytes      int64
	maxDeliveries int
	lease         time.Duration
	longestHold   time.Duration
	fanOutLease   time.Duration // after a crash it takes that long until another makes the deliveries of an event
	grace         time.Duration // how long Close lets what has begun go on
	answer        time.Duration // how long the server is given to answer before it is asked again
	overdueAfter  time.Duration // when a delivery should have become due but has not
	overdueEvery  time.Duration // how often some of them are looked for
	historyAge    time.Duration
	historyBytes  int64
	logger        *slog.Logger
}

func newConfig(options []Option) (config, error) {
	c := config{
		names:         "sender",
		replicas:      1,
		storage:       jetstream.FileStorage,
		retention:     7 * 24 * time.Hour,
		maxBytes:      1 << 30,
		maxDeliveries: 1_000_000,
		lease:         30 * time.Second,
		longestHold:   longestHold,
		fanOutLease:   10 * time.Second,
		grace:         closeGrace,
		answer:        answerWithin,
		overdueAfter:  overdueAfter,
		overdueEvery:  overdueEvery,
		historyAge:    7 * 24 * time.Hour,
		historyBytes:  256 << 20,
		logger:        slog.Default(),
	}
	for _, option := range options {
		if err := option(&c); err != nil {
			return config{}, fmt.Errorf("option: %w", err)
		}
	}
	return c, nil
}

var validName = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

// WithName names the store: its streams' names and subjects start with it. Default:
// "sender". Stores of different names on one server have nothing in common.
func WithName(name string) Option {
	return func(c *config) error {
		if !validName.MatchString(name) {
			return fmt.Errorf("name %q: %w: letters, digits, - and _ are allowed", name, sender.ErrInvalid)
		}
		c.names = names(name)
		return nil
	}
}

// WithReplicas sets on how many servers of a cluster everything is kept, 1 to 5.
// Default: 1.
func WithReplicas(replicas int) Option {
	return func(c *config) error {
		if replicas < 1 || replicas > 5 {
			return fmt.Errorf("%d replicas: %w", replicas, sender.ErrInvalid)
		}
		c.replicas = replicas
		return nil
	}
}

// WithMemoryStorage keeps everything in the server's memory only: it is lost when
// the server ends.
func WithMemoryStorage() Option {
	return func(c *config) error {
		c.storage = jetstream.MemoryStorage
		return nil
	}
}

// WithRetention sets how long an event is kept from its acceptance on. What is still
// owed of it then is lost, so it must be longer than the sender's schedule of
// attempts takes, and than a subscription stays paused. Default: 7 days.
func WithRetention(retention time.Duration) Option {
	return positive("retention", retention, func(c *config) { c.retention = retention })
}

// WithMaxBytes bounds what events take on the server. Where there is no room for
// another one, the oldest of which nothing is owed any longer make room; where there
// are none, Add returns [sender.ErrFull]. The server reserves that much of its storage.
// Default: 1 GiB.
func WithMaxBytes(bytes int64) Option {
	return positive("max bytes", bytes, func(c *config) { c.maxBytes = bytes })
}

// WithMaxDeliveries bounds how many deliveries are owed at a time: beyond it, Add
// returns [sender.ErrFull]. The senders that share a store count once a second, so a
// burst may go beyond it. The server takes some 500 bytes of disk and of memory for
// each. Default: 1,000,000.
func WithMaxDeliveries(deliveries int) Option {
	return positive("max deliveries", deliveries, func(c *config) { c.maxDeliveries = deliveries })
}

// shortestLease leaves an extension some time to reach the server.
const shortestLease = time.Second

// WithLease sets for how long the deliveries of a sender that has died stay with it:
// after a crash it takes that long until what it had in hand is given out again. A
// store that is at work extends its leases, for up to two minutes each. Where it cannot
// reach the server for as long as a lease, a delivery is given out twice. At least a
// second; default: 30 s.
func WithLease(lease time.Duration) Option {
	return func(c *config) error {
		if lease < shortestLease {
			return fmt.Errorf("lease of %v: %w: at least %v", lease, sender.ErrInvalid, shortestLease)
		}
		c.lease = lease
		return nil
	}
}

// WithHistory sets for how long the records of attempts are kept, and how much they
// may take on the server, which reserves that much, before the oldest go. Default: 7
// days and 256 MiB.
func WithHistory(age time.Duration, bytes int64) Option {
	return func(c *config) error {
		if age <= 0 || bytes <= 0 {
			return fmt.Errorf("history of %v and %d bytes: %w", age, bytes, sender.ErrInvalid)
		}
		c.historyAge, c.historyBytes = age, bytes
		return nil
	}
}

// WithLogger sets where the store reports what it could not do and tries again.
// Default: [slog.Default].
func WithLogger(logger *slog.Logger) Option {
	return func(c *config) error {
		if logger == nil {
			return fmt.Errorf("no logger: %w", sender.ErrInvalid)
		}
		c.logger = logger
		return nil
	}
}

func positive[N int | int64 | time.Duration](what string, n N, set func(*config)) Option {
	return func(c *config) error {
		if n <= 0 {
			return fmt.Errorf("%s of %v: %w", what, n, sender.ErrInvalid)
		}
		set(c)
		return nil
	}
}
