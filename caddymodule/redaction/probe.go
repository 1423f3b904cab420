package redaction

import (
	"github.com/caddyserver/caddy/v2"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp"
	"go.uber.org/zap"
	"go.uber.org/zap/zapcore"
)

// probe finds the logs of a logger that do not pass through an [Encoder]. It is
// given to the logger like a field that is written by reflection, and is dropped by
// an Encoder, while others marshal it.
type probe struct{ exposed bool }

// MarshalJSON implements [json.Marshaler].
func (p *probe) MarshalJSON() ([]byte, error) {
	p.exposed = true
	return []byte("null"), nil
}

// ExposesRequests tells whether a log that may be given requests, with all their
// headers, writes them without an [Encoder].
func ExposesRequests(ctx caddy.Context) bool {
	var p probe
	ctx.Logger(new(caddyhttp.App)).Core().With([]zapcore.Field{zap.Reflect("probe", &p)})
	return p.exposed
}
