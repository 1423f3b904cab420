// Command caddy is Caddy with the Hookward plugin compiled in.
package main

import (
	caddycmd "github.com/caddyserver/caddy/v2/cmd"
	_ "github.com/caddyserver/caddy/v2/modules/standard"

	_ "github.com/hookward/hookward"
)

func main() {
	caddycmd.Main()
}
