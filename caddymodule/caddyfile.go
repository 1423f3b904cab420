package caddymodule

import (
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"

	"github.com/hookward/hookward/internal/gate"
	"github.com/hookward/hookward/provider"
)

func init() {
	httpcaddyfile.RegisterHandlerDirective("hookward", parseHandler)
	httpcaddyfile.RegisterDirectiveOrder("hookward", httpcaddyfile.Before, "request_header")
	httpcaddyfile.RegisterGlobalOption("hookward", parseApp)
}

// parseApp sets up the App from Caddyfile tokens. Syntax:
//
//	hookward {
//	    max_inflight   <size>
//	    dedupe_entries <number>
//	}
func parseApp(d *caddyfile.Dispenser, existing any) (any, error) {
	d.Next()
	if existing != nil {
		return nil, d.Err("the global option hookward is there twice")
	}
	var app App
	if d.NextArg() {
		return nil, d.ArgErr()
	}
	seen := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := once(d, seen); err != nil {
			return nil, err
		}
		var err error
		switch d.Val() {
		case "max_inflight":
			err = parseSize(d, &app.MaxInflight)
		case "dedupe_entries":
			app.DedupeEntries, err = parseNumber(d)
		default:
			err = d.Errf("unknown option %q", d.Val())
		}
		if err != nil {
			return nil, err
		}
	}
	return httpcaddyfile.App{Name: "hookward", Value: caddyconfig.JSON(&app, nil)}, nil
}

func parseHandler(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	var handler Handler
	if err := handler.UnmarshalCaddyfile(h.Dispenser); err != nil {
		return nil, err
	}
	return &handler, nil
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	hookward [<matcher>] [<provider>] {
//	    name           <name>
//	    provider file  <path>
//	    provider {
//	        <key> <values...>
//	        <key> {
//	            ...
//	        }
//	    }
//	    path           <path>
//	    events         <names...>
//	    slots          <names...>
//	    public_url     <url>
//	    secret         <value> [<key id>]
//	    handshake      armed|once|off
//	    token          query|header <name> <value> [<key id>]
//	    token          path <value> [<key id>]
//	    allow_unsigned
//	    override       <key> <values...>
//	    tolerance      <duration>|off
//	    max_body       <size>
//	    dedupe         off|[<window>] {
//	        key <places...>
//	    }
//	    source         <uri>
//	    emit           binary|structured|raw
//	    resign         <secret>
//	    redact         <paths...>
//	    report_only
//	    deliver        sync
//	    subscribe {
//	        ...
//	    }
//	}
//
// `secret`, `token`, `override` and `redact` may be repeated.
func (h *Handler) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		h.Provider = d.Val()
	}
	if d.NextArg() {
		return d.Err("want `hookward [<matcher>] [<provider>]`")
	}
	seen := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if !repeatable(d.Val()) {
			if err := once(d, seen); err != nil {
				return err
			}
		}
		parse, known := subdirectives[d.Val()]
		if !known {
			return d.Errf("unknown subdirective %q, there are %s", d.Val(), strings.Join(slices.Sorted(maps.Keys(subdirectives)), ", "))
		}
		if err := parse(h, d); err != nil {
			return err
		}
	}
	return nil
}

func repeatable(name string) bool {
	switch name {
	case "secret", "token", "override", "redact":
		return true
	}
	return false
}

func once(d *caddyfile.Dispenser, seen map[string]bool) error {
	if seen[d.Val()] {
		return d.Errf("%s is there twice", d.Val())
	}
	seen[d.Val()] = true
	return nil
}

var subdirectives = map[string]func(*Handler, *caddyfile.Dispenser) error{
	"name":           func(h *Handler, d *caddyfile.Dispenser) error { return parseString(d, &h.Name) },
	"provider":       (*Handler).parseProvider,
	"path":           func(h *Handler, d *caddyfile.Dispenser) error { return parseString(d, &h.Path) },
	"events":         func(h *Handler, d *caddyfile.Dispenser) error { return parseList(d, &h.Events) },
	"slots":          func(h *Handler, d *caddyfile.Dispenser) error { return parseList(d, &h.Slots) },
	"public_url":     func(h *Handler, d *caddyfile.Dispenser) error { return parseString(d, &h.PublicURL) },
	"secret":         (*Handler).parseSecret,
	"handshake":      func(h *Handler, d *caddyfile.Dispenser) error { return parseText(d, &h.Handshake) },
	"token":          (*Handler).parseToken,
	"allow_unsigned": func(h *Handler, d *caddyfile.Dispenser) error { return parseFlag(d, &h.AllowUnsigned) },
	"override":       (*Handler).parseOverride,
	"tolerance":      func(h *Handler, d *caddyfile.Dispenser) error { return parseText(d, &h.Tolerance) },
	"max_body":       func(h *Handler, d *caddyfile.Dispenser) error { return parseSize(d, &h.MaxBody) },
	"dedupe":         (*Handler).parseDedupe,
	"source":         func(h *Handler, d *caddyfile.Dispenser) error { return parseString(d, &h.Source) },
	"emit":           func(h *Handler, d *caddyfile.Dispenser) error { return parseString(d, &h.Emit) },
	"resign":         func(h *Handler, d *caddyfile.Dispenser) error { return parseString(d, &h.Resign) },
	"redact":         func(h *Handler, d *caddyfile.Dispenser) error { return parseList(d, &h.Redact) },
	"report_only":    func(h *Handler, d *caddyfile.Dispenser) error { return parseFlag(d, &h.ReportOnly) },
	"subscribe":      (*Handler).parseSubscribe,
	"deliver":        func(h *Handler, d *caddyfile.Dispenser) error { return parseString(d, &h.Deliver) },
}

