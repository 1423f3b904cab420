package gate

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/hookward/hookward/internal/dedupe"
	"github.com/hookward/hookward/internal/event"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

// ErrConfig is wrapped by every error about an endpoint's settings.
var ErrConfig = errors.New("endpoint")

// Config is what an endpoint is made of. Everything in it is resolved: no
// placeholders, no files.
type Config struct {
	// Name of the endpoint.
	Name string
	// Provider is the endpoint's own copy, see [provider.Provider.Resolve].
	Provider *provider.Provider
	// Path is the exact path; empty: any.
	Path string
	// Events and Slots are the closed lists for {event} and {slot}. Events
	// default to the provider's.
	Events, Slots []string
	// MadeSlots: besides those listed, {slot} may be one that was made at run time,
	// which is in Stores.Slots and knows its event.
	MadeSlots bool
	// PublicURL is the URL as registered with the provider.
	PublicURL string
	// Keys verify deliveries, beside those that handshakes teach.
	Keys []signature.Key
	// Handshake says when slots may learn a secret.
	Handshake handshake.Mode
	// Tokens are secrets in the URL or a header, any of which proves the origin.
	Tokens []Token
	// AllowUnsigned lets deliveries through that prove nothing.
	AllowUnsigned bool
	// Tolerance replaces that of every scheme with a timestamp, where it is not 0.
	Tolerance signature.Duration
	// Dedupe says how copies are recognised.
	Dedupe DedupeConfig
	// Source replaces the provider's event source.
	Source string
	// ReportOnly hands unproved deliveries on, marked.
	ReportOnly bool
}

// DedupeConfig says how copies are recognised.
type DedupeConfig struct {
	// Off: not at all.
	Off bool
	// Window is for how long a delivery is remembered; 0: 24 h by an id, or by a
	// body that says its time, else 10 min.
	Window time.Duration
	// Key is where the id is found; default: the provider's event id.
	Key provider.Templates
}

// The default windows of dedupe.
const (
	windowByID   = 24 * time.Hour
	windowByBody = 10 * time.Minute
)

// Stores is what outlives a single delivery.
type Stores struct {
	// Dedupe holds the claims; nil where copies are not looked for.
	Dedupe *dedupe.Store
	// Slots holds the learned secrets; nil where there are no handshakes.
	Slots *handshake.Slots
}

// Endpoint judges the deliveries of one endpoint. It is safe for concurrent use
// and never changes.
type Endpoint struct {
	Config
	provider *provider.Provider
	route    *route
	proofs   *proofs
	macs     *macs
	stores   Stores
	window   windows
	methods  []string
	// needsJSON: the event's id or type can be found in JSON alone.
	needsJSON bool
	// reliesOnMembers: a document that names a member twice is refused.
	reliesOnMembers bool
	// singleParts: a delivery that has one of them by another name is refused.
	singleParts []signature.Field
	// typeBesideBody: the event's type is said beside the body, so that one body may
	// be two events. Types in the path need no care: there they are slots.
	typeBesideBody bool
}

// windows are for how long a delivery is remembered: by its id, or by a body that
// says its time and so is never that of two events; and by another body.
type windows struct{ id, body time.Duration }

// New checks the settings and prepares the endpoint. Nothing is opened. Errors
// wrap [ErrConfig] and say what to add.
func New(cfg Config) (*Endpoint, error) {
	e := &Endpoint{Config: cfg, provider: cfg.Provider}
	for _, step := range []func() error{e.checkNames, e.setRoute, e.checkMade, e.setProofs, e.checkUse, e.setDedupe} {
		if err := step(); err != nil {
			return nil, fmt.Errorf("%w %q: %w", ErrConfig, cfg.Name, err)
		}
	}
	e.methods = e.Methods()
	e.needsJSON = cfg.Provider.Event.ID.OnlyJSON() || cfg.Provider.Event.Type.OnlyJSON()
	e.reliesOnMembers = cfg.Provider.ReliesOnMembers()
	e.singleParts = cfg.Provider.SingleParts()
	e.typeBesideBody = slices.ContainsFunc(cfg.Provider.Event.Type, func(t signature.Template) bool {
		return slices.ContainsFunc(t.Fields(), func(f signature.Field) bool {
			return f.Source == signature.Header || f.Source == signature.Query
		})
	})
	return e, nil
}

// Use gives the endpoint its stores, before the first delivery is judged.
func (e *Endpoint) Use(stores Stores) { e.stores = stores }

// Provider returns the endpoint's own copy of its provider.
func (e *Endpoint) Provider() *provider.Provider { return e.provider }

// HandshakeSlots lists the slots of the configuration that may be armed; none where
// the provider makes no exchange that needs that, or handshakes are off.
func (e *Endpoint) HandshakeSlots() []string {
	if !e.provider.Arms() || e.Handshake == handshake.Off {
		return nil
	}
	return e.route.allSlots()
}

// AllSlots lists every slot at which deliveries may arrive.
func (e *Endpoint) AllSlots() []string { return e.route.allSlots() }

