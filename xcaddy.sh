#!/usr/bin/env bash
# Builds Caddy with the Hookward plugin of this checkout compiled in.
#
#   ./xcaddy.sh [output]      default: ./caddy
#
# It uses xcaddy where that is installed, and otherwise builds cmd/caddy, which
# is the same program. `caddy version` then starts with hookward-$VERSION;
# VERSION defaults to what git describe says of this checkout. GOOS, GOARCH and
# CGO_ENABLED are honoured.
set -euo pipefail

readonly module=github.com/hookward/hookward
readonly caddy_module=github.com/caddyserver/caddy/v2
# Caddy's own releases leave out these three storage engines of its PKI.
readonly tags=nobadger,nomysql,nopgx

fail() {
	echo "xcaddy.sh: $*" >&2
	exit 1
}

describe() {
	git -C "$root" describe --tags --always --dirty ||
		fail "cannot tell the version from git: set VERSION"
}

build_with_xcaddy() {
	local caddy_version
	caddy_version=$(go -C "$root" list -m -f '{{.Version}}' "$caddy_module")
	# With a version named, no published one is looked for beside this checkout.
	XCADDY_GO_BUILD_FLAGS="-trimpath -tags $tags -ldflags '$ldflags'" \
		xcaddy build "$caddy_version" --with "$module@v0.0.0=$root" --output "$output"
}

build_with_go() {
	CGO_ENABLED=${CGO_ENABLED:-0} \
		go -C "$root" build -trimpath -tags "$tags" -ldflags "$ldflags" -o "$output" ./cmd/caddy
}

(($# <= 1)) || fail "usage: $0 [output]"
command -v go >/dev/null || fail "go is not installed"

root=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
output=${1:-caddy}
[[ $output == /* ]] || output=$PWD/$output
[[ ! -d $output ]] || fail "$output is a directory"

version=${VERSION:-$(describe)}
[[ $version =~ ^[A-Za-z0-9._+-]+$ ]] || fail "not a version: $version"
ldflags="-s -w -X $caddy_module.CustomVersion=hookward-$version"

if command -v xcaddy >/dev/null; then
	build_with_xcaddy
else
	build_with_go
fi
[[ -x $output ]] || fail "no program at $output"
echo "built $output"
