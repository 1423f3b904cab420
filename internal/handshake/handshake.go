// Package handshake keeps the secrets that providers teach us in a handshake.
//
// An X-Hook-Secret handshake is trust on first use: it proves nothing about
// the caller, and whoever gets a secret of his own into a slot can sign
// forgeries. So the slots of an endpoint are a closed set, and each of them
// learns only while it is armed:
//
//	unarmed -> armed (until a time, for one handshake) -> locked (secrets)
//
// What is learned is kept in storage that nodes share, and is written there
// before a caller may echo it. Storage that cannot be read or written teaches
// nothing and arms nothing.
//
// Whether a request is a handshake, and what answers it, is decided by the
// caller. This package knows no HTTP.
package handshake

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/hookward/hookward/internal/document"
)

var (
	// ErrUnknownSlot says that the endpoint has no slot of that name.
	ErrUnknownSlot = errors.New("unknown slot")

	// ErrUnknownSecret says that no valid secret of the slot has that fingerprint.
	ErrUnknownSecret = errors.New("no secret with this fingerprint")

	// ErrStore says that the record of the endpoint could not be read, written
	// or understood. Nothing was learned and nothing may be echoed.
	ErrStore = errors.New("handshake store cannot be used")

	// ErrOff says that handshakes are off for the endpoint.
	ErrOff = errors.New("handshakes are off")

	// ErrFull says that the slot holds as many secrets as it can.
	ErrFull = errors.New("slot holds the most secrets it can")

	// ErrMade says that a slot was made at run time, and is armed by whoever made
	// it and by nobody else.
	ErrMade = errors.New("slot belongs to a subscription, which alone arms it")

	// ErrDuration says that an arming would be shorter than MinArm or longer
	// than MaxArm.
	ErrDuration = errors.New("arming has a wrong duration")
)

const (
	// maxSlots bounds the slots of one endpoint, which share one record.
	maxSlots = 10_000

	// maxMade bounds the slots of one endpoint that are made at run time.
	maxMade = 1000

	// maxName is the longest name of an endpoint or a slot, in bytes.
	maxName = 128

	// maxEvent is the longest event of a slot that is made at run time, in bytes.
	maxEvent = 200
)

// Options describe the slots of one endpoint.
type Options struct {
	// Endpoint names the record in storage. Endpoints of one name on nodes
	// that share storage share their slots.
	Endpoint string

	// Slots is the closed set of slots, at least one unless Made is set. Names
	// are 1 to 128 of the characters A-Z a-z 0-9 . _ + -.
	Slots []string

	// Made: slots are made at run time too, see [Maker].
	Made bool

	// Mode says when a slot may learn. The zero value is Armed.
	Mode Mode

	// Trial says that the endpoint is only being tried out: with mode Armed, the
	// first appearance of its slots is yet to come.
	Trial bool

	// Storage keeps the record.
	Storage Storage

	// Now is the clock; time.Now if nil.
	Now func() time.Time
}

// Slots are the slots of one endpoint and the secrets they have learned. Use
// by many goroutines at a time is safe. Slots start no goroutine and need no
// closing.
type Slots struct {
	endpoint string
	key      string // of the record, and the name of its lock
	mode     Mode
	trial    bool
	storage  Storage
	now      func() time.Time
	ordered  []*slot // as configured
	slots    map[string]*slot
	unknown  *unknown // nil where no slots are made at run time

	// writing holds a token while this node changes the record, so that one
	// request of a node at a time contends for the lock in storage.
	writing chan struct{}

	waiting chan struct{} // holds a token for each request that waits for a read

	mu    sync.Mutex
	cache cache                // guarded by mu, as is what a slot caches
	made  map[nameDigest]*slot // guarded by mu
}

// New returns the slots that o describes. It reads and opens nothing. The
// error says which option is wrong.
func New(o Options) (*Slots, error) {
	if !validName(o.Endpoint) {
		return nil, fmt.Errorf("endpoint name %q is not 1 to %d of A-Z a-z 0-9 . _ + -", o.Endpoint, maxName)
	}
	if !o.Mode.valid() {
		return nil, fmt.Errorf("endpoint %q: unknown handshake mode %d", o.Endpoint, o.Mode)
	}
	if o.Storage == nil {
		return nil, fmt.Errorf("endpoint %q: no storage for learned secrets", o.Endpoint)
	}
	if len(o.Slots) == 0 && !o.Made || len(o.Slots) > maxSlots {
		return nil, fmt.Errorf("endpoint %q: %d slots, want 1 to %d", o.Endpoint, len(o.Slots), maxSlots)
	}
	if o.Now == nil {
		o.Now = time.Now
	}

	s := &Slots{
		endpoint: o.Endpoint,
		key:      document.Key("handshake", o.Endpoint),
		mode:     o.Mode,
		trial:    o.Trial,
		storage:  o.Storage,
		now:      o.Now,
		slots:    make(map[string]*slot, len(o.Slots)),
		writing:  make(chan struct{}, 1),
		waiting:  make(chan struct{}, maxWaiting),
	}
	if o.Made {
		s.unknown = newUnknown()
	}
	for _, name := range o.Slots {
		if !validName(name) {
			return nil, fmt.Errorf("endpoint %q: slot name %q is not 1 to %d of A-Z a-z 0-9 . _ + -", o.Endpoint, name, maxName)
		}
		if s.slots[name] != nil {
			return nil, fmt.Errorf("endpoint %q: slot %q is named twice", o.Endpoint, name)
		}
		s.slots[name] = &slot{name: name, view: view{set: noSecrets}}
		s.ordered = append(s.ordered, s.slots[name])
	}
	return s, nil
}

// find returns the slot of that name, or ErrUnknownSlot.
func (s *Slots) find(name string) (*slot, error) {
	if sl, ok := s.slots[name]; ok {
		return sl, nil
	}
	if sl, ok := s.findMade(name); ok {
		return sl, nil
	}
	return nil, s.unknownSlot(name)
}

// unknownSlot quotes no more than the beginning of a name, which may come from a
// request.
func (s *Slots) unknownSlot(name string) error {
	return fmt.Errorf("endpoint %q: %w: %.64q", s.endpoint, ErrUnknownSlot, name)
}

func validName(name string) bool {
	if name == "" || len(name) > maxName {
		return false
	}
	for _, c := range []byte(name) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		digit := '0' <= c && c <= '9'
		if !letter && !digit && c != '.' && c != '_' && c != '+' && c != '-' {
			return false
		}
	}
	return true
}