func (e *Endpoint) handshakes() bool {
	return e.provider.Handshake != nil && e.Handshake != handshake.Off
}

func (e *Endpoint) checkNames() error {
	if !isName(e.Name) {
		return fmt.Errorf("name: want 1 to %d letters, digits, dots, hyphens and underscores", maxName)
	}
	if e.Source == "" {
		e.Source = constant(e.provider.Event.Source)
	}
	if e.Source != "" && !event.ValidSource(e.Source) {
		return fmt.Errorf("source %q is no URI", e.Source)
	}
	return nil
}

// constant returns the text that templates give for every delivery, if they do.
func constant(t provider.Templates) string {
	if len(t) == 0 {
		return ""
	}
	text := t[0].String()
	if _, err := signature.ParseField(text); err == nil || strings.ContainsAny(text, "{}") {
		return ""
	}
	return text
}

func (e *Endpoint) setRoute() error {
	events := e.Events
	hasEvent := strings.Contains(e.Path, eventSegment)
	if !hasEvent && len(events) > 0 {
		return errors.New("events needs {event} in path")
	}
	if hasEvent && len(events) == 0 {
		events = e.provider.RawTypes()
	}
	var err error
	if e.route, err = newRoute(e.Path, events, e.Slots, e.MadeSlots); err != nil {
		return err
	}
	return e.route.checkURL(e.PublicURL)
}

func (e *Endpoint) setProofs() error {
	for i := range e.Tokens {
		if err := e.Tokens[i].validate(e.route); err != nil {
			return err
		}
	}
	if strings.Contains(e.Path, tokenSegment) && !slices.ContainsFunc(e.Tokens, func(t Token) bool { return t.Place == TokenInPath }) {
		return errors.New("path holds {token}: add `token path <value>`")
	}
	if err := e.checkProved(); err != nil {
		return err
	}
	e.Keys = e.provider.Keys(e.Keys)
	if len(e.Keys) > maxKeys && (e.handshakes() || e.MadeSlots) {
		return fmt.Errorf("there are %d secrets, and at most %d beside those that handshakes teach", len(e.Keys), maxKeys)
	}
	e.setTolerance()
	var err error
	if e.macs, err = newMACs(e.provider, e.Keys); err != nil {
		return err
	}
	e.proofs, err = newProofs(e.provider, e.Keys)
	return err
}

// maxKeys bounds the configured keys where handshakes teach others: half of what a
// verifier takes is theirs.
const maxKeys = signature.MaxKeys / 2

func (e *Endpoint) setTolerance() {
	if e.Tolerance == 0 {
		return
	}
	for i := range e.provider.Signature {
		if t := e.provider.Signature[i].Timestamp; t != nil {
			t.Tolerance = e.Tolerance
		}
	}
}

func (e *Endpoint) setDedupe() error {
	e.defaultDedupe()
	if e.Dedupe.Off {
		if len(e.Dedupe.Key) > 0 || e.Dedupe.Window != 0 {
			return errors.New("dedupe: off takes neither a window nor a key")
		}
		return nil
	}
	if e.Dedupe.Window < 0 {
		return fmt.Errorf("dedupe: a window of %s would remember nothing", e.Dedupe.Window)
	}
	if len(e.Dedupe.Key) == 0 {
		e.Dedupe.Key = e.provider.Event.ID
	}
	if err := e.checkDedupeKey(); err != nil {
		return err
	}
	e.window = windows{id: windowByID, body: windowByBody}
	if e.Dedupe.Window != 0 {
		e.window = windows{id: e.Dedupe.Window, body: e.Dedupe.Window}
	}
	return nil
}

// defaultDedupe takes what the provider says where the endpoint says nothing.
func (e *Endpoint) defaultDedupe() {
	d, by := &e.Dedupe, e.provider.Dedupe
	switch {
	case d.Off:
	case by < 0:
		d.Off = d.Window == 0 && len(d.Key) == 0
	case d.Window == 0:
		d.Window = time.Duration(by)
	}
}

// Methods lists the methods with which anything may arrive.
func (e *Endpoint) Methods() []string {
	methods := slices.Clone([]string(e.provider.Method))
	if len(methods) == 0 {
		methods = []string{http.MethodPost}
	}
	if e.handshakes() {
		methods = append(methods, e.provider.Handshake.Match.Method...)
	}
	for i := range e.provider.Challenge {
		methods = append(methods, e.provider.Challenge[i].Match.Method...)
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}

func (e *Endpoint) deliversBy(method string) bool {
	if len(e.provider.Method) == 0 {
		return method == http.MethodPost
	}
	return slices.Contains(e.provider.Method, method)
}

// WaitLimit is how long a copy waits for the first one's outcome.
func (e *Endpoint) WaitLimit() time.Duration {
	if ack := time.Duration(e.provider.Limits.Ack); ack > 0 {
		return ack
	}
	return defaultWait
}

// defaultWait is the ack time of providers that do not say theirs.
const defaultWait = 5 * time.Second
