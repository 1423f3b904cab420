package caddymodule

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/caddyconfig/caddyfile"
	"github.com/caddyserver/caddy/v2/caddyconfig/httpcaddyfile"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
)

func init() {
	caddy.RegisterModule(new(Health))
	httpcaddyfile.RegisterHandlerDirective("hookward_health", parseHealth)
	httpcaddyfile.RegisterDirectiveOrder("hookward_health", httpcaddyfile.Before, "respond")
}

// Health answers whether deliveries can be taken at present: 200 with
// `{"status":"ok"}`, or 503 with `{"status":"unavailable"}` while the learned
// secrets of any endpoint cannot be read. It names no endpoint, so it may be asked
// by whoever may know that a gateway is here; the log says which endpoint and why.
type Health struct {
	app    *App
	logger *zap.Logger

	mu      sync.Mutex
	checked time.Time
	healthy bool
}

// CaddyModule returns the Caddy module information.
func (*Health) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{
		ID:  "http.handlers.hookward_health",
		New: func() caddy.Module { return new(Health) },
	}
}

// Provision finds the app whose endpoints are looked at.
func (h *Health) Provision(ctx caddy.Context) error {
	app, err := ctx.App("hookward")
	if err != nil {
		return fmt.Errorf("loading the hookward app: %w", err)
	}
	h.app, h.logger = app.(*App), ctx.Logger()
	return nil
}

const (
	// healthLasts is how long a result is given out, so that asking often does not
	// read the storage often.
	healthLasts = time.Second
	// healthTimeout bounds a check: a storage that is slower is as good as down.
	healthTimeout = 2 * time.Second
)

// ServeHTTP implements [caddyhttp.MiddlewareHandler].
func (h *Health) ServeHTTP(w http.ResponseWriter, r *http.Request, _ caddyhttp.Handler) error {
	status, text := http.StatusOK, `{"status":"ok"}`
	if !h.isHealthy(context.WithoutCancel(r.Context())) {
		status, text = http.StatusServiceUnavailable, `{"status":"unavailable"}`
		w.Header().Set("Retry-After", retryAfter)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err := io.WriteString(w, text+"\n")
	return err
}

func (h *Health) isHealthy(ctx context.Context) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if time.Since(h.checked) < healthLasts {
		return h.healthy
	}
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	name, err := h.app.check(ctx)
	if err != nil {
		h.logger.Error("deliveries cannot be taken", zap.String("endpoint", name), zap.Error(err))
	}
	h.checked, h.healthy = time.Now(), err == nil
	return h.healthy
}

// check returns the first endpoint whose learned secrets cannot be read.
func (a *App) check(ctx context.Context) (endpoint string, err error) {
	if err := a.open(); err != nil {
		return "", err
	}
	for name, ep := range a.endpoints {
		if ep.slots == nil {
			continue
		}
		if _, err := ep.slots.Status(ctx); err != nil {
			return name, err
		}
	}
	return "", nil
}

func parseHealth(h httpcaddyfile.Helper) (caddyhttp.MiddlewareHandler, error) {
	health := new(Health)
	return health, health.UnmarshalCaddyfile(h.Dispenser)
}

// UnmarshalCaddyfile sets up the handler from Caddyfile tokens. Syntax:
//
//	hookward_health [<matcher>]
func (*Health) UnmarshalCaddyfile(d *caddyfile.Dispenser) error {
	d.Next()
	if d.NextArg() {
		return d.ArgErr()
	}
	return noBlock(d)
}

var (
	_ caddy.Provisioner           = (*Health)(nil)
	_ caddyhttp.MiddlewareHandler = (*Health)(nil)
	_ caddyfile.Unmarshaler       = (*Health)(nil)
)
