// Package hookward registers the Hookward plugin with Caddy, so that naming
// this module is all it takes to build it in:
//
//	xcaddy build --with github.com/hookward/hookward
//
// The Caddy modules themselves are in package caddymodule.
package hookward

import _ "github.com/hookward/hookward/caddymodule"
