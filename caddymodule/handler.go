package caddymodule

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"golang.org/x/time/rate"

	"github.com/hookward/hookward/caddymodule/redaction"
	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/internal/handshake"
	"github.com/hookward/hookward/provider"
	"github.com/hookward/hookward/signature"
)

func init() {
	caddy.RegisterModule(&Handler{})
}

// The forms in which an event goes upstream.
const (
	EmitBinary     = "binary"
	EmitStructured = "structured"
	EmitRaw        = "raw"
)

// DeliverSync hands an event to the next handler at once.
const DeliverSync = "sync"

// Handler stands in front of an endpoint that receives webhooks. It answers the
// provider's handshake, verifies each delivery, drops copies, describes the event
// in `ce-*` headers (CloudEvents 1.0) and hands it to the next handler. Whatever
// it cannot prove goes no further.
//
// It sets these placeholders for later handlers and logs:
//
// Placeholder | Description
// ------------|---------------
// `{http.hookward.endpoint}` | The endpoint's name
// `{http.hookward.slot}` | The slot the delivery arrived at
// `{http.hookward.provider}` | The provider's name
// `{http.hookward.outcome}` | accept, answer, reject or unproved
// `{http.hookward.reason}` | Why a delivery was refused
// `{http.hookward.id}` | The event's id
// `{http.hookward.type}` | The event's type, such as `io.repliers.listing.created`
// `{http.hookward.rawtype}` | The provider's own name of the type
// `{http.hookward.source}` | The event's source
// `{http.hookward.subject}` | The event's subject
// `{http.hookward.time}` | The event's time
// `{http.hookward.key_id}` | The key that proved the delivery
type Handler struct {
	// Name of the endpoint, in logs, metrics and commands. Default: the provider's name.
	Name string `json:"name,omitempty"`

	// Provider is the name of a provider in the catalogue; `caddy hookward
	// providers` lists them.
	Provider string `json:"provider,omitempty"`

	// ProviderFile is a YAML file that describes a provider the way the
	// catalogue's files do. It is read when the configuration is loaded.
	ProviderFile string `json:"provider_file,omitempty"`

	// ProviderDefinition describes a provider in place, with the same keys.
	ProviderDefinition *provider.Provider `json:"provider_definition,omitempty"`

	// Override replaces single values of the provider, by the key's path, such as
	// `signature.header`. Those of `const` take placeholders as a secret does.
	Override map[string][]string `json:"override,omitempty"`

	// Path is the exact path at which deliveries arrive. `{event}`, `{slot}` and
	// `{token}` each stand for one segment. Anything else, such as another letter
	// case or an escaped character, is 404. Default: every path that reaches the handler.
	Path string `json:"path,omitempty"`

	// Events is the closed list of what `{event}` may be. Default: the provider's
	// own list of events.
	Events []string `json:"events,omitempty"`

	// Slots is the closed list of what `{slot}` may be: one subscription each,
	// with its own learned secrets.
	Slots []string `json:"slots,omitempty"`

	// PublicURL is the URL as it is registered with the provider. Some providers
	// sign it or repeat it in the body. It may hold the same captures as Path.
	PublicURL string `json:"public_url,omitempty"`

	// Secrets verify the provider's signatures; any of them may. Two are needed
	// while a secret is being changed.
	Secrets []Secret `json:"secrets,omitempty"`

	// Handshake says when a slot may learn a secret from the provider: `armed`
	// (the default) only after `caddy hookward arm`, `once` also within 24 h of the
	// slot's first appearance in a configuration, or `off`. `once` does not go with
	// a configured secret.
	Handshake handshake.Mode `json:"handshake,omitempty"`

	// Tokens are secrets that the provider sends back because they are part of the
	// URL, or of the headers, that it was given; any of them proves the origin.
	// They protect the events of providers that sign nothing.
	Tokens []Token `json:"tokens,omitempty"`

	// AllowUnsigned accepts deliveries that prove nothing, from a provider that
	// signs nothing, without a token. Anybody who knows the URL can then send events.
	AllowUnsigned bool `json:"allow_unsigned,omitempty"`

	// Tolerance is how far the signed time of sending may be off, such as `5m`, or
	// `off`. Default: the provider's.
	Tolerance signature.Duration `json:"tolerance,omitempty"`

	// MaxBody is the largest body that is accepted, such as `1MiB`. Default: the provider's.
	MaxBody provider.Size `json:"max_body,omitempty"`

	// Dedupe says how copies of a delivery are recognised.
	Dedupe *Dedupe `json:"dedupe,omitempty"`

	// Source is the CloudEvents source, a URI. Default: the provider's.
	Source string `json:"source,omitempty"`

	// Emit is the form in which an event goes upstream: `binary` (the default)
	// leaves the body as it came and adds `ce-*` headers, `structured` wraps it into a JSON
	// event, `raw` does neither. A compressed body stays compressed within a JSON event,
	// which says so in the extension `contentencoding`.
	Emit string `json:"emit,omitempty"`

	// Resign is a secret, `whsec_` and base64, with which the event is signed
	// towards the upstream by the Standard Webhooks scheme, so that the
	// application can tell that it came through here.
	Resign string `json:"resign,omitempty"`

	// Redact lists paths in the JSON body, in gjson's syntax. What the event has from
	// there, from a part of it, or from what it is a part of, never appears in a log,
	// a placeholder or an answer of the admin API. The application still gets it.
	Redact []string `json:"redact,omitempty"`

	// ReportOnly hands deliveries on that are not proved, marked with
	// `Hookward-Verified: false`. It is for trying an endpoint out.
	ReportOnly bool `json:"report_only,omitempty"`

	// Deliver is `sync` (the default and so far the only mode): the event is
	// handed to the next handler while the provider waits.
	Deliver string `json:"deliver,omitempty"`

	// Subscribe has the endpoint sign itself up with its provider.
	Subscribe *Subscribe `json:"subscribe,omitempty"`

	app      *App
	ctx      caddy.Context
	logger   *zap.Logger
	refusals *rate.Limiter
	endpoint *endpoint
	provider *provider.Provider
	signer   *signature.Signer
	strip    strip
	hidden   redaction.Attributes
	timeout  time.Duration

	credential   *credential // of the subscription API; nil without Subscribe
	resignSecret string      // resolved
	constants    []string    // those of the provider that the user has set, resolved
}