// parseProvider reads `provider file <path>` or a block with the catalogue's keys.
func (h *Handler) parseProvider(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	switch {
	case len(args) == 2 && args[0] == "file":
		h.ProviderFile = args[1]
		return noBlock(d)
	case len(args) > 0:
		return d.Err("want `provider file <path>` or a block")
	}
	h.ProviderDefinition = new(provider.Provider)
	return parseDefinition(d, h.ProviderDefinition, "")
}

// parseDefinition reads a block of the definition, whose keys stand below path.
func parseDefinition(d *caddyfile.Dispenser, p *provider.Provider, path string) error {
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		key := path + d.Val()
		values := d.RemainingArgs()
		if len(values) > 0 {
			if err := p.Set(key, values...); err != nil {
				return d.WrapErr(err)
			}
			if err := noBlock(d); err != nil {
				return err
			}
			continue
		}
		block, err := p.Open(key)
		if err != nil {
			return d.WrapErr(err)
		}
		if err := parseDefinition(d, p, block+"."); err != nil {
			return err
		}
	}
	return nil
}

func noBlock(d *caddyfile.Dispenser) error {
	if d.NextBlock(d.Nesting()) {
		return d.Err("there is no block here")
	}
	return nil
}

func (h *Handler) parseSecret(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) < 1 || len(args) > 2 {
		return d.Err("want `secret <value> [<key id>]`")
	}
	s := Secret{Value: args[0]}
	if len(args) == 2 {
		s.ID = args[1]
	}
	h.Secrets = append(h.Secrets, s)
	return nil
}

func (h *Handler) parseToken(d *caddyfile.Dispenser) error {
	var token Token
	into := []*string{&token.Place, &token.Name, &token.Value, &token.ID}
	args := d.RemainingArgs()
	if len(args) > 0 && args[0] == gate.TokenInPath {
		into = []*string{&token.Place, &token.Value, &token.ID}
	}
	if len(args) < len(into)-1 || len(args) > len(into) || !slices.Contains(tokenPlaces, args[0]) {
		return d.Err("want `token query|header <name> <value> [<key id>]` or `token path <value> [<key id>]`")
	}
	for i, arg := range args {
		*into[i] = arg
	}
	h.Tokens = append(h.Tokens, token)
	return nil
}

var tokenPlaces = []string{gate.TokenInQuery, gate.TokenInHeader, gate.TokenInPath}

func (h *Handler) parseOverride(d *caddyfile.Dispenser) error {
	args := d.RemainingArgs()
	if len(args) < 2 {
		return d.Err("want `override <key> <values...>`")
	}
	if _, found := h.Override[args[0]]; found {
		return d.Errf("override %s is there twice", args[0])
	}
	if h.Override == nil {
		h.Override = make(map[string][]string)
	}
	h.Override[args[0]] = args[1:]
	return nil
}

func (h *Handler) parseDedupe(d *caddyfile.Dispenser) error {
	h.Dedupe = new(Dedupe)
	args := d.RemainingArgs()
	switch {
	case len(args) > 1:
		return d.Err("dedupe: want one duration such as 24h, or off")
	case len(args) == 1 && args[0] == "off":
		h.Dedupe.Off = true
		return noBlock(d)
	case len(args) == 1:
		window, err := caddy.ParseDuration(args[0])
		if err != nil || window <= 0 {
			return d.Errf("dedupe %q: want a duration such as 24h, or off", args[0])
		}
		h.Dedupe.Window = caddy.Duration(window)
	}
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if d.Val() != "key" || len(h.Dedupe.Key) > 0 {
			return d.Errf("dedupe: unknown or repeated %q", d.Val())
		}
		places := d.RemainingArgs()
		if len(places) == 0 {
			return d.ArgErr()
		}
		h.Dedupe.Key = make(provider.Templates, len(places))
		for i, place := range places {
			if err := h.Dedupe.Key[i].UnmarshalText([]byte(place)); err != nil {
				return d.WrapErr(err)
			}
		}
	}
	return nil
}

func parseString(d *caddyfile.Dispenser, to *string) error {
	name := d.Val()
	if !d.AllArgs(to) {
		return d.ArgErr()
	}
	if *to == "" {
		return d.Errf("%s is empty", name) // which would mean the same as no such line
	}
	return nil
}

func parseList(d *caddyfile.Dispenser, to *[]string) error {
	args := d.RemainingArgs()
	if len(args) == 0 {
		return d.ArgErr()
	}
	*to = append(*to, args...)
	return nil
}

func parseFlag(d *caddyfile.Dispenser, to *bool) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	*to = true
	return nil
}

func parseText(d *caddyfile.Dispenser, to interface{ UnmarshalText([]byte) error }) error {
	var text string
	if err := parseString(d, &text); err != nil {
		return err
	}
	if err := to.UnmarshalText([]byte(text)); err != nil {
		return d.WrapErr(err)
	}
	return nil
}

// parseSize refuses none, which would mean the same as no such line.
func parseSize(d *caddyfile.Dispenser, to *provider.Size) error {
	name := d.Val()
	if err := parseText(d, to); err != nil {
		return err
	}
	if *to == 0 {
		return d.Errf("%s: want at least 1 byte", name)
	}
	return nil
}

func parseNumber(d *caddyfile.Dispenser) (int, error) {
	var text string
	if err := parseString(d, &text); err != nil {
		return 0, err
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		return 0, d.Errf("%q is not a positive whole number", text)
	}
	return n, nil
}

var _ caddyfile.Unmarshaler = (*Handler)(nil)
