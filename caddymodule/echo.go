package caddymodule

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
)

func init() {
	caddy.RegisterModule(Echo{})
	httpcaddyfile.RegisterHandlerDirective("hookward_echo", parseEcho)
	httpcaddyfile.RegisterDirectiveOrder("hookward_echo", httpcaddyfile.Before, "respond")
}

// Echo answers with the event it received, as a JSON object. It stands in for an
// application in first tries and tests.
type Echo struct{}

// CaddyModule returns the Caddy module information.
func (Echo) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.hookward_echo",
		New: func() caddy.Module { return new(Echo) },
	}
}

// echoed is what Echo answers with.
type echoed struct {
	Type      string `json:"type"`
	ID        string `json:"id"`
	Source    string `json:"source"`
	Subject   string `json:"subject"`
	Time      string `json:"time"`
	Provider  string `json:"provider"`
	Endpoint  string `json:"endpoint"`
	BodyBytes int64  `json:"body_bytes"`
}

// ServeHTTP implements [caddyhttp.MiddlewareHandler].
func (Echo) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	n, err := io.Copy(io.Discard, r.Body)
	if err != nil {
		return caddyhttp.Error(http.StatusBadRequest, err)
	}
	w.Header().Set("Content-Type", "application/json")
	answer := json.NewEncoder(w)
	answer.SetEscapeHTML(false)
	return answer.Encode(echoed{
		Type: attribute(r, "Type"), ID: attribute(r, "Id"), Source: attribute(r, "Source"),
		Subject: attribute(r, "Subject"), Time: attribute(r, "Time"),
		Provider: attribute(r, "Provider"), Endpoint: attribute(r, "Endpoint"), BodyBytes: n,
	})
}

// attribute reads an attribute in the binary form, where it is percent-encoded.
func attribute(r *http.Request, name string) string {
	value := r.Header.Get("Ce-" + name)
	if decoded, err := url.PathUnescape(value); err == nil {
		return decoded
	}
	return value
}

func parseEcho(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	var e Echo
	return &e, e.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	hookward_echo [<matcher>]
func (*Echo) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.ArgErr()
	}
	return noBlock(d)
}

var (
	_ caddyhttp.MiddlewareHandler = (*Echo)(nil)
	_ caddyfile.Unmarshaler       = (*Echo)(nil)
)