// Secret is a key that verifies deliveries.
type Secret struct {
	// Value is the secret or public key as the provider shows it. `{env.NAME}` and
	// `{file./path}` are replaced when the configuration is loaded; a missing or
	// empty one is an error.
	Value string `json:"value"`
	// ID names the key in logs, metrics and events. Default: its fingerprint.
	ID string `json:"id,omitempty"`
}

// Token is a secret in the URL or in a header.
type Token struct {
	// Place is `query`, `header` or `path`.
	Place string `json:"place"`
	// Name of the query parameter or header.
	Name string `json:"name,omitempty"`
	// Value of the token; placeholders as in a secret.
	Value string `json:"value"`
	// ID names the token in logs, metrics and events. Default: `token`.
	ID string `json:"id,omitempty"`
}

// Dedupe says how copies of a delivery are recognised.
type Dedupe struct {
	// Off: copies are not looked for.
	Off bool `json:"off,omitempty"`
	// Window is for how long a delivery is remembered. Default: 24h by an id, or
	// where the body carries the time of its sending; else 10m.
	Window caddy.Duration `json:"window,omitempty"`
	// Key lists where the delivery's id is found, such as `json:data.id`; the
	// first that is there counts. Default: the provider's id, else the body's hash.
	Key provider.Templates `json:"key,omitempty"`
}

// CaddyModule returns the Caddy module information.
func (*Handler) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.hookward",
		New: func() caddy.Module { return new(Handler) },
	}
}

