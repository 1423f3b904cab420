package caddymodule

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
)

// parseSubscribe reads a block. Syntax:
//
//	subscribe {
//	    api        <url>
//	    account    <id>
//	    credential <value>
//	    events     <names...>
//	    resource   <id>
//	    prune
//	    every      <duration>
//	}
func (h *Handler) parseSubscribe(d *caddyfile.Dispenser) error {
	if d.NextArg() {
		return d.ArgErr()
	}
	s := new(Subscribe)
	h.Subscribe = s
	seen := make(map[string]bool)
	for nesting := d.Nesting(); d.NextBlock(nesting); {
		if err := once(d, seen); err != nil {
			return err
		}
		var err error
		switch d.Val() {
		case "api":
			err = parseString(d, &s.API)
		case "account":
			err = parseString(d, &s.Account)
		case "credential":
			err = parseString(d, &s.Credential)
		case "events":
			err = parseList(d, &s.Events)
		case "resource":
			err = parseString(d, &s.Resource)
		case "prune":
			err = parseFlag(d, &s.Prune)
		case "every":
			s.Every, err = parseDuration(d)
		default:
			err = d.Errf("subscribe: unknown %q", d.Val())
		}
		if err != nil {
			return err
		}
		if err := noBlock(d); err != nil {
			return err
		}
	}
	if s.Credential == "" {
		return d.Err("subscribe: the credential is missing")
	}
	return nil
}

func parseDuration(d *caddyfile.Dispenser) (caddy.Duration, error) {
	var text string
	if err := parseString(d, &text); err != nil {
		return 0, err
	}
	duration, err := caddy.ParseDuration(text)
	if err != nil || duration <= 0 {
		return 0, d.Errf("%q is no duration such as 10m", text)
	}
	return caddy.Duration(duration), nil
}
