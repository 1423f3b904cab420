// Package caddymodule is the Caddy face of Hookward.
package caddymodule