// Provision checks the settings and prepares the endpoint. It opens nothing.
func (h *Handler) Provision(ctx caddy.Context) error {
	h.ctx, h.logger = ctx, ctx.Logger()
	h.refusals = rate.NewLimiter(refusalsPerSecond, refusalBurst)
	h.timeout = bodyTimeout
	app, err := ctx.App("hookward")
	if err != nil {
		return fmt.Errorf("loading the hookward app: %w", err)
	}
	h.app = app.(*App)
	settings, err := json.Marshal(h)
	if err != nil {
		return fmt.Errorf("reading the settings: %w", err)
	}
	if h.provider, err = h.loadProvider(); err != nil {
		return err
	}
	named := h.Name != ""
	if !named {
		h.Name = h.provider.Name
	}
	if err := h.setForwarding(); err != nil {
		return fmt.Errorf("endpoint %q: %w", h.Name, err)
	}
	h.endpoint, err = h.app.register(h.Name, named, settings, h.buildEndpoint)
	return err
}

// The most refusals that are logged at warn level.
const (
	refusalsPerSecond = 1
	refusalBurst      = 10
)

// loadProvider returns the endpoint's own copy of its provider.
func (h *Handler) loadProvider() (*provider.Provider, error) {
	p, err := h.findProvider()
	if err != nil {
		return nil, err
	}
	override, err := h.resolveConstants(p)
	if err != nil {
		return nil, fmt.Errorf("provider %q: %w", p.Name, err)
	}
	return p.Resolve(override)
}

var errOneProvider = errors.New("an endpoint needs a provider: its name, `provider file <path>` or a `provider` block, and one of these alone")

// findProvider returns the provider as it is described.
func (h *Handler) findProvider() (*provider.Provider, error) {
	given := 0
	for _, set := range []bool{h.Provider != "", h.ProviderFile != "", h.ProviderDefinition != nil} {
		if set {
			given++
		}
	}
	switch {
	case given != 1:
		return nil, errOneProvider
	case h.Provider != "":
		return provider.Lookup(h.Provider)
	case h.ProviderFile != "":
		data, err := os.ReadFile(h.ProviderFile)
		if err != nil {
			return nil, fmt.Errorf("reading a provider: %w", err)
		}
		return provider.Parse(data, h.ProviderFile)
	}
	p := *h.ProviderDefinition
	p.Name = cmp.Or(p.Name, h.Name, "custom")
	return &p, nil
}

func (h *Handler) setForwarding() error {
	switch h.Emit {
	case "":
		h.Emit = EmitBinary
	case EmitBinary, EmitStructured, EmitRaw:
	default:
		return fmt.Errorf("emit %q: want binary, structured or raw", h.Emit)
	}
	if h.Deliver != "" && h.Deliver != DeliverSync {
		return fmt.Errorf("deliver %q: there is only sync", h.Deliver)
	}
	if h.MaxBody == 0 {
		h.MaxBody = provider.Size(h.provider.MaxBody())
	}
	if h.MaxBody < 0 || h.MaxBody > maxMaxBody {
		return fmt.Errorf("max_body: want 1 byte to %s", mustText(provider.Size(maxMaxBody)))
	}
	for _, path := range h.Redact {
		if err := redaction.CheckPath(path); err != nil {
			return fmt.Errorf("redact %q: %w", path, err)
		}
	}
	h.strip = newStrip(h.provider, h.Tokens)
	h.hidden = h.hiddenAttributes()
	if h.Resign == "" {
		return nil
	}
	var err error
	if h.resignSecret, err = resolve(h.Resign); err != nil {
		return fmt.Errorf("resign: %w", err)
	}
	h.signer, err = newResigner(h.resignSecret)
	return err
}

// maxMaxBody is far beyond any webhook: bodies are held in memory.
const maxMaxBody = 1 << 30

func mustText(s provider.Size) []byte {
	text, _ := s.MarshalText() // never fails
	return text
}

// buildEndpoint makes the endpoint that this handler is the face of.
func (h *Handler) buildEndpoint() (*endpoint, error) {
	cfg, err := h.gateConfig()
	if err != nil {
		return nil, fmt.Errorf("endpoint %q: %w", h.Name, err)
	}
	g, err := gate.New(cfg)
	if err != nil {
		return nil, err
	}
	if segment := g.Uncaptured(); segment != "" {
		return nil, fmt.Errorf("endpoint %q: %s tells the type of an event by the URL alone that it was given: add %s to path",
			h.Name, h.provider.Name, segment)
	}
	ep := &endpoint{name: h.Name, handler: h, gate: g}
	if names := g.HandshakeSlots(); len(names) > 0 || cfg.MadeSlots {
		mode := h.Handshake
		if h.ReportOnly && mode == handshake.Once {
			mode = handshake.Armed // who only reports does not let the time for learning run
		}
		ep.slots, err = handshake.New(handshake.Options{
			Endpoint: h.Name, Slots: names, Made: cfg.MadeSlots, Mode: mode, Trial: h.ReportOnly, Storage: h.ctx.Storage(),
		})
		if err != nil {
			return nil, fmt.Errorf("endpoint %q: %w", h.Name, err)
		}
	}
	if h.Subscribe != nil {
		if ep.subscriptions, err = h.newSubscriptions(g, ep.slots); err != nil {
			return nil, fmt.Errorf("endpoint %q: subscribe: %w", h.Name, err)
		}
	}
	if h.AllowUnsigned && len(cfg.Tokens) == 0 {
		h.logger.Warn("allow_unsigned: anybody who knows the URL can send events to this endpoint",
			zap.String("endpoint", h.Name))
	}
	h.warnAboutLogs()
	ep.redacted = h.hideSecrets(&cfg)
	return ep, nil
}

var errOnceWithSecret = errors.New("handshake once lets a slot learn whichever secret comes first, a stranger's too, beside the one " +
	"of `secret`: drop `handshake once` if that one is the provider's, or drop `secret` to learn the provider's")

func (h *Handler) gateConfig() (gate.Config, error) {
	if h.Handshake == handshake.Once && len(h.Secrets) > 0 && h.provider.Arms() {
		return gate.Config{}, errOnceWithSecret
	}
	cfg := gate.Config{
		Name: h.Name, Provider: h.provider, Path: h.Path, Events: h.Events, Slots: h.Slots,
		MadeSlots: h.subscribesWithSlots(), PublicURL: h.PublicURL, Handshake: h.Handshake, AllowUnsigned: h.AllowUnsigned,
		Tolerance: h.Tolerance, Source: h.Source, ReportOnly: h.ReportOnly,
	}
	if d := h.Dedupe; d != nil {
		cfg.Dedupe = gate.DedupeConfig{Off: d.Off, Window: time.Duration(d.Window), Key: d.Key}
	}
	for i, s := range h.Secrets {
		value, err := resolve(s.Value)
		if err != nil {
			return cfg, fmt.Errorf("secret %d: %w", i+1, err)
		}
		id := s.ID
		if id == "" {
			id = signature.Fingerprint(value)
		}
		cfg.Keys = append(cfg.Keys, signature.Key{ID: id, Secret: value})
	}
	for i, t := range h.Tokens {
		value, err := resolve(t.Value)
		if err != nil {
			return cfg, fmt.Errorf("token %d: %w", i+1, err)
		}
		cfg.Tokens = append(cfg.Tokens, gate.Token{Place: t.Place, Name: t.Name, Value: value, ID: t.ID})
	}
	return cfg, nil
}

var (
	_ caddy.Provisioner           = (*Handler)(nil)
	_ caddy.Validator             = (*Handler)(nil)
	_ caddyhttp.MiddlewareHandler = (*Handler)(nil)
)
